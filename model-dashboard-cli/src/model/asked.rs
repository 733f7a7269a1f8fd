//! What has to be confirmed before a model is changed.

use model_dashboard::client::ClientError;
use model_dashboard::dashboard::{Confirmed, Error};

use super::changes::Changes;
use super::warn;
use crate::output::{Output, note};

/// What a refusal asks for.
#[derive(Debug)]
pub(super) struct Asked {
    /// What stands for something else then.
    breaking: Option<Changes>,
    /// Why jobs may not run it correctly then.
    lacking: Vec<String>,
}

impl Asked {
    /// # Errors
    /// Any other error.
    pub(super) fn of(error: Error) -> Result<Self, Error> {
        match error {
            Error::Breaking {
                breaking, lacking, ..
            } => Ok(Self {
                breaking: Some(Changes::from(*breaking)),
                lacking,
            }),
            Error::Incomplete { lacking, .. } => Ok(Self {
                breaking: None,
                lacking,
            }),
            error => Err(error),
        }
    }

    /// The same of a server, which asks for nothing twice.
    ///
    /// # Errors
    /// Any other error.
    pub(super) fn of_remote(error: ClientError, confirmed: Confirmed) -> Result<Self, ClientError> {
        match error {
            ClientError::BreakingPackage(problem) if !confirmed.breaking => Ok(Self {
                breaking: Some(problem.breaking.unwrap_or_default().into()),
                lacking: problem.lacking,
            }),
            ClientError::IncompletePackage(problem) if !confirmed.incomplete => Ok(Self {
                breaking: None,
                lacking: problem.lacking,
            }),
            error => Err(error),
        }
    }

    /// Shows it; `package` is what the package is called that may not run correctly.
    pub(super) fn tell(&self, package: &str, output: &Output) {
        if let Some(changes) = &self.breaking {
            note(changes.tables(output));
        }
        warn::of_lacking(package, &self.lacking);
    }

    /// What is the matter with `key`, whose package or revision is called so, in a sentence.
    pub(super) fn sentence(&self, key: &str, what: &str) -> String {
        let breaking = format!("labels or images of {key} stand for something else in {what}");
        let lacking = format!("{key} is enabled, and jobs may not run {what} correctly");
        match (&self.breaking, self.lacking.is_empty()) {
            (Some(_), true) => breaking,
            (None, _) => lacking,
            (Some(_), false) => format!("{breaking}; {lacking}"),
        }
    }

    /// The options that confirm it.
    pub(super) fn options(&self) -> String {
        let breaking = self.breaking.as_ref().map(|_| "--breaking");
        let incomplete = (!self.lacking.is_empty()).then_some("--incomplete");
        let options: Vec<&str> = breaking.into_iter().chain(incomplete).collect();
        options.join(" ")
    }

    /// With it confirmed.
    pub(super) fn confirm(&self, confirmed: Confirmed) -> Confirmed {
        Confirmed {
            breaking: confirmed.breaking || self.breaking.is_some(),
            incomplete: confirmed.incomplete || !self.lacking.is_empty(),
        }
    }
}
