//! nnU-Net 2, and TotalSegmentator 2.

use std::collections::BTreeSet;

use super::checkpoint::Checkpoint;
use super::v2_places::{Place, places};
use super::{
    FINAL, OTHERS, dataset, missing_folds, plans, stock, tell_trainer, tell_training_state,
};
use crate::package::folder::is_numbered;
use crate::package::inspect::PackageInspector;
use crate::package::inspect::contents::{file, folder, named, read, read_at, split, within};
use crate::package::inspect::description::{
    Configuration, Description, Fold, Network, network_type, proposed_name,
};
use crate::package::inspect::finding::{Finding, FindingKind};
use crate::package::inspect::value::Value;
use crate::package::{Package, PackageError, PackageFile, PackagePath};

/// Packages of nnU-Net 2: `DatasetNNN_X/<Trainer>__<Plans>__<configuration>/`.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::package::inspect) struct NnUnetV2;

/// The same, made by or for TotalSegmentator 2: one fold, trained as TotalSegmentator's are or on a
/// dataset that is called so. Its packages look like nnU-Net's otherwise.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::package::inspect) struct TotalSegmentatorV2;

impl PackageInspector for NnUnetV2 {
    fn name(&self) -> &str {
        "nnUNet_v2"
    }

    fn recognises(&self, package: &Package) -> Result<bool, PackageError> {
        Ok(!places(package).is_empty())
    }

    fn describe(&self, package: &Package) -> Result<Description, PackageError> {
        let mut description = describe(package)?;
        description.network_type = network_type("nnUNet_v2");
        for network in &description.networks {
            let present: Vec<&str> = network.folds.iter().map(|fold| &*fold.name).collect();
            if network.missing_folds.is_empty() && present != ["all"] {
                continue;
            }
            // Prediction takes folds 0 to 4 unless it is told which ones there are.
            let text = format!(
                "prediction has to be told which folds there are: -f {}",
                present.join(" ")
            );
            let finding = Finding::new(FindingKind::Odd, text);
            description
                .findings
                .extend((!present.is_empty()).then_some(finding));
        }
        Ok(description)
    }
}

impl PackageInspector for TotalSegmentatorV2 {
    fn name(&self) -> &str {
        "TotalSegmentatorV2"
    }

    fn recognises(&self, package: &Package) -> Result<bool, PackageError> {
        let places = places(package);
        let in_a_dataset = |place: &Place| is_numbered(&place.dataset, "Dataset");
        let one_fold = |place: &Place| place.folds(package).iter().all(|fold| fold.0 == "0");
        let is_its_own = |place: &Place| {
            place.dataset.contains("TotalSeg")
                || place.dataset.ends_with("subj")
                || place.trainer.as_deref().is_some_and(is_trainer)
        };
        Ok(!places.is_empty()
            && places
                .iter()
                .all(|place| in_a_dataset(place) && one_fold(place))
            && places.iter().any(is_its_own))
    }

    fn describe(&self, package: &Package) -> Result<Description, PackageError> {
        let mut description = describe(package)?;
        description.network_type = network_type("TotalSegmentatorV2");
        description.framework = "TotalSegmentator 2 (nnU-Net 2)".to_owned();
        // It asks for its fold by itself.
        for network in &mut description.networks {
            network.missing_folds.retain(|fold| fold == "0");
        }
        Ok(description)
    }
}

/// Its models tell left from right, so they are trained without mirroring.
fn is_trainer(trainer: &str) -> bool {
    trainer.ends_with("NoMirroring")
        || stock::TOTALSEGMENTATOR
            .split_whitespace()
            .any(|it| it == trainer)
}

fn file_in<'a>(package: &'a Package, folder: &str, name: &str) -> Option<&'a PackageFile> {
    file(package, &within(folder, name))
}

