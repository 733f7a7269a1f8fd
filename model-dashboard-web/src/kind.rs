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
        let (status, name, title) = match error {
            Error::Unauthenticated { .. } => (S::UNAUTHORIZED, "unauthenticated", "Not signed in"),
            Error::Denied { .. } | Error::MoreThanOwn { .. } => {
                (S::FORBIDDEN, "denied", "Not allowed")
            }
            Error::SignInNeeded | Error::MadeWithToken => {
                (S::FORBIDDEN, "sign-in-needed", "Sign-in needed")
            }
            Error::NotFound { .. } => (S::NOT_FOUND, "not-found", "Not found"),
            Error::Ambiguous { .. } => (S::CONFLICT, "ambiguous", "Several models of this name"),
            Error::Exists { .. } => (S::CONFLICT, "exists", "Exists already"),
            Error::WrongOffset { .. } => (S::CONFLICT, "wrong-offset", "Wrong offset"),
            Error::UploadIncomplete { .. } => (S::CONFLICT, "incomplete", "Not all there"),
            Error::UploadLost { .. } | Error::Removed { .. } => (S::GONE, "gone", "Gone"),
            Error::PackageTooLarge { .. } | Error::UploadTooLong { .. } => {
                (S::PAYLOAD_TOO_LARGE, "too-large", "Too large")
            }
            Error::NoPackages => (S::NOT_IMPLEMENTED, "no-packages", "No packages here"),
            Error::UploadInterrupted { .. } => (S::BAD_REQUEST, "interrupted", "Broken off"),
            Error::UploadTakenOver { .. } => {
                (S::LOCKED, "taken-over", "Another connection goes on")
            }
            Error::Untrusted { .. } => (S::CONFLICT, "untrusted-package", "Package not trusted"),
            Error::Mismatched { .. } => (
                S::CONFLICT,
                "mismatched-package",
                "Package of another model",
            ),
            Error::Breaking { .. } => (S::CONFLICT, "breaking-package", "Another meaning"),
            Error::LastAdministrator => (S::CONFLICT, "last-administrator", "Last administrator"),
            Error::Conflict { .. } => (S::PRECONDITION_FAILED, "conflict", "Changed meanwhile"),
            Error::PreconditionRequired => (
                S::PRECONDITION_REQUIRED,
                "precondition-required",
                "Version needed",
            ),
            Error::Invalid(_) => (S::UNPROCESSABLE_ENTITY, "invalid", "Not valid"),
            Error::TooMany { .. } => (S::UNPROCESSABLE_ENTITY, "too-many", "Too many"),
            Error::Broken { .. } => (
                S::UNPROCESSABLE_ENTITY,
                "broken-definition",
                "Broken definition",
            ),
            Error::TooManyAttempts { .. } => (
                S::TOO_MANY_REQUESTS,
                "too-many-attempts",
                "Too many attempts",
            ),
            Error::Busy { .. } => (S::SERVICE_UNAVAILABLE, "busy", "Busy"),
            Error::Unavailable { .. } => (S::SERVICE_UNAVAILABLE, "unavailable", "Not available"),
            _ => (S::INTERNAL_SERVER_ERROR, "internal", "Internal error"),
        };
        Kind {
            status,
            name,
            title,
        }
    }
}
