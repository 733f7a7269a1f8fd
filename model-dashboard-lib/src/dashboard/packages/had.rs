//! What was found in the package of a model, for a change of it.

use super::publish::named;
use super::record::PackageRecord;
use crate::auth::Permission;
use crate::dashboard::model_states::{Before, Looks};
use crate::dashboard::{Caller, Dashboard, Error};
use crate::model::{ContentDigest, ModelDefinition};
use crate::package::inspect::Report;
use crate::repository::packages::PackageId;

/// What was found in the package that a definition names, as far as it names one.
#[derive(Default)]
pub(in crate::dashboard) struct Had {
    package: Option<String>,
    digest: Option<ContentDigest>,
    report: Option<Report>,
}

impl Had {
    /// Whether it has these bytes, of which the same was found by the same rules.
    pub(super) fn is(&self, digest: ContentDigest, report: &Report) -> bool {
        let rules = self.report.as_ref().map(|report| report.rules);
        self.digest == Some(digest) && rules == Some(report.rules)
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
            Looks::AtPresent => before.had = self.had_by(&model.definition).await?,
            Looks::AtBoth(held) => {
                let is_another = named(&model.definition) != named(held);
                if before.enabled && is_another {
                    let target = || format!("model:{}", before.key);
                    self.require(caller, Permission::PackagesRead, target)
                        .await?;
                    let (had, gets) = self.had_by_both(&model.definition, held).await?;
                    (before.had, before.gets) = (had, Some(gets));
                }
            }
        }
        Ok(())
    }

    /// What was found in the packages that two definitions name.
    pub(super) async fn had_by_both(
        &self,
        one: &ModelDefinition,
        other: &ModelDefinition,
    ) -> Result<(Had, Had), Error> {
        // What was found in two large ones takes much memory.
        let place = self.inner.history_pages.acquire().await;
        let _place = place.map_err(|error| Error::Internal(Box::new(error)))?;
        futures::try_join!(self.had_by(one), self.had_by(other))
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
        })
    }
}
