//! Who someone is: a source and a stable subject within it.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use unicase::UniCase;
use unicode_normalization::UnicodeNormalization;

/// Where an identity comes from: `local`, `service`, `cli`, or the name of a configured directory.
///
/// Open text, so that further sources can be configured. Identities of two sources are never the
/// same person, whatever their names.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Source(Arc<str>);

impl Source {
    /// Accounts of the installation itself.
    pub const LOCAL: &'static str = "local";
    /// Service accounts: tokens only, no sign-in.
    pub const SERVICE: &'static str = "service";
    /// The host's administrator at the command line.
    pub const HOST: &'static str = "cli";
    /// A directory that is not named otherwise.
    pub const LDAP: &'static str = "ldap";

    /// A source by name: 1 to 32 of `a-z 0-9 _ -`.
    ///
    /// # Errors
    /// [`IdentityError::Source`] for anything else.
    pub fn parse(name: &str) -> Result<Source, IdentityError> {
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_-".contains(&b);
        if (1..=32).contains(&name.len()) && name.bytes().all(allowed) {
            Ok(Source(name.into()))
        } else {
            Err(IdentityError::Source)
        }
    }

    /// The source of the installation's own accounts.
    pub fn local() -> Source {
        Source(Source::LOCAL.into())
    }

    /// The source of service accounts.
    pub fn service() -> Source {
        Source(Source::SERVICE.into())
    }

    /// The source of the host's administrator.
    pub fn host() -> Source {
        Source(Source::HOST.into())
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether its accounts are made here (`local`, `service`) rather than known from elsewhere.
    pub fn is_own(&self) -> bool {
        matches!(self.as_str(), Source::LOCAL | Source::SERVICE)
    }
}

impl FromStr for Source {
    type Err = IdentityError;

    fn from_str(name: &str) -> Result<Source, IdentityError> {
        Source::parse(name)
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", &*self.0)
    }
}

/// The key of an identity: its source and the subject that stays the same when the name changes
/// (a row number, an entryUUID, an objectGUID).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct IdentityId {
    /// Where the identity comes from.
    pub source: Source,
    /// The stable id within the source.
    pub subject: Arc<str>,
}

impl IdentityId {
    /// The key made of `source` and `subject`.
    pub fn new(source: Source, subject: impl Into<Arc<str>>) -> IdentityId {
        IdentityId {
            source,
            subject: subject.into(),
        }
    }
}

/// Prints as `source:subject`.
impl fmt::Display for IdentityId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.source, self.subject)
    }
}

/// A name to sign in with, as it is shown. Two usernames are the same when their folded forms are
/// ([`Username::folded`]): the compatibility caseless match of Unicode (definition D146), so `ẞ`,
/// `ß` and `ss` are one, and `Σ`, `σ` and `ς`.
#[derive(Clone)]
pub struct Username {
    shown: Arc<str>,
    folded: Arc<str>,
}

impl Username {
    /// Parses a name of 1 to 128 characters without control, zero-width, bidirectional-control or
    /// white-space characters at its ends. Inner blanks are allowed, directories have them.
    ///
    /// # Errors
    /// [`IdentityError::Username`] otherwise.
    pub fn parse(text: &str) -> Result<Username, IdentityError> {
        let shown: String = text.nfkc().collect();
        let length = shown.chars().count();
        let bad = |c: char| c.is_control() || is_invisible(c) || (c.is_whitespace() && c != ' ');
        if length == 0 || length > 128 || shown.trim() != shown || text.chars().any(bad) {
            return Err(IdentityError::Username);
        }
        Ok(Username {
            folded: caseless(&shown).into(),
            shown: shown.into(),
        })
    }

    /// The name as people read it (NFKC).
    pub fn as_str(&self) -> &str {
        &self.shown
    }

    /// The name without a domain: `rosa` of `CORP\\rosa` and of `rosa@corp.example.com`; `None` for
    /// one that has none.
    pub(crate) fn without_domain(&self) -> Option<Username> {
        let text = self.as_str();
        let after = text.split_once('\\').map(|(_, name)| name);
        let before = text.rsplit_once('@').map(|(name, _)| name);
        Username::parse(after.or(before)?).ok()
    }

    /// The form that decides whether two names are the same.
    pub fn folded(&self) -> &str {
        &self.folded
    }
}

/// The form of a text that is the same for all texts that match it but for capitals and
/// compatibility forms. Each step can leave something for the other, so each is done twice.
fn caseless(text: &str) -> String {
    let without_case = |text: String| UniCase::unicode(text).to_folded_case();
    let once = without_case(text.nfd().collect());
    without_case(once.nfkd().collect()).nfkc().collect()
}

