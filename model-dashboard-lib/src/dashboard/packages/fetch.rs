//! The bytes of a model's package, from here or from the store itself.

use std::ops::Range;
use std::time::Duration;

use super::of_model::ModelPackage;
use crate::audit::Action;
use crate::auth::Permission;
use crate::dashboard::{Caller, Dashboard, Error};
use crate::repository::packages::{PackageAddress, Pieces};

/// How long an address of the store can be used: for beginning a download, which may take longer.
pub const PACKAGE_ADDRESS_VALID: Duration = Duration::from_secs(5 * 60);

impl Dashboard {
    /// The bytes of a model's package within `range`. Each call is an event of the audit log; one from the
    /// first byte on counts as a download ([`Dashboard::downloads`]).
    ///
    /// # Errors
    /// [`Error::NotFound`] if they were removed; [`Error::Denied`]; [`Error::Unavailable`] while the
    /// audit log cannot be written.
    pub async fn read_package(
        &self,
        caller: &Caller,
        package: &ModelPackage,
        range: Range<u64>,
    ) -> Result<Box<dyn Pieces>, Error> {
        self.may_fetch(caller, package).await?;
        let store = self.inner.packages.store()?;
        let pieces = store.read(package.id, range.clone()).await?;
        self.fetched(caller, package, range, "").await;
        Ok(pieces)
    }

    /// An address at which the store itself gives the package to whoever holds it, for
    /// [`PACKAGE_ADDRESS_VALID`]; `None` where the store cannot, or
    /// [`Policy::redirect_downloads`](crate::dashboard::Policy) does not say so. `range` is what the
    /// caller is about to fetch: it is written down and counted as by
    /// [`read_package`](Dashboard::read_package), though the address gives any part, as often as it is used.
    ///
    /// # Errors
    /// As [`Dashboard::read_package`].
    pub async fn package_address(
        &self,
        caller: &Caller,
        package: &ModelPackage,
        range: Range<u64>,
    ) -> Result<Option<PackageAddress>, Error> {
        if !self.policy().redirect_downloads {
            return Ok(None);
        }
        self.may_fetch(caller, package).await?;
        let store = self.inner.packages.store()?;
        let name = &package.head.file_name;
        let address = store
            .address(package.id, name, PACKAGE_ADDRESS_VALID)
            .await?;
        if address.is_some() {
            self.fetched(caller, package, range, "from the store").await;
        }
        Ok(address)
    }

    async fn may_fetch(&self, caller: &Caller, package: &ModelPackage) -> Result<(), Error> {
        let target = || format!("model:{}", package.key);
        self.require(caller, Permission::PackagesRead, target)
            .await?;
        // It leaves a trace, or is not given.
        self.inner.trail.ready().await
    }

    async fn fetched(&self, caller: &Caller, package: &ModelPackage, range: Range<u64>, how: &str) {
        let size = package.head.size;
        let part = match range == (0..size) {
            true => String::new(),
            false => format!(
                "bytes {} to {} of {size}",
                range.start,
                range.end.saturating_sub(1)
            ),
        };
        let purpose = match &*package.purpose {
            "" => String::new(),
            purpose => format!("for:{purpose}"),
        };
        let event = caller.event(Action::PackageDownload, format!("model:{}", package.key));
        let revision = package.of.as_ref();
        let revision = revision.map(|(_, number)| format!("revision {number}"));
        let details = [
            format!("package:{}", package.id),
            revision.unwrap_or_default(),
            purpose,
            part,
            how.to_owned(),
        ];
        let event = details
            .into_iter()
            .fold(event, |event, it| event.with_detail(it));
        self.inner.trail.record(event).await;
        if range.start == 0 {
            self.count_download(package).await;
        }
    }
}
