//! What keeps people from signing in with a source, as far as it is known: what went wrong, until an
//! answer shows that it does not any more.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::Directory;
use super::state::{SourceDoubt, SourceGroups};
use crate::auth::{AuthenticationError, Refusal, SourcePart};
use crate::lasting::Lasting;
use crate::model::Timestamp;

/// That nobody can sign in with a source.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SourceFailing {
    /// Since when.
    pub since: Timestamp,
    /// How far one comes.
    pub part: SourcePart,
    /// What is wrong, for administrators.
    pub reason: String,
}

/// What is known of one source.
#[derive(Debug, Default)]
pub(super) struct Known(Mutex<Doing>);

#[derive(Debug, Default)]
pub(super) struct Doing {
    /// What failed, by how far one came. What is shown of one part says nothing of those after it.
    failing: BTreeMap<SourcePart, SourceFailing>,
    pub(super) doubt: Option<SourceDoubt>,
    pub(super) groups: Option<SourceGroups>,
    /// That it turns people away for a required group that it does not show them.
    pub(super) required_group: Option<SourceGroups>,
    /// Whether it let anybody in since the program started, and so since its settings are these.
    pub(super) has_let_in: bool,
    /// When it last showed that all of it works.
    shown: Option<Instant>,
    /// What the log was told of each part.
    told: BTreeMap<SourcePart, Lasting>,
    pub(super) told_required_group: Lasting,
}

impl Known {
    fn get(&self) -> MutexGuard<'_, Doing> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn change<T>(&self, change: impl FnOnce(&mut Doing) -> T) -> T {
        change(&mut self.get())
    }

    pub(super) fn is_failing(&self) -> bool {
        !self.get().failing.is_empty()
    }

    /// Whether it fails so early that nobody can be looked at.
    pub(super) fn shows_nobody(&self) -> bool {
        let doing = self.get();
        let first = doing.failing.first_key_value();
        first.is_some_and(|(part, _)| *part <= SourcePart::People)
    }

    /// Whether groups that are needed cannot be seen.
    pub(super) fn lacks_groups(&self) -> bool {
        self.get().failing.contains_key(&SourcePart::Groups)
    }
}

impl Directory {
    /// Notes an answer that shows that the source works up to this part.
    pub(in crate::dashboard) fn works(&self, part: SourcePart) {
        let mut doing = self.known.get();
        if part == SourcePart::Groups {
            doing.shown = Some(Instant::now());
        }
        let before = doing
            .failing
            .first_key_value()
            .map(|(_, first)| first.since);
        doing.failing.retain(|at, _| *at > part);
        if let (Some(since), true) = (before, doing.failing.is_empty()) {
            let ended = doing.told.values().filter(|told| told.is_over()).count();
            if ended > 0 {
                let source = self.source().as_str();
                tracing::info!(source, %since, "people can sign in with the directory again");
            }
        }
    }

    /// Notes that it let somebody in. Where groups could not be seen that proves nothing of them, as
    /// a person's entry alone may tell that they are in: so the source is asked itself, soon.
    pub(super) fn answered(&self) {
        match self.can_recheck() && self.known.lacks_groups() {
            true => {
                self.works(SourcePart::Passwords);
                self.look_at_groups.notify_one();
            }
            false => self.works(SourcePart::Groups),
        }
    }

    /// Notes that nobody came further than to this part. The log tells it at once, and then seldom.
    pub(super) fn failed(&self, part: SourcePart, reason: &str) {
        let mut doing = self.known.get();
        doing.shown = None;
        doing.failing.retain(|at, _| *at >= part);
        let failing = doing.failing.entry(part).or_insert_with(|| SourceFailing {
            since: Timestamp::now(),
            part,
            reason: String::new(),
        });
        failing.reason = reason.to_owned();
        if doing.told.entry(part).or_default().is_so(Instant::now()) {
            let source = self.source().as_str();
            tracing::warn!(
                source,
                reason,
                "nobody can sign in with the directory: {part}; its people's sessions and tokens go on for a while"
            );
        }
    }

    /// Notes what came of a sign-in there.
    pub(in crate::dashboard) fn heard(&self, error: Option<&AuthenticationError>) {
        match error {
            None => {
                self.answered();
                self.let_in();
                self.note_required_group(None);
                if self.groups().is_some() {
                    self.look_at_groups.notify_one();
                }
            }
            Some(AuthenticationError::Refused(refusal)) => {
                self.works(self.shown_by(refusal));
                if matches!(refusal, Refusal::GroupNotShown { .. }) && !self.can_recheck() {
                    self.note_required_group(Some(refusal.to_string()));
                }
            }
            Some(AuthenticationError::Barred { refusal, .. }) => {
                // Who is surely not in a group was seen not to be.
                self.works(match refusal {
                    Refusal::NotInGroup => SourcePart::Groups,
                    _ => SourcePart::Passwords,
                });
                if *refusal == Refusal::NotInGroup {
                    self.note_required_group(None);
                }
            }
            Some(error) => {
                if let Some(part) = error.part() {
                    self.failed(part, &error.in_short());
                    // It may be so of this person alone.
                    if self.can_recheck() {
                        self.look_at_groups.notify_one();
                    }
                }
            }
        }
    }

    /// Up to which part it works where it said no to somebody.
    fn shown_by(&self, refusal: &Refusal) -> SourcePart {
        match refusal {
            // A name that is bound with at once: what comes after that was not asked.
            _ if !self.can_recheck() => SourcePart::Encryption,
            // That nobody has a name does not show that anybody is found.
            Refusal::UnknownUser => SourcePart::Account,
            Refusal::SeveralEntries | Refusal::TooEarly | Refusal::Other(_) => SourcePart::People,
            _ => SourcePart::Passwords,
        }
    }

    /// Why nobody can sign in.
    pub(in crate::dashboard) fn failing(&self) -> Option<SourceFailing> {
        let doing = self.known.get();
        doing
            .failing
            .first_key_value()
            .map(|(_, first)| first.clone())
    }

    /// Whether people can sign in, and what it says of them is believed.
    pub(super) fn is_believed(&self) -> bool {
        let doing = self.known.get();
        doing.failing.is_empty() && doing.doubt.is_none()
    }

    /// Whether it showed that all of it works less than so long ago.
    pub(super) fn worked_within(&self, time: Duration) -> bool {
        let shown = self.known.get().shown;
        shown.is_some_and(|at| at.elapsed() < time)
    }
}
