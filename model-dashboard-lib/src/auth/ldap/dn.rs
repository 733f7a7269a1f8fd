//! Distinguished names (RFC 4514): read, compared, and values written into them.

use std::fmt;

use unicase::UniCase;
use unicode_normalization::UnicodeNormalization as _;

/// The longest name that is read, in bytes.
const MAX_BYTES: usize = 16 * 1024;

/// A distinguished name. Two are equal when they name the same entry: attribute types are compared
/// without case and by their short names, values without case and without blanks that mean nothing
/// (caseIgnoreMatch, RFC 4518), the parts of a relative name in any order.
///
/// Compatibility forms of Unicode stay apart: where RFC 4518 would let a full-width letter match,
/// a directory need not, and a group must not be taken for another one.
#[derive(Clone)]
pub(super) struct Dn {
    text: String,
    key: Vec<Vec<(String, Vec<u8>)>>,
}

impl Dn {
    /// Reads a name as it is written in a setting or an entry; `None` for what is none. The empty
    /// name, that of the root, is none here.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.trim_matches(' ');
        if text.is_empty() || text.len() > MAX_BYTES {
            return None;
        }
        let mut reader = Reader { rest: text };
        let mut key = vec![Vec::new()];
        loop {
            let pair = reader.pair()?;
            key.last_mut()?.push(pair);
            match reader.next() {
                None => break,
                Some('+') => {}
                Some(',' | ';') => key.push(Vec::new()),
                Some(_) => return None,
            }
        }
        for parts in &mut key {
            parts.sort_unstable();
        }
        Some(Self {
            text: text.to_owned(),
            key,
        })
    }

    /// As it was written.
    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the entry is that one, or below it.
    pub(super) fn is_below(&self, other: &Self) -> bool {
        self.key.ends_with(&other.key)
    }

    /// Whether the entry is in the domain of Active Directory of that name, and in none below it.
    pub(super) fn is_in_domain(&self, domain: &Self) -> bool {
        let above = self.key.len().checked_sub(domain.key.len());
        let own = above.and_then(|above| self.key.get(..above));
        let is_component = |parts: &Vec<(String, Vec<u8>)>| {
            let mut parts = parts.iter();
            parts.any(|(kind, _)| kind == "dc")
        };
        self.is_below(domain) && own.is_some_and(|own| !own.iter().any(is_component))
    }

    /// The value of the first attribute, by which people call an entry, for a comparison.
    pub(super) fn is_called(&self, name: &str) -> bool {
        let first = self.key.first().and_then(|parts| parts.first());
        first.is_some_and(|(_, value)| *value == folded(name.as_bytes().to_vec()))
    }
}

impl PartialEq for Dn {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Eq for Dn {}

impl std::hash::Hash for Dn {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.key.hash(state);
    }
}

impl fmt::Debug for Dn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.text)
    }
}

struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn next(&mut self) -> Option<char> {
        let mut chars = self.rest.chars();
        let next = chars.next();
        self.rest = chars.as_str();
        next
    }

    fn skip_blanks(&mut self) {
        self.rest = self.rest.trim_start_matches(' ');
    }

    /// A type and a value, up to what separates them from the next.
    fn pair(&mut self) -> Option<(String, Vec<u8>)> {
        self.skip_blanks();
        let (kind, rest) = self.rest.split_once('=')?;
        let kind = attribute_type(kind.trim_end_matches(' '))?;
        self.rest = rest;
        self.skip_blanks();
        let value = match self.rest.strip_prefix('#') {
            Some(rest) => {
                self.rest = rest;
                // Not decoded: the same bytes are the same value.
                let mut value = b"#".to_vec();
                value.extend(self.hex_string()?);
                value
            }
            None => folded(self.value()?),
        };
        Some((kind, value))
    }

    fn hex_string(&mut self) -> Option<Vec<u8>> {
        let end = self.rest.find([',', ';', '+']).unwrap_or(self.rest.len());
        let (digits, rest) = self.rest.split_at(end);
        self.rest = rest;
        let bytes = hex::decode(digits.trim_end_matches(' ')).ok()?;
        (!bytes.is_empty()).then_some(bytes)
    }

    fn value(&mut self) -> Option<Vec<u8>> {
        let mut value = Vec::new();
        // Blanks at the end count if they are escaped.
        let mut kept = 0;
        loop {
            match self.rest.chars().next() {
                None | Some(',' | ';' | '+') => break,
                Some('"' | '<' | '>' | '\0') => return None,
                Some('\\') => {
                    self.next();
                    self.escaped(&mut value)?;
                    kept = value.len();
                }
                Some(c) => {
                    self.next();
                    value.extend(c.encode_utf8(&mut [0; 4]).bytes());
                    if c != ' ' {
                        kept = value.len();
                    }
                }
            }
        }
        value.truncate(kept);
        Some(value)
    }

    /// What follows a backslash: a special character, or two hexadecimal digits.
    fn escaped(&mut self, value: &mut Vec<u8>) -> Option<()> {
        match self.next()? {
            c @ (' ' | '"' | '#' | '+' | ',' | ';' | '<' | '=' | '>' | '\\') => {
                value.push(u8::try_from(c).ok()?);
            }
            high => {
                let byte = high.to_digit(16)? * 16 + self.next()?.to_digit(16)?;
                value.push(u8::try_from(byte).ok()?);
            }
        }
        Some(())
    }
}

