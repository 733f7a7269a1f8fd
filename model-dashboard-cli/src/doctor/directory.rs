//! `doctor ldap`: walks through the steps of a sign-in at a directory.

use clap::Args;
use model_dashboard::auth::{Diagnosis, DiagnosisStep, Source, User, Username, Verdict};
use model_dashboard::config::Config;
use model_dashboard::connect::{directory as directory_of, stored_account, stored_doubt};
use serde::Serialize;

use super::{Checks, State};
use crate::failure::{Failure, Kind};
use crate::installation::{Context, not_opened};
use crate::output::{note, seconds_or_empty};

#[derive(Debug, Args)]
pub(crate) struct Directory {
    /// Look for this person too: groups, role and why. Nobody signs in by this
    #[arg(long, value_name = "NAME")]
    user: Option<String>,

    /// The directory, where several are configured
    #[arg(long, default_value = Source::LDAP)]
    source: Source,
}

/// What was seen, for programs.
#[derive(Debug, Serialize)]
struct Shown<'a> {
    source: &'a str,
    #[serde(flatten)]
    diagnosis: Diagnosis,
}

/// By the settings alone: whoever tries them may have no installation yet.
pub(super) async fn run(directory: Directory, context: &Context) -> Result<(), Failure> {
    let source = directory.source;
    let user = directory.user.as_deref().map(|name| {
        // As accounts are named elsewhere.
        let full = name.trim().strip_prefix(source.as_str());
        let full = full.and_then(|rest| rest.strip_prefix(':'));
        full.unwrap_or(name).trim()
    });
    let user = user.map(Username::parse).transpose();
    let user = user.map_err(|error| Failure::usage(format!("--user: {error}")))?;
    let config = context.config()?;
    let configured = directory_of(&config).await.map_err(not_opened)?;
    let Some(configured) = configured.filter(|one| *one.source() == source) else {
        let message = format!("directory {source} was not found");
        return Err(Failure::new(Kind::NotFound, message)
            .hint("LDAP_SERVER sets one up, and --source names another than ldap"));
    };
    let mut diagnosis = configured.diagnose(user.as_ref()).await;
    if let Some(name) = &user {
        let found = diagnosis.identity.as_ref().map(|identity| &identity.id);
        let account = stored_account(&config, &source, found, name).await;
        diagnosis
            .steps
            .extend(account_here(account.map_err(not_opened)));
    }
    diagnosis.steps.extend(doubted(&config, &source).await);
    let shown = Shown {
        source: source.as_str(),
        diagnosis,
    };
    context.output.show(&shown, || text(&shown, context))?;
    for warning in config.warnings() {
        if warning.starts_with("ldap.") {
            note(warning);
        }
    }
    let Diagnosis {
        steps, identity, ..
    } = &shown.diagnosis;
    if let Some(step) = steps.iter().find(|step| step.verdict == Verdict::Failed) {
        let message = format!("at {source} this failed: {}", step.name);
        return Err(Failure::new(Kind::Unavailable, message));
    }
    if let (Some(name), None) = (&user, identity) {
        note(format_args!("{name} was not looked up: the steps say why"));
    }
    Ok(())
}

/// What an installation that is there knows of somebody, if that matters.
fn account_here(account: Result<Option<User>, Failure>) -> Option<DiagnosisStep> {
    match account {
        Ok(account) => DiagnosisStep::of_account(&account?),
        Err(failure) => Some(DiagnosisStep {
            name: "account here".to_owned(),
            verdict: Verdict::Warning,
            saw: format!(
                "what is known of it here cannot be read: {}",
                failure.message()
            ),
            advice: Some("see what the message says".to_owned()),
        }),
    }
}

/// What an installation that is there does not believe of the directory.
async fn doubted(config: &Config, source: &Source) -> Option<DiagnosisStep> {
    let (saw, advice) = match stored_doubt(config, source).await.map_err(not_opened) {
        Ok(None) => return None,
        Ok(Some((doubt, names))) => {
            let since = seconds_or_empty(Some(doubt.since));
            let mut saw = format!("{doubt} (since {since})");
            if !names.is_empty() {
                let more = match doubt.left > names.len() {
                    true => " and others",
                    false => "",
                };
                saw = format!("{saw}: {}{more}", names.join(", "));
            }
            // Where the settings of the directory are is where this runs.
            let command = format!("model-dashboard user recheck --all --source {source} --believe");
            let advice = format!(
                "see that LDAP_BASE_DN, LDAP_SEARCH_FILTER, LDAP_REQUIRED_GROUP and what \
                 LDAP_BIND_DN may read are right: if not, people look as if they had left. If they \
                 did leave: `{command}`"
            );
            (saw, advice)
        }
        Err(failure) => {
            let saw = format!("what is doubted is not known: {}", failure.message());
            (saw, "see what the message says".to_owned())
        }
    };
    Some(DiagnosisStep {
        name: "people who left".to_owned(),
        verdict: Verdict::Warning,
        saw,
        advice: Some(advice),
    })
}

/// Whether people can sign in at the directory, as a check of all that is configured.
pub(super) async fn check(config: &Config, checks: &mut Checks) {
    let configured = match directory_of(config).await.map_err(not_opened) {
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

fn text(shown: &Shown<'_>, context: &Context) -> String {
    let rows = shown.diagnosis.steps.iter().map(|step| {
        let state = match step.verdict {
            Verdict::Well => "ok",
            Verdict::Failed => "FAILED",
            other => other.as_str(),
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
        .texts(["STATE", "STEP", "SAW", "WHAT TO DO"], rows);
    if let Some(person) = &shown.diagnosis.identity {
        let role = match &person.role {
            Some(granted) => format!("{}: {}", granted.role, granted.reason),
            None => "none from the directory: the default, or what an administrator set".to_owned(),
        };
        text.push('\n');
        text.push_str(&context.output.properties([
            ("username", person.username.to_string()),
            ("name", person.display_name.clone()),
            ("id", person.id.to_string()),
            ("mail", person.email.clone().unwrap_or_default()),
            ("role", role),
            ("groups", person.groups.join("; ")),
        ]));
    }
    text
}
