//! The same by way of a server.

use model_dashboard::client::{Client, RemoteRevision};
use model_dashboard::dashboard::{Confirmed, ErrorKind};
use model_dashboard::model::ModelKey;

use super::shown::{Compared, Missing, Step, Steps, show_compared, show_steps};
use super::{Diff, History, Restore, confirm_asked};
use crate::failure::{Failure, Kind};
use crate::installation::Context;
use crate::model::asked::Asked;
use crate::model::remote::{key, reference, show_changed};
use crate::output::note;

/// The most that a server gives at once.
const AT_ONCE: usize = 100;

pub(in crate::model) async fn history(
    history: &History,
    client: &Client,
    context: &Context,
) -> Result<(), Failure> {
    let key = key(&history.model, client).await?;
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
        let most = AT_ONCE.min(limit - steps.revisions.len());
        let page = client.history(&key, steps.next, most).await?;
        steps.id = Some(page.id);
        steps
            .gaps
            .extend(page.missing.into_iter().map(Missing::from));
        steps
            .revisions
            .extend(page.revisions.into_iter().map(Step::from));
        steps.next = page.next;
        if steps.next.is_none() {
            break;
        }
    }
    show_steps(&steps, context)
}

pub(in crate::model) async fn diff(
    diff: &Diff,
    client: &Client,
    context: &Context,
) -> Result<(), Failure> {
    let key = key(&diff.model, client).await?;
    let to = match diff.to {
        Some(to) => to.get(),
        None => {
            let last = client.history(&key, None, 1).await?;
            let last = last.revisions.first().map(|step| step.revision.number);
            // A history that is told has a revision.
            last.unwrap_or(diff.from.get())
        }
    };
    let found = client.diff(&key, diff.from.get(), to).await?;
    show_compared(&Compared::from((&key, found)), context)
}

pub(in crate::model) async fn restore(
    restore: &Restore,
    client: &Client,
    context: &Context,
) -> Result<(), Failure> {
    let (key, named) = reference(&restore.model, client).await?;
    let number = match (restore.revision, named) {
        (Some(_), Some(_)) => return Err(Failure::usage("the revision is given twice")),
        (Some(number), None) => Some(number.get()),
        (None, named) => named,
    };
    let reason = &restore.reason.text;
    let which = || {
        let hint = format!("`model-dashboard model history '{key}'` lists them");
        Failure::usage("which revision is to be restored?").hint(hint)
    };
    let live = match client.model(&key).await {
        Ok(model) => Some(model),
        Err(error) if error.kind() == Some(ErrorKind::NotFound) => None,
        Err(error) if error.kind() == Some(ErrorKind::Broken) => {
            // It is disabled then: nothing has to be confirmed.
            let nothing = Confirmed::default();
            let number = number.ok_or_else(which)?;
            let restored = client.restore(&key, number, nothing, Some("*"), reason);
            return show_changed(&restored.await?, context);
        }
        Err(error) => return Err(error.into()),
    };
    let number = match (number, &live) {
        (Some(number), _) => number,
        (None, None) => last_held(&key, client).await?,
        (None, Some(_)) => return Err(which()),
    };
    // Nothing is replaced but what was seen.
    let etag = live.as_ref().map(|model| model.etag.as_str());
    let mut confirmed = Confirmed::default();
    let model = loop {
        let restored = client.restore(&key, number, confirmed, etag, reason);
        let asked = match restored.await {
            Ok(model) => break model,
            Err(error) => Asked::of_remote(error, confirmed)?,
        };
        confirm_asked(&asked, &key, number, context)?;
        confirmed = asked.confirm(confirmed);
    };
    match (&live, model.revision()) {
        (None, _) => note(format_args!(
            "{key} is back, disabled; `model enable` lets jobs use it"
        )),
        (Some(before), now) if now == before.revision() => {
            note(format_args!("{key} holds what that revision held already"));
        }
        (Some(_), Some(now)) => note(format_args!("{key} is at revision {now}")),
        (Some(_), None) => {}
    }
    tell_purged(&key, client).await;
    show_changed(&model, context)
}

/// The last revision of a deleted model that holds a definition to go by.
async fn last_held(key: &ModelKey, client: &Client) -> Result<u64, Failure> {
    let mut before = None;
    loop {
        let page = client.history(key, before, AT_ONCE).await?;
        let is_held = |it: &RemoteRevision| {
            !it.deleted && it.unreadable.is_none() && it.origin != "falsified"
        };
        let held = page.revisions.iter().find(|step| is_held(&step.revision));
        match (held, page.next) {
            (Some(step), _) => return Ok(step.revision.number),
            (None, None) => {
                let none = format!("{key} has no revision that could come back");
                return Err(Failure::new(Kind::NotFound, none));
            }
            (None, next) => before = next,
        }
    }
}

/// Says that the package that came back has no bytes, where that is so.
async fn tell_purged(key: &ModelKey, client: &Client) {
    if let Err(error) = client.package(key, None).await
        && error.kind() == Some(ErrorKind::Gone)
    {
        note(format_args!("nobody can fetch its package: {error}"));
    }
}
