//! What is known of a package, on the wire.

use model_dashboard::dashboard::{Error, ModelPackage};
use model_dashboard::model::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

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
    /// Why nothing is known: it is none of the forms that packages have, it is broken, or its bytes were
    /// removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    refused: Option<String>,
}

impl Package {
    /// # Errors
    /// Never for the reports of the library.
    pub(crate) fn new(package: &ModelPackage) -> Result<Package, Failure> {
        let record = &package.record;
        let report = record.report.as_ref().map(serde_json::to_value);
        let report = report
            .transpose()
            .map_err(|error| Error::Internal(Box::new(error)))?;
        Ok(Package {
            id: package.id.to_string(),
            file_name: record.file_name.clone(),
            size: record.size,
            sha256: record.digest.to_hex(),
            uploaded_by: record.uploaded_by.clone(),
            uploaded_at: record.uploaded_at,
            report,
            refused: record.refused.clone(),
        })
    }
}
