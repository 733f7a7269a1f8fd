//! Uploads on the wire.

use model_dashboard::dashboard::{Error, Inspection, PackageUpload};
use model_dashboard::model::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::Failure;

/// An upload.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Upload {
    /// Its name, the end of its address.
    #[schema(example = "01J9Z3K4V5W6X7Y8Z9A0B1C2D3")]
    id: String,
    /// What the file is called.
    file_name: String,
    /// How many bytes it is to have.
    size: u64,
    /// How many are there.
    received: u64,
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    begun_at: Timestamp,
    /// When it goes unless more bytes come, or a model gets the package.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    /// The SHA-256 of all bytes, in hexadecimal digits, once they are there.
    #[serde(skip_serializing_if = "Option::is_none")]
    sha256: Option<String>,
    /// How far the look at the package is, once all bytes are there: `running` or `done`.
    #[serde(skip_serializing_if = "Option::is_none")]
    inspection: Option<&'static str>,
    /// What was found in it: files with their digests, framework, labels, what loading it would
    /// run. Not in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    report: Option<serde_json::Value>,
    /// Why nothing could be found: it is none of the forms that packages have, or it is broken.
    #[serde(skip_serializing_if = "Option::is_none")]
    refused: Option<String>,
}

impl Upload {
    /// With what is known of the package.
    ///
    /// # Errors
    /// Never for the reports of the library.
    pub(crate) fn new(
        upload: &PackageUpload,
        inspection: Option<Inspection>,
    ) -> Result<Upload, Failure> {
        let (state, record) = match inspection {
            None => (None, None),
            Some(Inspection::Running) => (Some("running"), None),
            Some(Inspection::Done(record)) => (Some("done"), Some(record)),
        };
        let record = record.map(|record| (record.report, record.refused));
        let (report, refused) = record.unwrap_or_default();
        let report = report.map(|report| serde_json::to_value(&report));
        let report = report
            .transpose()
            .map_err(|error| Error::Internal(Box::new(error)))?;
        Ok(Upload {
            id: upload.id.to_string(),
            file_name: upload.file_name.clone(),
            size: upload.size,
            received: upload.received,
            begun_at: upload.begun_at,
            expires_at: upload.expires_at,
            sha256: upload.digest.map(|digest| digest.to_hex()),
            inspection: state,
            report,
            refused,
        })
    }
}

/// Uploads.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Uploads {
    /// How many.
    total: usize,
    /// The uploads; those that began last come first.
    uploads: Vec<Upload>,
}

impl Uploads {
    /// Without what is known of packages.
    ///
    /// # Errors
    /// Never.
    pub(crate) fn new(uploads: &[PackageUpload]) -> Result<Uploads, Failure> {
        let shown = uploads.iter().map(|upload| Upload::new(upload, None));
        Ok(Uploads {
            total: uploads.len(),
            uploads: shown.collect::<Result<_, _>>()?,
        })
    }
}
