//! Why a command ended early: lines for people, and the exit code for scripts.

use std::error::Error as StdError;
use std::fmt::{self, Display, Write as _};
use std::io::{self, Write as _};
use std::process::ExitCode;

use model_dashboard::client::{ClientError, Problem};
use model_dashboard::config::ConfigError;
use model_dashboard::dashboard::{Error, ErrorKind};
use model_dashboard::model::FieldError;
use model_dashboard::package::unpack::UnpackError;
use model_dashboard::repository::RepositoryError;

use crate::hint::{
    AS_TYPED, BREAKING, DOCTOR, ENABLING, INCOMPLETE, OVERRIDING, RENAMING, hint_for, letting_in,
};
use crate::output::printable;

/// A reason to end, and what to do about it.
#[derive(Debug)]
pub(crate) struct Failure {
    kind: Kind,
    message: String,
    hint: Option<String>,
    /// The model that it is about: the key, or the name alone.
    model: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Failed,
    Usage,
    NotFound,
    Conflict,
    Denied,
    Unavailable,
    /// Nobody reads standard output any more, as `… | head` does: no error.
    OutputClosed,
}

impl Failure {
    pub(crate) fn new(kind: Kind, message: impl Display) -> Self {
        Self {
            kind,
            message: message.to_string(),
            hint: None,
            model: None,
        }
    }

    /// The command line, or what was given to it, is wrong.
    pub(crate) fn usage(message: impl Display) -> Self {
        Self::new(Kind::Usage, message)
    }

    /// A file or stream could not be used. `what` says which and for what.
    pub(crate) fn io(what: impl Display, error: &io::Error) -> Self {
        let kind = match error.kind() {
            io::ErrorKind::NotFound => Kind::NotFound,
            io::ErrorKind::PermissionDenied => Kind::Denied,
            _ => Kind::Failed,
        };
        Self::new(kind, format!("{what}: {error}"))
    }

    /// Something else than expected happened at standard output.
    pub(crate) fn output(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::new(Kind::OutputClosed, ""),
            _ => Self::io("the result could not be written", error),
        }
    }

    /// Something that is needed is not there.
    pub(crate) fn unavailable(error: &(dyn StdError + 'static)) -> Self {
        let told = Told::of(error);
        let hint = told.advice.unwrap_or_else(|| DOCTOR.to_owned());
        Self::new(Kind::Unavailable, told.fault).hint(hint)
    }

    /// Some of several things failed; each was told already.
    pub(crate) fn several(what: &str, kinds: &[Kind], all: usize) -> Self {
        let same = kinds.iter().all(|kind| Some(kind) == kinds.first());
        let kind = match kinds.first() {
            Some(kind) if same => *kind,
            _ => Kind::Failed,
        };
        Self::new(kind, format!("{} of {all} {what} failed", kinds.len()))
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The key or name of the model that was not found, or cannot be read.
    pub(crate) fn model(&self) -> Option<&str> {
        self.model.as_deref()
    }

    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }

    /// What went wrong, on as many lines as it takes, without the hint.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// What to do about it.
    pub(crate) fn advice(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// Tells people, unless nobody needs to know.
    pub(crate) fn print(&self) {
        if self.kind != Kind::OutputClosed {
            // Without standard error there is no one left to tell.
            let _ = writeln!(io::stderr(), "{self}");
        }
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self.kind {
            Kind::OutputClosed => 0,
            Kind::Failed => 1,
            Kind::Usage => 2,
            Kind::NotFound => 3,
            Kind::Conflict => 4,
            Kind::Denied => 5,
            Kind::Unavailable => 6,
        })
    }
}

