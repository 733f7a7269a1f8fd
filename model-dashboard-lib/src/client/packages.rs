//! Packages of models.

use serde::Deserialize;

use super::models::of;
use super::{Client, ClientError};
use crate::model::{ContentDigest, ModelKey};
use crate::package::inspect::Report;

/// The package of a model.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct RemotePackage {
    /// The model.
    pub key: ModelKey,
    /// The revision that was asked for; `None` for the present state.
    pub revision: Option<u64>,
    /// The name of its file when it was uploaded.
    pub file_name: String,
    /// Its bytes.
    pub size: u64,
    /// Of its bytes.
    pub digest: ContentDigest,
    /// What was found in it; `None` also for a report of another version.
    pub report: Option<Report>,
}

/// A package as it is told.
#[derive(Deserialize)]
pub(super) struct Record {
    file_name: String,
    size: u64,
    sha256: String,
    #[serde(default)]
    report: Option<serde_json::Value>,
}

impl Client {
    /// The package that a model has, or had as of a revision.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn package(
        &self,
        key: &ModelKey,
        revision: Option<u64>,
    ) -> Result<RemotePackage, ClientError> {
        let [models, network_type, name] = of(key);
        let path = [models, network_type, name, "package", "report"];
        let number = revision.map(|it| it.to_string()).unwrap_or_default();
        let record: Record = self.get(&path, &[("revision", &number)]).await?;
        self.read_package(key, revision, record)
    }

    pub(super) fn read_package(
        &self,
        key: &ModelKey,
        revision: Option<u64>,
        record: Record,
    ) -> Result<RemotePackage, ClientError> {
        let digest = format!("sha256:{}", record.sha256).parse();
        Ok(RemotePackage {
            key: key.clone(),
            revision,
            file_name: record.file_name,
            size: record.size,
            digest: digest.map_err(|_| self.not_understood("an odd digest"))?,
            report: record
                .report
                .and_then(|report| serde_json::from_value(report).ok()),
        })
    }
}
