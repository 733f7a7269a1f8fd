//! The trait that checks who somebody is.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;

use super::{Diagnosis, DiagnosisStep, Identity, IdentityId, Password, Source, Username};
use crate::model::Timestamp;

/// Checks a name and a password against one source of identities.
///
/// A refusal says nothing about its reason to the person; [`Refusal`] goes to the audit log.
/// Implementations answer within their own deadline, never fall back to another source, and do
/// the same work for unknown names as for wrong passwords.
///
/// ```
/// use model_dashboard::auth::local::PasswordHasher;
/// use model_dashboard::auth::*;
///
/// /// Lets in whoever knows the word of the day.
/// #[derive(Debug)]
/// struct WordOfTheDay {
///     source: Source,
///     word: PasswordHash,
///     hasher: PasswordHasher,
/// }
///
/// #[async_trait::async_trait]
/// impl Authenticator for WordOfTheDay {
///     fn source(&self) -> &Source {
///         &self.source
///     }
///
///     async fn authenticate(
///         &self,
///         username: &Username,
///         password: &Password,
///     ) -> Result<Identity, AuthenticationError> {
///         let check = self.hasher.check(password.clone(), self.word.clone()).await;
///         match check {
///             Ok(PasswordCheck::Wrong) => return Err(Refusal::WrongPassword.into()),
///             Ok(_) => {}
///             Err(error) => {
///                 return Err(AuthenticationError::Unavailable {
///                     reason: "the word could not be checked".to_owned(),
///                     source: Some(Box::new(error)),
///                 });
///             }
///         }
///         Ok(Identity {
///             id: IdentityId::new(self.source.clone(), username.folded()),
///             username: username.clone(),
///             display_name: username.to_string(),
///             email: None,
///             groups: vec![],
///             role: None,
///         })
///     }
/// }
/// ```
#[async_trait]
pub trait Authenticator: std::fmt::Debug + Send + Sync {
    /// The source whose identities this authenticator vouches for. Constant.
    fn source(&self) -> &Source;

    /// What people read where they choose a source; default: the source's name.
    fn label(&self) -> &str {
        self.source().as_str()
    }

    /// What the source is asked, and how, for administrators: servers, places, groups. Never a
    /// secret. Default: nothing.
    fn facts(&self) -> Vec<SourceFact> {
        Vec::new()
    }

    /// Servers of the source that did not answer when they were asked last, while another one does.
    /// From memory. Default: none, for sources without several servers.
    fn silent_servers(&self) -> Vec<SilentServer> {
        Vec::new()
    }

    /// How people sign in here. Sources that redirect (OpenID Connect) will answer with a kind of
    /// their own; all of today take a password.
    fn method(&self) -> SignInMethod {
        SignInMethod::Password
    }

    /// Checks `password` for `username`.
    ///
    /// # Errors
    /// [`AuthenticationError::Refused`] when the source said no, [`AuthenticationError::Barred`]
    /// when it did so for good though the password is right, [`AuthenticationError::Busy`] when too
    /// many checks are waiting, [`AuthenticationError::Unavailable`] when the source cannot be asked,
    /// [`AuthenticationError::Unusable`] when it can, but not as its settings say.
    async fn authenticate(
        &self,
        username: &Username,
        password: &Password,
    ) -> Result<Identity, AuthenticationError>;

    /// [`authenticate`](Self::authenticate) for sources that may take several names for one person
    /// (with a domain, without its accents, a mail address): asks `guesses` whether a password may be
    /// tried of whom it found, before it is. After a no it tries nothing, and answers
    /// [`Refusal::TooEarly`], which takes as long as a wrong password does. Default: does not ask,
    /// for sources in which everybody has one name.
    ///
    /// # Errors
    /// As there.
    async fn authenticate_counted(
        &self,
        username: &Username,
        password: &Password,
        guesses: &dyn Guesses,
    ) -> Result<Identity, AuthenticationError> {
        let _ = guesses;
        self.authenticate(username, password).await
    }

    /// Whether [`recheck`](Self::recheck) can tell. Constant. People of a source that cannot be
    /// asked again get in for a limited time after each sign-in.
    fn can_recheck(&self) -> bool {
        false
    }

