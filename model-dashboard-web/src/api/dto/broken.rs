//! Definitions that cannot be read, on the wire.

use model_dashboard::catalog::Picture;
use serde::Serialize;
use utoipa::ToSchema;

/// Definitions that cannot be read.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct BrokenModels {
    /// How many.
    total: usize,
    /// Sorted by network type and name.
    models: Vec<BrokenModel>,
}

/// A definition that cannot be read.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct BrokenModel {
    /// The network type.
    #[schema(example = "nnUNet")]
    network_type: String,
    /// The name.
    #[schema(example = "Task055_SegTHOR")]
    name: String,
    /// Why it cannot be read.
    #[schema(example = "it ends early")]
    reason: String,
    /// Its bytes.
    size: u64,
}

impl BrokenModels {
    /// Those that are known.
    pub(in crate::api) fn of(picture: &Picture) -> BrokenModels {
        let entries = picture.broken();
        let broken = entries.iter().filter_map(|entry| entry.broken());
        let models: Vec<_> = broken
            .map(|broken| BrokenModel {
                network_type: broken.key.network_type.to_string(),
                name: broken.key.name.to_string(),
                reason: broken.reason.to_string(),
                size: broken.size,
            })
            .collect();
        BrokenModels {
            total: models.len(),
            models,
        }
    }
}
