//! What happened to models without being asked for here, told to the audit log.

use super::Inner;
use crate::audit::{Action, NewEvent};
use crate::catalog::{EntryState, Outside, OutsideChange, OutsideCounts};
use crate::repository::FinishedMove;

impl Inner {
    /// Notes what was changed outside, and the renames of others, or of former calls, that came to
    /// their end here. While the audit log cannot be written, it waits where its number is bounded.
    pub(super) async fn note_noticed(&self) {
        if self.trail.failing_since().is_some() {
            return;
        }
        let outside = self.catalog.take_outside().into_iter();
        let outside = outside.map(|outside| match outside {
            Outside::One(change) => changed_outside(&change),
            Outside::Many(counts) => many_changed_outside(&counts),
        });
        let finished = self.repository.finished_moves().into_iter().map(finished);
        // At once: whoever waits no longer loses none of them.
        let noticed: Vec<NewEvent> = outside.chain(finished).collect();
        self.trail.record_all(noticed).await;
    }
}

/// The event of a change that nobody made through the registry.
pub(super) fn changed_outside(change: &OutsideChange) -> NewEvent {
    let (action, how) = match (change.before, change.after) {
        (None, _) => (Action::ModelCreate, "appeared outside"),
        (_, None) => (Action::ModelDelete, "deleted outside"),
        _ if change.enables() => (Action::ModelEnable, "changed outside"),
        _ if change.disables() => (Action::ModelDisable, "changed outside"),
        _ => (Action::ModelUpdate, "changed outside"),
    };
    let state = match change.after {
        Some(EntryState::Enabled) => "enabled",
        Some(EntryState::Disabled) => "disabled",
        Some(EntryState::Broken) => "cannot be read",
        Some(EntryState::Deleted) | None => "",
    };
    let event = of_store(action, &format!("model:{}", change.key));
    let event = NewEvent {
        at: change.at,
        ..event
    };
    event.with_detail(how).with_detail(state)
}

fn many_changed_outside(counts: &OutsideCounts) -> NewEvent {
    let OutsideCounts {
        appeared,
        changed,
        deleted,
        enabled,
        disabled,
    } = counts;
    of_store(Action::ModelUpdate, "models")
        .with_detail(format!(
            "changed outside: {changed}, appeared: {appeared}, deleted: {deleted}"
        ))
        .with_detail(format!(
            "enabled by that: {enabled}, enabled no more: {disabled}"
        ))
}

fn of_store(action: Action, target: &str) -> NewEvent {
    NewEvent {
        via: "store".to_owned(),
        ..NewEvent::of_server(action, target)
    }
}

fn finished(moved: FinishedMove) -> NewEvent {
    let event = NewEvent::of_server(Action::ModelRename, format!("model:{}", moved.to));
    let event = NewEvent {
        revision: Some(moved.revision),
        reason: moved.message,
        ..event
    };
    let by = match moved.by {
        Some(by) => format!("finished a rename by {by} that was interrupted"),
        None => "finished a rename that was interrupted".to_owned(),
    };
    event
        .with_detail(format!("was {}", moved.from))
        .with_detail(by)
}
