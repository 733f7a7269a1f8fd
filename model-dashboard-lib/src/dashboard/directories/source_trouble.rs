//! What counts most of that which is wrong with a source.

use super::trouble::SourceFailing;
use super::{Directory, SourceDoubt, SourceGroups, SourceState};
use crate::auth::SilentServer;
use crate::dashboard::{Dependency, DependencyState};
use crate::model::Timestamp;

/// Something that is wrong with a source.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SourceTrouble {
    /// Nobody can sign in, or hardly anybody.
    Failing(SourceFailing),
    /// People with the right password are refused for a group that is not shown to them.
    RequiredGroup(SourceGroups),
    /// What it says of people who left is not believed.
    Doubted(SourceDoubt),
    /// Groups that give roles are not as they should be.
    RoleGroups(SourceGroups),
    /// One of its servers does not answer.
    Server(SilentServer),
}

impl SourceTrouble {
    /// Its name, for programs: `failing`, `required_group`, `doubted`, `role_groups`, `servers`.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            SourceTrouble::Failing(_) => "failing",
            SourceTrouble::RequiredGroup(_) => "required_group",
            SourceTrouble::Doubted(_) => "doubted",
            SourceTrouble::RoleGroups(_) => "role_groups",
            SourceTrouble::Server(_) => "servers",
        }
    }

    /// Since when.
    #[must_use]
    pub fn since(&self) -> Timestamp {
        match self {
            SourceTrouble::Failing(failing) => failing.since,
            SourceTrouble::RequiredGroup(groups) | SourceTrouble::RoleGroups(groups) => {
                groups.since
            }
            SourceTrouble::Doubted(doubt) => doubt.since,
            SourceTrouble::Server(server) => server.since,
        }
    }

    /// What is wrong, for administrators.
    #[must_use]
    pub fn reason(&self) -> String {
        match self {
            SourceTrouble::Failing(failing) => failing.reason.clone(),
            SourceTrouble::RequiredGroup(groups) | SourceTrouble::RoleGroups(groups) => {
                groups.reason.clone()
            }
            SourceTrouble::Doubted(doubt) => doubt.to_string(),
            SourceTrouble::Server(server) => {
                format!("{}; {} is used", server.reason, server.used)
            }
        }
    }

    /// What to do, for administrators.
    fn fix(&self) -> &'static str {
        match self {
            SourceTrouble::Failing(_) => {
                "test the connection of the directory below, which says what to do; it is tried \
                 again at once. Local accounts sign in as ever"
            }
            SourceTrouble::RequiredGroup(_) => {
                "see that the settings name the group as the directory does, and that people may \
                 read it"
            }
            SourceTrouble::Doubted(_) => SourceDoubt::ADVICE,
            SourceTrouble::RoleGroups(_) => {
                "see that the settings name those groups as the directory does, and that the \
                 service account may read them. Who lost a role by one has it again at the first \
                 look after that"
            }
            SourceTrouble::Server(_) => {
                "see that the server runs, or put it behind the others in the settings: people can \
                 sign in, but each sign-in tries it first"
            }
        }
    }

    /// Whether everybody may know of it. A group that is not shown to those whose password is right
    /// would tell whoever guesses that it is.
    pub(super) fn is_open(&self) -> bool {
        !matches!(self, SourceTrouble::RequiredGroup(_))
    }
}

impl SourceState {
    /// What is wrong, what counts most first.
    pub(super) fn troubles(&self) -> Vec<SourceTrouble> {
        let all = [
            self.failing.clone().map(SourceTrouble::Failing),
            self.required_group
                .clone()
                .map(SourceTrouble::RequiredGroup),
            self.doubt.map(SourceTrouble::Doubted),
            self.groups.clone().map(SourceTrouble::RoleGroups),
            self.silent_servers
                .first()
                .cloned()
                .map(SourceTrouble::Server),
        ];
        all.into_iter().flatten().collect()
    }

    /// What counts most of that which is wrong; `None` if all is well.
    #[must_use]
    pub fn trouble(&self) -> Option<SourceTrouble> {
        self.troubles().into_iter().next()
    }
}

impl Directory {
    /// Whether there is nothing to tell everybody of it.
    pub(in crate::dashboard) fn is_well(&self) -> bool {
        !self.state().troubles().iter().any(SourceTrouble::is_open)
    }

    /// As something that the dashboard depends on; `to_all` leaves out what only administrators may
    /// know.
    pub(in crate::dashboard) fn dependency(&self, to_all: bool) -> Dependency {
        let state = self.state();
        let name = format!("source:{}", state.source).into();
        let mut troubles = state.troubles().into_iter();
        match troubles.find(|trouble| !to_all || trouble.is_open()) {
            Some(trouble) => Dependency {
                name,
                state: DependencyState::Degraded,
                since: Some(trouble.since()),
                message: format!("{}: {}", state.label, trouble.reason()),
                fix: Some(trouble.fix().to_owned()),
            },
            None => Dependency {
                name,
                state: DependencyState::Healthy,
                since: None,
                message: state.label,
                fix: None,
            },
        }
    }
}