    /// Looks again at people who signed in before, without their passwords. The answers come in
    /// the order of `ids`, one each. A source that does not know anybody at the moment
    /// (an emptied directory, a right that was taken away) cannot say so of one person:
    /// implementations make sure that the source still shows others.
    ///
    /// At most 100 people at a time. Implementations answer within a deadline of their own.
    ///
    /// # Errors
    /// Of one person: [`AuthenticationError::Unavailable`] or [`AuthenticationError::Unusable`] when the
    /// source cannot say of anybody, [`AuthenticationError::Undecided`] of this one. Default: always the first, for sources that know people only by their password.
    async fn recheck(&self, ids: &[IdentityId]) -> Vec<Result<Standing, AuthenticationError>> {
        let cannot = |_| {
            Err(AuthenticationError::Unavailable {
                reason: "this source cannot re-check people".into(),
                source: None,
            })
        };
        ids.iter().map(cannot).collect()
    }

    /// Walks through what a sign-in needs, and with a name also through what it would find of that
    /// person, without a password. Answers within a deadline of its own. Default: no steps, for
    /// sources that need nothing.
    async fn diagnose(&self, username: Option<&Username>) -> Diagnosis {
        let _ = username;
        Diagnosis::default()
    }

    /// [`diagnose`](Self::diagnose) without a name, as it is asked again and again while something is
    /// not as it should be: without what costs the source much. Default: that.
    async fn look_over(&self) -> Diagnosis {
        self.diagnose(None).await
    }

    /// Whether people could sign in now, as far as that shows without anybody's password and over one
    /// connection: asked every few minutes where nobody's sign-in tells. Answers up to which part it
    /// works. Default: what [`diagnose`](Self::diagnose) says.
    ///
    /// # Errors
    /// [`AuthenticationError::Unavailable`], [`AuthenticationError::Unusable`].
    async fn probe(&self) -> Result<SourcePart, AuthenticationError> {
        let walk = self.diagnose(None).await;
        match walk.steps.into_iter().find(DiagnosisStep::has_failed) {
            None => Ok(SourcePart::Groups),
            Some(step) => Err(AuthenticationError::Unavailable {
                reason: format!("{}: {}", step.name, step.saw),
                source: None,
            }),
        }
    }
}

/// What a source says of somebody who signed in before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// They may sign in, with fresh attributes.
    There(Identity),
    /// They may not sign in any more, and why: [`Refusal::UnknownUser`] for whom it does not show.
    Left(Refusal),
}

/// Counts the passwords that are tried of somebody, whatever name was typed.
pub trait Guesses: Send + Sync {
    /// Whether the password may be tried of `person`: the same text for every name of theirs. After a
    /// yes it counts as tried, whether or not the source answers.
    fn may_try(&self, person: &str) -> bool;

    /// The password is right, whatever else comes of the sign-in.
    fn password_is_right(&self);
}

/// Something that administrators should know of a source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceFact {
    /// What it is, in a few words: “Servers”.
    pub name: String,
    /// One value, or several.
    pub values: Vec<String>,
}

/// A server of a source that does not answer, while another one does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SilentServer {
    /// Which one.
    pub server: String,
    /// Since when.
    pub since: Timestamp,
    /// What is wrong, for administrators; names the server.
    pub reason: String,
    /// The one that is used.
    pub used: String,
}

/// How people prove who they are at a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SignInMethod {
    /// Username and password, checked by [`Authenticator::authenticate`].
    Password,
}

