//! Whether jobs may use a model with the package that it has.

use super::head::ReadHead;
use crate::auth::Permission;
use crate::dashboard::model_states::Before;
use crate::dashboard::{Caller, Dashboard, Error};
use crate::model::{JsonKind, ModelDefinition, ModelKey};
use crate::package::inspect::{Report, Trust};
use crate::repository::packages::PackageId;

impl Dashboard {
    /// Looks at the package that jobs may use once this is written: whether its bytes are there, whether it is
    /// trusted, unless it is meant `despite` that, and, of a model that they do not use yet, why they may not run
    /// it correctly. Of what they use already nothing is asked.
    ///
    /// # Errors
    /// [`Error::PurgedPackage`], [`Error::Untrusted`]; [`Error::Unavailable`] where nothing can be told of it.
    pub(in crate::dashboard) async fn lets_jobs_use(
        &self,
        caller: &Caller,
        before: &Before,
        content: &ModelDefinition,
        despite: bool,
    ) -> Result<Vec<String>, Error> {
        let (key, enabled) = (&before.key, before.enabled);
        let now = before.model.as_ref().ok();
        let now = now.and_then(|model| model.definition.registry());
        let in_use = now.as_ref().filter(|_| before.is_in_use());
        let in_use = in_use.and_then(|info| info.package.clone());
        let package = match (said_of_package(content), now) {
            (Some(said), _) => said,
            (None, Some(info)) => info.package,
            // Another program dropped it, and the next revision has it again.
            (None, None) => {
                let carried = self.inner.catalog.ask_carried(key).await?;
                carried.and_then(|info| info.package)
            }
        };
        let Some(package) = package.filter(|package| Some(package) != in_use.as_ref()) else {
            return Ok(Vec::new());
        };
        self.has_bytes(caller, key, &package, enabled).await?;
        let report = match self.known_of(&package).await {
            Err(_) if despite => None,
            report => report?,
        };
        if !despite {
            self.trusts(key, report.as_ref(), enabled)?;
        }
        // What a model gets that is in use is asked beside what it had; where no packages are kept, no job
        // gets any.
        if before.is_in_use() || self.inner.packages.kept().is_none() {
            return Ok(Vec::new());
        }
        let unknown = || vec!["nothing is known of its package".to_owned()];
        Ok(report.map_or_else(unknown, |report| report.lacking()))
    }

    /// Refuses a package whose bytes were removed: jobs would find none.
    ///
    /// `enabled` says whether the model is enabled already.
    ///
    /// # Errors
    /// [`Error::PurgedPackage`].
    async fn has_bytes(
        &self,
        caller: &Caller,
        key: &ModelKey,
        package: &str,
        enabled: bool,
    ) -> Result<(), Error> {
        // Another program may have written anything there.
        let (Ok(id), Some(store)) = (PackageId::parse(package), self.inner.packages.kept()) else {
            return Ok(());
        };
        let read = ReadHead::read(&**store, id).await?;
        match read.and_then(|read| read.head.removed) {
            Some(removal) => Err(Error::PurgedPackage {
                key: key.clone(),
                removal: removal.told_to(caller),
                enabled,
            }),
            None => Ok(()),
        }
    }

    /// Refuses a package that is trusted less than
    /// [`Policy::min_package_trust`](crate::dashboard::Policy).
    ///
    /// `enabled` says whether the model is enabled already.
    ///
    /// # Errors
    /// [`Error::Untrusted`].
    fn trusts(&self, key: &ModelKey, report: Option<&Report>, enabled: bool) -> Result<(), Error> {
        let needed = self.policy().min_package_trust;
        // One of which nothing is known counts as one that cannot be read.
        let trust = report.map_or(Trust::Unscannable, Report::trust);
        match trust < needed {
            true => Err(Error::Untrusted {
                key: key.clone(),
                trust,
                needed,
                enabled,
            }),
            false => Ok(()),
        }
    }

    /// What was found in a package, if anything is known of it.
    async fn known_of(&self, package: &str) -> Result<Option<Report>, Error> {
        // Another program may have written anything there.
        let (Ok(id), Some(_)) = (PackageId::parse(package), self.inner.packages.kept()) else {
            return Ok(None);
        };
        Ok(self.found_in(id).await?.and_then(|found| found.report))
    }
}

/// What a definition says of the package, where it says anything.
fn said_of_package(content: &ModelDefinition) -> Option<Option<String>> {
    let registry = content.as_object().get_object("registry")?;
    match registry.kind("package")? {
        JsonKind::String => Some(registry.get_as("package").ok().flatten()),
        _ => Some(None),
    }
}

/// An error without what is lacking in a package, for those who may not read packages.
pub(in crate::dashboard) fn as_told_to(caller: &Caller, error: Error) -> Error {
    match error {
        Error::Incomplete {
            key,
            enabled: false,
            upload,
            ..
        } if !caller.has(Permission::PackagesRead) => Error::Incomplete {
            key,
            lacking: vec!["why is told to those with packages:read".to_owned()],
            enabled: false,
            upload,
        },
        error => error,
    }
}
