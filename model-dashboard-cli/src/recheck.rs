//! `user recheck`: asks a directory about people now.

use clap::Args;
use model_dashboard::auth::Source;
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

    /// The directory, in place of SOURCE: before the username
    #[arg(long)]
    source: Option<Source>,

    /// Everybody of the directory who holds a session or token
    #[arg(long, requires = "source", conflicts_with = "user")]
    all: bool,

    /// Believe the directory also if it says of very many at once that they left, or of all
    #[arg(long, requires = "all")]
    believe: bool,
}

#[derive(Serialize)]
struct One<'a> {
    outcome: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
    sessions_ended: u64,
    tokens_revoked: u64,
    account: Shown,
}

#[derive(Serialize)]
struct All<'a> {
    source: &'a str,
    #[serde(flatten)]
    done: &'a SourceRecheck,
}

pub(crate) async fn run(recheck: Recheck, context: &Context) -> Result<(), Failure> {
    context
        .with_accounts(Opening::Existing, async |installation| {
            let Installation {
                dashboard, caller, ..
            } = installation;
            match (&recheck.user, &recheck.source) {
                (None, Some(source)) => {
                    let done = dashboard.recheck_source(caller, source, recheck.believe);
                    show_all(source, &done.await?, context)
                }
                (Some(name), source) => {
                    let user = installation.account(name, source.as_ref()).await?;
                    let done = dashboard.recheck_user(caller, &user.id).await?;
                    show_one(done, context)
                }
                (None, None) => Err(Failure::usage("say whom to look at, or --all")),
            }
        })
        .await
}

fn show_one(done: Rechecked, context: &Context) -> Result<(), Failure> {
    let told = done.to_string();
    let Rechecked { user, outcome, .. } = done;
    let failed = match &outcome {
        RecheckOutcome::NoAnswer(reason) => Some(unanswered(reason)),
        RecheckOutcome::Doubted(_) => {
            let failure = Failure::new(Kind::Conflict, told);
            Some(failure.hint(
                "see to the directory's settings; `user disable` takes it from them all the same",
            ))
        }
        _ => {
            note(told);
            None
        }
    };
    let (sessions_ended, tokens_revoked) = outcome.lost();
    let one = One {
        outcome: outcome.as_str(),
        detail: outcome.detail(),
        sessions_ended,
        tokens_revoked,
        account: user.into(),
    };
    context.output.show(&one, String::new)?;
    failed.map_or(Ok(()), Err)
}

fn show_all(source: &Source, done: &SourceRecheck, context: &Context) -> Result<(), Failure> {
    let all = All {
        source: source.as_str(),
        done,
    };
    context.output.show(&all, || done.to_string())?;
    if done.unanswered > 0 {
        return Err(unanswered(done.reason.as_deref().unwrap_or_default()));
    }
    if done.doubted > 0 {
        let message = format!(
            "{source} says of {} that they left, which is not believed; nothing was taken from \
             anybody",
            match done.doubted {
                1 => "1 person".to_owned(),
                many => format!("{many} people"),
            }
        );
        return Err(Failure::new(Kind::Conflict, message)
            .hint("if they did leave, say --believe; else see to the directory's settings"));
    }
    Ok(())
}

fn unanswered(reason: &str) -> Failure {
    let message = format!("the directory could not say: {reason}");
    Failure::new(Kind::Unavailable, message).hint("`model-dashboard doctor ldap` says why")
}
