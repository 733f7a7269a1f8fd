//! What a use case can answer instead of a result.

use std::time::Duration;

use super::models::Model;
use super::packages::PackageRemoval;
use crate::auth::{Permission, Permissions};
use crate::model::{ContentDigest, FieldError, ModelKey, Position, Timestamp};
use crate::package::inspect::{Breaking, Mismatch, Report, Trust};
use crate::repository::RepositoryError;
use crate::repository::packages::PackageId;
use crate::store::StoreError;

/// Why a use case did not do what was asked. Nothing was changed, unless a variant says so.
///
/// Messages are for people: they say what to do next and hold no secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Nobody known asks. HTTP: 401.
    #[error("{reason}")]
    Unauthenticated {
        /// Why the credential does not count.
        reason: Unauthenticated,
    },
    /// The caller lacks a permission. Written to the audit log. HTTP: 403.
    #[error("{username} may not do this: it needs the permission {permission}")]
    Denied {
        /// What is missing.
        permission: Permission,
        /// Who asked.
        username: String,
    },
    /// Somebody was to get more permissions than the caller has, or their password. Written to the
    /// audit log. HTTP: 403.
    #[error("{username} cannot give a role more than they may do themselves; missing: {missing}")]
    MoreThanOwn {
        /// What is missing.
        missing: Permissions,
        /// Who asked.
        username: String,
    },
    /// Only a person who is signed in may do this; the caller came with an API token or as the
    /// host. HTTP: 403.
    #[error("only a person who is signed in to the dashboard can do this")]
    SignInNeeded,
    /// An API token was to make another. Written to the audit log. HTTP: 403.
    #[error("sign in to make tokens: a token cannot make another")]
    MadeWithToken,
    /// There is no such thing, or the caller may not know of it. HTTP: 404.
    #[error("{what} was not found")]
    NotFound {
        /// What was looked for.
        what: String,
        /// Names like it that there are.
        near: Vec<String>,
    },
    /// Several models have this name. HTTP: 409.
    #[error("several models are called {name}; give the network type too")]
    Ambiguous {
        /// The name.
        name: String,
        /// All models of that name.
        candidates: Vec<ModelKey>,
    },
    /// The name is taken. HTTP: 409.
    #[error("{what} exists already")]
    Exists {
        /// What is there already.
        what: String,
    },
    /// The model is not what the caller saw any more. HTTP: 412.
    #[error("{key} was changed by someone else meanwhile; look at the present state and try again")]
    Conflict {
        /// The model.
        key: ModelKey,
        /// Its present state, if it could be read.
        current: Option<Box<Model>>,
    },
    /// A change must say which state it changes. HTTP: 428.
    #[error("say which state you change: give its version")]
    PreconditionRequired,
    /// What was given cannot be taken. HTTP: 422.
    #[error("{}", list(.0))]
    Invalid(Vec<FieldError>),
    /// The stored definition cannot be read; an editor of raw text mends it. HTTP: 422.
    #[error("the definition of {key} cannot be read: {reason}")]
    Broken {
        /// The model.
        key: ModelKey,
        /// Why.
        reason: String,
        /// Where in its text.
        position: Option<Position>,
    },
    /// Too many wrong passwords for this account from this address. HTTP: 429.
    #[error("too many attempts; try again in {}", seconds(*retry_after))]
    TooManyAttempts {
        /// When to try again.
        retry_after: Duration,
    },
    /// Too much is being done at once. HTTP: 503.
    #[error("too busy at the moment; try again in {}", seconds(*retry_after))]
    Busy {
        /// When to try again.
        retry_after: Duration,
    },
    /// Something that this needs cannot be reached. HTTP: 503.
    #[error("{what}")]
    Unavailable {
        /// What, fit for anybody who may ask: where it lies and what is wrong with it are in the
        /// cause.
        what: String,
        /// Since when, if that is known.
        since: Option<Timestamp>,
        /// When to try again.
        retry_after: Duration,
        /// The cause.
        #[source]
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
    /// It was there, and its bytes were removed for good. HTTP: 410.
    #[error("{what} was removed for good ({removal})")]
    Removed {
        /// What.
        what: String,
        /// When; to administrators also by whom and why.
        removal: PackageRemoval,
    },
    /// This registry keeps definitions alone. HTTP: 501.
    #[error("this registry keeps no packages")]
    NoPackages,
    /// More bytes are announced than a package may have. HTTP: 413.
    #[error("a package may have at most {limit} bytes here")]
    PackageTooLarge {
        /// How many it may have.
        limit: u64,
    },
    /// More bytes were sent than were announced; those that were are there. HTTP: 413.
    #[error("the upload was announced with {size} bytes, and more were sent")]
    UploadTooLong {
        /// How many were announced.
        size: u64,
    },
    /// The bytes are not those that come next; none was read. HTTP: 409.
    #[error("{received} bytes of the upload are there: go on with the next one")]
    WrongOffset {
        /// How many bytes are there.
        received: u64,
    },
    /// The bytes of an upload broke off; those that came are there. HTTP: 400.
    #[error("the upload broke off after {received} bytes; go on from there")]
    UploadInterrupted {
        /// How many bytes are there.
        received: u64,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Another connection goes on with the upload; the bytes that came are there. HTTP: 423, on which
    /// clients of tus ask again how far it is.
    #[error("another connection goes on with the upload; {received} bytes are there")]
    UploadTakenOver {
        /// How many bytes are there.
        received: u64,
    },
    /// Bytes of an upload that were received are lost; it can only be begun anew. HTTP: 410.
    #[error("bytes of the upload are lost: {reason}; begin anew")]
    UploadLost {
        /// What is missing.
        reason: String,
    },
    /// Not all bytes of the upload are there. HTTP: 409.
    #[error("{received} of {size} bytes of the upload are there")]
    UploadIncomplete {
        /// How many bytes are there.
        received: u64,
        /// How many were announced.
        size: u64,
    },
    /// Jobs may not use a model with such a package; an administrator may allow it, with a reason.
    /// HTTP: 409.
    #[error("{}", untrusted(key, *trust, *needed, *enabled))]
    Untrusted {
        /// The model.
        key: ModelKey,
        /// How far its package is trusted.
        trust: Trust,
        /// How far it must be.
        needed: Trust,
        /// Whether the model is enabled, and was to get another package.
        enabled: bool,
    },
    /// The package says that it is for another model. It is there: the upload is given to another one,
    /// or to this one all the same ([`Giving::as_typed`](super::Giving::as_typed)); or the model is to be renamed to
    /// a key that its package contradicts ([`Dashboard::rename`](super::Dashboard::rename)).
    /// HTTP: 409.
    #[error(
        "{key} may not be meant: {}; choose another, or confirm that it is this one",
        joined(.mismatches)
    )]
    Mismatched {
        /// The model that was to get it.
        key: ModelKey,
        /// What the package says otherwise.
        mismatches: Vec<Mismatch>,
        /// The upload that it came with; `None` where the model is to be renamed.
        upload: Option<PackageId>,
    },
    /// Labels or images of the model stand for something else with a package, or with a revision that is
    /// restored. It is done all the same where that is [confirmed](super::Confirmed); an upload may be
    /// proposed instead. HTTP: 409.
    #[error("{}", breaks(key, breaking, lacking))]
    Breaking {
        /// The model.
        key: ModelKey,
        /// What stands for something else.
        breaking: Box<Breaking>,
        /// What of [`Error::Incomplete`] has to be confirmed as well.
        lacking: Vec<String>,
        /// The upload that the package came with; `None` for a draft and a restore.
        upload: Option<PackageId>,
    },
    /// Jobs may not run the model correctly with its package: one that it is to get while it is enabled, also by a
    /// restore, or the one with which it is to be enabled. It is done all the same where that is
    /// [confirmed](super::Confirmed); an upload may be proposed instead. HTTP: 409.
    #[error("{}", may_not_run(key, lacking, *enabled))]
    Incomplete {
        /// The model.
        key: ModelKey,
        /// Why, in sentences ([`Report::lacking`](crate::package::inspect::Report::lacking)).
        lacking: Vec<String>,
        /// Whether jobs use the model already.
        enabled: bool,
        /// The upload that the package came with; `None` for a draft, a restore, and a model to be enabled.
        upload: Option<PackageId>,
    },
    /// Jobs would find no package: its bytes were removed for good. HTTP: 409.
    #[error("{}", purged(key, removal, *enabled))]
    PurgedPackage {
        /// The model.
        key: ModelKey,
        /// When; to administrators also by whom and why.
        removal: PackageRemoval,
        /// Whether the model is enabled, and was to get that package, as by a restore.
        enabled: bool,
    },
    /// These bytes were purged and must not exist; what came is removed. An administrator can let them in
    /// again ([`Dashboard::allow_purged`](super::Dashboard::allow_purged)). HTTP: 410.
    #[error(
        "these bytes must not be kept here: sha256:{} was purged ({removal}); an administrator can let \
         them in again, with a reason",
        digest.to_hex()
    )]
    PurgedBytes {
        /// Their SHA-256.
        digest: ContentDigest,
        /// When; to administrators also by whom and why.
        removal: PackageRemoval,
    },
    /// The change would leave no active administrator. HTTP: 409.
    #[error("this is the last active administrator; make another one first")]
    LastAdministrator,
    /// A limit on numbers is reached. HTTP: 422.
    #[error("there are too many {what} (at most {limit})")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// The limit.
        limit: u64,
    },
    /// The store of accounts failed. HTTP: 500.
    #[error("the user database failed")]
    Store(#[source] StoreError),
    /// The store of models failed. HTTP: 500.
    #[error("the model store failed")]
    Repository(#[source] RepositoryError),
    /// A fault of this program. HTTP: 500.
    #[error("something went wrong inside the program; the log says more")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Why a credential does not count.
///
/// The holder of a token or session may learn what became of it; a sign-in that is refused never
/// says why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unauthenticated {
    /// The username or password is wrong, or the account may not sign in: one message for all.
    #[error("the username or password is wrong")]
    SignInRefused,
    /// No such token: never made, mistyped, or revoked.
    #[error("this API token is not known; it may have been revoked")]
    UnknownToken,
    /// The token's time is over.
    #[error("this API token has expired; make a new one")]
    ExpiredToken,
    /// No such session: never made or ended.
    #[error("you are not signed in")]
    NoSession,
    /// The session was not used for too long, or is too old.
    #[error("your session has ended; sign in again")]
    ExpiredSession,
    /// The source that the account comes from has not vouched for it for too long.
    #[error(
        "sign in to the dashboard once more: your directory has not confirmed you for too long"
    )]
    NotVouched,
    /// The same, and nobody can sign in with that source at present.
    #[error(
        "your directory does not answer, and has not confirmed you for too long; nobody can sign in \
         with it until it answers"
    )]
    SourceAway,
    /// The account is deactivated or gone.
    #[error("this account is deactivated")]
    Deactivated,
}

