//! nnU-Net 1, and TotalSegmentator 1.

use super::v1_plans::{self, Stage};
use super::{dataset, missing_folds, stock, tell_trainer, tell_training_state};
use crate::package::folder::is_numbered;
use crate::package::inspect::PackageInspector;
use crate::package::inspect::contents::{file, folder, named, read, read_at, split, within};
use crate::package::inspect::description::{
    Description, Fold, Network, Output, network_type, proposed_name,
};
use crate::package::inspect::finding::{Finding, FindingKind};
use crate::package::inspect::pickled::{self, plain};
use crate::package::inspect::value::Value;
use crate::package::{Package, PackageError};

/// The files of a fold that prediction takes.
const WEIGHTS: &str = "model_final_checkpoint.model";
const SETTINGS: &str = "model_final_checkpoint.model.pkl";

/// The folders around tasks.
const CONFIGURATIONS: [&str; 4] = ["2d", "3d_lowres", "3d_fullres", "3d_cascade_fullres"];

/// Packages of nnU-Net 1: `<configuration>/TaskNNN_X/<Trainer>__<Plans>/`.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::package::inspect) struct NnUnetV1;

/// The same as TotalSegmentator 1 has them: `TaskNNN_X/<Trainer>__<Plans>/`.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::package::inspect) struct TotalSegmentatorV1;

impl PackageInspector for NnUnetV1 {
    fn name(&self) -> &str {
        "nnUNet"
    }

    fn recognises(&self, package: &Package) -> Result<bool, PackageError> {
        let places = places(package);
        Ok(!places.is_empty() && !are_tasks_alone(&places))
    }

    fn describe(&self, package: &Package) -> Result<Description, PackageError> {
        let mut description = describe(package, "nnU-Net 1")?;
        description.network_type = network_type("nnUNet");
        Ok(description)
    }
}

impl PackageInspector for TotalSegmentatorV1 {
    fn name(&self) -> &str {
        "totalsegmentator"
    }

    fn recognises(&self, package: &Package) -> Result<bool, PackageError> {
        Ok(are_tasks_alone(&places(package)))
    }

    fn describe(&self, package: &Package) -> Result<Description, PackageError> {
        let mut description = describe(package, "TotalSegmentator 1 (nnU-Net 1)")?;
        description.network_type = network_type("totalsegmentator");
        for network in &mut description.networks {
            network.missing_folds.retain(|fold| fold == "0");
        }
        Ok(description)
    }
}

fn are_tasks_alone(places: &[Place]) -> bool {
    let alone = |place: &Place| place.configuration.is_none() && is_numbered(&place.task, "Task");
    !places.is_empty() && places.iter().all(alone)
}

/// Where a network lies, and what the folders say of it.
#[derive(Debug)]
struct Place {
    folder: String,
    trainer: Option<String>,
    plans: Option<String>,
    task: String,
    configuration: Option<String>,
}

/// The folders of networks, in the order of the package.
fn places(package: &Package) -> Vec<Place> {
    let mut folders: Vec<&str> = Vec::new();
    for file in package.files() {
        let here = folder(file);
        let found = match file.path.file_name() {
            "plans.pkl" => here,
            WEIGHTS | SETTINGS => split(here).0,
            _ => continue,
        };
        if !folders.contains(&found) {
            folders.push(found);
        }
    }
    folders.into_iter().map(Place::of).collect()
}

impl Place {
    fn of(folder: &str) -> Self {
        let (around, name) = split(folder);
        let named = name.split_once("__");
        let (tasks, task) = match named {
            Some(_) => split(around),
            None => split(folder),
        };
        let configuration = split(tasks).1;
        let configuration = CONFIGURATIONS
            .contains(&configuration)
            .then(|| configuration.to_owned());
        Self {
            folder: folder.to_owned(),
            trainer: named.map(|(trainer, _)| trainer.to_owned()),
            plans: named.map(|(_, plans)| plans.to_owned()),
            task: task.to_owned(),
            configuration,
        }
    }

