//! What stands between a directory's bytes and ldap3, which trusts them.
//!
//! What a server can do to lber 0.5.1 and ldap3 0.12.1 that read it unguarded:
//! - lber reads elements in elements by recursion without end: some 100 kB of `30 80`… and the
//!   stack overflows, which ends the process, not the task.
//! - Lengths may have up to 127 bytes, of which the last eight count; `80` (indefinite) is taken
//!   for 0, and a long tag's number for its length. Whatever comes then is read as something else.
//! - An element that is longer than what it is in counts as "more to come": the buffer grows, is
//!   read from the start at every arrival, and nothing ends this but the peer.
//! - Every element takes 40 bytes and a vector, twice while it is copied: 1 MiB of empty strings
//!   becomes 40 MiB, and entries wait for the caller in a queue without bound.
//! - `expect`, index or `panic!` on: a message without an operation, a missing or badly typed id
//!   (a long one is truncated to another id), a control that is no sequence, has no name, an empty
//!   BOOLEAN or anything else behind the name; a result without its three parts; text that is not
//!   UTF-8 (DN, diagnostic message, address, name); [3], [7], [10], [11] of the wrong form, of any
//!   class; an entry that is not `DN, SEQUENCE OF SEQUENCE { name, SET OF value }`; the value of a
//!   known control or of an extended response, as soon as somebody parses it.
//! - `panic!` on answers that are well-formed but of another kind than what was asked: a search
//!   that gets a BindResponse ends the connection's task, a bind that gets an entry the caller's,
//!   and an intermediate response kills whoever takes it for an entry.
//! - Answers to nothing are logged, one line each.
//!
//! So only whole messages pass that answer an open request with an answer of its kind, in LDAP's
//! grammar, within bounds for each connection. Nothing asks for intermediate responses: they are
//! refused. What remains for callers: ask `is_ref` before making
//! a `SearchEntry` (or use `Ldap::search`, which does), and never `parse` the value of a control
//! (paged results excepted) or of an extended response.

use std::collections::HashMap;

use bytes::Bytes;

use super::ber::{self, Elements, INTEGER, SEQUENCE};
use super::frames::{Frames, Unframed};
use super::response::{Answer, Response, Ungrammatical, number, take};

/// Bytes that one connection may bring in all.
pub(super) const MAX_BYTES: usize = 16 * 1024 * 1024;
/// Messages that one connection may bring in all.
pub(super) const MAX_MESSAGES: usize = 10_000;
/// Elements of all messages of one connection: some hundred bytes each once they are read.
pub(super) const MAX_ELEMENTS: usize = 250_000;

const NOTICE_OF_DISCONNECTION: &str = "1.3.6.1.4.1.1466.20036";

