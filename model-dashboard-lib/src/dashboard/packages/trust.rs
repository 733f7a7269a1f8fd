//! Whether jobs may use a model with the package that it has.

use super::head::ReadHead;
use crate::dashboard::{Caller, Dashboard, Error};
use crate::model::{JsonKind, ModelDefinition, ModelKey};
use crate::package::inspect::{Report, Trust};
use crate::repository::packages::PackageId;

/// The package of a model once `after` is written over `before`: what `after` says of it, and else
/// what is there.
pub(in crate::dashboard) fn package_after(
    before: Option<&ModelDefinition>,
    after: &ModelDefinition,
) -> Option<String> {
    let registry = after.as_object().get_object("registry").unwrap_or_default();
    match registry.kind("package") {
        Some(JsonKind::String) => registry.get_as("package").ok().flatten(),
        Some(_) => None,
        None => before?.registry()?.package,
    }
}

impl Dashboard {
    /// Refuses a package whose bytes were removed: jobs would find none.
    ///
    /// `enabled` says whether the model is enabled already.
    ///
    /// # Errors
    /// [`Error::PurgedPackage`].
    pub(in crate::dashboard) async fn has_bytes(
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

    /// What the audit log is to tell of a package with which a model is enabled: why jobs may not be able to run
    /// it, as far as that is known.
    pub(in crate::dashboard) async fn despite(&self, package: &str) -> String {
        let report = self.known_of(package).await.ok().flatten();
        let lacking = report.map(|report| report.lacking()).unwrap_or_default();
        match lacking.is_empty() {
            true => String::new(),
            false => format!("although {}", Report::lacking_in_short(&lacking)),
        }
    }

    /// Refuses a package that is trusted less than
    /// [`Policy::min_package_trust`](crate::dashboard::Policy).
    ///
    /// `enabled` says whether the model is enabled already.
    ///
    /// # Errors
    /// [`Error::Untrusted`]; [`Error::Unavailable`] where nothing can be told of it.
    pub(in crate::dashboard) async fn trusts(
        &self,
        key: &ModelKey,
        package: &str,
        enabled: bool,
    ) -> Result<(), Error> {
        let needed = self.policy().min_package_trust;
        if needed == Trust::Dangerous {
            return Ok(());
        }
        let report = self.known_of(package).await?;
        // One of which nothing is known counts as one that cannot be read.
        let trust = report.map_or(Trust::Unscannable, |report| report.trust());
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
