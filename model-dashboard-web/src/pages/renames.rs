//! A model through its renames: where it lives now, and what happened to it under each of its names.

use model_dashboard::audit::{Action, Event, EventFilter, EventPage};
use model_dashboard::catalog::MOST_RENAMES;
use model_dashboard::dashboard::Error;
use model_dashboard::model::ModelKey;

use super::visit::Visit;

/// What stands before the old name in the detail of a rename.
const WAS: &str = "was ";

/// What stands between the parts of a detail.
const AND: &str = "; ";

/// The name that a rename took from a model.
pub(super) fn old_name(event: &Event) -> Option<ModelKey> {
    let event = &event.event;
    let renamed = event.action == Action::ModelRename;
    let mut parts = event.detail.split(AND).filter(|_| renamed);
    parts.find_map(|part| part.strip_prefix(WAS)?.parse().ok())
}

/// What the detail of a rename says beside the old name.
pub(super) fn beside_old_name(event: &Event) -> String {
    let parts = event.event.detail.split(AND);
    let others: Vec<_> = parts.filter(|part| !part.starts_with(WAS)).collect();
    others.join(AND)
}

/// What happened to the model at `key`, also under the names that it had before: what matches the
/// filter, newest first, below the number `before`, at most `limit`.
pub(super) async fn events(
    visit: &Visit,
    key: &ModelKey,
    filter: &EventFilter,
    before: Option<u64>,
    limit: usize,
) -> Result<Vec<Event>, Error> {
    let (dashboard, caller) = (visit.dashboard(), &visit.caller);
    let mut target = format!("model:{key}");
    // The model had this name from the rename `since` on, and until the rename `until`.
    let mut until: Option<u64> = None;
    let mut found = Vec::new();
    for _ in 0..=MOST_RENAMES {
        let renames = EventFilter {
            actions: vec![Action::ModelRename.as_str().to_owned()],
            target: Some(target.clone()),
            ..EventFilter::default()
        };
        let newest = EventPage::Newest { before: until };
        let renamed = dashboard.activity(caller, &renames, newest, 1).await?.pop();
        let since = renamed.as_ref().map_or(0, |renamed| renamed.seq);
        let below = before.into_iter().chain(until).min();
        if below.is_none_or(|below| below > since) {
            let filter = EventFilter {
                target: Some(target),
                ..filter.clone()
            };
            let page = EventPage::Newest { before: below };
            let part = dashboard
                .activity(caller, &filter, page, limit - found.len())
                .await?;
            found.extend(part.into_iter().filter(|event| event.seq >= since));
        }
        let before_that = renamed.as_ref().and_then(old_name);
        let Some(old) = before_that.filter(|_| found.len() < limit) else {
            break;
        };
        (target, until) = (format!("model:{old}"), Some(since));
    }
    Ok(found)
}
