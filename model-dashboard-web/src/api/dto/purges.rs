//! Removed bytes on the wire.

use model_dashboard::dashboard::{PackagePurge, PurgedBytes};
use model_dashboard::model::{ContentDigest, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

/// Packages with the same bytes.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Purge {
    /// Their SHA-256 in hexadecimal digits.
    sha256: String,
    /// The packages.
    packages: Vec<PurgedPackage>,
    /// Whether something cannot be read that may name them, too.
    doubtful: bool,
}

/// One of them.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PurgedPackage {
    /// Its name in the store.
    #[schema(example = "01J9Z3K4V5W6X7Y8Z9A0B1C2D3")]
    id: String,
    /// What its file was called.
    file_name: String,
    /// Its bytes.
    size: u64,
    /// Who uploaded it.
    uploaded_by: String,
    /// What names it.
    named_by: Vec<NamedBy>,
}

/// A definition or a revision that names a package.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NamedBy {
    /// The model, as `type/name`; of a revision that does not say it, the id of its history.
    #[schema(example = "nnUNet/Task003_Liver")]
    model: String,
    /// The number of the revision; left out for what lies at the key, and for a draft.
    #[serde(skip_serializing_if = "Option::is_none")]
    revision: Option<u64>,
    /// Whether it is a draft: the package is proposed to the model.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    draft: bool,
    /// Whether it is an enabled model, which jobs may be using.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    enabled: bool,
}

/// Bytes that were purged, and may come in again.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Allowed {
    /// Their SHA-256 in hexadecimal digits.
    sha256: String,
    /// When they were purged.
    #[schema(value_type = String, format = DateTime)]
    purged_at: Timestamp,
    /// By whom.
    purged_by: String,
    /// Why.
    purged_because: String,
}

impl Allowed {
    /// These bytes.
    pub(crate) fn new(digest: ContentDigest, purged: &PurgedBytes) -> Allowed {
        Allowed {
            sha256: digest.to_hex(),
            purged_at: purged.removal.at,
            purged_by: purged.removal.by.clone(),
            purged_because: purged.removal.reason.clone(),
        }
    }
}

impl From<&PackagePurge> for Purge {
    fn from(purge: &PackagePurge) -> Purge {
        let packages = purge.packages.iter().map(|package| PurgedPackage {
            id: package.id.to_string(),
            file_name: package.head.file_name.clone(),
            size: package.head.size,
            uploaded_by: package.head.uploaded_by.clone(),
            named_by: package
                .named_by
                .iter()
                .map(|by| NamedBy {
                    model: by.model.clone(),
                    revision: by.revision,
                    draft: by.is_draft,
                    enabled: by.is_enabled,
                })
                .collect(),
        });
        Purge {
            sha256: purge.digest.to_hex(),
            packages: packages.collect(),
            doubtful: purge.is_doubtful,
        }
    }
}
