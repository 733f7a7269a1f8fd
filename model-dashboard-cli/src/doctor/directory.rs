//! `doctor ldap`: walks through the steps of a sign-in at a directory.

use clap::Args;
use model_dashboard::auth::{Diagnosis, Source, Username, Verdict};
use model_dashboard::config::Config;
use model_dashboard::connect::directory as directory_of;
use serde::Serialize;

use super::{Checks, State};
use crate::failure::{Failure, Kind};
use crate::installation::{Context, not_opened};
use crate::output::note;

#[derive(Debug, Args)]
pub(crate) struct Directory {
    /// Look for this person too: groups, role and why. Nobody signs in by this
    #[arg(long, value_name = "NAME")]
    user: Option<String>,

    /// The directory, where several are configured
    #[arg(long, default_value = Source::LDAP)]
    source: String,
}

/// What was seen, for programs.
#[derive(Debug, Serialize)]
struct Shown {
    source: String,
    well: bool,
    steps: Vec<Step>,
    #[serde(skip_serializing_if = "Option::is_none")]
    person: Option<Person>,
}

#[derive(Debug, Serialize)]
struct Step {
    name: String,
    verdict: &'static str,
    saw: String,
    advice: Option<String>,
}

#[derive(Debug, Serialize)]
struct Person {
    subject: String,
    username: String,
    display_name: String,
    email: Option<String>,
    groups: Vec<String>,
    role: Option<String>,
    role_reason: Option<String>,
}

/// By the settings alone: whoever tries them may have no installation yet.
pub(super) async fn run(directory: Directory, context: &Context) -> Result<(), Failure> {
    let source: Source = directory.source.parse().map_err(Failure::usage)?;
    let user = directory.user.as_deref().map(str::trim);
    let user = user.map(Username::parse).transpose();
    let user = user.map_err(|error| Failure::usage(format!("--user: {error}")))?;
    let config = context.config()?;
    let configured = directory_of(&config).map_err(not_opened)?;
    let Some(configured) = configured.filter(|one| *one.source() == source) else {
        let message = format!("directory {source} was not found");
        return Err(Failure::new(Kind::NotFound, message)
            .hint("LDAP_SERVER sets one up, and --source names another than ldap"));
    };
    let shown = shown(&source, configured.diagnose(user.as_ref()).await);
    context.output.show(&shown, || text(&shown, context))?;
    for warning in config.warnings() {
        if warning.starts_with("ldap.") {
            note(warning);
        }
    }
    if let Some(step) = shown.steps.iter().find(|step| step.verdict == "failed") {
        let message = format!("at {source} this failed: {}", step.name);
        return Err(Failure::new(Kind::Unavailable, message));
    }
    if let (Some(name), None) = (&user, &shown.person) {
        note(format_args!("{name} was not looked up: the steps say why"));
    }
    Ok(())
}

/// Whether people can sign in at the directory, as a check of all that is configured.
pub(super) async fn check(config: &Config, checks: &mut Checks) {
    let configured = match directory_of(config).map_err(not_opened) {
        Ok(Some(configured)) => configured,
        Ok(None) => return,
        Err(failure) => {
            let fix = "see what the message says; the setting is named in it";
            return checks.fail("directory", failure.message(), fix);
        }
    };
    let source = configured.source();
    let name = format!("directory {source}");
    let steps = configured.diagnose(None).await.steps;
    let mut bad = steps
        .into_iter()
        .filter(|step| step.verdict != Verdict::Well)
        .peekable();
    if bad.peek().is_none() {
        let message = format!("people can sign in ({})", configured.label());
        checks.push(name.clone(), State::Ok, message, None);
    }
    for step in bad {
        let state = match step.verdict {
            Verdict::Failed => State::Failed,
            _ => State::Warning,
        };
        let found = format!("{}: {}", step.name, step.saw);
        let fix = format!("`model-dashboard doctor ldap --source {source}` tells all steps");
        checks.push(name.clone(), state, found, Some(step.advice.unwrap_or(fix)));
    }
}

fn shown(source: &Source, diagnosis: Diagnosis) -> Shown {
    Shown {
        source: source.to_string(),
        well: diagnosis.is_well(),
        steps: diagnosis
            .steps
            .into_iter()
            .map(|step| Step {
                name: step.name,
                verdict: match step.verdict {
                    Verdict::Well => "well",
                    Verdict::Warning => "warning",
                    _ => "failed",
                },
                saw: step.saw,
                advice: step.advice,
            })
            .collect(),
        person: diagnosis.identity.map(|identity| {
            let (role, role_reason) = match identity.role {
                Some(granted) => (Some(granted.role.to_string()), Some(granted.reason)),
                None => (None, None),
            };
            Person {
                subject: identity.id.subject.to_string(),
                username: identity.username.to_string(),
                display_name: identity.display_name,
                email: identity.email,
                groups: identity.groups,
                role,
                role_reason,
            }
        }),
    }
}

fn text(shown: &Shown, context: &Context) -> String {
    let rows = shown.steps.iter().map(|step| {
        let state = match step.verdict {
            "well" => "ok",
            "failed" => "FAILED",
            other => other,
        };
        [
            state.to_owned(),
            step.name.clone(),
            step.saw.clone(),
            step.advice.clone().unwrap_or_default(),
        ]
    });
    let mut text = context
        .output
        .table(["STATE", "STEP", "SAW", "WHAT TO DO"], rows);
    if let Some(person) = &shown.person {
        let role = match (&person.role, &person.role_reason) {
            (Some(role), Some(reason)) => format!("{role}: {reason}"),
            _ => "none from the directory: the default, or what an administrator set".to_owned(),
        };
        text.push('\n');
        text.push_str(&context.output.properties([
            ("username", person.username.clone()),
            ("name", person.display_name.clone()),
            ("id", format!("{}:{}", shown.source, person.subject)),
            ("mail", person.email.clone().unwrap_or_default()),
            ("role", role),
            ("groups", person.groups.join(", ")),
        ]));
    }
    text
}
