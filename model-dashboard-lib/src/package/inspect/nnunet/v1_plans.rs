//! nnU-Net 1's `plans.pkl` (`nnunet/experiment_planning/experiment_planner_baseline_3DUNet.py`).

use super::dataset::by_number;
use super::plans::axes;
use crate::package::inspect::description::{Configuration, Description, Output};
use crate::package::inspect::finding::{Finding, FindingKind};
use crate::package::inspect::traces::{counted, is_place};
use crate::package::inspect::value::Value;

/// Which of the stages a configuration is: plans hold one, or two where there is a cascade.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stage<'a> {
    configuration: &'a str,
}

impl<'a> Stage<'a> {
    /// TotalSegmentator's packages do not say it: they are `3d_fullres`.
    pub(super) fn of(configuration: Option<&'a str>) -> Self {
        Self {
            configuration: configuration.unwrap_or("3d_fullres"),
        }
    }

    fn find(self, plans: &Value) -> Option<&Value> {
        let stages = plans.get("plans_per_stage")?;
        let mut numbered: Vec<(u32, &Value)> = match stages {
            Value::List(items) => (0..).zip(items).collect(),
            map => {
                let members = map.members().iter();
                members
                    .filter_map(|(key, stage)| Some((key.parse().ok()?, stage)))
                    .collect()
            }
        };
        numbered.sort_by_key(|(number, _)| *number);
        let found = match self.configuration {
            "3d_lowres" | "2d" => numbered.first(),
            _ => numbered.last(),
        };
        found.map(|(_, stage)| *stage)
    }
}

/// Reads what plans say of a network into its description.
pub(super) fn describe(plans: &Value, stage: Stage<'_>, description: &mut Description) {
    let get = |key: &str| plans.get(key).unwrap_or(&Value::Null);
    description.channels = by_number(get("modalities"));
    if description
        .channels
        .iter()
        .any(|name| name.eq_ignore_ascii_case("CT"))
    {
        description.modality = Some("CT".to_owned());
    }
    if description.outputs.is_empty() {
        let output = |number: &Value| {
            let number = number.as_u32()?;
            Some(Output {
                name: None,
                value: Some(number),
                labels: vec![number],
            })
        };
        description.outputs = get("all_classes")
            .items()
            .iter()
            .filter_map(output)
            .collect();
    }
    description.fact("preprocessor", get("preprocessor_name").to_text());
    let Some(found) = stage.find(plans) else {
        description.missing("the plans have no stages");
        return;
    };
    let patch_size = found
        .get("patch_size")
        .map(Value::whole_numbers)
        .unwrap_or_default();
    let axes = axes(plans);
    let axes = axes.get(axes.len().saturating_sub(patch_size.len())..);
    let spacing = found
        .get("current_spacing")
        .map(Value::numbers)
        .unwrap_or_default();
    let cascade = stage.configuration == "3d_cascade_fullres";
    let configuration = Configuration {
        name: stage.configuration.to_owned(),
        axes: axes.filter(|_| !patch_size.is_empty()).map(str::to_owned),
        patch_size,
        spacing,
        batch_size: found.get("batch_size").and_then(Value::as_u64),
        normalization: by_number(get("normalization_schemes")),
        previous_stage: cascade.then(|| "3d_lowres".to_owned()),
        ..Configuration::default()
    };
    if !description.configurations.contains(&configuration) {
        description.configurations.push(configuration);
    }
}

/// What plans and a trainer's settings say of patients and computers.
pub(super) fn traces(plans: Option<&Value>, init: Option<&Value>) -> Option<Finding> {
    let mut places = Vec::new();
    let mut cases = 0;
    if let Some(plans) = plans {
        let files = plans
            .get("list_of_npz_files")
            .map_or(0, |files| files.items().len());
        if files > 0 {
            places.push("list_of_npz_files".to_owned());
        }
        let per_channel = plans.at(&["dataset_properties", "intensityproperties"]);
        let first = per_channel.and_then(|channels| channels.members().first());
        let named = first.and_then(|(_, channel)| channel.get("local_props"));
        let named = named.map_or(0, |cases| cases.members().len());
        if named > 0 {
            places.push("dataset_properties.intensityproperties".to_owned());
        }
        cases = files.max(named);
        let folder = plans
            .get("preprocessed_data_folder")
            .and_then(Value::as_str);
        if folder.is_some_and(is_place) {
            places.push("preprocessed_data_folder".to_owned());
        }
    }
    let of_a_computer = |item: &Value| item.as_str().is_some_and(is_place);
    if init.is_some_and(|init| init.items().iter().any(of_a_computer)) {
        places.push("init".to_owned());
    }
    let text = match cases {
        0 if places.is_empty() => return None,
        0 => "it names folders of the computer that trained the model".to_owned(),
        _ => format!(
            "it names {}, and folders of the computer that trained the model",
            counted(cases, "case")
        ),
    };
    Some(Finding::new(FindingKind::Leak, text).places(places))
}