impl Error {
    /// When to try again, for errors that pass.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Error::TooManyAttempts { retry_after }
            | Error::Busy { retry_after }
            | Error::Unavailable { retry_after, .. } => Some(*retry_after),
            _ => None,
        }
    }

    pub(crate) fn invalid(field: &str, message: impl Into<String>) -> Error {
        Error::Invalid(vec![FieldError::new(field, message)])
    }

    pub(crate) fn not_found(what: impl Into<String>) -> Error {
        Error::NotFound {
            what: what.into(),
            near: Vec::new(),
        }
    }
}

impl From<Unauthenticated> for Error {
    fn from(reason: Unauthenticated) -> Error {
        Error::Unauthenticated { reason }
    }
}

fn list(errors: &[FieldError]) -> String {
    let one = |e: &FieldError| match e.field.as_str() {
        "" => e.message.clone(),
        field => format!("{field}: {}", e.message),
    };
    errors.iter().map(one).collect::<Vec<_>>().join("; ")
}

fn untrusted(key: &ModelKey, trust: Trust, needed: Trust, enabled: bool) -> String {
    match enabled {
        true => format!(
            "{key} is enabled, and gets no package that is {trust}: it must be at least {needed}; \
             disable the model first, then it can get it, and an administrator can enable it all the \
             same, with a reason"
        ),
        false => format!(
            "{key} cannot be enabled with its package, which is {trust}: it must be at least {needed}; \
             an administrator can enable it all the same, with a reason"
        ),
    }
}

