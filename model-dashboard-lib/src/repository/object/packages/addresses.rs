//! Who gives addresses at which a store gives its objects.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;

use super::super::conditional::Fault;
use super::super::keys::StoreKey;
use crate::repository::packages::PackageAddress;

/// Gives addresses of objects.
#[async_trait]
pub(in super::super) trait Addresses: fmt::Debug + Send + Sync {
    /// An address that holds for a while and gives an object as a file of this name.
    async fn address(
        &self,
        key: &StoreKey,
        file_name: &str,
        valid: Duration,
    ) -> Result<PackageAddress, Fault>;
}
