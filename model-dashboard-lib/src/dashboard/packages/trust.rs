//! Whether jobs may use a model with the package that it has.

use super::head::ReadHead;
use crate::auth::Permission;
use crate::dashboard::model_states::Before;
use crate::dashboard::{Caller, Dashboard, Error};
use crate::model::{JsonKind, ModelDefinition, ModelKey};
use crate::package::inspect::{Report, Trust};
use crate::repository::packages::PackageId;
use crate::repository::{Carried, LOOK_BACK, RepositoryError, State};

/// How many revisions are read at a time to find the package that one of them names: nearly always it is the
/// last.
const READ_AT_ONCE: usize = 8;

impl Dashboard {
    /// Looks at the package that jobs may use once this is written: whether its bytes are there, whether it is
    /// trusted, unless it is meant `despite` that, and why they may not run it correctly. Of what they use already
    /// nothing is asked.
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
        let had = match &before.carried {
            Carried::From(info) => info.package.clone(),
            Carried::Nothing => None,
            Carried::Unknown => self.last_named(key).await?,
        };
        let package = match said_of_package(content) {
            Some(said) => said,
            None => had.clone(),
        };
        let Some(package) = package.filter(|it| !before.is_in_use() || Some(it) != had.as_ref())
        else {
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
        let unknown = || vec!["nothing is known of its package".to_owned()];
        Ok(match self.inner.packages.kept() {
            Some(_) => report.map_or_else(unknown, |report| report.lacking()),
            // No job gets packages here.
            None => Vec::new(),
        })
    }

    /// The package that the history names last: where another program dropped it from the definition, the
    /// repository carries that forward.
    async fn last_named(&self, key: &ModelKey) -> Result<Option<String>, Error> {
        let Some(id) = self.inner.catalog.ask_identity(key).await? else {
            return Ok(None);
        };
        let mut before = None;
        for _ in 0..LOOK_BACK.div_ceil(READ_AT_ONCE as u64) {
            let page = self.page_before(&id, before, READ_AT_ONCE).await?;
            let Some(last) = page.last().map(|archived| archived.number) else {
                break;
            };
            for archived in page {
                let revision = match archived.revision {
                    Err(error @ RepositoryError::Unavailable { .. }) => return Err(error.into()),
                    Err(_) => continue,
                    Ok(revision) => revision,
                };
                match State::archived(key, revision.bytes).carried() {
                    Carried::From(info) => return Ok(info.package),
                    Carried::Nothing => return Ok(None),
                    Carried::Unknown => {}
                }
            }
            before = Some(last);
        }
        Ok(None)
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
