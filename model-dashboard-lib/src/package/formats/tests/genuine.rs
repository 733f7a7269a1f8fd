//! Files that the frameworks wrote: the same is read from them as the frameworks read.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::*;
use crate::package::Package;
use crate::package::archive::ArchiveLimits;

fn expected(name: &str) -> Value {
    serde_json::from_slice(&bytes(&format!("genuine/{name}.expected.json"))).unwrap()
}

fn sum(shape: &Value) -> u64 {
    let sizes = shape.as_array().unwrap().iter();
    sizes.map(|size| size.as_u64().unwrap()).product()
}

/// How many tensors there are of each type, in the framework's names for types.
fn types(tensors: &Value, key: &str, name: impl Fn(&str) -> String) -> BTreeMap<Box<str>, u64> {
    let mut types = BTreeMap::new();
    for tensor in tensors.as_object().unwrap().values() {
        let of = name(tensor[key].as_str().unwrap()).into();
        *types.entry(of).or_default() += 1;
    }
    types
}

#[test]
fn safetensors_are_read_as_their_library_reads_them() {
    let expected = expected("weights.safetensors");
    let file = file("genuine/weights.safetensors");
    let Metadata::Safetensors(found) = file.metadata else {
        panic!("{file:?}")
    };
    assert_eq!(json!(found.metadata), expected["metadata"]);
    assert_eq!(found.parameters, expected["parameters"]);
    let name = |dtype: &str| {
        let float = |dtype: &str| dtype.replace("float", "F").replace("int", "I");
        dtype.strip_prefix("bf").map_or_else(
            || float(dtype),
            |rest| format!("B{}", float(&format!("f{rest}"))),
        )
    };
    assert_eq!(found.types, types(&expected["tensors"], "dtype", name));
    assert_eq!(found.tensors, found.types.values().sum::<u64>());
    assert_eq!(file.findings, []);
}

#[test]
fn gguf_is_read_as_its_library_reads_it() {
    let expected = expected("language.gguf");
    let file = file("genuine/language.gguf");
    let Metadata::Gguf(found) = file.metadata else {
        panic!("{file:?}")
    };
    assert_eq!(found.version, expected["version"]);
    assert_eq!(json!(found.architecture), expected["architecture"]);
    assert_eq!(json!(found.name), expected["name"]);
    assert_eq!(json!(found.license), expected["license"]);
    assert_eq!(
        found.types,
        types(&expected["tensors"], "type", str::to_owned)
    );
    let tensors = expected["tensors"].as_object().unwrap();
    assert_eq!(
        found.parameters,
        tensors.values().map(|it| sum(&it["shape"])).sum::<u64>()
    );
    assert_eq!(
        found.keys,
        expected["keys"].as_array().unwrap().len() as u64
    );
    assert_eq!(found.context_length, Some(64));
    assert_eq!(file.findings, []);
}

#[test]
fn onnx_is_read_as_its_runtime_reads_it() {
    let expected = expected("segmentation.onnx");
    let file = file("genuine/segmentation.onnx");
    let Metadata::Onnx(found) = file.metadata else {
        panic!("{file:?}")
    };
    for (what, value) in [
        ("ir_version", json!(found.ir_version)),
        ("producer_name", json!(found.producer_name)),
        ("producer_version", json!(found.producer_version)),
        ("opsets", json!(found.opsets)),
        ("metadata_props", json!(found.metadata)),
        ("initializers", json!(found.initializers)),
        ("inputs", tensors(&found.inputs)),
        ("outputs", tensors(&found.outputs)),
    ] {
        assert_eq!(value, expected[what], "{what}");
    }
    assert_eq!(&*found.description, "Random numbers, no use");
    assert_eq!(found.nodes, 3);
    assert_eq!(file.findings, []);
}

fn tensors(list: &[Tensor]) -> Value {
    let size = |it: &Dimension| match it {
        Dimension::Size(size) => json!(size),
        Dimension::Named(name) => json!(name),
        Dimension::Any => Value::Null,
    };
    let shape = |it: &Tensor| it.shape.iter().flatten().map(size).collect::<Vec<_>>();
    let tensor = |it: &Tensor| {
        let value = json!({"type": it.kind, "shape": shape(it)});
        (it.name.to_string(), value)
    };
    Value::Object(list.iter().map(tensor).collect())
}

