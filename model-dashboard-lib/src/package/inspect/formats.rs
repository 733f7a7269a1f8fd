//! Models in one file, or in TensorFlow's folder, by their formats.

use std::sync::Arc;

use super::PackageInspector;
use super::contents::{file, folder, models, named, within};
use super::description::{
    Configuration, Description, Output, Signature, Tensor, network_type, proposed_name,
};
use super::finding::{Finding, FindingKind};
use super::json;
use super::value::Value;
use crate::package::formats::{
    self, Dimension, FormatError, Gguf, Keras, Metadata, Onnx, Safetensors, SavedModel, TorchScript,
};
use crate::package::source::Source;
use crate::package::{Package, PackageError, PackageFile};

/// How many characters of a text are told, and how many texts.
const LONGEST: usize = 200;
const TOLD: usize = 30;

/// Models of a format.
#[derive(Debug, Clone, Copy)]
pub(super) struct OfFormat {
    /// The name of the inspector, which is the network type, too.
    name: &'static str,
    is_one: fn(&Metadata) -> bool,
}

/// One for each format.
pub(super) const ALL: [OfFormat; 7] = [
    OfFormat {
        name: "tensorflow",
        is_one: |it| matches!(it, Metadata::SavedModel(_)),
    },
    OfFormat {
        name: "Keras",
        is_one: |it| match it {
            Metadata::Hdf5(hdf5) => hdf5.keras.is_some(),
            it => matches!(it, Metadata::Keras(_)),
        },
    },
    OfFormat {
        name: "ONNX",
        is_one: |it| matches!(it, Metadata::Onnx(_)),
    },
    OfFormat {
        name: "TorchScript",
        is_one: |it| matches!(it, Metadata::TorchScript(_)),
    },
    OfFormat {
        name: "safetensors",
        is_one: |it| matches!(it, Metadata::Safetensors(_)),
    },
    OfFormat {
        name: "GGUF",
        is_one: |it| matches!(it, Metadata::Gguf(_)),
    },
    OfFormat {
        name: "HDF5",
        is_one: |it| matches!(it, Metadata::Hdf5(hdf5) if hdf5.keras.is_none()),
    },
];

impl OfFormat {
    /// The first file of the format, if all that are no documents are of it.
    fn find(self, package: &Package) -> Result<Option<(&PackageFile, Metadata)>, PackageError> {
        // A SavedModel is a folder with files of several kinds.
        if self.name == "tensorflow" {
            for file in named(package, "saved_model.pb") {
                let found = self.read(package, file)?;
                if found.is_some() {
                    return Ok(found);
                }
            }
            return Ok(None);
        }
        let mut first = None;
        for file in models(package) {
            match self.read(package, file)? {
                Some(found) => first = first.or(Some(found)),
                None => return Ok(None),
            }
        }
        Ok(first)
    }

    fn read<'a>(
        self,
        package: &Package,
        file: &'a PackageFile,
    ) -> Result<Option<(&'a PackageFile, Metadata)>, PackageError> {
        let read = formats::read(file.path.file_name(), &package.source(file)?);
        // What is wrong with it is told where all files are.
        let read = read.and_then(Result::ok).map(|model| model.metadata);
        Ok(read.filter(self.is_one).map(|metadata| (file, metadata)))
    }
}

impl PackageInspector for OfFormat {
    fn name(&self) -> &str {
        self.name
    }

    fn recognises(&self, package: &Package) -> Result<bool, PackageError> {
        Ok(self.find(package)?.is_some())
    }

    fn describe(&self, package: &Package) -> Result<Description, PackageError> {
        let mut description = Description::new(match self.name {
            "tensorflow" => "TensorFlow",
            name => name,
        });
        description.network_type = network_type(self.name);
        let Some((of, metadata)) = self.find(package)? else {
            return Ok(description);
        };
        let stem = of.path.file_name().rsplit_once('.').map(|(stem, _)| stem);
        description.name = stem.and_then(proposed_name);
        match metadata {
            Metadata::SavedModel(model) => {
                let folder = folder(of);
                let called = folder.rsplit('/').next().filter(|name| !name.is_empty());
                description.name = called.and_then(proposed_name);
                saved_model(package, folder, &model, &mut description);
            }
            Metadata::Keras(model) => keras(&model, &mut description),
            Metadata::Hdf5(model) => {
                description.fact("superblock_version", Some(model.superblock_version));
                model
                    .keras
                    .iter()
                    .for_each(|model| keras(model, &mut description));
            }
            Metadata::Onnx(model) => onnx(&model, &mut description),
            Metadata::Safetensors(model) => safetensors(&model, &mut description),
            Metadata::Gguf(model) => gguf(&model, &mut description),
            Metadata::TorchScript(model) => torchscript(&model, &mut description),
        }
        Ok(description)
    }
}

