//! Files that the frameworks wrote: the same is read from them as the frameworks read.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::*;

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
