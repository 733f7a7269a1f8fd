//! The grammar of what a directory answers (RFC 4511, section 4 and appendix B), and no more of it
//! than a sign-in asks for.

use super::ber::{
    self, BOOLEAN, ENUMERATED, Element, Elements, Fault, INTEGER, OCTET_STRING, SEQUENCE, SET,
};

const BIND: u8 = 0x61;
const ENTRY: u8 = 0x64;
const DONE: u8 = 0x65;
const REFERENCE: u8 = 0x73;
const EXTENDED: u8 = 0x78;

const CONTROLS: u8 = 0xa0;
const REFERRAL: u8 = 0xa3;
const SASL_CREDENTIALS: u8 = 0x87;
const RESPONSE_NAME: u8 = 0x8a;
const RESPONSE_VALUE: u8 = 0x8b;

/// Characters of the server's own words that are kept.
const MAX_TEXT: usize = 500;

const PAGED_RESULTS: &str = "1.2.840.113556.1.4.319";

/// Controls whose values ldap3 would read without care if it were asked to. Nothing asks for them.
const NEVER_ASKED_FOR: [&str; 4] = [
    "1.3.6.1.1.13.1",
    "1.3.6.1.1.13.2",
    "1.3.6.1.4.1.4203.1.9.1.2",
    "1.3.6.1.4.1.4203.1.9.1.3",
];

