//! How the other sources do, as far as is known.

use std::fmt;

use super::belief::FEW;
use super::trouble::SourceFailing;
use super::{Directories, Directory};
use crate::auth::{
    DiagnosisStep, IdentityId, LeavingDoubt, Permission, SilentServer, Source, SourceFact, User,
    UserStore, Verdict,
};
use crate::dashboard::{Caller, Dashboard, Error};
use crate::model::Timestamp;

/// How many people are named of whom it is doubted that they left.
pub const MAX_DOUBTED_NAMED: usize = 50;

/// A source beside the accounts made here, and how it does.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SourceState {
    /// Its name.
    pub source: Source,
    /// What people read.
    pub label: String,
    /// Whether it can be asked about people without their passwords.
    pub can_recheck: bool,
    /// What it is asked, and how; no secret.
    pub facts: Vec<SourceFact>,
    /// Why nobody can sign in there, if so. Whom it vouched for lately get in.
    pub failing: Option<SourceFailing>,
    /// That what it says of its people is not believed, if so.
    pub doubt: Option<SourceDoubt>,
    /// That groups which give roles are not as they should be, if so.
    pub groups: Option<SourceGroups>,
    /// That people are refused though their password is right, for a required group that it does not
    /// show them, if so. Known where no account looks people up, by their sign-ins; `/readyz` and the
    /// sign-in page do not tell it, as whoever guesses would learn by it that a password is right.
    pub required_group: Option<SourceGroups>,
    /// Servers that do not answer, while another one does.
    pub silent_servers: Vec<SilentServer>,
}

/// A source in which groups that the settings name are not as they should be: it does not show one, so
/// nobody has a role by it or comes in by it, or shows several of the name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceGroups {
    /// Since when that is known.
    pub since: Timestamp,
    /// What is wrong, for administrators.
    pub reason: String,
}

/// A source that said of so many people at once that they left, or of all before it let anybody in,
/// that it is not believed: a filter, a base, a group or a right may be wrong. It counts as no
/// answer, until it vouches for them again or an administrator believes it; also after a restart, and
/// in other processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SourceDoubt {
    /// Since when.
    pub since: Timestamp,
    /// Of how many people it said so and has not vouched for since.
    pub left: usize,
    /// Of how many it was asked then.
    pub asked: usize,
}

impl From<&LeavingDoubt> for SourceDoubt {
    fn from(doubt: &LeavingDoubt) -> SourceDoubt {
        SourceDoubt {
            since: doubt.since,
            left: doubt.left.len(),
            asked: doubt.asked,
        }
    }
}

impl SourceDoubt {
    /// Whether that is all who can get in, and too few to be too many.
    fn is_of_few(self) -> bool {
        self.left == self.asked && self.left < FEW
    }

    pub(super) const ADVICE: &'static str = "see that the directory's base, filter, group and the rights of \
                                  the service account are right. If those people did leave, \
                                  re-check all people of the source and confirm it";

    /// As a step of a walk through a sign-in.
    pub(super) fn as_step(self) -> DiagnosisStep {
        DiagnosisStep {
            name: "people who left".to_owned(),
            verdict: Verdict::Warning,
            saw: self.to_string(),
            advice: Some(SourceDoubt::ADVICE.to_owned()),
        }
    }
}

/// For administrators.
impl fmt::Display for SourceDoubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_of_few() {
            let people = match self.left {
                1 => "the only one who holds a session or token",
                _ => "all who hold a session or token",
            };
            return write!(
                f,
                "it says that {people} left, and has let nobody in since the program started: the \
                 settings may be wrong, so this is not believed, and nothing was taken from anybody"
            );
        }
        write!(
            f,
            "it says of {} of {} people at once that they left; this is not believed, and nothing \
             was taken from them",
            self.left, self.asked
        )
    }
}

impl Directory {
    /// Notes whether what the source says is not believed.
    pub(super) fn note_doubt(&self, doubt: Option<&LeavingDoubt>) -> Option<SourceDoubt> {
        let now = doubt.map(SourceDoubt::from);
        self.known
            .change(|doing| std::mem::replace(&mut doing.doubt, now))
    }