fn describe(package: &Package) -> Result<Description, PackageError> {
    let mut description = Description::new("nnU-Net 2");
    let mut with_optimizer = 0;
    for place in places(package) {
        let mut one = Description::default();
        with_optimizer += network(package, &place, &mut one)?;
        join(&mut description, one);
    }
    tell_training_state(&mut description, with_optimizer);
    tell_stages(&mut description);
    tell_datasets(package, &mut description);
    Ok(description)
}

/// Describes the network in a folder; how many of its checkpoints hold the optimizer's state.
fn network(
    package: &Package,
    place: &Place,
    description: &mut Description,
) -> Result<usize, PackageError> {
    let mut network = Network {
        folder: place.folder.clone(),
        configuration: place.configuration.clone(),
        trainer: place.trainer.clone(),
        plans: place.plans.clone(),
        ..Network::default()
    };
    let mut first = None;
    let mut with_optimizer = 0;
    // Prediction takes both from the first checkpoint, whatever the folder is called.
    let mut trainers: BTreeSet<String> = place.trainer.iter().cloned().collect();
    let mut configurations: BTreeSet<String> = place.configuration.iter().cloned().collect();
    for (name, folder) in place.folds(package) {
        let (fold, checkpoint) = self::fold(package, &name, &folder, &network, description)?;
        network.folds.push(fold);
        if let Some(checkpoint) = checkpoint {
            with_optimizer += usize::from(checkpoint.has_optimizer);
            trainers.extend(checkpoint.trainer.clone());
            configurations.extend(checkpoint.configuration.clone());
            first.get_or_insert(checkpoint);
        }
    }
    for (what, told) in [("trainers", &trainers), ("configurations", &configurations)] {
        if told.len() > 1 {
            let told: Vec<&str> = told.iter().map(String::as_str).collect();
            let text = format!(
                "folder and checkpoints of {} name different {what}: {}",
                shown(&place.folder),
                told.join(", ")
            );
            description.found(Finding::new(FindingKind::Wrong, text));
        }
    }
    let present: Vec<&str> = network.folds.iter().map(|fold| &*fold.name).collect();
    network.missing_folds = missing_folds(&present);
    if !network.folds.iter().any(|fold| fold.complete) {
        description.missing(format!("{}: no fold has {FINAL}", shown(&place.folder)));
    }
    let first = first.unwrap_or_default();
    network.trainer = first.trainer.or(network.trainer);
    network.configuration = first.configuration.or(network.configuration);
    for trainer in trainers.iter().filter(|name| !stock::is_of_v2(name)) {
        tell_trainer(description, trainer, &shown(&place.folder));
    }

    let mut given = |name: &str, spare: Option<Value>| -> Result<_, PackageError> {
        let path = within(&place.folder, name);
        if let Some(file) = file(package, &path) {
            let value = read(package, file, description)?;
            if value.is_none() && name == "plans.json" {
                description.found(Finding::unread(file));
            }
            return Ok((value, true));
        }
        let told = if spare.is_some() {
            ": what is told of it here is from the weights"
        } else {
            ""
        };
        description.missing(format!("{path} is not there{told}"));
        Ok((spare, false))
    };
    let trained_on = first.dataset.clone();
    let (dataset, dataset_is_a_file) = given("dataset.json", first.dataset)?;
    let (plans, plans_are_a_file) = given("plans.json", first.plans)?;
    if let Some(dataset) = dataset {
        dataset::describe(&dataset, description);
        if let Some(before) = trained_on.filter(|_| dataset_is_a_file) {
            tell_changes(&before, place, description);
        }
    }
    if let Some(plans) = plans {
        let path = PackagePath::parse(&within(&place.folder, "plans.json")).ok();
        read_plans(
            &plans,
            path.filter(|_| plans_are_a_file),
            &mut network,
            description,
        );
        description.name = proposed_name(&place.dataset)
            .filter(|_| is_numbered(&place.dataset, "Dataset"))
            .or_else(|| proposed_name(plans.get("dataset_name")?.as_str()?));
    } else {
        description.name = proposed_name(&place.dataset);
    }
    results(package, &place.folder, description)?;
    description.networks.push(network);
    Ok(with_optimizer)
}

