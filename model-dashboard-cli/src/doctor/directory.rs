//! `doctor ldap`: walks through the steps of a sign-in at a directory.

use clap::Args;
use model_dashboard::auth::{Diagnosis, Source, Verdict};
use serde::Serialize;

use crate::failure::{Failure, Kind};
use crate::installation::{Context, Installation, Opening};
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

pub(super) async fn run(directory: Directory, context: &Context) -> Result<(), Failure> {
    let source: Source = directory.source.parse().map_err(Failure::usage)?;
    context
        .with_accounts(Opening::Existing, async |installation| {
            let Installation {
                dashboard, caller, ..
            } = installation;
            let walk = dashboard.diagnose(caller, &source, directory.user.as_deref());
            let shown = shown(&source, walk.await?);
            context.output.show(&shown, || text(&shown, context))?;
            let failed = shown.steps.iter().find(|step| step.verdict == "failed");
            if let Some(step) = failed {
                let message = format!("at {source} this failed: {}", step.name);
                return Err(Failure::new(Kind::Unavailable, message));
            }
            if let (Some(name), None) = (&directory.user, &shown.person) {
                note(format_args!("{name} was not looked up: the steps say why"));
            }
            Ok(())
        })
        .await
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
