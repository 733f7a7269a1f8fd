//! `model history`, `diff` and `restore`.

pub(super) mod remote;
mod shown;

use std::num::NonZeroU64;

use clap::Args;
use model_dashboard::catalog::Entry;
use model_dashboard::dashboard::{
    Confirmed, Error, MAX_HISTORY_PAGE, ModelPackage, ModelRevision, Origin,
};
use model_dashboard::model::{ModelKey, Selector};
use model_dashboard::repository::Precondition;

use self::shown::{
    Compared, Missing, Revision, Step, Steps, UNARCHIVED, show_compared, show_steps,
};
use super::asked::Asked;
use super::changes::Changes;
use super::package_changes::PackageChanges;
use super::reference::{past_key, resolve, revision};
use super::show_changed;
use crate::args::Reason;
use crate::failure::{Failure, Kind};
use crate::installation::{Context, Installation};
use crate::output::{note, seconds};
use crate::prompt::confirm_despite;

#[derive(Debug, Args)]
pub(crate) struct History {
    /// TYPE/NAME, or a name; also of a deleted model
    model: String,

    /// The most revisions to list
    #[arg(long, value_name = "NUMBER", default_value_t = 20)]
    limit: usize,

    /// List all revisions
    #[arg(long, conflicts_with = "limit")]
    all: bool,

    /// Only revisions before this number
    #[arg(long, value_name = "REVISION")]
    before: Option<u64>,
}

#[derive(Debug, Args)]
pub(crate) struct Diff {
    /// TYPE/NAME, or a name; also of a deleted model
    model: String,

    /// The revision to compare from
    from: NonZeroU64,

    /// The revision to compare with [default: the present one]
    to: Option<NonZeroU64>,
}

#[derive(Debug, Args)]
pub(crate) struct Restore {
    /// TYPE/NAME, or a name; also of a deleted model
    model: String,

    /// The revision; of a deleted model the last one before it was deleted, if none is given
    revision: Option<NonZeroU64>,

    #[command(flatten)]
    reason: Reason,
}

pub(super) async fn history(history: &History, context: &Context) -> Result<(), Failure> {
    context
        .with_installation(async |installation| {
            let key = past_key(&history.model, installation).await?;
            let steps = read(&key, history, installation).await?;
            show_steps(&steps, context)
        })
        .await
}

/// Whether another program has written the present state after the last revision.
async fn is_unarchived(
    key: &ModelKey,
    last: Option<&ModelRevision>,
    installation: &Installation,
) -> Result<bool, Failure> {
    let picture = installation.dashboard.picture(&installation.caller).await?;
    let outside = picture.get(key).is_some_and(|entry| !entry.is_ours());
    let known = last.is_some_and(|last| last.origin == Origin::Outside);
    Ok(outside && !known)
}

async fn read(
    key: &ModelKey,
    history: &History,
    installation: &Installation,
) -> Result<Steps, Failure> {
    let Installation {
        dashboard, caller, ..
    } = installation;
    let limit = match history.all {
        true => usize::MAX,
        false => history.limit,
    };
    let mut steps = Steps {
        key: key.to_string(),
        id: None,
        revisions: Vec::new(),
        gaps: Vec::new(),
        next: history.before,
        unarchived: false,
    };
    while steps.revisions.len() < limit {
        let most = MAX_HISTORY_PAGE.min(limit - steps.revisions.len());
        let page = match dashboard.history(caller, key, steps.next, most).await {
            // The model is there, and only other programs have written it.
            Err(Error::NotFound { .. }) if is_unarchived(key, None, installation).await? => {
                steps.unarchived = true;
                steps.next = None;
                break;
            }
            page => page?,
        };
        if steps.next.is_none() {
            let last = page.steps.first().map(|step| &step.revision);
            steps.unarchived = is_unarchived(key, last, installation).await?;
        }
        steps.id = Some(page.id.to_string());
        steps.gaps.extend(page.gaps.into_iter().map(Missing::from));
        steps
            .revisions
            .extend(page.steps.into_iter().map(Step::from));
        steps.next = page.next;
        if steps.next.is_none() {
            break;
        }
    }
    Ok(steps)
}

pub(super) async fn diff(diff: &Diff, context: &Context) -> Result<(), Failure> {
    context
        .with_installation(async |installation| {
            let Installation {
                dashboard, caller, ..
            } = installation;
            let key = past_key(&diff.model, installation).await?;
            let to = match diff.to {
                Some(to) => to.get(),
                None => last(&key, installation).await?,
            };
            let compared = dashboard.compare(caller, &key, diff.from.get(), to);
            let compared = compared.await?;
            let (was, is) = (&compared.from.content, &compared.to.content);
            let package = dashboard.compare_packages(caller, &key, was, is).await?;
            let compared = Compared {
                key: key.to_string(),
                from: Revision::from(&compared.from),
                to: Revision::from(&compared.to),
                changes: compared.changes.map(Changes::from),
                package: package.map(PackageChanges::from),
            };
            show_compared(&compared, context)
        })
        .await
}

