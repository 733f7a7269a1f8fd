//! What comes instead of an answer.

use std::error::Error as StdError;
use std::fmt;
use std::io;

use serde::Deserialize;

use super::drafts::RemoteChanges;
use crate::dashboard::ErrorKind;
use crate::model::{ContentDigest, FieldError};
use crate::package::unpack::UnpackError;

/// Why a request to a server failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// It cannot be told whom to trust.
    #[error("{message}")]
    Trust {
        /// What is wrong and what to do.
        message: String,
        /// Why.
        #[source]
        source: Box<dyn StdError + Send + Sync>,
    },
    /// No connection, or one that breaks off again and again.
    #[error("{server} does not answer")]
    Unreachable {
        /// The server.
        server: String,
        /// Why.
        #[source]
        source: Box<dyn StdError + Send + Sync>,
    },
    /// The server's certificate is not accepted.
    #[error("{server} cannot be trusted: {why}")]
    Certificate {
        /// The server.
        server: String,
        /// What is wrong with its certificate and, after a semicolon, what to do.
        why: String,
    },
    /// The server refuses.
    #[error(transparent)]
    Refused(Box<Problem>),
    /// The server lets no job use a model with its package, which is trusted too little.
    #[error(transparent)]
    UntrustedPackage(Box<Problem>),
    /// The package is for another model; that this one is meant has to be confirmed
    /// ([`Giving::as_typed`](crate::dashboard::Giving::as_typed)).
    #[error(transparent)]
    MismatchedPackage(Box<Problem>),
    /// Labels or images stand for something else with the package or the revision ([`Problem::breaking`]);
    /// that has to be [confirmed](crate::dashboard::Confirmed).
    #[error(transparent)]
    BreakingPackage(Box<Problem>),
    /// Jobs use the model, and may not run it correctly then ([`Problem::lacking`]); that has to be
    /// [confirmed](crate::dashboard::Confirmed).
    #[error(transparent)]
    IncompletePackage(Box<Problem>),
    /// The answer is none of a registry.
    #[error("{server} does not answer as a Model Dashboard: {why}")]
    NotUnderstood {
        /// The server.
        server: String,
        /// What is odd.
        why: String,
    },
    /// The server has a bucket give the package, which does not.
    #[error("the registry has {server} give the package, and that {why}")]
    Bucket {
        /// The bucket's server.
        server: String,
        /// What it does instead.
        why: String,
        /// Why.
        #[source]
        source: Option<Box<dyn StdError + Send + Sync>>,
    },
    /// The server has other bytes than were asked for, or than were sent.
    #[error("the server has another package: its SHA-256 is {found}, not {expected}")]
    Another {
        /// What was meant.
        expected: ContentDigest,
        /// What is there.
        found: ContentDigest,
    },
    /// What was given is refused before it is sent.
    #[error("{}", told(.0))]
    Invalid(Vec<FieldError>),
    /// There are more definitions than are taken at once.
    #[error("there are too many models for one step (at most {limit})")]
    TooMany {
        /// How many there may be.
        limit: usize,
    },
    /// What is sent cannot be read.
    #[error("the package could not be read")]
    Source(#[source] io::Error),
    /// What comes cannot be written, or is not the package.
    #[error(transparent)]
    Disk(#[from] UnpackError),
}

impl ClientError {
    /// What kind it is of; `None` for what only this way has, such as a server that cannot be reached.
    #[must_use]
    pub fn kind(&self) -> Option<ErrorKind> {
        match self {
            Self::Refused(problem)
            | Self::UntrustedPackage(problem)
            | Self::MismatchedPackage(problem)
            | Self::BreakingPackage(problem)
            | Self::IncompletePackage(problem) => ErrorKind::parse(problem.kind()),
            Self::Invalid(_) => Some(ErrorKind::Invalid),
            Self::TooMany { .. } => Some(ErrorKind::TooMany),
            _ => None,
        }
    }

    /// The fields that are wrong, if that is why.
    #[must_use]
    pub fn fields(&self) -> Vec<FieldError> {
        match self {
            Self::Refused(problem)
            | Self::UntrustedPackage(problem)
            | Self::MismatchedPackage(problem)
            | Self::BreakingPackage(problem)
            | Self::IncompletePackage(problem) => {
                let errors = problem.errors.iter();
                errors
                    .map(|it| FieldError::new(&it.field, it.message.clone()))
                    .collect()
            }
            Self::Invalid(errors) => errors.clone(),
            _ => Vec::new(),
        }
    }

    /// What a server says that refuses.
    pub(super) fn of_problem(problem: Problem) -> Self {
        match problem.kind() {
            "untrusted-package" => Self::UntrustedPackage(Box::new(problem)),
            "mismatched-package" => Self::MismatchedPackage(Box::new(problem)),
            "breaking-package" => Self::BreakingPackage(Box::new(problem)),
            "incomplete-package" => Self::IncompletePackage(Box::new(problem)),
            _ => Self::Refused(Box::new(problem)),
        }
    }
}

fn told(errors: &[FieldError]) -> String {
    let one = |error: &FieldError| match error.field.as_str() {
        "" => error.message.clone(),
        field => format!("{field}: {}", error.message),
    };
    errors.iter().map(one).collect::<Vec<_>>().join("; ")
}

/// What a server says of a request that it refuses (RFC 9457).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Problem {
    /// Names the kind of problem; stable.
    #[serde(rename = "type", default)]
    pub uri: String,
    /// The status of HTTP.
    #[serde(default)]
    pub status: u16,
    /// The kind of problem in words.
    #[serde(default)]
    pub title: String,
    /// What is wrong this time, and what to do.
    #[serde(default)]
    pub detail: String,
    /// The fields that are wrong.
    #[serde(default)]
    pub errors: Vec<ProblemField>,
    /// Names like the one that was not found.
    #[serde(default)]
    pub near: Vec<String>,
    /// All that the name can mean.
    #[serde(default)]
    pub candidates: Vec<String>,
    /// Names the present state, after a lost race, or of one that cannot be read.
    #[serde(default)]
    pub current_etag: Option<String>,
    /// The SHA-256 of bytes that were purged, in hexadecimal digits.
    #[serde(default)]
    pub sha256: Option<String>,
    /// What stands for something else with a package or a revision.
    #[serde(default)]
    pub breaking: Option<RemoteChanges>,
    /// Why jobs may not run the model correctly then.
    #[serde(default)]
    pub lacking: Vec<String>,
    /// The upload whose bytes are there although the request was refused.
    #[serde(default)]
    pub upload: Option<String>,
    /// What a request has to say so that it is done.
    #[serde(default)]
    pub next: Option<String>,
}