/// Labels and channels that are not those that the network was trained with.
fn tell_changes(trained_on: &Value, place: &Place, description: &mut Description) {
    let mut before = Description::default();
    dataset::describe(trained_on, &mut before);
    for (what, same) in [
        ("labels", before.outputs == description.outputs),
        ("channels", before.channels == description.channels),
    ] {
        if !same {
            let text = format!(
                "the {what} in dataset.json of {} are not those that the checkpoint was trained with",
                shown(&place.folder)
            );
            description.found(Finding::new(FindingKind::Wrong, text));
        }
    }
}

fn read_plans(
    plans: &Value,
    path: Option<PackagePath>,
    network: &mut Network,
    description: &mut Description,
) {
    let text = |key: &str| plans.get(key).and_then(Value::to_text);
    network.plans = network.plans.take().or_else(|| text("plans_name"));
    description.fact("image_reader_writer", text("image_reader_writer"));
    description.fact("experiment_planner", text("experiment_planner_used"));
    description.configurations = plans::configurations(plans, &mut description.findings);
    if let Some(path) = path {
        plans::code(plans, &path, &mut description.findings);
    }
    let has = |name: &String| description.configurations.iter().any(|it| it.name == *name);
    if let Some(name) = network.configuration.as_ref().filter(|name| !has(name)) {
        description.missing(format!(
            "the plans of {} have no configuration {name}",
            shown(&network.folder)
        ));
    }
}

fn fold(
    package: &Package,
    name: &str,
    folder: &str,
    network: &Network,
    description: &mut Description,
) -> Result<(Fold, Option<Checkpoint>), PackageError> {
    let weights = file_in(package, folder, FINAL);
    let other = OTHERS
        .iter()
        .find_map(|name| file_in(package, folder, name));
    if let (None, Some(other)) = (weights, other) {
        let text =
            format!("prediction takes {FINAL}, which is not there, unless it is told to take this");
        description.found(Finding::new(FindingKind::Odd, text).at(&other.path));
    }
    let mut fold = Fold {
        name: name.to_owned(),
        complete: weights.is_some(),
        weights: weights.or(other).map(|file| file.path.clone()),
        ..Fold::default()
    };
    let checkpoint = match weights.or(other) {
        Some(file) => Checkpoint::read(package, file)?,
        None => None,
    };
    if let Some(checkpoint) = &checkpoint {
        fold.epochs = checkpoint.epochs;
        fold.trained_at = checkpoint.ended;
        fold.mirroring_axes.clone_from(&checkpoint.mirroring_axes);
        let mut score = |measure: &str, value| {
            if let Some(score) = description.score(measure, "training", value) {
                score.network = Some(network.folder.clone());
                score.fold = Some(name.to_owned());
            }
        };
        score("mean foreground Dice", checkpoint.dice);
        score(
            "mean foreground Dice, moving average",
            checkpoint.best_average,
        );
    }
    let summary = within(folder, "validation/summary.json");
    if let Some(summary) = read_at(package, &summary, description)?
        && let Some(score) =
            description.score("mean foreground Dice", "validation", mean_dice(&summary))
    {
        score.network = Some(network.folder.clone());
        score.fold = Some(name.to_owned());
    }
    if let Some(debug) = read_at(package, &within(folder, "debug.json"), description)? {
        let text = |key: &str| {
            debug
                .get(key)
                .and_then(Value::to_text)
                .filter(|it| it != "None")
        };
        description
            .made_with
            .extend(text("torch_version").map(|it| ("torch".to_owned(), it)));
        description.fact("gpu", text("gpu_name"));
    }
    Ok((fold, checkpoint))
}

