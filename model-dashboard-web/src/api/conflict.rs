//! Changes of a state that `If-Match` names, and what is told to those who come too late.

use std::future::Future;

use http::HeaderMap;
use model_dashboard::dashboard::{Error, LostRace, Wanted};
use model_dashboard::model::{ModelDefinition, ModelId, ModelKey, Version};
use model_dashboard::repository::Precondition;

use super::answer::{Failure, Guest};
use super::conditional::{IfMatch, etag, if_match};
use super::dto::{Changes, Overlap, cut};
use super::problem::Problem;

/// How much of a text that can be of any length is told.
const SHOWN_CHARS: usize = 2000;

/// Makes a change on condition that the model is in the state that `If-Match` names. Where it is
/// not, the problem tells what others changed and what the request `wanted`.
///
/// # Errors
/// As [`if_match`], and what `change` says.
pub(super) async fn on_state<T, Done>(
    guest: &Guest,
    key: &ModelKey,
    headers: &HeaderMap,
    wanted: impl FnOnce() -> Wanted,
    change: impl FnOnce(Precondition) -> Done,
) -> Result<T, Failure>
where
    Done: Future<Output = Result<T, Error>>,
{
    let (precondition, named) = match if_match(headers)? {
        IfMatch::Is(Precondition::Version(version)) => {
            (Precondition::Version(version), Some(version))
        }
        IfMatch::Is(precondition) => (precondition, None),
        // Tried like any other: what else is wrong comes first, and denials are noted.
        IfMatch::Never => (Precondition::Version(of_no_state()), None),
    };
    match change(precondition).await {
        Err(Error::Conflict { .. }) => Err(lost(guest, key, named, wanted()).await),
        done => Ok(done?),
    }
}

/// A version that no state has: that of a text made up here.
fn of_no_state() -> Version {
    Version::of(ModelId::new().to_string().as_bytes())
}

/// The problem of a lost race. That the model is gone by now, or may not be read, comes first.
async fn lost(guest: &Guest, key: &ModelKey, named: Option<Version>, wanted: Wanted) -> Failure {
    let is_patch = matches!(wanted, Wanted::Patch(_));
    let race = guest
        .dashboard()
        .lost_race(&guest.caller, key, named, wanted);
    match race.await {
        Ok(race) => told(key, &race, is_patch).into(),
        Err(error @ (Error::NotFound { .. } | Error::Denied { .. })) => error.into(),
        // What else is wrong does not make it another problem.
        Err(_) => conflict(key).into(),
    }
}

fn conflict(key: &ModelKey) -> Problem {
    Problem::from(Error::Conflict {
        key: key.clone(),
        current: None,
    })
}

fn told(key: &ModelKey, race: &LostRace, is_patch: bool) -> Problem {
    let mut problem = conflict(key);
    problem.current_etag = Some(etag(&race.version));
    // Of what another program has changed since it is not known who did.
    let present = race.present.as_ref().map(|present| &present.definition);
    let present = present.filter(|present| !present.is_changed_outside());
    if let Some(noted) = present.and_then(ModelDefinition::registry) {
        problem.revision = Some(noted.revision);
        let shown = |text: String| cut(&text, SHOWN_CHARS).into_owned();
        problem.modified_by = noted.modified_by.map(shown);
        problem.modified_at = noted.modified_at;
        problem.message = noted.message.map(shown);
    }
    problem.theirs = race.theirs.as_ref().map(Changes::in_short);
    problem.yours = race.yours.as_ref().map(Changes::in_short);
    problem.overlap = race.overlap.as_ref().map(Overlap::from);
    let whole = |it: &Option<Changes>| it.as_ref().is_some_and(|it| it.more == 0);
    let apart = race.overlap.as_ref().is_some_and(|it| it.is_empty());
    if is_patch && apart && whole(&problem.theirs) && whole(&problem.yours) {
        problem.detail = format!(
            "{key} was changed by someone else meanwhile, but nothing that this patch changes: \
             send it again with current_etag"
        );
    }
    problem
}
