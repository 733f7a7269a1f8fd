//! What a checkpoint of nnU-Net 2 says beside its weights.

use crate::model::Timestamp;
use crate::package::inspect::pickled::{plain, read_torch};
use crate::package::inspect::value::Value;
use crate::package::pickle;
use crate::package::{Package, PackageError, PackageFile};

/// What is in `checkpoint_final.pth` beside the weights
/// (`nnunetv2/training/nnUNetTrainer/nnUNetTrainer.py`, `save_checkpoint`).
#[derive(Debug, Default)]
pub(super) struct Checkpoint {
    pub(super) trainer: Option<String>,
    pub(super) configuration: Option<String>,
    /// What `plans.json` should hold.
    pub(super) plans: Option<Value>,
    /// What `dataset.json` should hold.
    pub(super) dataset: Option<Value>,
    pub(super) epochs: Option<u64>,
    pub(super) mirroring_axes: Option<Vec<u64>>,
    /// When the last epoch ended.
    pub(super) ended: Option<Timestamp>,
    /// Of the last epoch.
    pub(super) dice: Option<f64>,
    pub(super) best_average: Option<f64>,
    pub(super) has_optimizer: bool,
}

impl Checkpoint {
    /// Reads it; `None` if there is nothing to read.
    pub(super) fn read(
        package: &Package,
        file: &PackageFile,
    ) -> Result<Option<Self>, PackageError> {
        let values = read_torch(package, file)?;
        Ok(values.map(|values| Self::of(values.root())))
    }

    fn of(data: pickle::Value<'_>) -> Self {
        let text = |way: &[&str]| data.path(way)?.as_str().map(str::to_owned);
        let last = |key: &str| data.path(&["logging", key])?.items().next_back()?.as_f64();
        let map = |key: &str| {
            let value = data.path(&["init_args", key])?;
            value.is_mapping().then(|| plain(value))
        };
        let whole = |number: i64| u64::try_from(number).ok();
        let axes = data
            .get("inference_allowed_mirroring_axes")
            .and_then(|it| it.integers());
        let axes: Option<Vec<u64>> = axes.and_then(|axes| axes.into_iter().map(whole).collect());
        // Beyond what a clock says, it is held at the edge.
        let micros = |seconds: f64| Timestamp::from_unix_micros((seconds * 1e6) as i64);
        Self {
            trainer: text(&["trainer_name"]),
            configuration: text(&["init_args", "configuration"]),
            plans: map("plans"),
            dataset: map("dataset_json"),
            epochs: data.get("current_epoch").and_then(|it| whole(it.as_i64()?)),
            mirroring_axes: axes,
            ended: last("epoch_end_timestamps").map(micros),
            dice: last("mean_fg_dice"),
            best_average: data.get("_best_ema").and_then(|it| it.as_f64()),
            has_optimizer: data.get("optimizer_state").is_some_and(|it| !it.is_none()),
        }
    }
}