    /// The same; the log tells it once.
    pub(super) fn doubt(&self, doubt: Option<&LeavingDoubt>) {
        let now = doubt.map(SourceDoubt::from);
        let before = self.note_doubt(doubt);
        let source = self.source().as_str();
        match (before, now) {
            (Some(SourceDoubt { since, .. }), None) => {
                tracing::info!(source, %since, "what the directory says of people is believed again");
            }
            (None, Some(now)) => tell(source, now),
            _ => {}
        }
    }

    /// Tells the log what another process found, or this one before it ended.
    pub(super) fn tell_doubt(&self) {
        if let Some(doubt) = self.doubted() {
            tell(self.source().as_str(), doubt);
        }
    }

    pub(super) fn doubted(&self) -> Option<SourceDoubt> {
        self.known.change(|doing| doing.doubt)
    }

    pub(super) fn state(&self) -> SourceState {
        SourceState {
            source: self.source().clone(),
            label: self.authenticator.label().to_owned(),
            can_recheck: self.can_recheck(),
            facts: self.authenticator.facts(),
            failing: self.failing(),
            doubt: self.doubted(),
            groups: self.groups(),
            required_group: self.known.change(|doing| doing.required_group.clone()),
            silent_servers: self.authenticator.silent_servers(),
        }
    }

    pub(super) fn groups(&self) -> Option<SourceGroups> {
        self.known.change(|doing| doing.groups.clone())
    }
}

fn tell(source: &str, doubt: SourceDoubt) {
    let SourceDoubt { left, asked, .. } = doubt;
    tracing::error!(
        source,
        left,
        asked,
        %doubt,
        "what the directory says of people who left is not believed, and nothing was taken from \
         them; see that its filter, base, group and rights are right, or re-check all people of the \
         source and believe it"
    );
}

impl Directories {
    /// Reads what was doubted when the last process ended.
    pub(in crate::dashboard) async fn recall(&self, users: &dyn UserStore) {
        for directory in &self.all {
            let source = directory.source();
            match users.doubt(source).await {
                // Whoever comes to decide on it is told by that; rounds tell the log.
                Ok(doubt) => drop(directory.note_doubt(doubt.as_ref())),
                Err(error) => {
                    let source = source.as_str();
                    tracing::warn!(source, %error, "whether the directory is doubted is not known");
                }
            }
        }
    }
}

impl Dashboard {
    /// The sources beside the accounts made here, and how they do. From memory; asks nobody. Needs
    /// `users:admin` or `system:admin`.
    ///
    /// # Errors
    /// [`Error::Denied`].
    pub async fn source_states(&self, caller: &Caller) -> Result<Vec<SourceState>, Error> {
        self.require_administrator(caller, || "sources".to_owned())
            .await?;
        let directories = self.inner.directories.iter();
        Ok(directories.map(Directory::state).collect())
    }

    /// The people of whom a source is not believed that they left, as far as they are known here, at
    /// most [`MAX_DOUBTED_NAMED`]. Needs `users:admin` or `system:admin`.
    ///
    /// # Errors
    /// [`Error::Denied`].
    pub async fn doubted_people(
        &self,
        caller: &Caller,
        source: &Source,
    ) -> Result<Vec<User>, Error> {
        self.require_administrator(caller, || format!("source:{source}"))
            .await?;
        let users = &self.inner.users;
        let Some(doubt) = users.doubt(source).await? else {
            return Ok(Vec::new());
        };
        let mut people = Vec::new();
        for subject in doubt.left.into_iter().take(MAX_DOUBTED_NAMED) {
            let id = IdentityId::new(source.clone(), subject);
            people.extend(users.user(&id).await?);
        }
        Ok(people)
    }

    /// Asks for `users:admin` or `system:admin`.
    pub(super) async fn require_administrator(
        &self,
        caller: &Caller,
        target: impl FnOnce() -> String,
    ) -> Result<(), Error> {
        match caller.has(Permission::SystemAdmin) {
            true => Ok(()),
            false => self.require(caller, Permission::UsersAdmin, target).await,
        }
    }
}