/// The short name of an attribute type in lower case, for one of the table of RFC 4514 section 3
/// that is given as a number, too; `None` for what is no type.
fn attribute_type(text: &str) -> Option<String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
    let text = text.strip_prefix("OID.").unwrap_or(text);
    if text.is_empty() || !text.chars().all(allowed) {
        return None;
    }
    let short = match text {
        "2.5.4.3" => "cn",
        "2.5.4.7" => "l",
        "2.5.4.8" => "st",
        "2.5.4.10" => "o",
        "2.5.4.11" => "ou",
        "2.5.4.6" => "c",
        "2.5.4.9" => "street",
        "0.9.2342.19200300.100.1.25" => "dc",
        "0.9.2342.19200300.100.1.1" => "uid",
        other => other,
    };
    Some(match short.to_ascii_lowercase().as_str() {
        "commonname" => "cn".to_owned(),
        "organizationalunitname" => "ou".to_owned(),
        "organizationname" => "o".to_owned(),
        "domaincomponent" => "dc".to_owned(),
        "userid" => "uid".to_owned(),
        other => other.to_owned(),
    })
}

/// A value for a comparison without case; several blanks are one. What is no text stays as it is.
fn folded(value: Vec<u8>) -> Vec<u8> {
    let text = match String::from_utf8(value) {
        Ok(text) => text,
        Err(bytes) => return bytes.into_bytes(),
    };
    let composed: String = text.nfc().collect();
    let folded: String = UniCase::unicode(composed).to_folded_case().nfc().collect();
    let words: Vec<&str> = folded.split(' ').filter(|word| !word.is_empty()).collect();
    words.join(" ").into_bytes()
}

/// Whether two names that are no distinguished names, such as those of groups, are the same.
pub(super) fn same_name(one: &str, other: &str) -> bool {
    folded(one.as_bytes().to_vec()) == folded(other.as_bytes().to_vec())
}

