//! MIST, MONAI and models in one file: what they read themselves is what is told here.

use serde_json::json;

use super::*;

#[test]
fn mist_is_read_as_it_reads_itself() {
    for name in ["mist_0", "mist_1", "mist_ct", "mist_two_folds"] {
        let (report, expected) = genuine(&format!("{name}.zip"));
        let description = &report.description;
        assert_eq!(report.inspector.as_deref(), Some("MIST"), "{name}");
        assert!(report.is_complete(), "{name}: {:?}", report.findings);
        assert_eq!(
            json!(description.framework_version),
            expected["mist_version"],
            "{name}"
        );
        assert_eq!(json!(description.task), expected["task"], "{name}");
        let modality = description.modality.as_ref().unwrap().to_lowercase();
        assert_eq!(json!(modality), expected["modality"], "{name}");
        let images = expected["images"].as_array().cloned().unwrap_or_default();
        assert_eq!(json!(description.channels), json!(images), "{name}");
        let classes = expected["classes"].as_object().unwrap();
        assert_eq!(description.outputs.len(), classes.len(), "{name}");
        for output in &description.outputs {
            let class = &classes[output.name.as_ref().unwrap()];
            assert_eq!(json!(output.labels), *class, "{name}");
        }
        let [configuration] = &*description.configurations else {
            panic!("{name}")
        };
        assert_eq!(
            json!(configuration.patch_size),
            expected["patch_size"],
            "{name}"
        );
        assert_eq!(
            json!(configuration.spacing),
            expected["target_spacing"],
            "{name}"
        );
        assert_eq!(
            json!(configuration.network_class),
            expected["architecture"],
            "{name}"
        );
        assert_eq!(
            description.facts["in_channels"],
            expected["in_channels"].to_string()
        );
        assert_eq!(
            description.facts["out_channels"],
            expected["out_channels"].to_string()
        );
        let network = &description.networks[0];
        let planned = network.folds.len() + network.missing_folds.len();
        assert_eq!(
            json!(network.folds.len()),
            expected["models_loaded"],
            "{name}"
        );
        if let Some(folds) = expected["folds_planned"].as_u64() {
            assert_eq!(planned as u64, folds, "{name}");
        }
    }
}

#[test]
fn classes_of_mist_that_share_labels_are_lists() {
    let report = look("genuine/mist_two_folds.zip");
    let names = report.description.contour_names().to_json();
    let expected = concat!(
        r#"{"1":["whole tumour","tumour core"],"2":"whole tumour","#,
        r#""4":["whole tumour","tumour core","enhancing"]}"#
    );
    assert_eq!(names, expected);
}

#[test]
fn monai_is_read_as_it_reads_itself() {
    for name in [
        "monai_spleen",
        "monai_vista3d_shape",
        "monai_without_weights",
    ] {
        let (report, expected) = genuine(&format!("{name}.zip"));
        let description = &report.description;
        assert_eq!(report.inspector.as_deref(), Some("MONAI"), "{name}");
        assert_eq!(description.name.as_ref().unwrap().as_str(), name);
        assert_eq!(json!(description.version), expected["version"], "{name}");
        assert_eq!(json!(description.task), expected["task"], "{name}");
        assert_eq!(
            json!(description.framework_version),
            expected["monai_version"],
            "{name}"
        );
        assert_eq!(
            json!(description.made_with["torch"]),
            expected["pytorch_version"],
            "{name}"
        );
        assert_eq!(json!(description.modality), expected["modality"], "{name}");
        assert_eq!(description.licence.as_deref(), Some("MIT"), "{name}");
        let channels = expected["input_channel_def"].as_object().unwrap();
        assert_eq!(description.channels.len(), channels.len(), "{name}");
        for (at, channel) in description.channels.iter().enumerate() {
            assert_eq!(json!(channel), channels[&at.to_string()], "{name}");
        }
        let outputs = expected["output_channel_def"].as_object().unwrap();
        assert_eq!(description.outputs.len(), outputs.len(), "{name}");
        for output in &description.outputs {
            let number = output.value.unwrap().to_string();
            assert_eq!(json!(output.name), outputs[&number], "{name}");
        }
        let [configuration] = &*description.configurations else {
            panic!("{name}")
        };
        assert_eq!(
            json!(configuration.patch_size),
            expected["roi_size"],
            "{name}"
        );
        let held = description.networks[0].folds[0].complete;
        assert_eq!(json!(held), expected["weights_held"], "{name}");
        if name != "monai_without_weights" {
            // There the inference is in YAML, which is only looked at.
            assert_eq!(json!(configuration.spacing), expected["spacing"], "{name}");
            assert_eq!(
                json!(configuration.network_class),
                expected["network_class"],
                "{name}"
            );
        }
    }
}

#[test]
fn a_bundle_that_finds_what_it_is_asked_for_is_vista3d() {
    let of = |name| look(name).description.network_type.unwrap();
    assert_eq!(of("genuine/monai_vista3d_shape.zip").as_str(), "vista3d");
    assert_eq!(of("genuine/monai_spleen.zip").as_str(), "MONAI");
}

#[test]
fn weights_that_lie_elsewhere_are_missing_and_their_address_is_told() {
    let (report, expected) = genuine("monai_without_weights.zip");
    let missing = told(&report, FindingKind::Missing);
    let url = expected["large_files"][0]["url"].as_str().unwrap();
    assert_eq!(missing.len(), 1, "{missing:?}");
    assert!(missing[0].contains(url), "{missing:?}");
}

