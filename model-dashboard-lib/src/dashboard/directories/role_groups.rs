//! Groups that give roles, and that the directory does not show.
//!
//! Whom nothing shows to be in a group, neither the group nor their own entry, has no role by it from
//! the next look on, also where it is the group that cannot be seen: a right that nobody vouches for any more would be kept by those, too,
//! whom it was taken from. That costs nobody a session or a token, and the role is back at the first
//! look after the group is. But it is told, for a setting or a right may be wrong; being let in at
//! all, which costs both, is not decided on like that ([`belief`](super::belief)).

use std::time::Instant;

use super::asking::Until;
use super::{Directory, SourceGroups};
use crate::auth::{Diagnosis, DiagnosisStep, SourcePart, Verdict};
use crate::model::Timestamp;

/// The step that is about the required group.
const REQUIRED: &str = "required group";

/// How the steps begin that are about them.
const STEPS: &str = "groups of role ";

impl Directory {
    /// Asks the source about itself: whether people could sign in, and how the groups are that give
    /// roles.
    pub(super) async fn look_at_itself(&self, until: &Until) {
        // A walk tries the account that looks people up though it is held off.
        if !self.probe(until).await || !self.can_recheck() {
            return;
        }
        let walk = until.or(self.authenticator.look_over()).await;
        if let Some(diagnosis) = walk {
            self.diagnosed(&diagnosis);
        }
    }

    /// Notes what a walk through a sign-in tells of the source. The log tells it once.
    pub(super) fn diagnosed(&self, diagnosis: &Diagnosis) {
        if !diagnosis.is_well() {
            return;
        }
        if !self.can_recheck() {
            // Nobody may look any further.
            return self.works(SourcePart::Encryption);
        }
        // Somebody may come in by their own entry while the group is not shown.
        let shows_required =
            |step: &DiagnosisStep| step.name != REQUIRED || step.verdict == Verdict::Well;
        self.works(match diagnosis.steps.iter().all(shows_required) {
            true => SourcePart::Groups,
            false => SourcePart::Passwords,
        });
        let since = Timestamp::now();
        let now = what_is_wrong(diagnosis).map(|reason| SourceGroups { since, reason });
        let source = self.source().as_str();
        self.known.change(|doing| match (&mut doing.groups, now) {
            (Some(before), Some(now)) => before.reason = now.reason,
            (None, Some(now)) => {
                let reason = &now.reason;
                tracing::warn!(
                    source,
                    reason,
                    "groups that give roles are not as they should be: by one that cannot be seen \
                     only people whose own entry names it have a role"
                );
                doing.groups = Some(now);
                self.look_at_groups.notify_one();
            }
            (Some(before), None) => {
                tracing::info!(source, since = %before.since, "groups that give roles are as they should be again");
                doing.groups = None;
            }
            (None, None) => {}
        });
    }
}

impl Directory {
    /// Notes why people are refused for a required group that is not shown to them, or that it is.
    /// The log tells it once, and administrators see it; nothing does that others read, who would
    /// learn by it that a password is right.
    pub(super) fn note_required_group(&self, reason: Option<String>) {
        let now = reason.map(|reason| SourceGroups {
            since: Timestamp::now(),
            reason,
        });
        let source = self.source().as_str();
        self.known.change(|doing| match (&doing.required_group, now) {
            (None, Some(now)) => {
                let reason = &now.reason;
                if doing.told_required_group.is_so(Instant::now()) {
                    tracing::warn!(source, reason, "people are refused though their password is right");
                }
                doing.required_group = Some(now);
            }
            (Some(before), None) => {
                if doing.told_required_group.is_over() {
                    let since = before.since;
                    tracing::info!(source, %since, "somebody is let in again by the required group");
                }
                doing.required_group = None;
            }
            (Some(_), Some(_)) | (None, None) => {}
        });
    }
}

fn what_is_wrong(diagnosis: &Diagnosis) -> Option<String> {
    let steps = diagnosis.steps.iter();
    let wrong: Vec<_> = steps
        .filter(|step| step.verdict != Verdict::Well && step.name.starts_with(STEPS))
        .map(|step| format!("{}: {}", step.name, step.saw))
        .collect();
    (!wrong.is_empty()).then(|| wrong.join("; "))
}