/// Format characters that do not show: they make two names look alike.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}'
        | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}'
        | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}' | '\u{E0000}'..='\u{E0FFF}')
}

impl PartialEq for Username {
    fn eq(&self, other: &Self) -> bool {
        self.folded == other.folded
    }
}

impl Eq for Username {}

impl std::hash::Hash for Username {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.folded.hash(state);
    }
}

impl FromStr for Username {
    type Err = IdentityError;

    fn from_str(text: &str) -> Result<Username, IdentityError> {
        Username::parse(text)
    }
}

impl From<&Username> for Arc<str> {
    /// [`Username::as_str`], shared.
    fn from(name: &Username) -> Arc<str> {
        name.shown.clone()
    }
}

impl fmt::Display for Username {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for Username {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", &*self.shown)
    }
}

/// A person as an [`Authenticator`](super::Authenticator) found them at sign-in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Source and stable subject.
    pub id: IdentityId,
    /// The name they sign in with today.
    pub username: Username,
    /// The name people read.
    pub display_name: String,
    /// Mail address, if the source has one.
    pub email: Option<String>,
    /// Groups of the source, as it names them.
    pub groups: Vec<String>,
    /// The role that the source gives, and why (a group's name), if it decides roles. `None`
    /// leaves the role to the registry: what an administrator set, else the default.
    pub role: Option<GrantedRole>,
}

/// A role and the reason for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantedRole {
    /// The role.
    pub role: super::Role,
    /// Why: “set by an administrator”, or the group that gave it.
    pub reason: String,
}

/// A name or source that cannot be one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdentityError {
    /// Not a username.
    #[error(
        "a username has 1 to 128 characters, no blanks at its ends and no invisible characters"
    )]
    Username,
    /// Not a source name.
    #[error("a source name has 1 to 32 of a-z, 0-9, _ and -")]
    Source,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn look_alike_names_are_the_same_name() {
        let admin = Username::parse("admin").unwrap();
        assert_eq!(Username::parse("ＡＤＭＩＮ").unwrap(), admin);
        assert_eq!(
            Username::parse("Ünal").unwrap(),
            Username::parse("U\u{308}NAL").unwrap()
        );
        assert_ne!(Username::parse("admin2").unwrap(), admin);
    }

    #[test]
    fn names_that_differ_in_capitals_only_are_the_same_in_every_script() {
        for same in [
            &["Strauß", "STRAUSS", "STRAUẞ", "strauss"][..],
            &["Οδυσσευς", "ΟΔΥΣΣΕΥΣ", "οδυσσευσ"],
            &["İlhan", "i\u{307}lhan", "I\u{307}LHAN"],
            &["ǅemal", "ǄEMAL", "ǆemal", "džemal"],
            &["ᾼdes", "ᾳdes", "ΑΙDES"],
            &["ſam", "SAM"],
            &["\u{212A}im", "KIM"],
            &["Ꭰna", "ꭰNA"],
        ] {
            let names = same.iter().map(|name| Username::parse(name).unwrap());
            let folded: std::collections::BTreeSet<_> =
                names.map(|name| name.folded().to_owned()).collect();
            assert_eq!(folded.len(), 1, "{folded:?}");
        }
        let [dotless, dotted] = ["ısık", "isik"].map(|name| Username::parse(name).unwrap());
        assert_ne!(dotless, dotted, "two letters of Turkish");
    }

    proptest::proptest! {
        #[test]
        fn a_name_is_the_same_as_its_folded_form_and_in_lower_case(text in "\\PC{1,20}") {
            if let Ok(name) = Username::parse(&text) {
                for same in [name.folded().to_owned(), name.as_str().to_lowercase()] {
                    let same = Username::parse(&same);
                    // It may be too long by now.
                    proptest::prop_assert!(same.is_err() || same == Ok(name.clone()));
                }
            }
        }
    }

    #[test]
    fn invisible_and_padded_names_are_refused() {
        for bad in [
            "",
            " admin",
            "admin ",
            "ad\u{200B}min",
            "a\tb",
            "a\nb",
            "x\u{202E}y",
            "\u{3000}a",
        ] {
            assert_eq!(
                Username::parse(bad),
                Err(IdentityError::Username),
                "{bad:?}"
            );
        }
        assert!(Username::parse(&"x".repeat(129)).is_err());
    }
}
