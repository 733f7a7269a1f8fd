//! The package that a model has.

use super::head::{PackageHead, ReadHead};
use super::record::PackageRecord;
use crate::auth::Permission;
use crate::dashboard::history::beside;
use crate::dashboard::{Caller, Dashboard, Error};
use crate::model::{ContentDigest, ModelDefinition, ModelId, ModelKey};
use crate::package::inspect::Drift;
use crate::repository::packages::PackageId;

/// What somebody may say of what a package is fetched for, in characters.
pub const MAX_PURPOSE_CHARS: usize = 200;

/// The package of a model.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ModelPackage {
    /// Its name in the store.
    pub id: PackageId,
    /// The model.
    pub key: ModelKey,
    /// What is known of it.
    pub head: PackageHead,
    /// What it is fetched for, as whoever fetches it says.
    pub(super) purpose: String,
    /// The model by its identity, and the revision.
    pub(super) of: Option<(ModelId, u64)>,
}

/// What is known of the package of a model.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ModelPackageReport {
    /// The package.
    pub package: ModelPackage,
    /// What was found in it; `None` if that is not kept. It may be large.
    pub record: Option<PackageRecord>,
    /// Where the definition that names the package says something else than it does; `None` where nothing
    /// was found in it.
    pub drift: Option<Drift>,
}

impl ModelPackage {
    /// The SHA-256 of its bytes.
    #[must_use]
    pub fn digest(&self) -> ContentDigest {
        self.head.digest
    }

    /// Says what it is fetched for, which the audit log tells: the name of a workflow.
    ///
    /// # Errors
    /// [`Error::Invalid`] for more than [`MAX_PURPOSE_CHARS`] or for control characters.
    pub fn fetched_for(self, purpose: &str) -> Result<ModelPackage, Error> {
        if purpose.chars().count() > MAX_PURPOSE_CHARS || purpose.chars().any(char::is_control) {
            let expected = format!("must be text of at most {MAX_PURPOSE_CHARS} characters");
            return Err(Error::invalid("for", expected));
        }
        let purpose = purpose.to_owned();
        Ok(ModelPackage { purpose, ..self })
    }
}

impl Dashboard {
    /// The package of a model. Needs `packages:read` and `models:read`.
    ///
    /// # Errors
    /// [`Error::NotFound`], also for a model without a package; [`Error::Removed`] for one whose
    /// bytes were; [`Error::Denied`].
    pub async fn package(&self, caller: &Caller, key: &ModelKey) -> Result<ModelPackage, Error> {
        let target = || format!("model:{key}");
        self.require(caller, Permission::PackagesRead, target)
            .await?;
        let model = self.model(caller, key).await?;
        self.package_of(caller, key, &model.definition).await
    }

    /// The package that a model had as of a revision; otherwise as [`Dashboard::package`].
    ///
    /// # Errors
    /// As [`Dashboard::package`] and [`Dashboard::revision`].
    pub async fn package_at(
        &self,
        caller: &Caller,
        key: &ModelKey,
        revision: u64,
    ) -> Result<ModelPackage, Error> {
        let target = || format!("model:{key}");
        self.require(caller, Permission::PackagesRead, target)
            .await?;
        let revision = self.revision(caller, key, revision).await?;
        let none = || Error::not_found(format!("a package of model {key}"));
        let definition = revision.definition().ok_or_else(none)?;
        self.package_of(caller, key, definition).await
    }

    async fn package_of(
        &self,
        caller: &Caller,
        key: &ModelKey,
        definition: &ModelDefinition,
    ) -> Result<ModelPackage, Error> {
        let none = || Error::not_found(format!("a package of model {key}"));
        let registry = definition.registry();
        let of = registry.as_ref().map(|it| (it.id, it.revision));
        let named = registry.and_then(|it| it.package);
        let id = named.ok_or_else(none)?;
        // Another program may have written anything there.
        let id = PackageId::parse(&id).map_err(|_| none())?;
        let store = self.inner.packages.store()?;
        let head = ReadHead::read(&**store, id).await?.ok_or_else(none)?.head;
        if let Some(removal) = head.removed {
            let what = format!("the package of model {key}");
            let removal = removal.told_to(caller);
            return Err(Error::Removed { what, removal });
        }
        store.package(id).await?;
        Ok(ModelPackage {
            id,
            key: key.clone(),
            head,
            purpose: String::new(),
            of,
        })
    }

    /// What is known of the package of a model, or of the one that it had as of a `revision`, by one look at the
    /// definition that names it. Needs `packages:read` and `models:read`.
    ///
    /// # Errors
    /// As [`Dashboard::package`] and [`Dashboard::package_at`].
    pub async fn package_report(
        &self,
        caller: &Caller,
        key: &ModelKey,
        revision: Option<u64>,
    ) -> Result<ModelPackageReport, Error> {
        let target = || format!("model:{key}");
        self.require(caller, Permission::PackagesRead, target)
            .await?;
        let definition = match revision {
            None => self.model(caller, key).await?.definition,
            Some(number) => {
                let revision = self.revision(caller, key, number).await?;
                let none = || Error::not_found(format!("a package of model {key}"));
                revision.definition().ok_or_else(none)?.clone()
            }
        };
        self.package_report_of(caller, key, definition).await
    }

    /// The same of a definition that was read before, such as that of a model which is shown.
    ///
    /// # Errors
    /// As [`Dashboard::package`].
    pub async fn package_report_of(
        &self,
        caller: &Caller,
        key: &ModelKey,
        definition: ModelDefinition,
    ) -> Result<ModelPackageReport, Error> {
        let target = || format!("model:{key}");
        // Whoever holds a definition has not shown that they may.
        for permission in [Permission::ModelsRead, Permission::PackagesRead] {
            self.require(caller, permission, target).await?;
        }
        let package = self.package_of(caller, key, &definition).await?;
        let record = self.found_in(package.id).await?;
        // Many labels take a while.
        beside(move || {
            let report = record.as_ref().and_then(|record| record.report.as_ref());
            let drift = report.map(|report| Drift::between(&definition, report));
            ModelPackageReport {
                package,
                record,
                drift,
            }
        })
        .await
    }

    /// What was found in a package of a model; `None` if that is not kept. It may be large. Needs
    /// `packages:read`.
    ///
    /// # Errors
    /// [`Error::Denied`].
    pub async fn package_record(
        &self,
        caller: &Caller,
        package: &ModelPackage,
    ) -> Result<Option<PackageRecord>, Error> {
        let target = || format!("model:{}", package.key);
        self.require(caller, Permission::PackagesRead, target)
            .await?;
        self.found_in(package.id).await
    }
}
