//! Why a directory cannot be asked.

use super::held_off::may_lock;
use crate::auth::{AuthenticationError, Refusal, SourcePart};
use crate::model::Timestamp;

/// Why a directory cannot be asked; never about a person. What to do follows after a semicolon.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// There is no connection, so another server may have one.
    #[error("{server} cannot be reached: {why}")]
    Unreachable { server: String, why: String },
    /// The connection broke.
    #[error("{server} ended the connection: {why}")]
    Broken { server: String, why: String },
    /// What a connection takes is not to be had here, whatever the server does.
    #[error("this machine gives no connection: {0}")]
    ThisMachine(String),
    /// Nothing may be sent there.
    #[error("{server} gives no encrypted connection, so no password is sent: {why}")]
    NotEncrypted { server: String, why: String },
    /// The configuration of trust is of no use.
    #[error("{0}")]
    Trust(String),
    /// What was sent is not what a directory sends.
    #[error("{server} breaks the protocol: {why}")]
    Protocol { server: String, why: String },
    /// The account that looks people up may not.
    #[error(
        "the directory refuses the account that looks people up ({refusal}); check LDAP_BIND_DN and \
         LDAP_BIND_PASSWORD{}",
        pauses(refusal)
    )]
    ServiceAccount { refusal: Refusal },
    /// It was refused, and is not tried now.
    #[error(
        "the directory refused the account that looks people up ({refusal}), which is not tried again \
         before {until}, so that it is not locked; check LDAP_BIND_DN and LDAP_BIND_PASSWORD, then \
         test the connection, which tries it at once"
    )]
    HeldOff { refusal: Refusal, until: Timestamp },
    /// An answer that says neither yes nor no.
    #[error("the directory cannot {doing}: code {code}, {said}{advice}")]
    Answer {
        part: SourcePart,
        doing: &'static str,
        code: u32,
        said: String,
        advice: &'static str,
    },
    /// Where it was to search is nothing.
    #[error("the directory cannot search under {base}: {why} (code {code}); check {setting}")]
    Base {
        base: String,
        setting: &'static str,
        why: &'static str,
        code: u32,
    },
    /// What the directory shows in general cannot be right.
    #[error("{why}")]
    Content { part: SourcePart, why: String },
    /// Another failure, when it was asked about groups.
    #[error("{0}")]
    OfGroups(Box<Failure>),
    /// What it shows of one person cannot be right, or is not enough.
    #[error("{0}")]
    Person(String),
    /// The time is up.
    #[error("the directory did not answer within {0} s")]
    TooSlow(u64),
}

impl Failure {
    /// Whether another server of the directory may do better.
    pub(super) fn is_of_transport(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Broken { .. })
    }

    /// The same, when it was about groups: whatever was found before works.
    pub(super) fn of_groups(self) -> Self {
        match self {
            Self::Answer { .. } | Self::Base { .. } => Self::OfGroups(Box::new(self)),
            other => other,
        }
    }

    /// What becomes of it after a password turned out to be right: answered otherwise than a wrong
    /// one, it would tell that, for as long as it lasts. A connection that breaks, or a directory that
    /// is slow, does so at any time and passes; as a refusal that would have people change a password
    /// that is right.
    pub(super) fn after_right_password(self) -> Result<Refusal, Self> {
        match self {
            Self::OfGroups(_) | Self::Answer { .. } | Self::Base { .. } | Self::Protocol { .. } => {
                Ok(Refusal::Other(self.to_string()))
            }
            passing => Err(passing),
        }
    }

    /// As others are told.
    pub(super) fn told(&self) -> AuthenticationError {
        let reason = self.to_string();
        let part = match self {
            Self::Person(_) => return AuthenticationError::Undecided { reason },
            Self::Unreachable { .. }
            | Self::Broken { .. }
            | Self::ThisMachine(_)
            | Self::Protocol { .. }
            | Self::TooSlow(_) => {
                let source = None;
                return AuthenticationError::Unavailable { reason, source };
            }
            Self::NotEncrypted { .. } | Self::Trust(_) => SourcePart::Encryption,
            Self::ServiceAccount { .. } | Self::HeldOff { .. } => SourcePart::Account,
            Self::Answer { part, .. } | Self::Content { part, .. } => *part,
            Self::Base { .. } => SourcePart::People,
            Self::OfGroups(_) => SourcePart::Groups,
        };
        AuthenticationError::Unusable { part, reason }
    }
}

/// What follows from a refusal of the account that looks people up.
fn pauses(refusal: &Refusal) -> &'static str {
    match may_lock(refusal) {
        true => {
            ". So that the account is not locked, a server tries it again after pauses that grow to \
             30 minutes, or at once when its connection is tested"
        }
        false => "",
    }
}

impl From<Failure> for AuthenticationError {
    fn from(failure: Failure) -> Self {
        failure.told()
    }
}