/// Why nothing more is taken from a server.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refused {
    #[error("the server does not speak LDAP: {0}")]
    Unframed(#[from] Unframed),
    #[error("the server sent a message that is not LDAP: {0}")]
    Ungrammatical(#[from] Ungrammatical),
    #[error("the server answered request {0}, which is not open")]
    Unasked(u32),
    #[error("the server gave request {0} the answer to another kind of request")]
    OtherKind(u32),
    #[error("the server ended the connection with code {code}: {text:?}")]
    Goodbye { code: u32, text: String },
    #[error("the server sent more than {MAX_BYTES} bytes in one connection")]
    Bytes,
    #[error("the server sent more than {MAX_MESSAGES} messages in one connection")]
    Messages,
    #[error("the server sent more than {MAX_ELEMENTS} elements in one connection")]
    Elements,
    #[error("the server closed the connection in the middle of a message")]
    Cut,
    #[error("what was to be sent is no request that a sign-in makes")]
    Request,
}

/// Takes a server's bytes in any pieces, gives back whole messages that are safe to read, and
/// remembers what was asked. Once it refused something, it refuses everything.
///
/// Work is linear in the bytes. Memory is what has arrived of one message, and never more than
/// [`MAX_BYTES`].
#[derive(Debug, Default)]
pub(super) struct Guard {
    frames: Frames,
    open: HashMap<u32, Kind>,
    bytes: usize,
    messages: usize,
    elements: usize,
    refused: Option<Refused>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Bind,
    Search,
    Extended,
}

impl Guard {
    /// Notes a whole request, before it is sent: only what was asked may be answered.
    pub(super) fn asked(&mut self, request: &[u8]) -> Result<(), Refused> {
        let (id, operation) = request_parts(request).map_err(|_| Refused::Request)?;
        let kind = match operation {
            0x60 => Kind::Bind,
            0x63 => Kind::Search,
            0x77 => Kind::Extended,
            // Unbind and abandon have no answer.
            0x42 | 0x50 => return Ok(()),
            _ => return Err(Refused::Request),
        };
        self.open.insert(id, kind);
        Ok(())
    }

    /// Takes bytes as they come from the server.
    pub(super) fn feed(&mut self, bytes: &[u8]) {
        self.bytes = self.bytes.saturating_add(bytes.len());
        if self.bytes <= MAX_BYTES && self.refused.is_none() {
            self.frames.feed(bytes);
        }
    }

    /// The next message that may be read; `None` if it is not all here.
    pub(super) fn next(&mut self) -> Result<Option<Bytes>, Refused> {
        if let Some(refused) = &self.refused {
            return Err(refused.clone());
        }
        self.accept()
            .inspect_err(|refused| self.refused = Some(refused.clone()))
    }

    /// Says that the server sends no more.
    pub(super) fn closed(&mut self) -> Result<(), Refused> {
        match (&self.refused, self.frames.waiting()) {
            (Some(refused), _) => Err(refused.clone()),
            (None, 0) => Ok(()),
            (None, _) => Err(self.refused.insert(Refused::Cut).clone()),
        }
    }

    /// Bytes that arrived behind the last message that was given back.
    pub(super) fn waiting(&self) -> usize {
        self.frames.waiting()
    }

    fn accept(&mut self) -> Result<Option<Bytes>, Refused> {
        if self.bytes > MAX_BYTES {
            return Err(Refused::Bytes);
        }
        while let Some(message) = self.frames.next()? {
            self.messages += 1;
            if self.messages > MAX_MESSAGES {
                return Err(Refused::Messages);
            }
            self.elements += ber::count(&message).map_err(Ungrammatical::from)?;
            if self.elements > MAX_ELEMENTS {
                return Err(Refused::Elements);
            }
            let response = Response::parse(&message)?;
            if response.id == 0 {
                unsolicited(response.answer)?;
                continue;
            }
            self.answers(response)?;
            return Ok(Some(message));
        }
        Ok(None)
    }

    /// Looks whether somebody asked for this.
    fn answers(&mut self, Response { id, answer }: Response<'_>) -> Result<(), Refused> {
        let kind = *self.open.get(&id).ok_or(Refused::Unasked(id))?;
        match (kind, answer) {
            (Kind::Search, Answer::Entry | Answer::Reference) => Ok(()),
            (Kind::Bind, Answer::Bind(_))
            | (Kind::Search, Answer::Done(_))
            | (Kind::Extended, Answer::Extended { .. }) => {
                self.open.remove(&id);
                Ok(())
            }
            _ => Err(Refused::OtherKind(id)),
        }
    }
}

/// The message id and the tag of the operation.
fn request_parts(request: &[u8]) -> Result<(u32, u8), Ungrammatical> {
    let mut outside = Elements::of(request);
    let mut parts = Elements::of(take(&mut outside, SEQUENCE, "request")?);
    let id = number(take(&mut parts, INTEGER, "message id")?, "message id")?;
    let operation = parts.next()?.ok_or(Ungrammatical::Missing("operation"))?;
    Ok((id, operation.tag))
}

/// What a server says of its own accord (RFC 4511, section 4.4): parting words are heard, others
/// passed over.
fn unsolicited(answer: Answer<'_>) -> Result<(), Refused> {
    match answer {
        Answer::Extended {
            outcome,
            name: Some(NOTICE_OF_DISCONNECTION),
        } => Err(Refused::Goodbye {
            code: outcome.code,
            text: outcome.brief_text(),
        }),
        Answer::Extended { .. } => Ok(()),
        _ => Err(Refused::Unasked(0)),
    }
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
