//! `user recheck`: asks a directory about people now.

use clap::Args;
use model_dashboard::auth::{Source, User};
use model_dashboard::dashboard::{RecheckOutcome, Rechecked, SourceRecheck};
use serde::Serialize;

use crate::failure::{Failure, Kind};
use crate::installation::{Context, Installation, Opening};
use crate::output::note;
use crate::user::Shown;

#[derive(Debug, Args)]
pub(crate) struct Recheck {
    /// Username, or SOURCE:USERNAME where several sources have it
    #[arg(required_unless_present = "all")]
    user: Option<String>,

    /// The directory that the account is of
    #[arg(long)]
    source: Option<String>,

    /// Everybody of the directory who holds a session or token
    #[arg(long, requires = "source", conflicts_with = "user")]
    all: bool,

    /// Believe the directory also if it says of very many at once that they left
    #[arg(long, requires = "all")]
    believe: bool,
}

#[derive(Serialize)]
struct One {
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    sessions_ended: u64,
    tokens_revoked: u64,
    account: Shown,
}

#[derive(Serialize)]
struct All<'a> {
    source: &'a str,
    asked: usize,
    still_there: usize,
    changed: usize,
    left: usize,
    doubted: usize,
    unanswered: usize,
    reason: &'a Option<String>,
}

pub(crate) async fn run(recheck: Recheck, context: &Context) -> Result<(), Failure> {
    let source = recheck.source.map(|text| text.parse::<Source>());
    let source = source.transpose().map_err(Failure::usage)?;
    context
        .with_accounts(Opening::Existing, async |installation| {
            let Installation {
                dashboard, caller, ..
            } = installation;
            match (&recheck.user, &source) {
                (None, Some(source)) => {
                    let done = dashboard.recheck_source(caller, source, recheck.believe);
                    show_all(source, &done.await?, context)
                }
                (Some(name), source) => {
                    let user = account(installation, name, source.as_ref()).await?;
                    let done = dashboard.recheck_user(caller, &user.id).await?;
                    show_one(done, context)
                }
                (None, None) => Err(Failure::usage("say whom to look at, or --all")),
            }
        })
        .await
}

async fn account(
    installation: &Installation,
    name: &str,
    source: Option<&Source>,
) -> Result<User, Failure> {
    let Installation {
        dashboard, caller, ..
    } = installation;
    match source {
        Some(source) => Ok(dashboard.user_by_name(caller, source, name).await?),
        None => installation.account(name).await,
    }
}

fn show_one(done: Rechecked, context: &Context) -> Result<(), Failure> {
    let name = done.user.username.to_string();
    let (outcome, detail, (sessions_ended, tokens_revoked)) = match done.outcome {
        RecheckOutcome::Changed(changes) => ("changed", Some(changes), (0, 0)),
        RecheckOutcome::Left { sessions, tokens } => ("left", None, (sessions, tokens)),
        RecheckOutcome::NoAnswer(reason) => ("no_answer", Some(reason), (0, 0)),
        _ => ("still_there", None, (0, 0)),
    };
    match (outcome, &detail) {
        ("changed", Some(changes)) => note(format_args!("{name} is still there: {changes}")),
        ("left", _) => note(format_args!(
            "{name} left: the account is disabled, {sessions_ended} sessions ended, \
             {tokens_revoked} tokens are revoked"
        )),
        ("still_there", _) => note(format_args!("{name} is still there, and nothing changed")),
        _ => {}
    }
    let failed = (outcome == "no_answer").then(|| detail.clone().unwrap_or_default());
    let one = One {
        outcome,
        detail,
        sessions_ended,
        tokens_revoked,
        account: done.user.into(),
    };
    context.output.show(&one, String::new)?;
    match failed {
        Some(reason) => Err(unanswered(&reason)),
        None => Ok(()),
    }
}

fn show_all(source: &Source, done: &SourceRecheck, context: &Context) -> Result<(), Failure> {
    let all = All {
        source: source.as_str(),
        asked: done.asked,
        still_there: done.still_there,
        changed: done.changed,
        left: done.left,
        doubted: done.doubted,
        unanswered: done.unanswered,
        reason: &done.reason,
    };
    context.output.show(&all, || done.to_string())?;
    if done.unanswered > 0 {
        return Err(unanswered(done.reason.as_deref().unwrap_or_default()));
    }
    if done.doubted > 0 {
        let message = format!(
            "{source} says of {} people at once that they left; nothing was taken from them",
            done.doubted
        );
        return Err(Failure::new(Kind::Conflict, message)
            .hint("if they did leave, say --believe; else see to the directory's settings"));
    }
    Ok(())
}

fn unanswered(reason: &str) -> Failure {
    let message = format!("the directory did not answer: {reason}");
    Failure::new(Kind::Unavailable, message).hint("`model-dashboard doctor ldap` says why")
}
