//! What is known of a package, on the wire.

use model_dashboard::dashboard::{Error, ModelPackage, PackageHead, PackageRecord};
use model_dashboard::model::Timestamp;
use model_dashboard::package::inspect::Drift;
use model_dashboard::repository::packages::PackageId;
use serde::Serialize;
use utoipa::ToSchema;

use super::Changes;
use crate::api::Failure;

/// What is known of a package.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Package {
    /// Its name in the store.
    #[schema(example = "01J9Z3K4V5W6X7Y8Z9A0B1C2D3")]
    id: String,
    /// The name of its file when it was uploaded.
    file_name: String,
    /// Its bytes.
    size: u64,
    /// The SHA-256 of all bytes, in hexadecimal digits.
    sha256: String,
    /// The name of whoever uploaded it.
    uploaded_by: String,
    /// When all of it was there.
    #[schema(value_type = String, format = DateTime)]
    uploaded_at: Timestamp,
    /// What was found in it: files with their digests, framework, labels, what loading it would run.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    report: Option<serde_json::Value>,
    /// Where the definition says something else than the package: `before` is what it says, `after` what the
    /// package does. Only of the package that the model has now.
    #[serde(skip_serializing_if = "Option::is_none")]
    drift: Option<Changes>,
    /// Why nothing is known: it is none of the forms that packages have, or it is broken.
    #[serde(skip_serializing_if = "Option::is_none")]
    refused: Option<String>,
}

impl Package {
    /// With what was found in it.
    ///
    /// # Errors
    /// Never for the reports of the library.
    pub(crate) fn new(
        package: &ModelPackage,
        found: Option<PackageRecord>,
    ) -> Result<Package, Failure> {
        Package::of(package.id, &package.head, found)
    }

    /// With what the definition of the model that has it says otherwise.
    pub(crate) fn of_definition(mut self, drift: &Drift) -> Package {
        self.drift = Some(Changes::drift(drift));
        self
    }

    /// The same of one that no model may have yet.
    ///
    /// # Errors
    /// Never for the reports of the library.
    pub(crate) fn of(
        id: PackageId,
        head: &PackageHead,
        found: Option<PackageRecord>,
    ) -> Result<Package, Failure> {
        let found = found.map(|found| (found.report, found.refused));
        let (report, refused) = found.unwrap_or_default();
        let report = report.as_ref().map(serde_json::to_value);
        let report = report
            .transpose()
            .map_err(|error| Error::Internal(Box::new(error)))?;
        Ok(Package {
            id: id.to_string(),
            file_name: head.file_name.clone(),
            size: head.size,
            sha256: head.digest.to_hex(),
            uploaded_by: head.uploaded_by.clone(),
            uploaded_at: head.uploaded_at,
            report,
            drift: None,
            refused,
        })
    }
}