/// What is wrong with a field.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct ProblemField {
    /// The field; empty for the whole.
    #[serde(default)]
    pub field: String,
    /// What is wrong and what is expected.
    #[serde(default)]
    pub message: String,
}

impl Problem {
    /// The end of its [`uri`](Self::uri), such as `not-found`.
    #[must_use]
    pub fn kind(&self) -> &str {
        self.uri.rsplit(':').next().unwrap_or_default()
    }

    /// What the body of an answer with this status says; of another program's, the status alone.
    pub(super) fn read(status: http::StatusCode, body: &[u8]) -> Self {
        let read = serde_json::from_slice::<Self>(body);
        let read = read
            .ok()
            .filter(|it| !it.uri.is_empty() || !it.detail.is_empty());
        let problem = read.unwrap_or_else(|| Self {
            uri: String::new(),
            status: 0,
            title: String::new(),
            detail: format!("the answer is {status}"),
            errors: Vec::new(),
            near: Vec::new(),
            candidates: Vec::new(),
            current_etag: None,
            sha256: None,
            breaking: None,
            upload: None,
            lacking: Vec::new(),
            next: None,
        });
        Self {
            status: status.as_u16(),
            ..problem
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = if self.detail.is_empty() {
            &self.title
        } else {
            &self.detail
        };
        f.write_str(text)
    }
}

impl StdError for Problem {}
