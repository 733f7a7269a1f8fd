//! Where the networks of nnU-Net 2 lie in a package.

use super::{FINAL, OTHERS};
use crate::package::Package;
use crate::package::inspect::contents::{self, folder, split, within};

/// Where a network lies, and what its folder's name says of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) folder: String,
    /// The name of the folder around it.
    pub(super) dataset: String,
    pub(super) trainer: Option<String>,
    pub(super) plans: Option<String>,
    pub(super) configuration: Option<String>,
}

impl Place {
    fn of(folder: &str) -> Self {
        let (around, name) = split(folder);
        let parts: Vec<&str> = name.split("__").collect();
        let (trainer, plans, configuration) = match *parts {
            [trainer, plans, configuration] => (Some(trainer), Some(plans), Some(configuration)),
            _ => (None, None, None),
        };
        // Where there is no folder of the trainer the dataset's is the network's.
        let dataset = match trainer {
            Some(_) => split(around).1,
            None => name,
        };
        Self {
            folder: folder.to_owned(),
            dataset: dataset.to_owned(),
            trainer: trainer.map(str::to_owned),
            plans: plans.map(str::to_owned),
            configuration: configuration.map(str::to_owned),
        }
    }

    /// The folds by name, with their folders, in the order of their names.
    pub(super) fn folds(&self, package: &Package) -> Vec<(String, String)> {
        let mut folds = Vec::new();
        for file in package.files() {
            let (around, name) = split(folder(file));
            let fold = name.strip_prefix("fold_").filter(|_| around == self.folder);
            if let Some(fold) = fold {
                let fold = (fold.to_owned(), folder(file).to_owned());
                if !folds.contains(&fold) {
                    folds.push(fold);
                }
            }
        }
        folds.sort();
        folds
    }
}

/// The folders of networks, in the order of the package.
pub(super) fn places(package: &Package) -> Vec<Place> {
    let mut places: Vec<Place> = Vec::new();
    let mut add = |folder: &str| {
        if !places.iter().any(|place| place.folder == folder) {
            places.push(Place::of(folder));
        }
    };
    for file in package.files() {
        let here = folder(file);
        let (around, name) = split(here);
        match file.path.file_name() {
            "plans.json" | "dataset.json" => {
                let both = |name| contents::file(package, &within(here, name)).is_some();
                let named = Place::of(here).trainer.is_some();
                if named || (both("plans.json") && both("dataset.json")) {
                    add(here);
                }
            }
            checkpoint
                if name.starts_with("fold_")
                    && (checkpoint == FINAL || OTHERS.contains(&checkpoint)) =>
            {
                add(around);
            }
            _ => {}
        }
    }
    places
}