#[test]
fn saved_models_are_read_as_tensorflow_reads_them() {
    for name in ["tensorflow_module", "tensorflow_saved_model"] {
        let expected = expected(name);
        let archive = source(bytes(&format!("genuine/{name}.zip")));
        let package = Package::open(name, archive, &ArchiveLimits::default()).unwrap();
        let mut files = package.files().iter();
        let at = files
            .find(|it| it.path.file_name() == "saved_model.pb")
            .unwrap();
        // Its content tells what it is.
        let file = read("model.bin", &package.source(at).unwrap())
            .unwrap()
            .unwrap();
        let Metadata::SavedModel(found) = file.metadata else {
            panic!("{file:?}")
        };
        let graph = &found.graphs[0];
        let tags: Vec<_> = found.graphs.iter().map(|graph| &graph.tags).collect();
        assert_eq!(json!(tags), expected["tags"], "{name}");
        assert_eq!(
            json!(graph.tensorflow_version),
            expected["tensorflow_version"]
        );
        let specs = |list: &BTreeMap<Box<str>, TensorSpec>| {
            let spec = |it: &TensorSpec| json!({"dtype": it.dtype, "shape": it.shape});
            Value::Object(
                list.iter()
                    .map(|(name, it)| (name.to_string(), spec(it)))
                    .collect(),
            )
        };
        let signature =
            |it: &Signature| json!({"inputs": specs(&it.inputs), "outputs": specs(&it.outputs)});
        let signatures = graph.signatures.iter();
        let signatures = signatures.map(|(name, it)| (name.to_string(), signature(it)));
        assert_eq!(
            Value::Object(signatures.collect()),
            expected["signatures"],
            "{name}"
        );
        assert!(graph.nodes > 0 && graph.functions > 0, "{graph:?}");
        assert_eq!(file.findings, [], "{name}");
        for other in package.files().iter().filter(|it| it.path != at.path) {
            let name = other.path.file_name();
            let read = read(name, &package.source(other).unwrap());
            assert!(read.is_none(), "{}: {read:?}", other.path);
        }
    }
}

#[test]
fn keras_files_are_read_as_keras_reads_them() {
    for name in ["plain.keras", "lambda.keras", "plain.h5"] {
        let expected = expected(name);
        let file = file(&format!("genuine/{name}"));
        let found = match file.metadata {
            Metadata::Keras(found) => found,
            Metadata::Hdf5(found) => {
                assert_eq!(found.superblock_version, 0);
                found.keras.unwrap()
            }
            other => panic!("{other:?}"),
        };
        assert_eq!(json!(found.layers), expected["layers"], "{name}");
        assert_eq!(
            json!(found.inputs),
            json!([expected["input_shape"]]),
            "{name}"
        );
        assert_eq!(
            json!(found.keras_version),
            expected["read_by"]["keras"],
            "{name}"
        );
        if name.ends_with(".keras") {
            assert_eq!(
                json!(found.date_saved),
                expected["metadata"]["date_saved"],
                "{name}"
            );
        }
        let is_code = file.findings.iter().any(Finding::is_code);
        assert_eq!(
            is_code, expected["refused_in_safe_mode"],
            "{name}: {:?}",
            file.findings
        );
    }
}

#[test]
fn a_lambda_is_told_with_its_place() {
    let file = file("genuine/lambda.keras");
    let [finding] = &file.findings[..] else {
        panic!("{file:?}")
    };
    assert_eq!(finding.place, "config.json: config.layers[2]");
    assert!(file.is_code(), "{finding:?}");
}

#[test]
fn torchscript_is_read_as_torch_reads_it() {
    let expected = expected("script.pt");
    let file = file("genuine/script.pt");
    let Metadata::TorchScript(found) = file.metadata else {
        panic!("{file:?}")
    };
    assert_eq!(json!(found.extra), expected["extra_files"]);
    assert_eq!(found.code.len(), 6);
    assert!(found.version.is_some());
    assert_eq!(file.findings, []);
}

#[test]
fn torchscript_is_read_within_a_package() {
    let archive = source(bytes("genuine/monai_spleen.zip"));
    let package = Package::open("it", archive, &ArchiveLimits::default()).unwrap();
    let mut files = package.files().iter();
    let at = files.find(|it| it.path.file_name() == "model.ts").unwrap();
    let file = read("model.ts", &package.source(at).unwrap())
        .unwrap()
        .unwrap();
    let Metadata::TorchScript(found) = file.metadata else {
        panic!("{file:?}")
    };
    let extra: Vec<_> = found.extra.keys().collect();
    assert_eq!(
        json!(extra),
        expected("monai_spleen")["torchscript_extra_files"]
    );
    assert_eq!(file.findings, []);
}

#[test]
fn other_files_are_of_no_format() {
    for name in [
        "weights.pt",
        "weights_legacy.pth",
        "whole_module.pt",
        "pipeline.pkl",
        "pipeline_compressed.joblib",
        "nnunet_v2_two_folds.zip",
        "monai_spleen.zip",
        "weights.pt.expected.json",
    ] {
        let read = read_bytes(name, &bytes(&format!("genuine/{name}")));
        assert!(read.is_none(), "{name}: {read:?}");
    }
}
