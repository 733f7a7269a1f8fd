//! Code in configurations of Keras, wherever they are.

use serde_json::{Value, json};

use super::*;
use crate::package::formats::keras::Config;

fn told(config: &Value) -> Vec<(FindingKind, String)> {
    let mut findings = Findings::default();
    Config::new("c", &mut findings).walk(config);
    let found = findings.finish().into_iter();
    found.map(|it| (it.kind, it.place)).collect()
}

fn layer(module: &str, class: &str, config: Value) -> Value {
    json!({"module": module, "class_name": class, "config": config, "registered_name": null})
}

#[test]
fn what_is_of_keras_and_computes_is_not_told() {
    for config in [
        layer(
            "keras",
            "Sequential",
            json!({"layers": [layer("keras.layers", "Dense", json!({}))]}),
        ),
        layer("keras.src.models.functional", "Functional", json!({})),
        layer("keras.src.engine.functional", "Functional", json!({})),
        layer("builtins", "function", json!("relu")),
        layer("builtins", "__tuple__", json!([1, 2])),
        layer("keras.activations", "function", json!("relu")),
        layer(
            "keras.layers",
            "StringLookup",
            json!({"vocabulary": ["a", "b"]}),
        ),
        json!({"class_name": "Dense", "config": {"activation": "Lambda"}}),
    ] {
        assert_eq!(told(&config), [], "{config}");
    }
}

#[test]
fn what_runs_code_is_told() {
    for config in [
        layer("keras.layers", "Lambda", json!({})),
        layer("builtins", "__lambda__", json!({"code": ""})),
        layer("keras.layers", "TorchModuleWrapper", json!({})),
        layer("keras.layers", "TFSMLayer", json!({"filepath": "x"})),
        layer("builtins", "function", json!("exec")),
        layer("os", "function", json!("system")),
        layer("keras.utils", "function", json!("get_file")),
        layer("keras.src.utils.file_utils", "function", json!("get_file")),
        layer(
            "keras.src.models.model",
            "function",
            json!("model_from_json"),
        ),
        layer("keras.src.models.model", "model_from_json", json!({})),
        layer("keras.layers", "Dense.call", json!({})),
        layer("keras_evil", "Dense", json!({})),
        layer("keras.layers.evil", "Dense", json!({})),
        layer("keras.src.saving", "Dense", json!({})),
        layer("tensorflow", "Dense", json!({})),
    ] {
        assert_eq!(
            told(&config),
            [(FindingKind::Code, "c".to_owned())],
            "{config}"
        );
    }
}

#[test]
fn what_needs_more_or_reaches_out_is_told() {
    let custom =
        json!({"module": null, "class_name": "Own", "config": {}, "registered_name": "me>Own"});
    let words = layer(
        "keras.layers",
        "TextVectorization",
        json!({"vocabulary": "/etc/passwd"}),
    );
    let both = json!({"a": [custom, {"b": words}]});
    assert_eq!(
        told(&both),
        [
            (FindingKind::Needs, "c: a[0]".to_owned()),
            (FindingKind::Outside, "c: a[1].b".to_owned()),
        ]
    );
}

#[test]
fn of_two_equal_keys_the_last_counts_as_in_python() {
    let text = br#"{"class_name": "Dense", "class_name": "Lambda", "config": NaN}"#;
    let config = json::parse("c", text.to_vec()).unwrap();
    assert_eq!(told(&config).len(), 1);
}

#[test]
fn a_lambda_in_hdf5_is_told() {
    let text = String::from_utf8_lossy(&bytes("genuine/plain.h5")).into_owned();
    assert_eq!(text.matches("Conv2D").count(), 2);
    let mut changed = bytes("genuine/plain.h5");
    let at = memchr::memmem::find(&changed, b"Conv2D").unwrap();
    changed[at..at + 6].copy_from_slice(b"Lambda");
    let file = read_bytes("model.h5", &changed).unwrap().unwrap();
    assert!(file.is_code());
    assert_eq!(file.findings[0].place, "model_config: config.layers[1]");
}

#[test]
fn every_layout_of_hdf5_that_its_library_writes_is_read_or_told() {
    let kinds = |name: &str| {
        let file = file(&format!("layouts/{name}.h5"));
        let Metadata::Hdf5(found) = file.metadata else {
            panic!("{name}")
        };
        let layers = found.keras.map(|it| it.layers.join(" "));
        let found: Vec<_> = file
            .findings
            .into_iter()
            .map(|it| (it.kind, it.place))
            .collect();
        (layers.unwrap_or_default(), found)
    };
    for name in [
        "old",
        "old_many",
        "old_fixed",
        "v108",
        "latest",
        "latest_fixed",
        "ordered",
    ] {
        let code = (
            FindingKind::Code,
            "model_config: config.layers[2]".to_owned(),
        );
        assert_eq!(
            kinds(name),
            ("Dense Lambda".to_owned(), vec![code]),
            "{name}"
        );
    }
    for (name, place) in [("many", ""), ("list", "model_config")] {
        let unread = (FindingKind::Unread, place.to_owned());
        assert_eq!(kinds(name), (String::new(), vec![unread]), "{name}");
    }
    let behind = bytes("layouts/behind.h5");
    for name in ["behind.h5", "behind.bin"] {
        assert!(read_bytes(name, &behind).unwrap().is_err());
    }
}

#[test]
fn attributes_that_are_not_read_are_told() {
    let mut changed = bytes("genuine/plain.h5");
    let at = memchr::memmem::find(&changed, b"model_config\0").unwrap();
    // The class of its type, which stands after the name: what is no text.
    assert_eq!(changed[at + 16], 0x19);
    changed[at + 16] = 0x16;
    let file = read_bytes("model.h5", &changed).unwrap().unwrap();
    let kinds: Vec<_> = file.findings.iter().map(|it| it.kind).collect();
    assert_eq!(kinds, [FindingKind::Unread]);
}

#[test]
fn layers_of_older_versions_are_looked_at_in_protocol_buffers() {
    let field = |number: u8, bytes: &[u8]| {
        let head = [number << 3 | 2, u8::try_from(bytes.len()).unwrap()];
        [&head, bytes].concat()
    };
    let layer = br#"{"name": "halve", "class_name": "Lambda", "config": {}}"#;
    let metadata = field(1, &field(5, layer));
    let file = read_bytes("keras_metadata.pb", &metadata).unwrap().unwrap();
    assert!(file.is_code());
    assert_eq!(file.findings[0].place, "layer halve");

    let object = field(1, &field(4, &field(3, layer)));
    let model = [&b"\x08\x01"[..], &field(2, &field(7, &object))].concat();
    let file = read_bytes("saved_model.pb", &model).unwrap().unwrap();
    assert_eq!(file.findings[0].place, "layer halve");
}
