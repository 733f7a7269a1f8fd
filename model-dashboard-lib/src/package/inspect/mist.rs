//! MIST, in the three shapes that its packages have had.

use super::PackageInspector;
use super::contents::{file, folder, named, peek, read, within};
use super::description::{
    Configuration, Description, Fold, Network, Output, network_type, proposed_name,
};
use super::finding::{Finding, FindingKind};
use super::value::Value;
use crate::package::{Package, PackageError, PackageFile};

/// Packages of MIST: `config.json` and `models/fold_N.pt`, before version 1 with
/// `models/model_config.json`.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Mist;

impl PackageInspector for Mist {
    fn name(&self) -> &str {
        "MIST"
    }

    fn recognises(&self, package: &Package) -> Result<bool, PackageError> {
        Ok(config(package)?.is_some())
    }

    fn describe(&self, package: &Package) -> Result<Description, PackageError> {
        let mut description = Description::new("MIST");
        description.network_type = network_type("MIST");
        let Some(config_file) = config(package)? else {
            return Ok(description);
        };
        let Some(config) = read(package, config_file, &mut description)? else {
            return Ok(description);
        };
        let root = folder(config_file);
        let older = older_network(package, config_file, &mut description)?;
        if config.get("model").is_none() && older.is_none() {
            let path = within(root, "models/model_config.json");
            description.missing(format!(
                "{path} is not there, which says how the network is built"
            ));
        }
        describe(&config, &older.unwrap_or_default(), &mut description);
        let planned = config.at(&["training", "nfolds"]).and_then(Value::as_u64);
        networks(package, root, planned, &mut description);
        Ok(description)
    }
}

/// The configuration, by what is in it.
fn config(package: &Package) -> Result<Option<&PackageFile>, PackageError> {
    for file in named(package, "config.json") {
        let Some(config) = peek(package, file)? else {
            continue;
        };
        let has = |key: &str| config.get(key).is_some();
        if has("mist_version") || (has("final_classes") && has("labels") && has("modality")) {
            return Ok(Some(file));
        }
    }
    Ok(None)
}

/// What versions before 1 keep apart: beside the weights as a rule, elsewhere in older uploads.
fn older_network(
    package: &Package,
    config: &PackageFile,
    description: &mut Description,
) -> Result<Option<Value>, PackageError> {
    let path = within(folder(config), "models/model_config.json");
    let found = file(package, &path).or_else(|| named(package, "model_config.json").next());
    match found {
        Some(file) => read(package, file, description),
        None => Ok(None),
    }
}

fn describe(config: &Value, older: &Value, description: &mut Description) {
    // The same things have had three places.
    let find = |ways: &[&[&str]]| -> &Value {
        let of_config = ways.iter().find_map(|way| config.at(way));
        let found = of_config.or_else(|| ways.iter().find_map(|way| older.at(way)));
        found.unwrap_or(&Value::Null)
    };
    description.framework_version = find(&[&["mist_version"]]).to_text();
    let task = find(&[&["dataset_info", "task"], &["task"]]).to_text();
    description.name = task.as_deref().and_then(proposed_name);
    description.task = task;
    let modality = find(&[&["dataset_info", "modality"], &["modality"]]).to_text();
    description.modality = modality.map(|modality| modality.to_uppercase());
    let images = find(&[&["dataset_info", "images"], &["images"]]);
    description.channels = match images {
        Value::Map(members) => members.iter().map(|(name, _)| name.clone()).collect(),
        list => list.texts(),
    };
    description.outputs = outputs(config);
    let architecture = find(&[&["model", "architecture"], &["model_name"]]).to_text();
    let patch_size = find(&[
        &["spatial_config", "patch_size"],
        &["model", "params", "patch_size"],
        &["patch_size"],
    ]);
    let spacing = find(&[
        &["spatial_config", "target_spacing"],
        &["model", "params", "target_spacing"],
        &["target_spacing"],
    ]);
    let batch_size = find(&[&["training", "batch_size_per_gpu"]]);
    description.configurations.push(Configuration {
        name: architecture.clone().unwrap_or_else(|| "MIST".to_owned()),
        patch_size: patch_size.whole_numbers(),
        spacing: spacing.numbers(),
        axes: Some("xyz".to_owned()),
        batch_size: batch_size.as_u64(),
        network_class: architecture,
        ..Configuration::default()
    });
    let params = &["model", "params"];
    let channels =
        |newer: &str, older: &str| find(&[&[params[0], params[1], newer], &[older]]).as_u64();
    description.fact("in_channels", channels("in_channels", "n_channels"));
    description.fact("out_channels", channels("out_channels", "n_classes"));
}

/// Classes are made of labels and may share some.
fn outputs(config: &Value) -> Vec<Output> {
    let newest =
        |(name, class): &(String, Value)| Some((name.clone(), class.get("labels")?.clone()));
    let evaluation = config.get("evaluation").unwrap_or(&Value::Null);
    let older = evaluation
        .get("final_classes")
        .or_else(|| config.get("final_classes"));
    let classes: Vec<(String, Value)> = match older {
        Some(classes) => classes.members().to_vec(),
        None => evaluation.members().iter().filter_map(newest).collect(),
    };
    let labels = |value: &Value| value.items().iter().filter_map(Value::as_u32).collect();
    let class = |(name, value): (String, Value)| Output {
        name: Some(name),
        value: None,
        labels: labels(&value),
    };
    let outputs: Vec<Output> = classes.into_iter().map(class).collect();
    if !outputs.is_empty() {
        return outputs;
    }
    let numbers = config
        .at(&["dataset_info", "labels"])
        .or_else(|| config.get("labels"));
    let numbers: Vec<u32> = numbers.map(labels).unwrap_or_default();
    let unnamed = |number| Output {
        name: None,
        value: Some(number),
        labels: vec![number],
    };
    numbers
        .into_iter()
        .filter(|number| *number != 0)
        .map(unnamed)
        .collect()
}

fn networks(package: &Package, root: &str, planned: Option<u64>, description: &mut Description) {
    let models = within(root, "models");
    let mut network = Network {
        folder: root.to_owned(),
        configuration: description.configurations.first().map(|it| it.name.clone()),
        ..Network::default()
    };
    for file in package.files().iter().filter(|file| folder(file) == models) {
        let name = file.path.file_name();
        let fold = name
            .strip_prefix("fold_")
            .and_then(|name| name.strip_suffix(".pt"));
        network.folds.extend(fold.map(|fold| Fold {
            name: fold.to_owned(),
            complete: true,
            weights: Some(file.path.clone()),
            ..Fold::default()
        }));
    }
    network.folds.sort_by(|a, b| a.name.cmp(&b.name));
    let planned = (0..planned.unwrap_or(0).min(100)).map(|fold| fold.to_string());
    let is_missing = |fold: &String| !network.folds.iter().any(|it| it.name == *fold);
    network.missing_folds = planned.filter(is_missing).collect();
    if network.folds.is_empty() {
        description.missing(format!("there is no {models}/fold_N.pt"));
    }
    let checkpoints = within(root, "checkpoints");
    if package
        .files()
        .iter()
        .any(|file| folder(file) == checkpoints)
    {
        let text = format!("{checkpoints}/ is for going on with a training alone");
        description.found(Finding::new(FindingKind::Odd, text));
    }
    description.networks.push(network);
}
