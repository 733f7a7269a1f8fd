//! The history of a model, what differs between two revisions, and going back to one.

mod compare;
mod restore;
mod revision;
pub(super) mod told;

use std::sync::Arc;

use model_dashboard::catalog::Entry;
use model_dashboard::dashboard::{Error, Gap, History, HistoryStep, Origin, RevisionContent};
use model_dashboard::model::ModelKey;
use warp::reply::Response;

pub(super) use self::compare::compare;
pub(super) use self::restore::{ask_restore, restore};
pub(super) use self::revision::show as show_revision;
use super::actor::Sources;
use super::errors::sentence;
use super::form::Form;
use super::visit::{Failure, Visit};
use crate::views::ModelAction;
use crate::views::history::Life;
use crate::views::history::list::{self, Changed, HistoryView, Missing, Step};

/// How many revisions a page shows.
const PER_PAGE: usize = 50;

/// The page.
pub(super) async fn show(visit: Visit, key: ModelKey) -> Result<Response, Failure> {
    let entry = present(&visit, &key).await?;
    let asked = Form::parse(visit.request.query.as_bytes());
    let before: Option<u64> = asked.text("before").parse().ok();
    let (dashboard, caller) = (visit.dashboard(), &visit.caller);
    let history = match dashboard.history(caller, &key, before, PER_PAGE).await {
        // Written by other programs alone.
        Err(Error::NotFound { .. }) if entry.is_some() => None,
        found => Some(found?),
    };
    let entry = entry.or(visit.dashboard().picture(caller).await?.deleted(&key));
    let (network_type, name) = (key.network_type.as_str(), key.name.as_str());
    let first = visit
        .links()
        .model_action(network_type, name, ModelAction::History);
    let next = history.as_ref().and_then(|history| history.next);
    let subject = told::subject(&key, entry.as_deref());
    let newest = match &history {
        Some(history) if before.is_none() => history.steps.first(),
        _ => None,
    };
    let newest = newest.map(|step| &step.revision);
    let noticed = newest.filter(|newest| newest.origin == Origin::Outside);
    let present = subject.present.or(noticed.map(|newest| newest.number));
    let is_first = before.is_none() && newest.is_some();
    let view = HistoryView {
        newest: before.map(|_| first.clone()),
        older: next.map(|next| format!("{first}?before={next}")),
        steps: match &history {
            Some(history) => steps(history, &key, present, &Sources::new(&visit)),
            None => Vec::new(),
        },
        missing: match &history {
            Some(history) => history.gaps.iter().map(missing).collect(),
            None => Vec::new(),
        },
        unnoticed: is_first && present.is_none() && subject.life != Life::Deleted,
        subject,
    };
    let frame = visit.frame().await;
    visit.page(&frame, list::page(&frame, &view)).await
}

/// The model that is at `key` now, if there is one. What was moved away has its history where it
/// is now.
async fn present(visit: &Visit, key: &ModelKey) -> Result<Option<Arc<Entry>>, Failure> {
    let picture = visit.dashboard().picture(&visit.caller).await?;
    let present = picture.get(key);
    let grave = picture.deleted(key).filter(|_| present.is_none());
    let moved = grave.is_some_and(|grave| {
        let tombstone = grave.tombstone();
        tombstone.is_some_and(|tombstone| tombstone.moved_to.is_some())
    });
    match moved {
        true => Err(Failure::Error(Error::NotFound {
            what: format!("model {key}"),
            near: Vec::new(),
        })),
        false => Ok(present),
    }
}

fn missing(gap: &Gap) -> Missing {
    let what = sentence(&format!(
        "{gap}: removed from the history, or never written there"
    ));
    Missing {
        after: gap.last + 1,
        what,
    }
}

fn steps(history: &History, key: &ModelKey, present: Option<u64>, sources: &Sources) -> Vec<Step> {
    let step = |step: &HistoryStep| {
        let is_first = step.revision.number == 1;
        let holds = matches!(step.revision.content, RevisionContent::Definition(_));
        Step {
            revision: told::revision(&step.revision, key, sources),
            changed: match &step.changes {
                Some(changes) => Changed::By(told::changes(changes)),
                None if is_first && holds => Changed::First,
                None => Changed::Unknown,
            },
            since: step.since,
            is_present: present == Some(step.revision.number),
        }
    };
    history.steps.iter().map(step).collect()
}
