//! The one table from errors of the library to HTTP.

use http::StatusCode;
use model_dashboard::dashboard::Error;

/// What an error is in HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Kind {
    /// The status.
    pub(crate) status: StatusCode,
    /// A stable name for programs.
    pub(crate) name: &'static str,
    /// A short heading for people.
    pub(crate) title: &'static str,
}

impl Kind {
    /// The kind of this error.
    pub(crate) fn of(error: &Error) -> Kind {
        use StatusCode as S;
        let (status, title) = match error {
            Error::Unauthenticated { .. } => (S::UNAUTHORIZED, "Not signed in"),
            Error::Denied { .. } | Error::MoreThanOwn { .. } => (S::FORBIDDEN, "Not allowed"),
            Error::SignInNeeded | Error::MadeWithToken => (S::FORBIDDEN, "Sign-in needed"),
            Error::NotFound { .. } => (S::NOT_FOUND, "Not found"),
            Error::Ambiguous { .. } => (S::CONFLICT, "Several models of this name"),
            Error::Exists { .. } => (S::CONFLICT, "Exists already"),
            Error::WrongOffset { .. } => (S::CONFLICT, "Wrong offset"),
            Error::UploadIncomplete { .. } => (S::CONFLICT, "Not all there"),
            Error::UploadLost { .. } | Error::Removed { .. } => (S::GONE, "Gone"),
            Error::PackageTooLarge { .. } | Error::UploadTooLong { .. } => {
                (S::PAYLOAD_TOO_LARGE, "Too large")
            }
            Error::NoPackages => (S::NOT_IMPLEMENTED, "No packages here"),
            Error::UploadInterrupted { .. } => (S::BAD_REQUEST, "Broken off"),
            Error::UploadTakenOver { .. } => (S::LOCKED, "Another connection goes on"),
            Error::Untrusted { .. } => (S::CONFLICT, "Package not trusted"),
            Error::Mismatched { .. } => (S::CONFLICT, "Package of another model"),
            Error::Breaking { .. } => (S::CONFLICT, "Another meaning"),
            Error::Incomplete { .. } => (S::CONFLICT, "Package may not run correctly"),
            Error::PurgedPackage { .. } => (S::CONFLICT, "Package purged"),
            Error::PurgedBytes { .. } => (S::GONE, "Bytes purged"),
            Error::LastAdministrator => (S::CONFLICT, "Last administrator"),
            Error::Conflict { .. } => (S::PRECONDITION_FAILED, "Changed meanwhile"),
            Error::PreconditionRequired => (S::PRECONDITION_REQUIRED, "Version needed"),
            Error::Invalid(_) => (S::UNPROCESSABLE_ENTITY, "Not valid"),
            Error::TooMany { .. } => (S::UNPROCESSABLE_ENTITY, "Too many"),
            Error::Broken { .. } => (S::UNPROCESSABLE_ENTITY, "Broken definition"),
            Error::TooManyAttempts { .. } => (S::TOO_MANY_REQUESTS, "Too many attempts"),
            Error::Busy { .. } => (S::SERVICE_UNAVAILABLE, "Busy"),
            Error::Unavailable { .. } => (S::SERVICE_UNAVAILABLE, "Not available"),
            _ => (S::INTERNAL_SERVER_ERROR, "Internal error"),
        };
        Kind {
            status,
            name: error.kind().as_str(),
            title,
        }
    }
}