/// A value as it stands in a distinguished name (RFC 4514 section 2.4): it can end neither the
/// value nor the name.
pub(super) fn escaped(value: &str) -> String {
    let mut text = String::with_capacity(value.len() + 8);
    let last = value.len().saturating_sub(1);
    for (at, c) in value.char_indices() {
        match c {
            '"' | '+' | ',' | ';' | '<' | '=' | '>' | '\\' => text.extend(['\\', c]),
            '#' | ' ' if at == 0 => text.extend(['\\', c]),
            ' ' if at == last => text.push_str("\\ "),
            c if c.is_ascii_control() => text.push_str(&format!("\\{:02x}", u32::from(c))),
            c => text.push(c),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    fn dn(text: &str) -> Dn {
        Dn::parse(text).unwrap()
    }

    #[test]
    fn names_of_one_entry_are_equal_however_they_are_written() {
        for (one, other) in [
            (
                "cn=Admins,dc=example,dc=org",
                "CN=admins, DC=Example , dc=ORG",
            ),
            ("cn=a  b,dc=x", "cn= a b ,dc=x"),
            ("cn=a+uid=b,dc=x", "uid=B+cn=A,dc=x"),
            ("cn=Lučić,dc=x", "cn=Lu\\C4\\8Di\\C4\\87,dc=x"),
            ("cn=M\u{fc}ller,dc=x", "cn=MU\u{308}LLER,dc=x"),
            ("2.5.4.3=a,0.9.2342.19200300.100.1.25=x", "cn=a,dc=x"),
            ("cn=a;dc=x", "cn=a,dc=x"),
            ("cn=a\\,b,dc=x", "cn=a\\2cb,dc=x"),
            ("cn=#04024869,dc=x", "cn=#04024869 ,dc=X"),
            ("OID.2.5.4.3=a", "commonName=A"),
        ] {
            assert_eq!(dn(one), dn(other));
        }
    }

    #[test]
    fn names_of_different_entries_are_not() {
        for (one, other) in [
            ("cn=Admins,dc=x", "cn=Admins-Old,dc=x"),
            ("cn=Admins,dc=x", "cn=Admins,ou=old,dc=x"),
            ("cn=Admins,dc=x", "ou=Admins,dc=x"),
            ("cn=a,cn=b", "cn=b,cn=a"),
            ("cn=a+cn=b", "cn=a,cn=b"),
            ("cn=a\\,dc=x", "cn=a,dc=x"),
            ("cn=a\\ ,dc=x", "cn=ab,dc=x"),
            ("cn=Ａdmins,dc=x", "cn=Admins,dc=x"),
            ("cn=\\#0402,dc=x", "cn=#0402,dc=x"),
        ] {
            assert_ne!(Dn::parse(one), Dn::parse(other), "{one} {other}");
        }
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for bad in [
            "",
            " ",
            "admins",
            "cn",
            "=a",
            "cn=a,",
            "cn=a,,dc=x",
            "cn=a+,dc=x",
            "cn=a\\",
            "cn=a\\z",
            "cn=a\\4",
            "cn=#4,dc=x",
            "cn=#,dc=x",
            "cn=\"a\"",
            "c n=a",
            "cn=a\0",
            "cn=a<b",
        ] {
            assert_eq!(Dn::parse(bad), None, "{bad}");
        }
        assert!(Dn::parse(&format!("cn={}", "x".repeat(MAX_BYTES))).is_none());
    }

    #[test]
    fn an_entry_is_below_another_by_whole_parts() {
        let anna = dn("CN=Anna,OU=People,DC=corp,DC=example");
        assert!(anna.is_below(&dn("dc=CORP, dc=example")) && anna.is_below(&anna));
        for other in ["dc=orp,dc=example", "dc=corp", "cn=x,dc=corp,dc=example"] {
            assert!(!anna.is_below(&dn(other)), "{other}");
        }
    }

    #[test]
    fn an_entry_is_in_one_domain_and_in_none_above_it() {
        let anna = dn("CN=Anna,OU=People,DC=child,DC=corp,DC=example");
        assert!(anna.is_in_domain(&dn("dc=Child,dc=Corp,dc=example")));
        for other in [
            "dc=corp,dc=example",
            "dc=other,dc=example",
            "dc=anna,dc=child,dc=corp,dc=example",
        ] {
            assert!(!anna.is_in_domain(&dn(other)), "{other}");
        }
    }

    #[test]
    fn an_entry_is_called_by_its_first_value() {
        assert!(dn("cn=Model  Users,ou=groups").is_called("model users"));
        assert!(!dn("cn=model-users-old,cn=model-users").is_called("model-users"));
    }

    proptest! {
        #[test]
        fn a_value_written_into_a_name_is_that_value_and_nothing_else(
            value in "[ -~éß ,+\"\\\\<>;=#\u{0}\n]{1,24}",
        ) {
            let text = format!("uid={},ou=people,dc=example", escaped(&value));
            let name = dn(&text);
            prop_assert_eq!(name.key.len(), 3);
            let expected = ("uid".to_owned(), folded(value.into_bytes()));
            prop_assert_eq!(&name.key[0], &vec![expected]);
        }

        #[test]
        fn no_text_does_harm(text in "\\PC{0,40}") {
            if let Some(name) = Dn::parse(&text) {
                prop_assert_eq!(&name, &dn(name.as_str()));
            }
        }
    }
}
