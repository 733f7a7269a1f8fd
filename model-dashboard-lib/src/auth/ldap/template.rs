//! What a person binds with, and how a person is searched, around the name they typed.
//!
//! A template is filled in one pass: what was typed is escaped for its place and cannot bring in
//! another placeholder.

use ldap3::{ldap_escape, parse_filter};
use unicase::UniCase;
use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

use super::dn::{self, Dn};

const PLACEHOLDER: &str = "{username}";

/// Why a template is of no use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum TemplateError {
    #[error("it does not hold {{username}}")]
    NoPlaceholder,
    #[error("{{username}} is the only placeholder there is")]
    OtherPlaceholder,
    #[error(
        "it is neither a distinguished name (uid={{username}},ou=people,dc=example,dc=org) nor \
         {{username}}@DOMAIN nor DOMAIN\\{{username}}"
    )]
    NoBindName,
    #[error("it is not a filter, such as (uid={{username}})")]
    NoFilter,
    #[error(
        "{{username}} does not stand for a whole value or a part of one, as in (uid={{username}})"
    )]
    NoValue,
}

/// The text between the placeholders; two pieces at least.
fn pieces(text: &str) -> Result<Vec<String>, TemplateError> {
    let pieces: Vec<String> = text.split(PLACEHOLDER).map(str::to_owned).collect();
    match pieces.len() {
        1 => Err(TemplateError::NoPlaceholder),
        _ if pieces.iter().any(|piece| piece.contains(['{', '}'])) => {
            Err(TemplateError::OtherPlaceholder)
        }
        _ => Ok(pieces),
    }
}

/// The name that a person binds with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum BindName {
    /// The name of the entry itself.
    Dn(Dn),
    /// A user principal name of Active Directory: `rosa@corp.example.com`.
    Principal(String),
    /// A name of the time before them: `CORP\rosa`.
    DownLevel(String),
}

impl BindName {
    /// What the bind sends.
    pub(super) fn as_str(&self) -> &str {
        match self {
            Self::Dn(dn) => dn.as_str(),
            Self::Principal(name) | Self::DownLevel(name) => name,
        }
    }

    /// The same text for all names that a directory may take for this one: without capitals, accents
    /// and blanks that mean nothing.
    pub(super) fn in_one_form(&self) -> String {
        let letters = self.as_str().nfkd().filter(|c| !is_combining_mark(*c));
        let folded = UniCase::unicode(letters.collect::<String>()).to_folded_case();
        let words: Vec<&str> = folded.split_whitespace().collect();
        words.join(" ")
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Dn,
    Principal,
    DownLevel,
}

/// How the name that a person binds with is made.
#[derive(Clone, Debug)]
pub(super) struct BindTemplate {
    kind: Kind,
    pieces: Vec<String>,
}

impl BindTemplate {
    pub(super) fn parse(text: &str) -> Result<Self, TemplateError> {
        let pieces = pieces(text)?;
        let kind = match pieces.as_slice() {
            _ if text.contains('=') => Kind::Dn,
            [before, after] if before.is_empty() && is_domain(after.strip_prefix('@')) => {
                Kind::Principal
            }
            [before, after] if after.is_empty() && is_domain(before.strip_suffix('\\')) => {
                Kind::DownLevel
            }
            _ => return Err(TemplateError::NoBindName),
        };
        let template = Self { kind, pieces };
        match template.fill("x") {
            Some(_) => Ok(template),
            None => Err(TemplateError::NoBindName),
        }
    }

    /// What people may type, and what not.
    pub(super) fn forms(&self) -> String {
        let (first, last) = (self.pieces.first(), self.pieces.last());
        let (first, last) = (
            first.map_or("", String::as_str),
            last.map_or("", String::as_str),
        );
        match self.kind {
            Kind::Dn => "people type the name that stands in it, and nothing else".to_owned(),
            Kind::Principal => {
                format!("people type NAME or NAME{last}, no other domain and no DOMAIN\\NAME")
            }
            Kind::DownLevel => {
                format!("people type NAME or {first}NAME, no other domain and no NAME@DOMAIN")
            }
        }
    }