/// What formats say of a file of any package: code in it, and what keeps it from being read.
pub(super) fn find(file: &PackageFile, source: &Arc<dyn Source>, findings: &mut Vec<Finding>) {
    let found = match formats::read(file.path.file_name(), source) {
        None => return,
        Some(Ok(model)) => model.findings,
        Some(Err(error)) => {
            let text = error.to_string();
            let kind = match error {
                FormatError::Pointer => FindingKind::Missing,
                _ if is_data_alone(file) => FindingKind::Wrong,
                // It is never called clean.
                _ => FindingKind::Code,
            };
            let told = match kind {
                FindingKind::Code => format!("what it runs cannot be told: {text}"),
                _ => text,
            };
            findings.push(Finding::new(kind, told).at(&file.path));
            return;
        }
    };
    for of_file in found {
        let kind = match of_file.kind {
            formats::FindingKind::Odd => FindingKind::Odd,
            formats::FindingKind::Needs => FindingKind::Missing,
            _ => FindingKind::Code,
        };
        let place = Some(of_file.place).filter(|place| !place.is_empty());
        let finding = Finding::new(kind, of_file.what).at(&file.path);
        findings.push(finding.places(place));
    }
}

/// Whether a file is called as a format that cannot hold code.
fn is_data_alone(file: &PackageFile) -> bool {
    let name = file.path.file_name().to_ascii_lowercase();
    name.ends_with(".safetensors") || name.ends_with(".gguf")
}

fn shown(text: &str) -> String {
    text.chars().take(LONGEST).collect()
}

/// What else the writer of a file noted: facts, and among them licence and labels.
fn notes<'a>(
    notes: impl Iterator<Item = (&'a Box<str>, &'a Box<str>)>,
    description: &mut Description,
) {
    for (key, value) in notes.take(TOLD) {
        match &**key {
            "license" | "licence" => description.licence = Some(shown(value)),
            "labels" | "names" => {
                let labels = json::parse(value.as_bytes()).unwrap_or_default();
                description.outputs = outputs(&labels);
            }
            _ => {}
        }
        description.fact(&shown(key), Some(shown(value)));
    }
}

/// Labels as a map from numbers to names, or as a list in the order of the numbers.
fn outputs(labels: &Value) -> Vec<Output> {
    let named: Vec<(Option<u32>, &Value)> = match labels {
        Value::List(items) => (0..).map(Some).zip(items).collect(),
        map => map
            .members()
            .iter()
            .map(|(key, name)| (key.parse().ok(), name))
            .collect(),
    };
    let output = |(number, name): (Option<u32>, &Value)| {
        let number = number?;
        Some(Output {
            name: Some(name.as_str()?.to_owned()),
            value: Some(number),
            labels: vec![number],
        })
    };
    named.into_iter().filter_map(output).collect()
}

fn counts<'a>(types: impl Iterator<Item = (&'a Box<str>, &'a u64)>) -> Option<String> {
    let types: Vec<String> = types
        .map(|(name, count)| format!("{count} × {name}"))
        .collect();
    (!types.is_empty()).then(|| types.join(", "))
}

fn safetensors(model: &Safetensors, description: &mut Description) {
    notes(model.metadata.iter(), description);
    description.fact("tensors", Some(model.tensors));
    description.fact("parameters", Some(model.parameters));
    description.fact("types", counts(model.types.iter()));
}

fn gguf(model: &Gguf, description: &mut Description) {
    let text = |value: &Option<Box<str>>| value.as_deref().map(shown);
    description.task = text(&model.name);
    description.licence = text(&model.license);
    description.fact("gguf_version", Some(model.version));
    description.fact("architecture", text(&model.architecture));
    description.fact("context_length", model.context_length);
    description.fact("tensors", Some(model.tensors));
    description.fact("parameters", Some(model.parameters));
    description.fact("types", counts(model.types.iter()));
}

