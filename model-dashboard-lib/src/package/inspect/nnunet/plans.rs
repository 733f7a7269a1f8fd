//! nnU-Net 2's `plans.json` (`nnunetv2/utilities/plans_handling/plans_handler.py`).

use super::classes::is_network;
use crate::package::PackagePath;
use crate::package::inspect::description::Configuration;
use crate::package::inspect::finding::{Finding, FindingKind};
use crate::package::inspect::value::Value;

/// What plans without `architecture` call their networks, and what nnU-Net makes of it.
const OLDER_CLASSES: &[&str] = &["PlainConvUNet", "ResidualEncoderUNet"];

/// More configurations than this are no plans of nnU-Net, which have a handful.
const CONFIGURATIONS: usize = 200;

/// More members than this has no configuration of nnU-Net, which have about twenty.
const MEMBERS: usize = 1_000;

/// The configurations in the order of the file, each with what it inherits.
pub(super) fn configurations(plans: &Value, findings: &mut Vec<Finding>) -> Vec<Configuration> {
    let all = all(plans);
    let axes = axes(plans);
    let mut read = Vec::with_capacity(all.len());
    for (name, _) in all {
        let mut members = Vec::new();
        if let Err(text) = inherit(all, name, 0, &mut members) {
            findings.push(Finding::new(FindingKind::Missing, text));
        }
        read.push(configuration(name, &Value::Map(members), &axes));
    }
    read
}

/// The configurations as they stand there, as many as are read.
fn all(plans: &Value) -> &[(String, Value)] {
    let all = plans.get("configurations").unwrap_or(&Value::Null);
    let all = all.members();
    all.get(..CONFIGURATIONS).unwrap_or(all)
}

/// Adds a configuration's members; what it inherits comes first and is replaced as a whole.
fn inherit(
    all: &[(String, Value)],
    name: &str,
    depth: usize,
    members: &mut Vec<(String, Value)>,
) -> Result<(), String> {
    let own = all
        .iter()
        .find(|(other, _)| other == name)
        .map(|(_, own)| own);
    let Some(own) = own else {
        return Err(format!(
            "the plans have no configuration {name}, from which another inherits"
        ));
    };
    if depth > all.len() {
        return Err(format!(
            "the configuration {name} of the plans inherits from itself"
        ));
    }
    if let Some(parent) = own.get("inherits_from").and_then(Value::as_str) {
        inherit(all, parent, depth + 1, members)?;
    }
    let own = own.members();
    for (key, value) in own.get(..MEMBERS).unwrap_or(own) {
        match members.iter_mut().find(|(other, _)| other == key) {
            Some(member) => member.1 = value.clone(),
            None => members.push((key.clone(), value.clone())),
        }
    }
    Ok(())
}

fn configuration(name: &str, members: &Value, axes: &str) -> Configuration {
    let text = |key: &str| members.get(key).and_then(Value::to_text);
    let patch_size = members
        .get("patch_size")
        .map(Value::whole_numbers)
        .unwrap_or_default();
    // A network in two dimensions takes slices along the first axis.
    let axes = axes.get(axes.len().saturating_sub(patch_size.len())..);
    let class = members
        .at(&["architecture", "network_class_name"])
        .and_then(Value::to_text);
    let older = || text("UNet_class_name").map(older_class);
    Configuration {
        name: name.to_owned(),
        spacing: members
            .get("spacing")
            .map(Value::numbers)
            .unwrap_or_default(),
        axes: axes.filter(|_| !patch_size.is_empty()).map(str::to_owned),
        patch_size,
        batch_size: members.get("batch_size").and_then(Value::as_u64),
        normalization: members
            .get("normalization_schemes")
            .map(Value::texts)
            .unwrap_or_default(),
        network_class: class.or_else(older),
        previous_stage: text("previous_stage"),
    }
}

fn older_class(name: String) -> String {
    match OLDER_CLASSES.contains(&&*name) {
        true => format!("dynamic_network_architectures.architectures.unet.{name}"),
        false => name,
    }
}

/// The axes in the order in which the network sees them: images are read as z, y, x and may be
/// turned.
pub(super) fn axes(plans: &Value) -> String {
    let turned = plans.get("transpose_forward").map(Value::whole_numbers);
    let letter = |axis: &u64| "zyx".chars().nth(usize::try_from(*axis).ok()?);
    let turned: Option<String> = turned.and_then(|axes| axes.iter().map(letter).collect());
    turned
        .filter(|axes| axes.len() == 3)
        .unwrap_or_else(|| "zyx".to_owned())
}

/// Names in the plans that nnU-Net imports and that are no networks or layers.
pub(super) fn code(plans: &Value, path: &PackagePath, findings: &mut Vec<Finding>) {
    let given = plans.get("configurations").unwrap_or(&Value::Null);
    if given.members().len() > CONFIGURATIONS {
        let text = "it has more configurations than are read: what they import cannot be told";
        findings.push(Finding::new(FindingKind::Code, text).at(path));
    }
    for (name, configuration) in all(plans) {
        if configuration.members().len() > MEMBERS {
            let text = "it has more members than are read: what they import cannot be told";
            let finding = Finding::new(FindingKind::Code, text).at(path);
            findings.push(finding.places([format!("configurations.{name}")]));
        }
        let Some(architecture) = configuration.get("architecture") else {
            continue;
        };
        let way = format!("configurations.{name}.architecture");
        let mut tell = |place: String, value: &Value| {
            let Some(class) = value.as_str().filter(|class| !is_network(class)) else {
                return;
            };
            let text =
                format!("{class:?} is imported when the model runs, and is no network or layer");
            let finding = Finding::new(FindingKind::Code, text);
            findings.push(finding.at(path).places([place]));
        };
        if let Some(class) = architecture.get("network_class_name") {
            tell(format!("{way}.network_class_name"), class);
        }
        let imported = architecture.get("_kw_requires_import");
        let keywords: Option<Vec<&str>> = match imported {
            None => Some(Vec::new()),
            Some(Value::List(items)) => items.iter().map(Value::as_str).collect(),
            Some(_) => None,
        };
        let Some(keywords) = keywords else {
            let text = "what else is imported is listed otherwise than nnU-Net does";
            let finding = Finding::new(FindingKind::Code, text).at(path);
            findings.push(finding.places([format!("{way}._kw_requires_import")]));
            continue;
        };
        for keyword in keywords {
            if let Some(value) = architecture.at(&["arch_kwargs", keyword]) {
                tell(format!("{way}.arch_kwargs.{keyword}"), value);
            }
        }
    }
}