/// Why a message is none that a directory may answer with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Ungrammatical {
    #[error(transparent)]
    Ber(#[from] Fault),
    #[error("there is no {0}")]
    Missing(&'static str),
    #[error("{tag:#04x} stands in place of the {wanted}")]
    Unexpected { wanted: &'static str, tag: u8 },
    #[error("something follows the {0} that belongs to nothing")]
    Trailing(&'static str),
    #[error("the {0} is out of range")]
    OutOfRange(&'static str),
    #[error("the {0} is not UTF-8")]
    NotUtf8(&'static str),
    #[error("{0:#04x} is no answer to anything that is asked here")]
    Operation(u8),
    #[error("the control {0}, which was not asked for")]
    Control(&'static str),
}

/// What kind of answer a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer<'a> {
    Bind(Outcome<'a>),
    Entry,
    Reference,
    Done(Outcome<'a>),
    Extended {
        outcome: Outcome<'a>,
        name: Option<&'a str>,
    },
}

/// An LDAPResult: how an operation went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Outcome<'a> {
    pub(super) code: u32,
    /// The server's own words.
    pub(super) text: &'a str,
}

impl Outcome<'_> {
    /// The server's own words, no more of them than a log should hold.
    pub(super) fn brief_text(&self) -> String {
        self.text.chars().take(MAX_TEXT).collect()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Response<'a> {
    /// The request that it answers; 0 for what the server says of its own accord.
    pub(super) id: u32,
    pub(super) answer: Answer<'a>,
}

impl<'a> Response<'a> {
    /// Reads a whole message, all of it.
    ///
    /// Texts must be UTF-8 (the RFC demands it, and ldap3 panics where they are not); only values of
    /// attributes, controls, credentials and extended responses may be any bytes.
    pub(super) fn parse(message: &'a [u8]) -> Result<Self, Ungrammatical> {
        let mut outside = Elements::of(message);
        let mut parts = Elements::of(take(&mut outside, SEQUENCE, "message")?);
        end(&mut outside, "message")?;
        let id = number(take(&mut parts, INTEGER, "message id")?, "message id")?;
        let operation = parts.next()?.ok_or(Ungrammatical::Missing("operation"))?;
        let answer = answer(operation)?;
        if let Some(content) = parts.next_if(CONTROLS)? {
            controls(Elements::of(content))?;
        }
        // Active Directory writes the name of its parting words in the wrong place (and the guard
        // lets none of these through).
        if let (
            0,
            Answer::Extended {
                outcome,
                name: None,
            },
        ) = (id, answer)
            && let Some(name) = parts.next_if(RESPONSE_NAME)?
        {
            let name = Some(text(name, "name of the response")?);
            end(&mut parts, "name of the response")?;
            return Ok(Self {
                id,
                answer: Answer::Extended { outcome, name },
            });
        }
        end(&mut parts, "operation")?;
        Ok(Self { id, answer })
    }
}

fn answer(operation: Element<'_>) -> Result<Answer<'_>, Ungrammatical> {
    let mut parts = Elements::of(operation.content);
    let answer = match operation.tag {
        BIND => {
            let outcome = outcome(&mut parts)?;
            parts.next_if(SASL_CREDENTIALS)?;
            unknown(&mut parts)?;
            Answer::Bind(outcome)
        }
        ENTRY => {
            entry(&mut parts)?;
            Answer::Entry
        }
        DONE => {
            let outcome = outcome(&mut parts)?;
            unknown(&mut parts)?;
            Answer::Done(outcome)
        }
        REFERENCE => {
            addresses(&mut parts)?;
            Answer::Reference
        }
        EXTENDED => {
            let outcome = outcome(&mut parts)?;
            let name = parts.next_if(RESPONSE_NAME)?;
            let name = name
                .map(|name| text(name, "name of the response"))
                .transpose()?;
            parts.next_if(RESPONSE_VALUE)?;
            unknown(&mut parts)?;
            Answer::Extended { outcome, name }
        }
        other => return Err(Ungrammatical::Operation(other)),
    };
    Ok(answer)
}

/// The parts that all results have.
fn outcome<'a>(parts: &mut Elements<'a>) -> Result<Outcome<'a>, Ungrammatical> {
    let code = number(take(parts, ENUMERATED, "result code")?, "result code")?;
    text(take(parts, OCTET_STRING, "matched DN")?, "matched DN")?;
    let text = text(
        take(parts, OCTET_STRING, "diagnostic message")?,
        "diagnostic message",
    )?;
    if let Some(referral) = parts.next_if(REFERRAL)? {
        addresses(&mut Elements::of(referral))?;
    }
    Ok(Outcome { code, text })
}

/// What newer versions may add to a result, to be passed over: but not under the numbers of known
/// parts, which ldap3 takes for these whatever their class and place.
fn unknown(parts: &mut Elements<'_>) -> Result<(), Ungrammatical> {
    let known = [REFERRAL, SASL_CREDENTIALS, RESPONSE_NAME, RESPONSE_VALUE].map(ber::number);
    while let Some(element) = parts.next()? {
        if known.contains(&ber::number(element.tag)) {
            return Err(Ungrammatical::Unexpected {
                wanted: "end of the result",
                tag: element.tag,
            });
        }
    }
    Ok(())
}

fn entry(parts: &mut Elements<'_>) -> Result<(), Ungrammatical> {
    text(
        take(parts, OCTET_STRING, "DN of the entry")?,
        "DN of the entry",
    )?;
    let mut attributes = Elements::of(take(parts, SEQUENCE, "attributes")?);
    end(parts, "attributes")?;
    while let Some(attribute) = next(&mut attributes, SEQUENCE, "attribute")? {
        let mut parts = Elements::of(attribute);
        text(
            take(&mut parts, OCTET_STRING, "name of an attribute")?,
            "name of an attribute",
        )?;
        let mut values = Elements::of(take(&mut parts, SET, "values of an attribute")?);
        end(&mut parts, "values of an attribute")?;
        while next(&mut values, OCTET_STRING, "value")?.is_some() {}
    }
    Ok(())
}

fn addresses(parts: &mut Elements<'_>) -> Result<(), Ungrammatical> {
    while let Some(address) = next(parts, OCTET_STRING, "address to ask instead")? {
        text(address, "address to ask instead")?;
    }
    Ok(())
}

fn controls(mut controls: Elements<'_>) -> Result<(), Ungrammatical> {
    while let Some(control) = next(&mut controls, SEQUENCE, "control")? {
        let mut parts = Elements::of(control);
        let name = take(&mut parts, OCTET_STRING, "name of a control")?;
        let name = text(name, "name of a control")?;
        if let Some(critical) = parts.next_if(BOOLEAN)?
            && critical.len() != 1
        {
            return Err(Ungrammatical::OutOfRange("criticality of a control"));
        }
        let value = parts.next_if(OCTET_STRING)?;
        end(&mut parts, "control")?;
        if name == PAGED_RESULTS {
            pages(value.ok_or(Ungrammatical::Missing("value of paged results"))?)?;
        } else if let Some(name) = NEVER_ASKED_FOR.iter().find(|oid| **oid == name) {
            return Err(Ungrammatical::Control(name));
        }
    }
    Ok(())
}

/// The value of the control for paged results (RFC 2696), which ldap3's own pager reads.
fn pages(value: &[u8]) -> Result<(), Ungrammatical> {
    let mut outside = Elements::of(value);
    let mut parts = Elements::of(take(&mut outside, SEQUENCE, "paged results")?);
    end(&mut outside, "paged results")?;
    number(
        take(&mut parts, INTEGER, "estimate of entries")?,
        "estimate of entries",
    )?;
    take(&mut parts, OCTET_STRING, "place of the next page")?;
    end(&mut parts, "place of the next page")
}

/// The content of the next element, which must have this tag.
pub(super) fn take<'a>(
    from: &mut Elements<'a>,
    tag: u8,
    wanted: &'static str,
) -> Result<&'a [u8], Ungrammatical> {
    next(from, tag, wanted)?.ok_or(Ungrammatical::Missing(wanted))
}

/// The same, where there may be none.
fn next<'a>(
    from: &mut Elements<'a>,
    tag: u8,
    wanted: &'static str,
) -> Result<Option<&'a [u8]>, Ungrammatical> {
    match from.next()? {
        None => Ok(None),
        Some(element) if element.tag == tag => Ok(Some(element.content)),
        Some(element) => Err(Ungrammatical::Unexpected {
            wanted,
            tag: element.tag,
        }),
    }
}

fn end(parts: &mut Elements<'_>, last: &'static str) -> Result<(), Ungrammatical> {
    match parts.next()? {
        None => Ok(()),
        Some(_) => Err(Ungrammatical::Trailing(last)),
    }
}

/// A number from 0 to 2³¹ − 1. Zeros in front are let be: BER forbids them, servers write them.
pub(super) fn number(content: &[u8], what: &'static str) -> Result<u32, Ungrammatical> {
    match content {
        [0..0x80, ..] if content.len() <= 4 => Ok(content
            .iter()
            .fold(0, |sum, &byte| (sum << 8) | u32::from(byte))),
        _ => Err(Ungrammatical::OutOfRange(what)),
    }
}

fn text<'a>(content: &'a [u8], what: &'static str) -> Result<&'a str, Ungrammatical> {
    std::str::from_utf8(content).map_err(|_| Ungrammatical::NotUtf8(what))
}
