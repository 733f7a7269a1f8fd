//! nnU-Net 1 and 2, and TotalSegmentator, which is nnU-Net in folders of its own.

mod checkpoint;
mod classes;
mod dataset;
mod plans;
mod stock;
mod v1;
mod v1_plans;
mod v2;
mod v2_places;

pub(super) use v1::{NnUnetV1, TotalSegmentatorV1};
pub(super) use v2::{NnUnetV2, TotalSegmentatorV2};

use super::description::Description;
use super::finding::{Finding, FindingKind};

/// The file of a fold that prediction of version 2 takes.
const FINAL: &str = "checkpoint_final.pth";

/// Other states of a training, which can be taken by name.
const OTHERS: [&str; 2] = ["checkpoint_best.pth", "checkpoint_latest.pth"];

/// The folds that prediction takes by default.
const FOLDS: [&str; 5] = ["0", "1", "2", "3", "4"];

/// Those of [`FOLDS`] that are not among these. Nobody misses them where one network was trained on
/// all cases.
fn missing_folds(present: &[&str]) -> Vec<String> {
    if present.contains(&"all") {
        return Vec::new();
    }
    let missing = FOLDS.iter().filter(|fold| !present.contains(fold));
    missing.map(|fold| (*fold).to_owned()).collect()
}

/// A trainer that is not the framework's own has to be there where the model runs.
fn tell_trainer(description: &mut Description, trainer: &str, folder: &str) {
    let text = format!(
        "the trainer {trainer} (of {folder}) is none of the framework's: its code has to be there \
         where the model runs, and runs with it"
    );
    description.found(Finding::new(FindingKind::Code, text));
}

/// Says of weights what is in them for training alone.
fn tell_training_state(description: &mut Description, count: usize) {
    if count > 0 {
        let of = match count {
            1 => "the checkpoint".to_owned(),
            _ => format!("each of the {count} checkpoints"),
        };
        let text =
            format!("about half of {of} is the state of the optimizer, which only training needs");
        description.found(Finding::new(FindingKind::Odd, text));
    }
}
