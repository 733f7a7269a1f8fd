//! MONAI bundles, of which VISTA3D is one.

mod code;
mod yaml;

use super::PackageInspector;
use super::contents::{MAX_TEXT, file, folder, named, peek, read, read_at, split, within};
use super::description::{
    Configuration, Description, Fold, Network, Output, network_type, proposed_name,
};
use super::finding::{Finding, FindingKind};
use super::licence;
use super::value::Value;
use crate::package::{Package, PackageError, PackageFile};

/// From so many names for one channel on, a model finds what it is asked for: VISTA3D.
const ASKED_FOR: usize = 100;

/// MONAI bundles: `configs/metadata.json` and `models/model.pt`.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Monai;

impl PackageInspector for Monai {
    fn name(&self) -> &str {
        "MONAI"
    }

    fn recognises(&self, package: &Package) -> Result<bool, PackageError> {
        Ok(metadata(package)?.is_some())
    }

    fn describe(&self, package: &Package) -> Result<Description, PackageError> {
        let mut description = Description::new("MONAI");
        let Some(metadata_file) = metadata(package)? else {
            return Ok(description);
        };
        let root = split(folder(metadata_file)).0;
        let Some(metadata) = read(package, metadata_file, &mut description)? else {
            return Ok(description);
        };
        describe(&metadata, root, &mut description);
        labels(package, root, &metadata, &mut description)?;
        description.licence = licence::of_folder(package, root)?;
        let inference = inference(package, root, &mut description)?;
        description
            .configurations
            .push(configuration(&metadata, &inference));
        let is_vista = is_vista3d(root, &metadata, &description);
        description.network_type = network_type(if is_vista { "vista3d" } else { "MONAI" });
        weights(package, root, &mut description)?;
        code::find(package, root, &mut description)?;
        Ok(description)
    }
}

/// The bundle's description of itself, by what is in it.
fn metadata(package: &Package) -> Result<Option<&PackageFile>, PackageError> {
    for file in named(package, "metadata.json") {
        if split(folder(file)).1 != "configs" {
            continue;
        }
        let metadata = peek(package, file)?.unwrap_or_default();
        let has = |key: &str| metadata.get(key).is_some();
        if has("monai_version") || has("network_data_format") {
            return Ok(Some(file));
        }
    }
    Ok(None)
}

fn describe(metadata: &Value, root: &str, description: &mut Description) {
    let text = |key: &str| metadata.get(key).and_then(Value::to_text);
    description.framework_version = text("monai_version");
    description.version = text("version");
    description.task = text("task");
    let called = Some(split(root).1.to_owned()).filter(|name| !name.is_empty());
    description.name = called
        .or_else(|| text("name"))
        .as_deref()
        .and_then(proposed_name);
    let package = |key: &str, name: &str| Some((name.to_owned(), text(key)?));
    description
        .made_with
        .extend(package("pytorch_version", "torch"));
    description
        .made_with
        .extend(package("numpy_version", "numpy"));
    for key in ["required_packages_version", "optional_packages_version"] {
        for (name, version) in metadata.get(key).unwrap_or(&Value::Null).members() {
            let version = version.to_text().map(|version| (name.clone(), version));
            description.made_with.extend(version);
        }
    }
    for key in ["authors", "copyright", "intended_use"] {
        description.fact(key, text(key));
    }
    for (measure, value) in metadata
        .get("eval_metrics")
        .unwrap_or(&Value::Null)
        .members()
    {
        description.score(measure, "evaluation", value.as_f64());
    }
    let image = first(metadata, "inputs", "image");
    description.modality = image.get("modality").and_then(Value::to_text);
    description.channels = numbered(image.get("channel_def"))
        .into_iter()
        .map(|(_, name)| name)
        .collect();
    let channels = first(metadata, "outputs", "pred")
        .get("num_channels")
        .and_then(Value::as_u64);
    description.fact(
        "in_channels",
        image.get("num_channels").and_then(Value::as_u64),
    );
    description.fact("out_channels", channels);
}

/// An input or output: the one that is called so as a rule, or the first one.
fn first<'a>(metadata: &'a Value, side: &str, name: &str) -> &'a Value {
    let side = metadata
        .at(&["network_data_format", side])
        .unwrap_or(&Value::Null);
    let first = || side.members().first().map(|(_, value)| value);
    side.get(name).or_else(first).unwrap_or(&Value::Null)
}

/// Names by number, from `{"0": "background"}` or the other way around.
fn numbered(names: Option<&Value>) -> Vec<(u32, String)> {
    let one = |(key, value): &(String, Value)| match (key.parse(), value) {
        (Ok(number), value) => Some((number, value.to_text()?)),
        (Err(_), value) => Some((value.as_u32()?, key.clone())),
    };
    let members = names.unwrap_or(&Value::Null).members();
    let mut names: Vec<(u32, String)> = members.iter().filter_map(one).collect();
    names.sort_by_key(|(number, _)| *number);
    names
}