/// Why a sign-in did not succeed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuthenticationError {
    /// The source said no. People see one message for every reason.
    #[error("the username or password is wrong")]
    Refused(#[from] Refusal),
    /// The password is right, and the source says as surely as [`Authenticator::recheck`] that this
    /// person may not sign in: they are looked at again soon. Never after a wrong password, which
    /// proves nothing, nor where the source may only fail to show why it would let them in.
    #[error("the username or password is wrong")]
    Barred {
        /// Whom it says so of.
        id: IdentityId,
        /// Why.
        refusal: Refusal,
    },
    /// Too many sign-ins are being checked.
    #[error("too many sign-ins at once; try again in {} s", retry_after.as_secs().max(1))]
    Busy {
        /// When to try again.
        retry_after: Duration,
    },
    /// The source answers, but cannot say about this one person: an entry without what people are
    /// known by, for one. Nothing follows from it for others.
    #[error("{reason}")]
    Undecided {
        /// What is wrong, fit for administrators to read.
        reason: String,
    },
    /// The source answers, but not as the settings need it to: nobody signs in before that is mended.
    #[error("sign-in is not available at the moment: {reason}")]
    Unusable {
        /// How far one comes.
        part: SourcePart,
        /// What is wrong, fit for administrators to read.
        reason: String,
    },
    /// The source cannot be asked at the moment.
    #[error("sign-in is not available at the moment: {reason}")]
    Unavailable {
        /// What is wrong, fit for people to read.
        reason: String,
        /// The cause.
        #[source]
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
}

impl AuthenticationError {
    /// At which part nobody gets further; `None` where the error is about one person or attempt.
    #[must_use]
    pub fn part(&self) -> Option<SourcePart> {
        match self {
            AuthenticationError::Unavailable { .. } => Some(SourcePart::Connection),
            AuthenticationError::Unusable { part, .. } => Some(*part),
            _ => None,
        }
    }

    /// What is wrong, for administrators.
    #[must_use]
    pub fn in_short(&self) -> String {
        match self {
            AuthenticationError::Unavailable { reason, .. }
            | AuthenticationError::Unusable { reason, .. }
            | AuthenticationError::Undecided { reason } => reason.clone(),
            other => other.to_string(),
        }
    }
}

/// What a sign-in needs of its source, in the order in which one comes to it. Each shows that those
/// before it work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum SourcePart {
    /// That it can be reached, and answers.
    Connection,
    /// That the connection is encrypted, by whom it should be.
    Encryption,
    /// That it takes the account that looks people up.
    Account,
    /// That people are found where they should be.
    People,
    /// That it checks passwords.
    Passwords,
    /// That it shows the groups which decide who may come in.
    Groups,
}

/// What is wrong where one comes no further, in a sentence about the source.
impl fmt::Display for SourcePart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SourcePart::Connection => "it does not answer",
            SourcePart::Encryption => "it gives no encrypted connection that is trusted",
            SourcePart::Account => "it answers, but refuses the account that looks people up",
            SourcePart::People => "it answers, but shows nobody where people should be",
            SourcePart::Passwords => "it answers, but does not check passwords",
            SourcePart::Groups => "it answers, but does not show the groups that are needed",
        })
    }
}

/// The true reason of a refused sign-in, for the audit log only.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// No such account.
    #[error("unknown account")]
    UnknownUser,
    /// The password does not match.
    #[error("wrong password")]
    WrongPassword,
    /// The source has disabled the account, or locked it until somebody unlocks it.
    #[error("account is disabled or locked in the directory")]
    Disabled,
    /// The account is deactivated here, by an administrator.
    #[error("account was disabled here by an administrator")]
    DisabledHere,
    /// The account is locked for a time, after wrong passwords.
    #[error("account is locked")]
    Locked,
    /// The account had an end, which is past.
    #[error("account has expired")]
    AccountExpired,
    /// The password is too old.
    #[error("password has expired")]
    PasswordExpired,
    /// The password must be changed before it is used.
    #[error("password must be changed first")]
    MustChangePassword,
    /// The account may not sign in at this time of day.
    #[error("outside the hours of the account")]
    OutsideHours,
    /// The account may not sign in from this machine.
    #[error("account may not sign in from this machine")]
    NotFromHere,
    /// The name is that of several people.
    #[error("several entries have this name")]
    SeveralEntries,
    /// The account has no password (service accounts).
    #[error("account cannot sign in")]
    NoSignIn,
    /// Too many passwords were wrong under other names of the same person, so this one was not
    /// checked.
    #[error("not checked: too early after wrong passwords under other names of this person")]
    TooEarly,
    /// Not a member of the required group.
    #[error("not in the required group")]
    NotInGroup,
    /// Nothing shows that they are a member of the required group, and the source does not show that
    /// group either.
    #[error(
        "not seen to be in the required group {group}, which the directory does not show; see that \
         LDAP_REQUIRED_GROUP names it as the directory does, and that it may be read"
    )]
    GroupNotShown {
        /// The group, as the setting names it.
        group: String,
    },
    /// Anything else that the source gave as its reason.
    #[error("{0}")]
    Other(String),
}
