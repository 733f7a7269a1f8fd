//! What was found in a package.

use serde::{Deserialize, Serialize};

use crate::model::{ContentDigest, Timestamp};
use crate::package::inspect::Report;
use crate::repository::packages::{PackageId, Upload};

use super::uploads::Note;

/// What was found in a package, and where it comes from. Written once, and not small. Its JSON
/// stays readable: fields are added, never renamed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PackageRecord {
    /// The name of its file when it was uploaded.
    pub file_name: String,
    /// Its bytes.
    pub size: u64,
    /// Their SHA-256.
    pub digest: ContentDigest,
    /// The name of whoever uploaded it.
    pub uploaded_by: String,
    /// When all of it was there.
    pub uploaded_at: Timestamp,
    /// When it was looked at.
    pub inspected_at: Timestamp,
    /// What was found in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<Report>,
    /// Why nothing could be found: it is none of the forms that packages have, or it is broken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
}

impl PackageRecord {
    /// Of a finished upload.
    pub(super) fn new(
        upload: &Upload,
        digest: ContentDigest,
        note: &Note,
        found: Result<Report, String>,
    ) -> PackageRecord {
        let (report, refused) = match found {
            Ok(report) => (Some(report), None),
            Err(why) => (None, Some(why)),
        };
        PackageRecord {
            file_name: note.file_name.clone(),
            size: upload.size,
            digest,
            uploaded_by: note.username.clone(),
            uploaded_at: upload.changed_at,
            inspected_at: Timestamp::now(),
            report,
            refused,
        }
    }

    pub(super) fn read(id: PackageId, bytes: &[u8]) -> Option<PackageRecord> {
        let read = serde_json::from_slice(bytes);
        read.inspect_err(
            |error| tracing::warn!(%id, %error, "what was found in a package cannot be read"),
        )
        .ok()
    }
}
