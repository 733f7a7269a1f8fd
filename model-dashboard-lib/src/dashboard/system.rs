//! How the installation does.

use std::borrow::Cow;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

use super::directories::Directory;
use super::{Caller, Dashboard, Error};
use crate::audit::{Action, NewEvent};
use crate::auth::Permission;
use crate::catalog::LeftOut;
use crate::model::Timestamp;

/// Something that the dashboard depends on, and how it does.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Dependency {
    /// A stable name: `models`, `accounts`, `audit`, or the name of a source beside the accounts made
    /// here after `source:`, or after `people:` where that source is gone.
    pub name: Cow<'static, str>,
    /// How it does.
    pub state: DependencyState,
    /// Since when, if it does not do well.
    pub since: Option<Timestamp>,
    /// What is wrong, or where it is; for people who administer the installation.
    pub message: String,
    /// What to do about it.
    pub fix: Option<String>,
}

/// How a dependency does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DependencyState {
    /// As it should.
    Healthy,
    /// It does not answer, or takes no changes; what is known still serves.
    Degraded,
    /// What needs it does not work.
    Down,
}

/// Whether requests can be served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Readiness {
    /// Everything works.
    Ready,
    /// Something does not; what is known is served.
    Degraded,
    /// The models are not loaded yet.
    Loading,
    /// What is under way is finished; nothing new should be asked.
    Draining,
}

impl Dashboard {
    /// Whether requests can be served. From memory; asks nobody.
    #[must_use]
    pub fn ready(&self) -> Readiness {
        if self.inner.draining.load(Ordering::Relaxed) {
            return Readiness::Draining;
        }
        let models = self.inner.catalog.state();
        if models.loaded_at.is_none() {
            return Readiness::Loading;
        }
        let failing = models.failing.is_some()
            || self.inner.proof.failing().is_some()
            || self.inner.accounts_state.failing().is_some()
            || self.inner.trail.failing_since().is_some()
            || !self.inner.directories.iter().all(Directory::is_well);
        match failing {
            true => Readiness::Degraded,
            false => Readiness::Ready,
        }
    }

    /// Name, state and time of each dependency, fit for anyone who may ask (`/readyz`): messages
    /// and fixes are left out. From memory; asks nobody.
    pub async fn dependencies(&self) -> Vec<Dependency> {
        let mut all = self.look_at_dependencies(true);
        for one in &mut all {
            one.message.clear();
            one.fix = None;
        }
        all
    }

    /// Each dependency, with what is wrong and what to do; also people of directories that are not
    /// configured any more (`people:` and the source), which the store is asked about. Needs
    /// `system:admin`.
    ///
    /// # Errors
    /// [`Error::Denied`].
    pub async fn health(&self, caller: &Caller) -> Result<Vec<Dependency>, Error> {
        self.require(caller, Permission::SystemAdmin, || "system".to_owned())
            .await?;
        let mut all = self.look_at_dependencies(false);
        all.extend(self.inner.removed_as_dependencies().await);
        Ok(all)
    }

    /// What lies in the model store and is in no list: objects that are no definitions, folders
    /// that cannot be read. From memory. Needs `system:admin`.
    ///
    /// # Errors
    /// [`Error::Denied`].
    pub async fn left_out(&self, caller: &Caller) -> Result<Arc<LeftOut>, Error> {
        self.require(caller, Permission::SystemAdmin, || "system".to_owned())
            .await?;
        Ok(self.inner.catalog.left_out())
    }

    /// Writes to the audit log that a server of this registry starts.
    pub async fn note_start(&self) {
        let detail = format!("version {} starts", env!("CARGO_PKG_VERSION"));
        let event = NewEvent::of_server(Action::System, "server").with_detail(detail);
        self.inner.trail.record(event).await;
    }

    fn look_at_dependencies(&self, to_all: bool) -> Vec<Dependency> {
        let mut all = vec![self.models_state(), self.accounts(), self.audit_state()];
        let directories = self.inner.directories.iter();
        all.extend(directories.map(|one| one.dependency(to_all)));
        all
    }

    fn models_state(&self) -> Dependency {
        let state = self.inner.catalog.state();
        let location = self.inner.repository.location();
        let Some(failing) = state.failing else {
            if let Some((since, reason)) = self.inner.proof.failing()
                && state.loaded_at.is_some()
            {
                return untried(since, format!("{location}: {reason}"));
            }
            let (state, message) = match state.loaded_at {
                Some(_) => (DependencyState::Healthy, location),
                None => (DependencyState::Down, format!("{location}: being loaded")),
            };
            return Dependency {
                name: Cow::Borrowed("models"),
                state,
                since: None,
                message,
                fix: None,
            };
        };
        let fix = "see that the store can be reached and that its settings are right; changes \
                   work again as soon as it answers";
        Dependency {
            name: Cow::Borrowed("models"),
            state: match state.loaded_at {
                Some(_) => DependencyState::Degraded,
                None => DependencyState::Down,
            },
            since: Some(failing.since),
            message: format!("{location}: {}", failing.message),
            fix: Some(fix.to_owned()),
        }
    }

    fn accounts(&self) -> Dependency {
        let failing = self.inner.accounts_state.failing();
        let fix = "see that the user database can be reached, and that its disk is not full or \
                   read-only";
        Dependency {
            name: Cow::Borrowed("accounts"),
            state: match failing {
                Some(_) => DependencyState::Down,
                None => DependencyState::Healthy,
            },
            since: failing.as_ref().map(|(since, _)| *since),
            fix: failing.as_ref().map(|_| fix.to_owned()),
            message: failing.map(|(_, reason)| reason).unwrap_or_default(),
        }
    }

    fn audit_state(&self) -> Dependency {
        let since = self.inner.trail.failing_since();
        let message = || {
            let waiting = self.inner.trail.waiting();
            let more = match self.inner.trail.left_out() {
                0 => String::new(),
                count => format!(", {count} further denials are in the server's log alone"),
            };
            format!(
                "{waiting} events wait in memory{more}; nothing can be changed until they are \
                 written"
            )
        };
        let fix = "see that the user database can be written to; its disk may be full";
        Dependency {
            name: Cow::Borrowed("audit"),
            state: match since {
                Some(_) => DependencyState::Down,
                None => DependencyState::Healthy,
            },
            since,
            message: since.map(|_| message()).unwrap_or_default(),
            fix: since.map(|_| fix.to_owned()),
        }
    }
}

/// The state of a store of models that can be read, and could not be tried out before the first change.
fn untried(since: Timestamp, message: String) -> Dependency {
    let fix = "see that its key, or this program, may write there as well as read; it is tried again \
               and again, and nothing can be changed until that succeeds";
    Dependency {
        name: Cow::Borrowed("models"),
        state: DependencyState::Degraded,
        since: Some(since),
        message,
        fix: Some(fix.to_owned()),
    }
}

/// Whether a store answered lately.
#[derive(Debug, Default)]
pub(super) struct Lately(Mutex<Option<(Timestamp, String)>>);

impl Lately {
    fn set(&self, failing: Option<(Timestamp, String)>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = failing;
    }

    pub(super) fn answered(&self) {
        self.set(None);
    }

    pub(super) fn failed(&self, reason: &str) {
        let since = self
            .failing()
            .map_or_else(Timestamp::now, |(since, _)| since);
        self.set(Some((since, reason.to_owned())));
    }

    /// Since when it does not answer, and why.
    pub(super) fn failing(&self) -> Option<(Timestamp, String)> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}