/// Labels are the channels of the output, whatever their number; where the metadata lacks them they
/// stand in `docs/labels.json`.
fn labels(
    package: &Package,
    root: &str,
    metadata: &Value,
    description: &mut Description,
) -> Result<(), PackageError> {
    let mut names = numbered(first(metadata, "outputs", "pred").get("channel_def"));
    let path = within(root, "docs/labels.json");
    let beside = numbered(read_at(package, &path, description)?.as_ref());
    if names.is_empty() {
        names = beside;
    } else if !beside.is_empty() {
        let other = |(number, name): &&(u32, String)| {
            names
                .iter()
                .any(|(it, called)| it == number && !called.eq_ignore_ascii_case(name))
        };
        let differing = beside.iter().filter(other).count();
        if differing > 0 {
            let text = format!(
                "{differing} of its labels are called otherwise in configs/metadata.json, whose names are told"
            );
            let finding = Finding::new(FindingKind::Odd, text);
            let file = file(package, &path);
            description
                .findings
                .extend(file.map(|file| finding.at(&file.path)));
        }
    }
    let output = |(number, name)| Output {
        name: Some(name),
        value: Some(number),
        labels: vec![number],
    };
    description.outputs = names.into_iter().map(output).collect();
    Ok(())
}

/// What the bundle runs to segment, if it is in JSON.
fn inference(
    package: &Package,
    root: &str,
    description: &mut Description,
) -> Result<Value, PackageError> {
    let path = |end: &str| within(root, &format!("configs/inference.{end}"));
    let json = read_at(package, &path("json"), description)?;
    let is_there = |end: &str| file(package, &path(end)).is_some();
    if json.is_none() && !["json", "yaml", "yml"].into_iter().any(is_there) {
        description
            .missing("there is no configs/inference.json or .yaml, which says how to run it");
    }
    Ok(json.unwrap_or_default())
}

fn configuration(metadata: &Value, inference: &Value) -> Configuration {
    let mut spacing = Vec::new();
    let mut roi_size = Vec::new();
    look_through(inference, &mut |members| {
        let target = members
            .get("_target_")
            .and_then(Value::as_str)
            .unwrap_or_default();
        if spacing.is_empty() && target.rsplit('.').next() == Some("Spacingd") {
            spacing = members
                .get("pixdim")
                .map(Value::numbers)
                .unwrap_or_default();
        }
        if roi_size.is_empty() && target.ends_with("Inferer") {
            roi_size = members
                .get("roi_size")
                .map(Value::whole_numbers)
                .unwrap_or_default();
        }
    });
    if roi_size.is_empty() {
        let shape = first(metadata, "inputs", "image").get("spatial_shape");
        roi_size = shape.map(Value::whole_numbers).unwrap_or_default();
    }
    let class = |key: &str| inference.at(&[key, "_target_"]).and_then(Value::to_text);
    Configuration {
        name: "inference".to_owned(),
        patch_size: roi_size,
        spacing,
        axes: Some("xyz".to_owned()),
        network_class: class("network_def").or_else(|| class("network")),
        ..Configuration::default()
    }
}

/// Visits every map, from the outermost on.
fn look_through(value: &Value, visit: &mut dyn FnMut(&Value)) {
    if !value.members().is_empty() {
        visit(value);
    }
    let members = value.members().iter().map(|(_, member)| member);
    members
        .chain(value.items())
        .for_each(|inner| look_through(inner, visit));
}

fn is_vista3d(root: &str, metadata: &Value, description: &Description) -> bool {
    let says = |text: &str| text.to_ascii_lowercase().contains("vista3d");
    let name = metadata.get("name").and_then(Value::as_str);
    let class = description
        .configurations
        .iter()
        .find_map(|it| it.network_class.as_deref());
    let channels = description.facts.get("out_channels").map(String::as_str);
    [Some(split(root).1), name, class]
        .into_iter()
        .flatten()
        .any(says)
        || (channels == Some("1") && description.outputs.len() >= ASKED_FOR)
}

fn weights(
    package: &Package,
    root: &str,
    description: &mut Description,
) -> Result<(), PackageError> {
    let model = file(package, &within(root, "models/model.pt"));
    let fold = Fold {
        name: "model".to_owned(),
        complete: model.is_some(),
        weights: model.map(|file| file.path.clone()),
        ..Fold::default()
    };
    description.networks.push(Network {
        folder: root.to_owned(),
        configuration: Some("inference".to_owned()),
        folds: vec![fold],
        ..Network::default()
    });
    let mut is_told = false;
    for end in ["yml", "yaml", "json"] {
        let Some(list) = file(package, &within(root, &format!("large_files.{end}"))) else {
            continue;
        };
        let bytes = package.read_whole(list, MAX_TEXT)?;
        for (path, url) in yaml::large_files(&String::from_utf8_lossy(&bytes)) {
            if file(package, &within(root, &path)).is_none() {
                is_told |= path == "models/model.pt";
                let text = format!("{path} is not there, it has to be fetched from {url}");
                description.found(Finding::new(FindingKind::Missing, text).at(&list.path));
            }
        }
    }
    if model.is_none() && !is_told {
        description.missing("there is no models/model.pt");
    }
    Ok(())
}
