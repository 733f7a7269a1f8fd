//! What kind an error is of, for programs: the same here and over the API.

use std::fmt;

use super::Error;

/// What kind an error is of. Its [name](ErrorKind::as_str) is stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Nobody known asks.
    Unauthenticated,
    /// The caller may not do it.
    Denied,
    /// Only a person who is signed in may do it.
    SignInNeeded,
    /// There is no such thing.
    NotFound,
    /// Several models have the name.
    Ambiguous,
    /// The name is taken.
    Exists,
    /// It is not what the caller saw any more.
    Conflict,
    /// A change must say which state it changes.
    PreconditionRequired,
    /// What was given cannot be taken.
    Invalid,
    /// The stored definition cannot be read.
    Broken,
    /// Too many wrong passwords.
    TooManyAttempts,
    /// Too much is being done at once.
    Busy,
    /// Something that it needs cannot be reached.
    Unavailable,
    /// It was there, and is gone for good.
    Gone,
    /// The registry keeps definitions alone.
    NoPackages,
    /// There are more bytes than there may be.
    TooLarge,
    /// The bytes are not those that come next.
    WrongOffset,
    /// The bytes broke off.
    Interrupted,
    /// Another connection goes on with it.
    TakenOver,
    /// Not all bytes are there.
    Incomplete,
    /// Jobs may not use a model with such a package.
    UntrustedPackage,
    /// A package is for another model.
    MismatchedPackage,
    /// Labels or images stand for something else with a package or a revision.
    BreakingPackage,
    /// Jobs may not run a model correctly with a package or a revision.
    IncompletePackage,
    /// The bytes of a model's package were removed for good.
    PurgedPackage,
    /// These bytes were purged and must not exist.
    PurgedBytes,
    /// No active administrator would be left.
    LastAdministrator,
    /// A limit on numbers is reached.
    TooMany,
    /// A store or the program failed.
    Internal,
}

impl ErrorKind {
    const ALL: [ErrorKind; 29] = [
        ErrorKind::Unauthenticated,
        ErrorKind::Denied,
        ErrorKind::SignInNeeded,
        ErrorKind::NotFound,
        ErrorKind::Ambiguous,
        ErrorKind::Exists,
        ErrorKind::Conflict,
        ErrorKind::PreconditionRequired,
        ErrorKind::Invalid,
        ErrorKind::Broken,
        ErrorKind::TooManyAttempts,
        ErrorKind::Busy,
        ErrorKind::Unavailable,
        ErrorKind::Gone,
        ErrorKind::NoPackages,
        ErrorKind::TooLarge,
        ErrorKind::WrongOffset,
        ErrorKind::Interrupted,
        ErrorKind::TakenOver,
        ErrorKind::Incomplete,
        ErrorKind::UntrustedPackage,
        ErrorKind::MismatchedPackage,
        ErrorKind::BreakingPackage,
        ErrorKind::IncompletePackage,
        ErrorKind::PurgedPackage,
        ErrorKind::PurgedBytes,
        ErrorKind::LastAdministrator,
        ErrorKind::TooMany,
        ErrorKind::Internal,
    ];

    /// Its name, for programs: `not-found`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            ErrorKind::Unauthenticated => "unauthenticated",
            ErrorKind::Denied => "denied",
            ErrorKind::SignInNeeded => "sign-in-needed",
            ErrorKind::NotFound => "not-found",
            ErrorKind::Ambiguous => "ambiguous",
            ErrorKind::Exists => "exists",
            ErrorKind::Conflict => "conflict",
            ErrorKind::PreconditionRequired => "precondition-required",
            ErrorKind::Invalid => "invalid",
            ErrorKind::Broken => "broken-definition",
            ErrorKind::TooManyAttempts => "too-many-attempts",
            ErrorKind::Busy => "busy",
            ErrorKind::Unavailable => "unavailable",
            ErrorKind::Gone => "gone",
            ErrorKind::NoPackages => "no-packages",
            ErrorKind::TooLarge => "too-large",
            ErrorKind::WrongOffset => "wrong-offset",
            ErrorKind::Interrupted => "interrupted",
            ErrorKind::TakenOver => "taken-over",
            ErrorKind::Incomplete => "incomplete",
            ErrorKind::UntrustedPackage => "untrusted-package",
            ErrorKind::MismatchedPackage => "mismatched-package",
            ErrorKind::BreakingPackage => "breaking-package",
            ErrorKind::IncompletePackage => "incomplete-package",
            ErrorKind::PurgedPackage => "purged-package",
            ErrorKind::PurgedBytes => "purged-bytes",
            ErrorKind::LastAdministrator => "last-administrator",
            ErrorKind::TooMany => "too-many",
            ErrorKind::Internal => "internal",
        }
    }

    /// The kind of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<ErrorKind> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Error {
    /// What kind it is of.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Error::Unauthenticated { .. } => ErrorKind::Unauthenticated,
            Error::Denied { .. } | Error::MoreThanOwn { .. } => ErrorKind::Denied,
            Error::SignInNeeded | Error::MadeWithToken => ErrorKind::SignInNeeded,
            Error::NotFound { .. } => ErrorKind::NotFound,
            Error::Ambiguous { .. } => ErrorKind::Ambiguous,
            Error::Exists { .. } => ErrorKind::Exists,
            Error::Conflict { .. } => ErrorKind::Conflict,
            Error::PreconditionRequired => ErrorKind::PreconditionRequired,
            Error::Invalid(_) => ErrorKind::Invalid,
            Error::Broken { .. } => ErrorKind::Broken,
            Error::TooManyAttempts { .. } => ErrorKind::TooManyAttempts,
            Error::Busy { .. } => ErrorKind::Busy,
            Error::Unavailable { .. } => ErrorKind::Unavailable,
            Error::Removed { .. } | Error::UploadLost { .. } => ErrorKind::Gone,
            Error::NoPackages => ErrorKind::NoPackages,
            Error::PackageTooLarge { .. } | Error::UploadTooLong { .. } => ErrorKind::TooLarge,
            Error::WrongOffset { .. } => ErrorKind::WrongOffset,
            Error::UploadInterrupted { .. } => ErrorKind::Interrupted,
            Error::UploadTakenOver { .. } => ErrorKind::TakenOver,
            Error::UploadIncomplete { .. } => ErrorKind::Incomplete,
            Error::Untrusted { .. } => ErrorKind::UntrustedPackage,
            Error::Mismatched { .. } => ErrorKind::MismatchedPackage,
            Error::Breaking { .. } => ErrorKind::BreakingPackage,
            Error::Incomplete { .. } => ErrorKind::IncompletePackage,
            Error::PurgedPackage { .. } => ErrorKind::PurgedPackage,
            Error::PurgedBytes { .. } => ErrorKind::PurgedBytes,
            Error::LastAdministrator => ErrorKind::LastAdministrator,
            Error::TooMany { .. } => ErrorKind::TooMany,
            Error::Store(_) | Error::Repository(_) | Error::Internal(_) => ErrorKind::Internal,
        }
    }
}