impl Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines = |text: &str| -> Vec<String> {
            text.lines()
                .map(|line| printable(line).into_owned())
                .collect()
        };
        write!(f, "error: {}", lines(&self.message).join("\n       "))?;
        match &self.hint {
            Some(hint) => write!(f, "\nhint: {}", lines(hint).join("\n      ")),
            None => Ok(()),
        }
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        let hint = "`model-dashboard config show` prints every setting once these are right";
        Self::usage(error).hint(hint)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        // What the store says is more exact than that it does not answer.
        if let Error::Unavailable {
            source: Some(source),
            ..
        } = &error
            && let Some(store) = source.downcast_ref::<RepositoryError>()
            && store.advice().is_some()
        {
            return Self::unavailable(store);
        }
        let message = match &error {
            Error::Invalid(errors) => fields(errors),
            Error::Broken {
                position: Some(position),
                ..
            } => format!("{} ({position})", chain(&error)),
            _ => chain(&error),
        };
        let model = match &error {
            Error::NotFound { what, .. } => what.strip_prefix("model ").map(str::to_owned),
            Error::Broken { key, .. } => Some(key.to_string()),
            _ => None,
        };
        Self {
            kind: kind_of(&error),
            message,
            hint: hint_for(&error),
            model,
        }
    }
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        let told = chain(&error);
        match error {
            ClientError::Refused(problem) => Self::of_problem(&problem),
            ClientError::UntrustedPackage(problem) => match problem.next {
                Some(_) => Self::of_problem(&problem).hint(OVERRIDING),
                // The message says what comes first.
                None => Self::of_problem(&problem),
            },
            ClientError::MismatchedPackage(problem) => {
                let hint = match problem.upload {
                    Some(_) => AS_TYPED,
                    None => RENAMING,
                };
                Self::of_problem(&problem).hint(hint)
            }
            ClientError::BreakingPackage(problem) => Self::of_problem(&problem).hint(BREAKING),
            ClientError::IncompletePackage(problem) => {
                let hint = match problem.upload {
                    Some(_) => INCOMPLETE,
                    None => ENABLING,
                };
                Self::of_problem(&problem).hint(hint)
            }
            ClientError::Disk(error) => error.into(),
            ClientError::Unreachable { .. } => Self::new(Kind::Unavailable, told)
                .hint("is the address right, and does the server run?"),
            ClientError::Bucket { .. } => Self::new(Kind::Unavailable, told).hint(
                "this machine must reach that address: STORAGE_PUBLIC_URL of the registry names it",
            ),
            ClientError::Certificate { .. } => Self::new(Kind::Unavailable, told),
            ClientError::NotUnderstood { .. } => Self::new(Kind::Unavailable, told)
                .hint("give the address of the dashboard or of its API"),
            ClientError::Another { .. } => Self::new(Kind::Conflict, told).hint("try it again"),
            ClientError::Trust { .. } => Self::usage(told),
            _ => Self::new(Kind::Failed, told),
        }
    }
}

impl Failure {
    /// What a server refuses, as people of this machine are told it.
    fn of_problem(problem: &Problem) -> Self {
        let kind = match (ErrorKind::parse(problem.kind()), problem.status) {
            // What went wrong inside a server may pass.
            (Some(kind), ..500) => of_kind(kind),
            (_, 404 | 410) => Kind::NotFound,
            (_, 409 | 412) => Kind::Conflict,
            (_, 401 | 403) => Kind::Denied,
            (_, 429 | 500..) => Kind::Unavailable,
            (_, 400..500) => Kind::Usage,
            _ => Kind::Failed,
        };
        let needs_reason = problem.errors.iter().any(|it| it.field == "message");
        let hint = if !problem.near.is_empty() {
            Some(format!("did you mean {}?", problem.near.join(", ")))
        } else if !problem.candidates.is_empty() {
            Some(format!("choose one of {}", problem.candidates.join(", ")))
        } else if needs_reason {
            Some("give the reason with -m".to_owned())
        } else if let Some(digest) = &problem.sha256 {
            Some(letting_in(&format!("sha256:{digest}")))
        } else if problem.status == 401 {
            Some("`model-dashboard login` takes another token".to_owned())
        } else {
            None
        };
        Self {
            hint,
            ..Self::new(kind, problem)
        }
    }
}

