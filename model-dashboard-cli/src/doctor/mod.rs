//! `doctor`: tries everything that the installation depends on.

mod contents;
mod directory;
mod places;

use std::borrow::Cow;
use std::error::Error;

use clap::{Args, Subcommand};
use model_dashboard::config::Config;
use serde::Serialize;

use self::contents::accounts;
use self::directory::Directory;
use self::places::{folders, models_folder, ports};
use crate::failure::{Failure, Kind, Told};
use crate::installation::Context;

/// How a thing does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Ok,
    Warning,
    Failed,
}

#[derive(Debug, Serialize)]
struct Check {
    name: Cow<'static, str>,
    state: State,
    message: String,
    /// What to do about it.
    fix: Option<String>,
    /// What lies behind it, for those who search further.
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<String>,
}

#[derive(Debug, Default, Serialize)]
struct Checks {
    checks: Vec<Check>,
}

impl Checks {
    fn ok(&mut self, name: &'static str, message: impl Into<String>) {
        self.push(name, State::Ok, message.into(), None);
    }

    fn warn(&mut self, name: &'static str, message: impl Into<String>, fix: impl Into<String>) {
        self.push(name, State::Warning, message.into(), Some(fix.into()));
    }

    fn fail(&mut self, name: &'static str, message: impl Into<String>, fix: impl Into<String>) {
        self.push(name, State::Failed, message.into(), Some(fix.into()));
    }

    /// The same for an error, with what it says to do, or else `otherwise`.
    fn fail_with(
        &mut self,
        name: &'static str,
        error: &(dyn Error + 'static),
        otherwise: impl Into<String>,
    ) {
        let told = Told::of(error);
        self.checks.push(Check {
            name: name.into(),
            state: State::Failed,
            message: told.fault,
            fix: Some(told.advice.unwrap_or_else(|| otherwise.into())),
            cause: told.cause,
        });
    }

    fn has_failed(&self, name: &str) -> bool {
        let failed = |check: &Check| check.name == name && check.state == State::Failed;
        self.checks.iter().any(failed)
    }

    fn push(
        &mut self,
        name: impl Into<Cow<'static, str>>,
        state: State,
        message: String,
        fix: Option<String>,
    ) {
        self.checks.push(Check {
            name: name.into(),
            state,
            message,
            fix,
            cause: None,
        });
    }

    fn failed(&self) -> usize {
        let failed = |check: &&Check| check.state == State::Failed;
        self.checks.iter().filter(failed).count()
    }
}

#[derive(Debug, Args)]
pub(crate) struct Doctor {
    #[command(subcommand)]
    part: Option<Part>,
}

#[derive(Debug, Subcommand)]
enum Part {
    /// Walk through the steps of a sign-in at the directory
    Ldap(Directory),
}

pub(crate) async fn run(doctor: Doctor, context: &Context) -> Result<(), Failure> {
    if let Some(Part::Ldap(directory)) = doctor.part {
        return directory::run(directory, context).await;
    }
    let config = context.config()?;
    let mut checks = Checks::default();
    configuration(&config, &mut checks);
    folders(&config, &mut checks);
    models_folder(&config, &mut checks).await;
    ports(&config, &mut checks);
    directory::check(&config, &mut checks).await;
    accounts(config, &mut checks).await;
    context.output.show(&checks, || table(&checks, context))?;
    match checks.failed() {
        0 => Ok(()),
        failed => {
            let all = checks.checks.len();
            let message = format!("{failed} of {all} checks failed");
            Err(Failure::new(Kind::Unavailable, message))
        }
    }
}

fn table(checks: &Checks, context: &Context) -> String {
    let rows = checks.checks.iter().map(|check| {
        let state = match check.state {
            State::Ok => "ok",
            State::Warning => "warning",
            State::Failed => "FAILED",
        };
        [
            state.to_owned(),
            check.name.to_string(),
            check.message.clone(),
            check.fix.clone().unwrap_or_default(),
        ]
    });
    context
        .output
        .texts(["STATE", "CHECK", "FOUND", "WHAT TO DO"], rows)
}

fn configuration(config: &Config, checks: &mut Checks) {
    let warnings = config.warnings();
    if warnings.is_empty() {
        checks.ok("configuration", "every setting is understood");
    }
    for warning in warnings {
        let fix = "change the setting, or leave it if it is meant";
        checks.warn("configuration", warning, fix);
    }
}