    /// The name for this person; `None` where nobody can have such a name.
    pub(super) fn fill(&self, username: &str) -> Option<BindName> {
        match self.kind {
            Kind::Dn => Dn::parse(&self.pieces.join(&dn::escaped(username))).map(BindName::Dn),
            Kind::Principal => {
                let domain = self.pieces.last()?;
                let name = bare(strip_suffix_caseless(username, domain))?;
                Some(BindName::Principal(format!("{name}{domain}")))
            }
            Kind::DownLevel => {
                let domain = self.pieces.first()?;
                let name = bare(strip_prefix_caseless(username, domain))?;
                Some(BindName::DownLevel(format!("{domain}{name}")))
            }
        }
    }
}

/// The typed name without the domain that the template would add to it.
fn strip_suffix_caseless<'a>(text: &'a str, suffix: &str) -> &'a str {
    match text.len().checked_sub(suffix.len()) {
        Some(at) if at > 0 && text.is_char_boundary(at) => match text.split_at(at) {
            (name, end) if end.eq_ignore_ascii_case(suffix) => name,
            _ => text,
        },
        _ => text,
    }
}

fn strip_prefix_caseless<'a>(text: &'a str, prefix: &str) -> &'a str {
    match text.split_at_checked(prefix.len()) {
        Some((start, name)) if !name.is_empty() && start.eq_ignore_ascii_case(prefix) => name,
        _ => text,
    }
}

fn is_domain(text: Option<&str>) -> bool {
    let allowed = |c: char| c.is_alphanumeric() || ['.', '-', '_'].contains(&c);
    text.is_some_and(|text| !text.is_empty() && text.chars().all(allowed))
}

/// A name without what would make another domain, or another kind of name, of it: there is no way
/// to escape these.
fn bare(name: &str) -> Option<&str> {
    let other = |c: char| "@\\/\"=,;".contains(c) || c.is_control();
    (!name.is_empty() && !name.contains(other)).then_some(name)
}

/// How a person is searched.
#[derive(Clone, Debug)]
pub(super) struct FilterTemplate(Vec<String>);

impl FilterTemplate {
    /// A filter, also one without the brackets around it, which `ldap3` takes alone but not within
    /// another one.
    pub(super) fn parse(text: &str) -> Result<Self, TemplateError> {
        let template = Self(match text.starts_with('(') {
            true => pieces(text)?,
            false => pieces(&format!("({text})"))?,
        });
        parse_filter(template.fill("x")).map_err(|()| TemplateError::NoFilter)?;
        parse_filter(template.anybody()).map_err(|()| TemplateError::NoValue)?;
        Ok(template)
    }

    /// The filter that finds this person (RFC 4515).
    pub(super) fn fill(&self, username: &str) -> String {
        self.0.join(&ldap_escape(username))
    }

    /// The filter that finds everyone whom the template could find, whatever their name.
    pub(super) fn anybody(&self) -> String {
        self.0.join("*").replace("**", "*")
    }

