//! The definitions of an existing installation, read as they lie in its bucket.

use std::path::PathBuf;

use crate::model::{
    BrokenDefinition, DuplicateKeys, JsonObject, LabelNames, ModelDefinition, ModelId, ModelKey,
    ModelSummary, RegistryInfo, Version,
};

fn stored(key: &str) -> (ModelKey, Vec<u8>) {
    let bucket = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/existing-installation/bucket");
    (
        key.parse().unwrap(),
        std::fs::read(bucket.join(key)).unwrap(),
    )
}

fn definition(key: &str) -> ModelDefinition {
    ModelDefinition::parse(&stored(key).1, DuplicateKeys::LastWins).unwrap()
}

fn summary(key: &str) -> Result<ModelSummary, BrokenDefinition> {
    let (key, bytes) = stored(key);
    ModelSummary::read(key, &bytes)
}

#[test]
fn every_good_definition_comes_back_byte_for_byte() {
    for key in [
        "MIST/ProstateZones",
        "TotalSegmentatorV2/Dataset291_TotalSegmentator_part1_organs_1559subj",
        "nnUNet/Name With Spaces (v2)",
        "nnUNet/Task055_SegTHOR",
        "nnUNet/Task101_WrongType",
        "nnUNet_v2/Dataset220_KiTS2023",
        "tensorflow/LegacyLung",
        "vista3d/AbdomenMulti",
    ] {
        let (_, bytes) = stored(key);
        let definition = definition(key);
        assert_eq!(definition.to_bytes(), bytes.trim_ascii_end(), "{key}");
        assert!(
            definition.check().is_empty(),
            "{key}: {:?}",
            definition.check()
        );
        assert!(
            definition.registry().is_none() && definition.is_changed_outside(),
            "{key}"
        );
    }
}

#[test]
fn nulls_read_as_defaults() {
    let model = definition("vista3d/AbdomenMulti");
    assert!(!model.enabled());
    assert_eq!(model.alias(), "AbdomenMulti");
    assert!(model.contour_names().is_empty());
    assert_eq!(model.version(), "1.0-beta");
}

#[test]
fn big_integers_and_small_floats_survive_an_edit_beside_them() {
    let mut model = definition("vista3d/AbdomenMulti");
    let patch = br#"{"inference_information":{"experimental":false},"alias":"Abdomen"}"#;
    model.merge_patch(&JsonObject::parse(patch, DuplicateKeys::Refuse).unwrap());
    let text = String::from_utf8(model.to_bytes()).unwrap();
    assert!(text.contains(
        r#"{"version":"1.0-beta","experimental":false,"seed":12345678901234567890,"lr":1e-05}"#
    ));
    assert!(text.starts_with(r#"{"enabled":null,"alias":"Abdomen","description":"""#));
}

#[test]
fn unknown_fields_keep_their_place_when_the_registry_adds_its_own() {
    let model = definition("tensorflow/LegacyLung");
    let info = RegistryInfo::new(ModelId::from_u128(7), 1);
    let written = model.clone().with_registry(&info);
    let keys: Vec<_> = written
        .as_object()
        .iter()
        .map(|(key, _)| key.to_owned())
        .collect();
    let mut expected: Vec<_> = model
        .as_object()
        .iter()
        .map(|(key, _)| key.to_owned())
        .collect();
    expected.push("registry".to_owned());
    assert_eq!(keys, expected);
    assert_eq!(
        written.as_object().get("tags"),
        Some(r#"["do-not-drop","unknown-field"]"#)
    );
    assert!(!written.is_changed_outside());
}

#[test]
fn the_order_of_region_labels_is_kept() {
    let labels = definition("nnUNet_v2/Dataset220_KiTS2023").contour_names();
    let numbers: Vec<_> = labels.iter().map(|(number, _)| number.get()).collect();
    assert_eq!(numbers, [1, 3, 2]);
    let first = labels.iter().next().unwrap().1;
    assert_eq!(
        *first,
        LabelNames::List(vec!["kidney".into(), "masses".into(), "tumor".into()])
    );
}

#[test]
fn arguments_given_stand_and_the_derived_ones_drop_what_is_false() {
    let model = definition("nnUNet/Task055_SegTHOR");
    let given = model.effective_inference_args();
    assert_eq!(
        given.text,
        " --fold all --save_npz --disable_tta False --step_size 0.5"
    );
    assert!(!given.derived);
    assert_eq!(
        model.derived_inference_args().as_deref(),
        Some("--fold all --save_npz --step_size 0.5")
    );
}

#[test]
fn a_cut_off_definition_is_broken_with_its_place() {
    let broken = summary("nnUNet/Task099_Broken").unwrap_err();
    assert_eq!(&*broken.reason, "the text ends too early: it looks cut off");
    let position = broken.position.unwrap();
    assert_eq!((position.line, position.column), (1, 63));
    assert_eq!(broken.size, 62);
}

#[test]
fn an_empty_object_is_broken_too() {
    let broken = summary("nnUNet/Task100_Empty").unwrap_err();
    assert_eq!(&*broken.reason, "the text is empty");
    assert_eq!(broken.version, Some(Version::of(b"")));
}

#[test]
fn a_type_that_contradicts_the_key_is_said_and_the_key_counts() {
    let summary = summary("nnUNet/Task101_WrongType").unwrap();
    assert!(summary.contradicts_key);
    assert!(
        summary
            .list_entry_json()
            .contains(r#""network_type":"nnUNet""#)
    );
    let (key, _) = stored("nnUNet/Task101_WrongType");
    let contradiction = definition("nnUNet/Task101_WrongType")
        .contradicts(&key)
        .unwrap();
    assert_eq!(
        contradiction.to_string(),
        "the definition says network type MIST"
    );
}

#[test]
fn a_name_with_spaces_is_read_but_no_new_one_may_have_them() {
    let summary = summary("nnUNet/Name With Spaces (v2)").unwrap();
    assert_eq!(&*summary.alias, "Name With Spaces (v2)");
    assert!(!summary.key.name.is_well_formed());
}

#[test]
fn a_list_entry_cuts_the_description_and_has_the_fixed_keys() {
    let entry = summary("nnUNet_v2/Dataset220_KiTS2023")
        .unwrap()
        .list_entry_json();
    let sentence = "Kidney tumour segmentation, region-based training. ";
    let description: String = sentence.repeat(9).chars().take(200).collect();
    assert_eq!(
        entry,
        format!(
            r#"{{"name":"Dataset220_KiTS2023","network_type":"nnUNet_v2","description":"{description}","version":"2.5","enabled":true,"alias":"Kidney, tumour and cyst","create_date":"11/15/25","last_modified_date":"2/1/26"}}"#
        )
    );
}
