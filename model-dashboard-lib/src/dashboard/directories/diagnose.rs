//! Whether people could sign in at a source now, step by step.

use std::time::Duration;

use tokio::time::timeout;

use super::SourceDoubt;
use crate::audit::Action;
use crate::auth::{Diagnosis, DiagnosisStep, Source, User, UserStore, Username, Verdict};
use crate::dashboard::{Caller, Dashboard, Error};
use crate::store::StoreError;

/// How long a walk takes at most.
const PATIENCE: Duration = Duration::from_secs(60);

impl Dashboard {
    /// Walks through the steps of a sign-in at `source`, with a name also through what would be
    /// found of that person: groups, and the role with its reason, and whether their account was
    /// disabled here. Nobody signs in by this. A step more says what is doubted of the source, if
    /// anything is. Needs `users:admin` or
    /// `system:admin`. One at a time.
    ///
    /// # Errors
    /// [`Error::Denied`]; [`Error::NotFound`]; [`Error::Invalid`] for a name that cannot be one;
    /// [`Error::Busy`] while somebody else does.
    pub async fn diagnose(
        &self,
        caller: &Caller,
        source: &Source,
        username: Option<&str>,
    ) -> Result<Diagnosis, Error> {
        let target = || format!("source:{source}");
        self.require_administrator(caller, target).await?;
        let username = username.map(str::trim).filter(|name| !name.is_empty());
        let username = username.map(Username::parse).transpose();
        let username = username.map_err(|error| Error::invalid("username", error.to_string()))?;
        let Some(directory) = self.inner.directories.of(source) else {
            return Err(Error::not_found(format!("directory {source}")));
        };
        let Ok(_alone) = self.inner.directories.diagnosing.try_lock() else {
            return Err(Error::Busy {
                retry_after: Duration::from_secs(5),
            });
        };
        let walk = directory.authenticator.diagnose(username.as_ref());
        let mut diagnosis = match timeout(PATIENCE, walk).await {
            Ok(diagnosis) => diagnosis,
            Err(_) => Diagnosis {
                steps: vec![no_answer()],
                identity: None,
            },
        };
        directory.diagnosed(&diagnosis);
        let users = &self.inner.users;
        let known = match (&diagnosis.identity, &username) {
            (Some(identity), _) => users.user(&identity.id).await?,
            (None, Some(name)) => account_typed(&**users, source, name).await?,
            (None, None) => None,
        };
        let step = known.as_ref().and_then(DiagnosisStep::of_account);
        diagnosis.steps.extend(step);
        let doubt = directory.doubted();
        diagnosis.steps.extend(doubt.map(SourceDoubt::as_step));
        let about = match &username {
            Some(name) => format!(" as {name}"),
            None => String::new(),
        };
        let failed = |step: &&DiagnosisStep| step.verdict == Verdict::Failed;
        let came_of_it = match diagnosis.steps.iter().find(failed) {
            Some(step) => format!("{} failed: {}", step.name, step.saw),
            None => "ok".to_owned(),
        };
        let event = caller.event(Action::System, target());
        let event = event.with_detail(format!("sign-in tested{about}: {came_of_it}"));
        self.inner.trail.record(event).await;
        Ok(diagnosis)
    }
}

/// The account of a directory that a name is typed for, with its domain or without.
pub(crate) async fn account_typed(
    users: &dyn UserStore,
    source: &Source,
    typed: &Username,
) -> Result<Option<User>, StoreError> {
    if let Some(user) = users.user_by_name(source, typed).await? {
        return Ok(Some(user));
    }
    match typed.without_domain() {
        Some(name) => users.user_by_name(source, &name).await,
        None => Ok(None),
    }
}

fn no_answer() -> DiagnosisStep {
    DiagnosisStep {
        name: "an answer".to_owned(),
        verdict: Verdict::Failed,
        saw: format!("none within {} s", PATIENCE.as_secs()),
        advice: Some("see that the directory's server can be reached".to_owned()),
    }
}
