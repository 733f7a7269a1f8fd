//! nnU-Net's `dataset.json`: labels and channels
//! (`nnunetv2/utilities/label_handling/label_handling.py`).

use crate::package::inspect::description::{Description, Output};
use crate::package::inspect::finding::{Finding, FindingKind};
use crate::package::inspect::value::Value;

/// The name of the label that is left out of training.
const IGNORE: &str = "ignore";

/// Reads what a `dataset.json` says of a model into its description.
pub(super) fn describe(dataset: &Value, description: &mut Description) {
    let text = |key: &str| dataset.get(key).and_then(Value::to_text);
    labels(dataset, description);
    description.channels = channels(dataset);
    let is_ct = |name: &String| name.eq_ignore_ascii_case("CT");
    if description.channels.iter().any(is_ct) {
        description.modality = Some("CT".to_owned());
    }
    description.licence = text("licence").or_else(|| text("license"));
    description.reference = text("reference");
    description.task = text("description").or_else(|| text("name"));
    description.fact("file_ending", text("file_ending"));
    description.fact(
        "training_cases",
        dataset.get("numTraining").and_then(Value::to_text),
    );
}

/// The channels by their numbers; `modality` is what they were called before.
fn channels(dataset: &Value) -> Vec<String> {
    let named = dataset
        .get("channel_names")
        .or_else(|| dataset.get("modality"));
    by_number(named.unwrap_or(&Value::Null))
}

/// Names of a map from numbers to names, sorted by number.
pub(super) fn by_number(map: &Value) -> Vec<String> {
    let numbered =
        |(key, value): &(String, Value)| Some((key.parse::<u32>().ok()?, value.to_text()?));
    let mut names: Vec<_> = map.members().iter().filter_map(numbered).collect();
    names.sort_by_key(|(number, _)| *number);
    names.into_iter().map(|(_, name)| name).collect()
}

/// The numbers of a label: one, or those of a region.
fn numbers(value: &Value) -> Vec<u32> {
    match value {
        Value::List(items) => items.iter().filter_map(Value::as_u32).collect(),
        one => one.as_u32().into_iter().collect(),
    }
}

fn labels(dataset: &Value, description: &mut Description) {
    let labels = dataset.get("labels").unwrap_or(&Value::Null).members();
    if labels.iter().all(|(_, value)| value.as_str().is_some()) {
        description.outputs = number_first(labels);
        return;
    }
    let is_ignore = |(name, value): &&(String, Value)| name == IGNORE && value.as_u32() != Some(0);
    let ignored = labels.iter().find(is_ignore);
    description.ignored_label = ignored.and_then(|(_, value)| value.as_u32());
    let has_regions = labels.iter().any(|(_, value)| value.items().len() > 1);
    let trained = labels.iter().filter(|label| !is_ignore(label));
    let trained = trained.map(|(name, value)| Output {
        name: Some(name.clone()),
        value: None,
        labels: numbers(value),
    });
    if !has_regions {
        let mut outputs: Vec<Output> = trained
            .map(|output| Output {
                value: output.labels.first().copied(),
                ..output
            })
            .collect();
        outputs.sort_by_key(|output| output.value);
        description.outputs = outputs;
        return;
    }
    // Of regions, the n-th that is not the background is written as the n-th number of the order.
    let regions: Vec<Output> = trained
        .filter(|it| it.labels.iter().any(|label| *label != 0))
        .collect();
    let order = dataset
        .get("regions_class_order")
        .map(numbers)
        .unwrap_or_default();
    if order.len() != regions.len() {
        description.found(Finding::new(
            FindingKind::Missing,
            "labels of dataset.json are regions, and regions_class_order does not have a number \
             for each",
        ));
    }
    let mut order = order.into_iter();
    description.outputs = regions
        .into_iter()
        .map(|output| Output {
            value: order.next(),
            ..output
        })
        .collect();
}

/// As nnU-Net 1 writes them: `{"0": "background", "1": "liver"}`.
fn number_first(labels: &[(String, Value)]) -> Vec<Output> {
    let read = |(key, value): &(String, Value)| {
        let number = key.parse().ok()?;
        Some(Output {
            name: Some(value.to_text()?),
            value: Some(number),
            labels: vec![number],
        })
    };
    let mut outputs: Vec<Output> = labels.iter().filter_map(read).collect();
    outputs.sort_by_key(|output| output.value);
    outputs
}