impl From<UnpackError> for Failure {
    fn from(error: UnpackError) -> Self {
        let told = chain(&error);
        let (kind, hint) = match &error {
            UnpackError::Disk { error, .. } => (Self::io("", error).kind(), None),
            UnpackError::Exists(_) => (
                Kind::Conflict,
                Some("move it away, or give another folder with --into"),
            ),
            UnpackError::SameNumber(_) => (
                Kind::Conflict,
                Some("the framework could take the other one: give another folder with --into"),
            ),
            UnpackError::Busy(_) => (Kind::Conflict, None),
            UnpackError::NoReceipt(_) => (Kind::NotFound, None),
            UnpackError::Foreign(_) => (Kind::Denied, None),
            UnpackError::NotThePackage(_) => (Kind::Failed, Some("try it again")),
            _ => (Kind::Failed, None),
        };
        let failure = Self::new(kind, told);
        match hint {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }
}

fn kind_of(error: &Error) -> Kind {
    match error {
        Error::Store(_) | Error::Repository(_) => Kind::Unavailable,
        error => of_kind(error.kind()),
    }
}

/// How a command ends by an error of this kind, of this machine or of a server.
fn of_kind(kind: ErrorKind) -> Kind {
    match kind {
        ErrorKind::Invalid | ErrorKind::PreconditionRequired | ErrorKind::TooLarge => Kind::Usage,
        ErrorKind::NotFound | ErrorKind::Gone => Kind::NotFound,
        ErrorKind::Ambiguous
        | ErrorKind::Exists
        | ErrorKind::Conflict
        | ErrorKind::LastAdministrator
        | ErrorKind::UntrustedPackage
        | ErrorKind::MismatchedPackage
        | ErrorKind::BreakingPackage
        | ErrorKind::IncompletePackage
        | ErrorKind::PurgedPackage
        | ErrorKind::PurgedBytes
        | ErrorKind::WrongOffset
        | ErrorKind::TakenOver
        | ErrorKind::Incomplete
        | ErrorKind::TooMany => Kind::Conflict,
        ErrorKind::Denied | ErrorKind::SignInNeeded | ErrorKind::Unauthenticated => Kind::Denied,
        ErrorKind::Unavailable | ErrorKind::Busy | ErrorKind::TooManyAttempts => Kind::Unavailable,
        _ => Kind::Failed,
    }
}

/// What is wrong with fields, a line for each.
fn fields(errors: &[FieldError]) -> String {
    let mut text = String::new();
    for error in errors {
        if !text.is_empty() {
            text.push('\n');
        }
        if !error.field.is_empty() {
            text.push_str(&error.field);
            text.push_str(": ");
        }
        text.push_str(&error.message);
        if let Some(position) = &error.position {
            // Writing to a String cannot fail.
            let _ = write!(text, " ({position})");
        }
    }
    text
}

/// An error and what caused it, on one line; a cause that the text before it holds is left out.
pub(crate) fn chain(error: &dyn StdError) -> String {
    joined(std::iter::successors(Some(error), |&error| error.source()))
}

fn joined<'a>(errors: impl Iterator<Item = &'a (dyn StdError + 'a)>) -> String {
    let mut text = String::new();
    for error in errors {
        let error = error.to_string();
        if text.is_empty() {
            text = error;
        } else if !text.contains(&error) {
            text.push_str(": ");
            text.push_str(&error);
        }
    }
    text
}

/// An error as people read it: where the model store says what is wrong and what to do, without
/// the causes below, which are for those who search further.
#[derive(Debug)]
pub(crate) struct Told {
    /// What is wrong, on one line.
    pub(crate) fault: String,
    /// What to do about it, if the error says so.
    pub(crate) advice: Option<String>,
    /// What was left out of the fault.
    pub(crate) cause: Option<String>,
}

impl Told {
    pub(crate) fn of(error: &(dyn StdError + 'static)) -> Self {
        let errors: Vec<_> = std::iter::successors(Some(error), |&error| error.source()).collect();
        let advised = errors.iter().enumerate().find_map(|(at, error)| {
            let (fault, advice) = error.downcast_ref::<RepositoryError>()?.advice()?;
            Some((at, fault, advice))
        });
        let Some((at, fault, advice)) = advised else {
            return Self {
                fault: chain(error),
                advice: None,
                cause: None,
            };
        };
        let before = joined(errors[..at].iter().copied());
        let store = format!("the model store is not available: {fault}");
        let below = joined(errors[at + 1..].iter().copied());
        Self {
            fault: match before.is_empty() {
                true => store,
                false => format!("{before}: {store}"),
            },
            advice: Some(advice.to_owned()),
            cause: Some(below).filter(|below| !below.is_empty()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_shows_no_control_characters_and_what_to_do() {
        let failure = Failure::usage("first\u{1b}[31m\nsecond").hint("do this");
        assert_eq!(
            failure.to_string(),
            "error: first\u{fffd}[31m\n       second\nhint: do this"
        );
    }

    #[test]
    fn a_cause_is_told_once() {
        let inner = io::Error::other("the disk is full");
        let same = Error::Unavailable {
            what: "cannot write: the disk is full".to_owned(),
            since: None,
            retry_after: std::time::Duration::ZERO,
            source: Some(Box::new(inner)),
        };
        assert_eq!(chain(&same), "cannot write: the disk is full");
        let inner = io::Error::other("the disk is full");
        let other = Error::Internal(Box::new(inner));
        assert!(chain(&other).ends_with(": the disk is full"));
    }

    #[test]
    fn what_the_store_says_is_told_once_with_what_to_do() {
        let inner = io::Error::other("Error performing GET, after 3 retries");
        let store = RepositoryError::Unavailable {
            message: "nothing listens at its address; check host and port".to_owned(),
            source: Some(Box::new(inner)),
        };
        let error = Error::Unavailable {
            what: "the model store does not answer; try again in a moment".to_owned(),
            since: None,
            retry_after: std::time::Duration::ZERO,
            source: Some(Box::new(store)),
        };
        assert_eq!(
            Failure::from(error).to_string(),
            "error: the model store is not available: nothing listens at its address\n\
             hint: check host and port"
        );
    }

    #[test]
    fn several_failures_of_one_kind_keep_it() {
        let same = Failure::several("models", &[Kind::NotFound, Kind::NotFound], 3);
        assert_eq!(same.kind(), Kind::NotFound);
        let mixed = Failure::several("models", &[Kind::NotFound, Kind::Usage], 3);
        assert_eq!(
            (mixed.kind(), mixed.message()),
            (Kind::Failed, "2 of 3 models failed")
        );
    }
}
