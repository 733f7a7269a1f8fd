//! Why the server ended early: one line for people, and the exit code for scripts.

use std::error::Error;
use std::fmt;
use std::process::ExitCode;

/// A reason to end.
#[derive(Debug)]
pub(crate) struct Failure {
    kind: Kind,
    message: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// The command line or a setting is wrong.
    Usage,
    /// Something that is needed is not there: a port, a folder, a server.
    Unavailable,
}

impl Failure {
    /// The command line or a setting is wrong.
    pub(crate) fn usage(message: impl fmt::Display) -> Self {
        Self {
            kind: Kind::Usage,
            message: message.to_string(),
        }
    }

    /// Something that is needed is not there. `what` says which setting names it.
    pub(crate) fn unavailable(what: impl fmt::Display, error: &dyn Error) -> Self {
        Self {
            kind: Kind::Unavailable,
            message: format!("{what}: {}", chain(error)),
        }
    }

    /// Something that is needed is not there, and the error says itself which setting names it.
    pub(crate) fn unavailable_itself(error: &dyn Error) -> Self {
        Self {
            kind: Kind::Unavailable,
            message: chain(error),
        }
    }

    /// What the process ends with.
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self.kind {
            Kind::Usage => 2,
            Kind::Unavailable => 6,
        })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// An error and what caused it, on one line; a cause that was told already is left out.
fn chain(error: &dyn Error) -> String {
    let causes = std::iter::successors(Some(error), |&error| error.source());
    let text = causes.fold(String::new(), |mut text, cause| {
        let cause = cause.to_string();
        if !text.ends_with(&cause) {
            let colon = if text.is_empty() { "" } else { ": " };
            text = [&text, colon, &cause].concat();
        }
        text
    });
    text.replace('\n', " ")
}