/// The number of the last revision.
async fn last(key: &ModelKey, installation: &Installation) -> Result<u64, Failure> {
    let Installation {
        dashboard, caller, ..
    } = installation;
    let none = || Failure::new(Kind::NotFound, format!("{key} has no revisions"));
    let page = match dashboard.history(caller, key, None, 1).await {
        Err(Error::NotFound { .. }) if is_unarchived(key, None, installation).await? => {
            return Err(none().hint(UNARCHIVED));
        }
        page => page?,
    };
    let last = page.steps.first().map(|step| &step.revision);
    if is_unarchived(key, last, installation).await? {
        note(UNARCHIVED);
    }
    last.map(|last| last.number).ok_or_else(none)
}

pub(super) async fn restore(restore: &Restore, context: &Context) -> Result<(), Failure> {
    context
        .with_installation(async |installation| {
            let Installation {
                dashboard, caller, ..
            } = installation;
            let (key, selector) = resolve(&restore.model, installation).await?;
            let number = match (restore.revision, selector) {
                (Some(_), Selector::Revision(_) | Selector::Digest(_)) => {
                    return Err(Failure::usage("the revision is given twice"));
                }
                (Some(number), _) => Some(number.get()),
                (None, selector) => {
                    let named = revision(&key, selector, installation).await?;
                    named.map(|revision| revision.number)
                }
            };
            let reason = &restore.reason.text;
            let picture = dashboard.picture(caller).await?;
            let live = picture.get(&key);
            if let Some(number) = number {
                tell_purged(dashboard.package_at(caller, &key, number).await);
            }
            let model = match (&live, number) {
                (None, _) => dashboard.bring_back(caller, &key, number, reason).await?,
                (Some(entry), Some(number)) => {
                    // Nothing is replaced but what is told of below.
                    let seen = match entry.version() {
                        Some(seen) => seen,
                        None => dashboard.raw(caller, &key).await?.version,
                    };
                    let mut confirmed = Confirmed::default();
                    loop {
                        let seen = Precondition::Version(seen);
                        let restored =
                            dashboard.restore(caller, &key, number, confirmed, seen, reason);
                        let asked = match restored.await {
                            Ok(model) => break model,
                            Err(error) => Asked::of(error)?,
                        };
                        confirm_asked(&asked, &key, number, context)?;
                        confirmed = asked.confirm(confirmed);
                    }
                }
                (Some(_), None) => {
                    let hint = format!("`model-dashboard model history '{key}'` lists them");
                    return Err(Failure::usage("which revision is to be restored?").hint(hint));
                }
            };
            match (&live, model.revision()) {
                (None, _) => note(format_args!(
                    "{key} is back, disabled; `model enable` lets jobs use it"
                )),
                (Some(before), now) if now == before.revision() => {
                    note(format_args!("{key} holds what that revision held already"));
                }
                (Some(before), Some(now)) => {
                    let before = in_short(before);
                    note(format_args!(
                        "{key} is at revision {now}; it replaced {before}"
                    ));
                }
                (Some(_), None) => {}
            }
            if number.is_none() {
                tell_purged(dashboard.package(caller, &key).await);
            }
            show_changed(&model, context)
        })
        .await
}

/// Asks before a revision is restored that may break something for jobs.
fn confirm_asked(
    asked: &Asked,
    key: &ModelKey,
    number: u64,
    context: &Context,
) -> Result<(), Failure> {
    let what = format!("revision {number}");
    asked.tell(&format!("the package of {what}"), &context.output);
    note(asked.sentence(&key.to_string(), &what));
    let question = format!("Restore {what} all the same?");
    let undo = format!("`model-dashboard model diff '{key}' {number}` shows all of it");
    confirm_despite(&context.globals, &question, &undo)
}

/// Says that the package that comes back has no bytes, where that is so.
fn tell_purged(package: Result<ModelPackage, Error>) {
    if let Err(Error::Removed { removal, .. }) = package {
        note(format_args!(
            "the package of that revision was purged at {}: nobody can fetch it",
            seconds(removal.at)
        ));
    }
}

/// Which state it was.
fn in_short(entry: &Entry) -> String {
    let Some(revision) = entry.revision().filter(|_| entry.is_ours()) else {
        return "what another program had written".to_owned();
    };
    let at = entry.modified_at().map(seconds).unwrap_or_default();
    let by = entry.modified_by().unwrap_or_default();
    format!("revision {revision} of {at} by {by}")
}