fn purged(key: &ModelKey, removal: &PackageRemoval, enabled: bool) -> String {
    match enabled {
        true => format!(
            "{key} is enabled, and jobs would find no package: the one that it would have then was \
             purged ({removal}); disable the model first, then this can be done, and give it another \
             package before it is enabled again"
        ),
        false => format!(
            "{key} cannot be enabled: its package was purged ({removal}); give it another one first"
        ),
    }
}

fn breaks(key: &ModelKey, breaking: &Breaking, lacking: &[String]) -> String {
    let runs = match lacking {
        [] => String::new(),
        lacking => format!(
            "; it is enabled, and jobs may not run it correctly then: {}",
            Report::lacking_in_short(lacking)
        ),
    };
    format!(
        "labels or images of {key} stand for something else then: {breaking}{runs}; confirm that this is \
         meant"
    )
}

fn may_not_run(key: &ModelKey, lacking: &[String], enabled: bool) -> String {
    let why = Report::lacking_in_short(lacking);
    match enabled {
        true => format!(
            "{key} is enabled, and jobs may not run it correctly then: {why}; confirm that this is meant"
        ),
        false => format!(
            "{key} is not enabled: jobs may not run it correctly: {why}; where that is meant, enable it alone \
             and confirm it"
        ),
    }
}

fn joined(mismatches: &[Mismatch]) -> String {
    let texts: Vec<String> = mismatches.iter().map(ToString::to_string).collect();
    texts.join("; ")
}

/// Whole seconds, at least one, for people.
fn seconds(duration: Duration) -> String {
    let seconds = duration.as_millis().div_ceil(1000).max(1);
    match seconds {
        0..120 => format!("{seconds} s"),
        _ => format!("{} min", seconds.div_ceil(60)),
    }
}