    /// The folders of folds by name.
    fn folds(&self, package: &Package) -> Vec<(String, String)> {
        let mut folds = Vec::new();
        for file in package.files() {
            let (around, name) = split(folder(file));
            let fold = name
                .strip_prefix("fold_")
                .or((name == "all").then_some(name));
            if let Some(fold) = fold.filter(|_| around == self.folder) {
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

fn describe(package: &Package, framework: &str) -> Result<Description, PackageError> {
    let mut description = Description::new(framework);
    let places = places(package);
    let mut with_optimizer = 0;
    for place in &places {
        with_optimizer += network(package, place, &mut description)?;
    }
    name_outputs(package, &mut description)?;
    tell_training_state(&mut description, with_optimizer);
    let of = |configuration: &str| {
        let is = |network: &&Network| network.configuration.as_deref() == Some(configuration);
        description.networks.iter().filter(is).count()
    };
    if of("3d_cascade_fullres") > 0 && of("3d_lowres") == 0 {
        let text =
            "3d_cascade_fullres takes the segmentation of 3d_lowres, which is not in the package";
        description.missing(text);
    }
    let mut tasks: Vec<&str> = places.iter().map(|place| &*place.task).collect();
    tasks.sort_unstable();
    tasks.dedup();
    if tasks.len() > 1 {
        let text = format!("there are models of several tasks: {}", tasks.join(", "));
        description.found(Finding::new(FindingKind::Odd, text));
    }
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
    description.name = description
        .name
        .take()
        .or_else(|| proposed_name(&place.task));
    let mut spare = None;
    let mut with_optimizer = 0;
    for (name, folder) in place.folds(package) {
        let mut fold = Fold {
            name,
            ..Fold::default()
        };
        let weights = file(package, &within(&folder, WEIGHTS));
        let settings = file(package, &within(&folder, SETTINGS));
        fold.complete = weights.is_some() && settings.is_some();
        fold.weights = weights.map(|file| file.path.clone());
        if let Some(weights) = weights
            && let Some(values) = pickled::read_torch(package, weights)?
        {
            let root = values.root();
            let epoch = root.get("epoch").and_then(|it| it.as_i64());
            fold.epochs = epoch.and_then(|epoch| u64::try_from(epoch).ok());
            with_optimizer += usize::from(
                root.get("optimizer_state_dict")
                    .is_some_and(|it| !it.is_none()),
            );
        }
        if let Some(settings) = settings
            && let Some(values) = pickled::read(package, settings)?
        {
            let root = values.root();
            let trainer = root.get("name").and_then(|it| it.as_str());
            network.trainer = network.trainer.or(trainer.map(str::to_owned));
            let plans = root.get("plans").map(plain);
            let init = root.get("init").map(plain);
            let finding = v1_plans::traces(plans.as_ref(), init.as_ref());
            description
                .findings
                .extend(finding.map(|finding| finding.at(&settings.path)));
            spare = spare.or(plans);
        }
        network.folds.push(fold);
    }
    let present: Vec<&str> = network.folds.iter().map(|fold| &*fold.name).collect();
    network.missing_folds = missing_folds(&present);
    let shown = if place.folder.is_empty() {
        "the package"
    } else {
        &place.folder
    };
    if !network.folds.iter().any(|fold| fold.complete) {
        description.missing(format!("{shown}: no fold has {WEIGHTS} and {SETTINGS}"));
    }
    if let Some(trainer) = network
        .trainer
        .as_ref()
        .filter(|name| !stock::is_of_v1(name))
    {
        tell_trainer(description, trainer, shown);
    }

    let path = within(&place.folder, "plans.pkl");
    let plans = match file(package, &path) {
        Some(file) => {
            let plans = pickled::read(package, file)?.map(|values| plain(values.root()));
            let finding = v1_plans::traces(plans.as_ref(), None);
            description
                .findings
                .extend(finding.map(|finding| finding.at(&file.path)));
            plans
        }
        None => {
            description.missing(format!("{path} is not there"));
            spare
        }
    };
    if let Some(plans) = plans {
        let stage = Stage::of(place.configuration.as_deref());
        v1_plans::describe(&plans, stage, description);
    }
    let postprocessing = within(&place.folder, "postprocessing.json");
    if let Some(results) = read_at(package, &postprocessing, description)?
        && let Some(score) = description.score(
            "mean foreground Dice",
            "cross-validation",
            mean_dice(&results),
        )
    {
        score.network = Some(place.folder.clone());
    }
    description.networks.push(network);
    Ok(with_optimizer)
}

/// Dice of all classes before postprocessing.
fn mean_dice(postprocessing: &Value) -> Option<f64> {
    let classes = postprocessing.get("dc_per_class_raw")?.members();
    let dice: Option<Vec<f64>> = classes.iter().map(|(_, dice)| dice.as_f64()).collect();
    let dice = dice.filter(|dice| !dice.is_empty())?;
    Some(dice.iter().sum::<f64>() / dice.len() as f64)
}

/// Names come from a dataset.json, which the exporter leaves out.
fn name_outputs(package: &Package, description: &mut Description) -> Result<(), PackageError> {
    if let Some(file) = named(package, "dataset.json").next()
        && let Some(value) = read(package, file, description)?
    {
        let mut one = Description::default();
        dataset::describe(&value, &mut one);
        let name = |output: &mut Output| {
            let named = one.outputs.iter().find(|other| other.value == output.value);
            output.name = named.and_then(|named| named.name.clone());
        };
        description.outputs.iter_mut().for_each(name);
        description.licence = one.licence;
        description.reference = one.reference;
        description.task = one.task;
    }
    if description
        .outputs
        .iter()
        .any(|output| output.name.is_none())
    {
        let text = "plans.pkl names no labels: whoever uploads it has to say what each number is";
        description.found(Finding::new(FindingKind::Odd, text));
    }
    Ok(())
}
