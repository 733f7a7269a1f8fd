//! What was found in the package of a model, for a change of it.

use std::sync::Arc;

use tokio::sync::OwnedSemaphorePermit;

use super::head::ReadHead;
use super::publish::named;
use super::record::PackageRecord;
use crate::auth::Permission;
use crate::dashboard::model_states::{Before, Found, Looks};
use crate::dashboard::{Caller, Dashboard, Error};
use crate::model::{ContentDigest, ModelDefinition};
use crate::package::inspect::Report;
use crate::repository::packages::{PackageId, PackageStoreError};

/// What was found in the package that a definition names, as far as it names one.
#[derive(Default)]
pub(in crate::dashboard) struct Had {
    package: Option<String>,
    digest: Option<ContentDigest>,
    report: Option<Report>,
    /// Whether its bytes are there, as far as the change looks for them.
    is_there: bool,
}

impl Had {
    /// Whether it has these bytes, which are there, and of which the same was found by the same rules.
    pub(super) fn is(&self, digest: ContentDigest, report: &Report) -> bool {
        let rules = self.report.as_ref().map(|report| report.rules);
        self.is_there && self.digest == Some(digest) && rules == Some(report.rules)
    }

    /// Whether a package is named, whatever is known of it.
    pub(super) fn is_named(&self) -> bool {
        self.package.is_some()
    }

    /// What was found; nothing of one that was purged, or that another program named.
    pub(super) fn report(&self) -> Option<&Report> {
        self.report.as_ref()
    }

    pub(super) fn into_report(self) -> Option<Report> {
        self.report
    }
}

impl Dashboard {
    /// Looks at what a change is worked out by. What is in packages is for those who may read it.
    ///
    /// # Errors
    /// [`Error::Denied`]; [`Error::Unavailable`].
    pub(in crate::dashboard) async fn look(
        &self,
        caller: &Caller,
        before: &mut Before,
        looks: &Looks,
    ) -> Result<(), Error> {
        let Ok(model) = &before.model else {
            return Ok(());
        };
        match looks {
            Looks::Nowhere => {}
            Looks::AtPresent => {
                let place = self.place_of_reports().await?;
                let mut had = self.had_by(&model.definition).await?;
                had.is_there = self.has_package(&had).await?;
                before.packages = Found {
                    had,
                    gets: None,
                    _place: Some(place),
                };
            }
            Looks::AtBoth(held) => {
                let is_another = named(&model.definition) != named(held);
                if is_another {
                    let target = || format!("model:{}", before.key);
                    if before.enabled {
                        self.require(caller, Permission::ModelsEnable, target)
                            .await?;
                    }
                    self.require(caller, Permission::PackagesRead, target)
                        .await?;
                    let place = self.place_of_reports().await?;
                    let (had, gets) =
                        futures::try_join!(self.had_by(&model.definition), self.had_by(held))?;
                    before.packages = Found {
                        had,
                        gets: Some(gets),
                        _place: Some(place),
                    };
                }
            }
        }
        Ok(())
    }

    /// Waits for a place: what was found in large packages takes much memory.
    async fn place_of_reports(&self) -> Result<OwnedSemaphorePermit, Error> {
        let place = Arc::clone(&self.inner.history_pages).acquire_owned().await;
        place.map_err(|error| Error::Internal(Box::new(error)))
    }

    /// Whether the bytes are there that a definition names.
    async fn has_package(&self, had: &Had) -> Result<bool, Error> {
        let id = had.package.as_deref().map(PackageId::parse);
        let (Some(Ok(id)), Some(store)) = (id, self.inner.packages.kept()) else {
            return Ok(false);
        };
        let read = ReadHead::read(&**store, id).await?;
        if read.is_none_or(|read| read.head.removed.is_some()) {
            return Ok(false);
        }
        match store.package(id).await {
            Ok(_) => Ok(true),
            Err(PackageStoreError::NoPackage { .. }) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// What was found in the package that a definition names.
    pub(super) async fn had_by(&self, definition: &ModelDefinition) -> Result<Had, Error> {
        let package = named(definition);
        let id = package.as_deref().map(PackageId::parse);
        let found: Option<PackageRecord> = match (id, self.inner.packages.kept()) {
            (Some(Ok(id)), Some(_)) => self.found_in(id).await?,
            // Another program may have written anything there.
            _ => None,
        };
        Ok(Had {
            package,
            digest: found.as_ref().map(|found| found.digest),
            report: found.and_then(|found| found.report),
            is_there: false,
        })
    }
}