#[test]
fn regions_of_monai_are_all_contours() {
    let report = look("genuine/monai_without_weights.zip");
    let names = report.description.contour_names().to_json();
    assert_eq!(
        names,
        r#"{"0":"tumour core","1":"whole tumour","2":"enhancing tumour"}"#
    );
    let spleen = look("genuine/monai_spleen.zip").description.contour_names();
    assert_eq!(spleen.to_json(), r#"{"1":"spleen"}"#);
}

#[test]
fn every_genuine_package_is_known() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/packages/genuine");
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if name.ends_with(".json") {
            continue;
        }
        seen += 1;
        let (report, expected) = genuine(&name);
        assert_eq!(
            report.inspector.as_deref(),
            expected["type"].as_str(),
            "{name}"
        );
        let known_twice = ["totalsegmentator_v2.zip"];
        assert_eq!(
            report.also.is_empty(),
            !known_twice.contains(&&*name),
            "{name}: {report:?}"
        );
        let network_type = report.description.network_type.unwrap();
        if name != "monai_vista3d_shape.zip" {
            assert_eq!(network_type.as_str(), expected["type"], "{name}");
        }
        // Neither says what it is called.
        let nameless = ["mist_0.zip", "tensorflow_module.zip"].contains(&&*name);
        assert_eq!(report.description.name.is_none(), nameless, "{name}");
    }
    assert!(seen >= 34, "{seen}");
}

/// Tensors as the expected files have them.
fn tensors(list: &[Tensor], kind: &str, any: Value) -> Value {
    let size = |size: &String| match (size.parse::<u64>(), &**size) {
        (Ok(size), _) => json!(size),
        (Err(_), "?") => any.clone(),
        (Err(_), name) => json!(name),
    };
    let one = |tensor: &Tensor| {
        let shape: Vec<Value> = tensor.shape.iter().flatten().map(size).collect();
        (
            tensor.name.clone(),
            json!({kind: tensor.kind, "shape": shape}),
        )
    };
    Value::Object(list.iter().map(one).collect())
}

#[test]
fn onnx_gives_what_its_runtime_reads() {
    let (report, expected) = genuine("segmentation.onnx");
    let description = &report.description;
    let [signature] = &*description.signatures else {
        panic!("{description:?}")
    };
    assert_eq!(
        tensors(&signature.inputs, "type", Value::Null),
        expected["inputs"]
    );
    assert_eq!(
        tensors(&signature.outputs, "type", Value::Null),
        expected["outputs"]
    );
    assert_eq!(
        json!(description.made_with["random-numbers"]),
        expected["producer_version"]
    );
    assert_eq!(description.contour_names().to_json(), r#"{"1":"liver"}"#);
    assert!(!report.contains_code);
}

#[test]
fn saved_models_give_what_tensorflow_reads() {
    for name in ["tensorflow_module", "tensorflow_saved_model"] {
        let (report, expected) = genuine(&format!("{name}.zip"));
        let description = &report.description;
        let version = &description.framework_version;
        assert_eq!(json!(version), expected["tensorflow_version"], "{name}");
        assert_eq!(description.facts["tags"], "serve", "{name}");
        let signatures = expected["signatures"].as_object().unwrap();
        assert_eq!(description.signatures.len(), signatures.len(), "{name}");
        for signature in &description.signatures {
            let expected = &signatures[&signature.name];
            let of = |list: &[Tensor]| tensors(list, "dtype", Value::Null);
            assert_eq!(of(&signature.inputs), expected["inputs"], "{name}");
            assert_eq!(of(&signature.outputs), expected["outputs"], "{name}");
        }
        assert!(report.is_complete(), "{name}: {:?}", report.findings);
    }
}

#[test]
fn files_give_what_their_libraries_read() {
    let (keras, expected) = genuine("plain.keras");
    let version = &keras.description.framework_version;
    assert_eq!(json!(version), expected["metadata"]["keras_version"]);
    assert!(!keras.contains_code, "{:?}", keras.findings);
    assert!(genuine("lambda.keras").0.contains_code);

    let (tensors, expected) = genuine("weights.safetensors");
    let facts = &tensors.description.facts;
    assert_eq!(facts["parameters"], expected["parameters"].to_string());
    assert_eq!(
        json!(tensors.description.licence),
        expected["metadata"]["licence"]
    );

    let (gguf, expected) = genuine("language.gguf");
    assert_eq!(
        json!(gguf.description.facts["architecture"]),
        expected["architecture"]
    );
    assert_eq!(json!(gguf.description.licence), expected["license"]);

    let script = genuine("script.pt").0;
    assert_eq!(
        script.description.contour_names().to_json(),
        r#"{"1":"liver"}"#
    );
}

#[test]
fn pickles_give_their_class_and_their_keys() {
    for name in [
        "checkpoint_numpy.ckpt",
        "kinds_of_tensors.pt",
        "weights.pt",
        "weights_legacy.pth",
        "whole_module.pt",
        "pipeline.pkl",
    ] {
        let (report, expected) = genuine(name);
        let facts = &report.description.facts;
        assert_eq!(json!(facts["type"]), expected["python_type"], "{name}");
        if let Some(keys) = expected["keys"].as_array() {
            let keys: Vec<_> = keys.iter().map(|key| key.as_str().unwrap()).collect();
            assert_eq!(facts["keys"], keys.join(", "), "{name}");
        }
    }
    for name in ["pipeline.joblib", "pipeline_compressed.joblib"] {
        let (report, expected) = genuine(name);
        let classes = &report.description.facts["classes"];
        assert!(
            classes.contains(expected["python_type"].as_str().unwrap()),
            "{name}: {classes}"
        );
        assert!(report.contains_code, "{name}");
    }
}