fn mean_dice(summary: &Value) -> Option<f64> {
    summary.at(&["foreground_mean", "Dice"])?.as_f64()
}

/// Results of several folds together.
fn results(
    package: &Package,
    network: &str,
    description: &mut Description,
) -> Result<(), PackageError> {
    for file in named(package, "summary.json") {
        let (around, name) = split(folder(file));
        let Some(folds) = name
            .strip_prefix("crossval_results_folds_")
            .filter(|_| around == network)
        else {
            continue;
        };
        let summary = read(package, file, description)?;
        let dice = summary.as_ref().and_then(mean_dice);
        if let Some(score) = description.score("mean foreground Dice", "cross-validation", dice) {
            score.network = Some(network.to_owned());
            score.fold = Some(folds.replace('_', ", "));
        }
    }
    Ok(())
}

/// Adds the description of one more network.
fn join(all: &mut Description, one: Description) {
    if all.networks.is_empty() {
        let framework = std::mem::take(&mut all.framework);
        *all = Description { framework, ..one };
        return;
    }
    if !one.outputs.is_empty() && (one.outputs != all.outputs || one.channels != all.channels) {
        let folder = one
            .networks
            .first()
            .map(|network| shown(&network.folder))
            .unwrap_or_default();
        let text = format!(
            "labels or channels of {folder} are not those of the other networks, which are told here"
        );
        all.found(Finding::new(FindingKind::Odd, text));
    }
    let is_new = |new: &Configuration| !all.configurations.contains(new);
    let new: Vec<Configuration> = one
        .configurations
        .iter()
        .filter(|it| is_new(it))
        .cloned()
        .collect();
    all.configurations.extend(new);
    all.networks.extend(one.networks);
    all.scores.extend(one.scores);
    all.findings.extend(one.findings);
    all.made_with.extend(one.made_with);
}

/// A network that takes the segmentation of another one needs that one.
fn tell_stages(description: &mut Description) {
    let mut missing = Vec::new();
    for network in &description.networks {
        let configuration = network.configuration.as_ref();
        let named = |it: &&Configuration| Some(&it.name) == configuration;
        let stage = description.configurations.iter().find(named);
        let Some(before) = stage.and_then(|stage| stage.previous_stage.as_ref()) else {
            continue;
        };
        let is_there = |other: &Network| {
            other.configuration.as_ref() == Some(before)
                && split(&other.folder).0 == split(&network.folder).0
        };
        if !description.networks.iter().any(is_there) {
            missing.push(format!(
                "{} takes the segmentation of {before}, which is not in the package",
                network.configuration.as_deref().unwrap_or("the network"),
            ));
        }
    }
    missing
        .into_iter()
        .for_each(|text| description.missing(text));
}

/// nnU-Net finds models by the number of their dataset, which is the folder's name.
fn tell_datasets(package: &Package, description: &mut Description) {
    let mut datasets: Vec<String> = places(package)
        .into_iter()
        .map(|place| place.dataset)
        .collect();
    datasets.sort();
    datasets.dedup();
    if datasets.iter().any(|name| !is_numbered(name, "Dataset")) {
        let text =
            "there is no folder DatasetNNN_NAME around the network, by which nnU-Net finds it";
        description.found(Finding::new(FindingKind::Odd, text));
    }
    if datasets.len() > 1 {
        let number = |name: &String| name.get(..10).map(str::to_owned);
        let mut numbers: Vec<_> = datasets.iter().map(number).collect();
        numbers.dedup();
        let same = if numbers.len() < datasets.len() {
            ", some with the same number"
        } else {
            ""
        };
        let text = format!(
            "there are models of several datasets{same}: {}",
            datasets.join(", ")
        );
        description.found(Finding::new(FindingKind::Odd, text));
    }
}

/// A folder for people.
fn shown(folder: &str) -> String {
    match folder {
        "" => "the package".to_owned(),
        _ => split(folder).1.to_owned(),
    }
}