fn onnx(model: &Onnx, description: &mut Description) {
    let text = |value: &str| Some(shown(value)).filter(|value| !value.is_empty());
    description.task = text(&model.description);
    let producer = text(&model.producer_name).zip(text(&model.producer_version));
    description.made_with.extend(producer);
    notes(model.metadata.iter(), description);
    description.fact("ir_version", Some(model.ir_version));
    let opset = |domain: &str, version: &u64| match domain {
        "" => format!("ai.onnx {version}"),
        _ => format!("{} {version}", shown(domain)),
    };
    let opsets = model.opsets.iter().take(TOLD);
    let opsets: Vec<String> = opsets
        .map(|(domain, version)| opset(domain, version))
        .collect();
    description.fact("opsets", Some(opsets.join(", ")));
    description.fact("nodes", Some(model.nodes));
    description.fact("parameters", Some(model.parameters));
    let size = |size: &Dimension| size.to_string();
    let tensor = |tensor: &formats::Tensor| Tensor {
        name: tensor.name.to_string(),
        kind: tensor.kind.to_string(),
        shape: tensor
            .shape
            .as_ref()
            .map(|shape| shape.iter().map(size).collect()),
    };
    description.signatures.push(Signature {
        name: String::new(),
        inputs: model.inputs.iter().map(tensor).collect(),
        outputs: model.outputs.iter().map(tensor).collect(),
    });
}

fn keras(model: &Keras, description: &mut Description) {
    let text = |value: &Option<Box<str>>| value.as_deref().map(shown);
    description.framework_version = text(&model.keras_version);
    description.fact("date_saved", text(&model.date_saved));
    description.configurations.push(Configuration {
        name: text(&model.name).unwrap_or_default(),
        network_class: text(&model.class_name),
        ..Configuration::default()
    });
    let layers: Vec<String> = model.layers.iter().take(TOLD).map(|it| shown(it)).collect();
    description.fact("layers", (!layers.is_empty()).then(|| layers.join(", ")));
    if !model.inputs.is_empty() {
        let input = |shape: &Vec<Option<u64>>| Tensor {
            shape: Some(shape.iter().map(any_or).collect()),
            ..Tensor::default()
        };
        description.signatures.push(Signature {
            inputs: model.inputs.iter().map(input).collect(),
            ..Signature::default()
        });
    }
}

fn any_or(size: &Option<u64>) -> String {
    size.map_or_else(|| "?".to_owned(), |size| size.to_string())
}

fn torchscript(model: &TorchScript, description: &mut Description) {
    description.fact("version", model.version.as_deref().map(shown));
    for (name, text) in model.extra.iter().take(TOLD) {
        let value = text
            .as_ref()
            .map(|text| json::parse(text.as_bytes()).unwrap_or_default());
        let labels = value.as_ref().and_then(|value| value.get("labels"));
        if let Some(labels) = labels {
            description.outputs = outputs(labels);
        }
        description.fact(&format!("extra/{}", shown(name)), Some("is there"));
    }
}

fn saved_model(package: &Package, folder: &str, model: &SavedModel, description: &mut Description) {
    let tensor = |name: &str, spec: &formats::TensorSpec| Tensor {
        name: name.to_owned(),
        kind: spec.dtype.to_string(),
        shape: spec
            .shape
            .as_ref()
            .map(|shape| shape.iter().map(any_or).collect()),
    };
    for graph in &model.graphs {
        let version = Some(shown(&graph.tensorflow_version)).filter(|version| !version.is_empty());
        description.framework_version = description.framework_version.take().or(version);
        for (name, signature) in &graph.signatures {
            description.signatures.push(Signature {
                name: name.to_string(),
                inputs: signature
                    .inputs
                    .iter()
                    .map(|(name, of)| tensor(name, of))
                    .collect(),
                outputs: signature
                    .outputs
                    .iter()
                    .map(|(name, of)| tensor(name, of))
                    .collect(),
            });
        }
        for asset in &graph.assets {
            let path = within(folder, &format!("assets/{asset}"));
            if file(package, &path).is_none() {
                description.missing(format!("{path} is not there"));
            }
        }
    }
    let tags = |graph: &formats::MetaGraph| graph.tags.join(", ");
    let tags: Vec<String> = model.graphs.iter().map(tags).collect();
    description.fact("tags", Some(tags.join("; ")));
    let variables = within(folder, "variables/variables.");
    let starts = |end: &str| {
        let start = format!("{variables}{end}");
        package
            .files()
            .iter()
            .any(|file| file.path.as_str().starts_with(&start))
    };
    if starts("index") != starts("data-") {
        description.missing(format!(
            "{variables}index or {variables}data-… is not there"
        ));
    }
}