    /// The attributes whose whole value is compared with the name.
    pub(super) fn attributes(&self) -> impl Iterator<Item = &str> {
        self.0.windows(2).filter_map(|around| match around {
            [before, after] if after.starts_with(')') => {
                let (_, name) = before.strip_suffix('=')?.rsplit_once('(')?;
                Some(name)
            }
            _ => None,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use ldap3::asn1::{PL, StructureTag};
    use proptest::prelude::*;

    use super::*;

    fn bound(template: &str, username: &str) -> Option<String> {
        let name = BindTemplate::parse(template).unwrap().fill(username)?;
        Some(name.as_str().to_owned())
    }

    #[test]
    fn a_template_is_a_distinguished_name_or_one_of_two_kinds_of_active_directory() {
        let dn = "uid={username},ou=people,dc=example,dc=org";
        let filled = bound(dn, "rosa").unwrap();
        assert_eq!(filled, "uid=rosa,ou=people,dc=example,dc=org");
        let principal = "{username}@corp.example.com";
        for typed in ["rosa", "rosa@corp.example.com", "rosa@CORP.example.com"] {
            assert_eq!(bound(principal, typed).unwrap(), "rosa@corp.example.com");
        }
        for typed in ["rosa", "CORP\\rosa", "corp\\rosa"] {
            assert_eq!(bound("CORP\\{username}", typed).unwrap(), "CORP\\rosa");
        }
        for (bad, error) in [
            ("uid=rosa,dc=x", TemplateError::NoPlaceholder),
            (
                "uid={username},dc={domain}",
                TemplateError::OtherPlaceholder,
            ),
            ("uid={username},dc", TemplateError::NoBindName),
            ("{username}", TemplateError::NoBindName),
            ("{username}@", TemplateError::NoBindName),
            ("a{username}@corp", TemplateError::NoBindName),
            ("\\{username}", TemplateError::NoBindName),
        ] {
            assert_eq!(BindTemplate::parse(bad).unwrap_err(), error, "{bad}");
        }
    }

    #[test]
    fn what_a_directory_may_take_for_one_name_is_counted_as_one() {
        let form = |template: &str, typed: &str| {
            let name = BindTemplate::parse(template).unwrap().fill(typed);
            name.unwrap().in_one_form()
        };
        let principal = "{username}@corp.example.com";
        for same in ["ROSA", "rósa", "ro\u{308}sa", "Rosa@CORP.example.com"] {
            assert_eq!(form(principal, same), "rosa@corp.example.com", "{same}");
        }
        let dn = "uid={username},ou=people,dc=x";
        assert_eq!(form(dn, "rosa  lópez"), form(dn, "Rosa Lopez"));
        assert_ne!(form(dn, "rosa"), form(dn, "rosa2"));
    }

    #[test]
    fn a_name_cannot_leave_its_place() {
        let dn = "uid={username},ou=people,dc=x";
        let filled = bound(dn, "admin,ou=admins,dc=x").unwrap();
        assert_eq!(filled, "uid=admin\\,ou\\=admins\\,dc\\=x,ou=people,dc=x");
        assert_eq!(
            bound(dn, "{username}").unwrap(),
            "uid={username},ou=people,dc=x"
        );
        for name in [
            "rosa@evil.example",
            "OTHER\\rosa",
            "CORP\\",
            "CORP\\CORP\\rosa",
            "a/b",
            "cn=admin",
            "a,b",
            "\n",
        ] {
            assert_eq!(bound("{username}@corp.example.com", name), None, "{name}");
            assert_eq!(bound("CORP\\{username}", name), None, "{name}");
        }
        let filter = FilterTemplate::parse("(&(uid={username})(mail={username}))").unwrap();
        assert_eq!(
            filter.fill("*)(uid=*\\2a"),
            "(&(uid=\\2a\\29\\28uid=\\2a\\5c2a)(mail=\\2a\\29\\28uid=\\2a\\5c2a))"
        );
        assert_eq!(filter.anybody(), "(&(uid=*)(mail=*))");
        let bare = FilterTemplate::parse("uid={username}").unwrap();
        assert_eq!(bare.fill("rosa"), "(uid=rosa)");
        assert!(parse_filter(format!("(&(cn=x){})", bare.anybody())).is_ok());
        let part = FilterTemplate::parse("(uid={username}*)").unwrap();
        assert_eq!(part.anybody(), "(uid=*)");
        for bad in [
            "({username}=x)",
            "(uid=x)",
            "uid={username})",
            "(uid={username}",
            "(uid={0}{username})",
        ] {
            assert!(FilterTemplate::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_filter_tells_what_a_name_is_compared_with() {
        let of = |text: &str| {
            let filter = FilterTemplate::parse(text).unwrap();
            filter.attributes().collect::<Vec<_>>().join(" ")
        };
        assert_eq!(of("(mail={username})"), "mail");
        assert_eq!(of(super::super::BY_NAME), "uid sAMAccountName");
        assert_eq!(of("(|(cn={username}*)(sn=*{username}))"), "");
    }

    /// The values of all equality matches.
    fn values(tag: &StructureTag, found: &mut Vec<Vec<u8>>) {
        match &tag.payload {
            PL::P(_) => {}
            PL::C(inner) if tag.id == 3 => match &inner[1].payload {
                PL::P(value) => found.push(value.clone()),
                PL::C(_) => unreachable!("a value is no structure"),
            },
            PL::C(inner) => inner.iter().for_each(|tag| values(tag, found)),
        }
    }

    proptest! {
        #[test]
        fn a_name_in_a_filter_is_that_name_and_nothing_else(
            name in "[ -~é*()\\\\\u{0}]{1,24}",
        ) {
            use ldap3::asn1::ASNTag as _;
            let filter = FilterTemplate::parse("(|(uid={username})(cn={username}))").unwrap();
            let tag = parse_filter(filter.fill(&name)).unwrap().into_structure();
            let mut found = Vec::new();
            values(&tag, &mut found);
            prop_assert_eq!(found, vec![name.clone().into_bytes(), name.into_bytes()]);
        }
    }
}
