//! What happened to models without being asked for here, told to the audit log.

use super::Inner;
use crate::audit::{Action, NewEvent};
use crate::repository::FinishedMove;

impl Inner {
    /// Notes the renames of others, or of former calls, that came to their end here.
    pub(super) async fn note_finished_moves(&self) {
        for moved in self.repository.finished_moves() {
            self.trail.record(finished(moved)).await;
        }
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
