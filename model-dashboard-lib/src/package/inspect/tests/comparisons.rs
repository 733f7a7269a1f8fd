//! Definitions against their packages, and packages against packages.

use super::*;
use crate::model::{DuplicateKeys, LabelChangeKind, ModelDefinition};

fn definition(text: &str) -> ModelDefinition {
    ModelDefinition::parse(text.as_bytes(), DuplicateKeys::Refuse).unwrap()
}

#[test]
fn a_definition_that_says_what_its_package_says_has_no_drift() {
    let report = look("genuine/nnunet_v2_two_folds.zip");
    let same = definition(
        r#"{"network_type":"nnUNet_v2","version":"3","contour_names":{"0":"background","1":"Liver","2":"tumour"},
            "inference_information":{"channel_names":{"0":"CT"},"configuration":"3d_fullres"}}"#,
    );
    let drift = Drift::between(&same, &report);
    let [spelling] = &*drift.labels else {
        panic!("{drift:?}")
    };
    assert_eq!(spelling.kind, LabelChangeKind::Respelled);
    assert!(drift.fields.is_empty(), "{drift:?}");
}

#[test]
fn a_definition_that_says_something_else_drifts() {
    let report = look("genuine/nnunet_v2_two_folds.zip");
    let other = definition(
        r#"{"network_type":"nnUNet","contour_names":{"1":"tumour","3":"vein"},
            "inference_information":{"channel_names":{"0":"MR","1":"CT"},"configuration":"2d"}}"#,
    );
    let drift = Drift::between(&other, &report);
    let kinds: Vec<_> = drift
        .labels
        .iter()
        .map(|it| (it.number.get(), it.kind))
        .collect();
    assert_eq!(
        kinds,
        [
            (1, LabelChangeKind::Redefined),
            (2, LabelChangeKind::Added),
            (3, LabelChangeKind::Removed)
        ]
    );
    let fields: Vec<_> = drift.fields.iter().map(|it| &*it.field).collect();
    assert_eq!(
        fields,
        [
            "network_type",
            "inference_information.channel_names",
            "inference_information.configuration"
        ]
    );
    assert_eq!(drift.fields[1].before.as_deref(), Some("MR, CT"));
}

#[test]
fn regions_may_be_named_by_number_or_at_all_numbers_that_they_hold() {
    let report = look("genuine/nnunet_v2_regions_ignore.zip");
    for labels in [
        r#"{"1":["whole tumour","oedema"],"3":"enhancing","2":"core"}"#,
        r#"{"1":["whole tumour","oedema"],"2":["whole tumour","core"],"3":["whole tumour","enhancing","core"]}"#,
    ] {
        let text = format!(r#"{{"contour_names":{labels}}}"#);
        let drift = Drift::between(&definition(&text), &report);
        assert!(drift.is_empty(), "{drift:?}");
    }
}

#[test]
fn what_may_be_of_either_type_is_no_drift() {
    let report = look("genuine/totalsegmentator_v2.zip");
    let text = r#"{"network_type":"nnUNet_v2","contour_names":{"1":"spleen","2":"kidney_right","3":"kidney_left"}}"#;
    assert!(Drift::between(&definition(text), &report).is_empty());
}

/// Many labels and regions, each of which is named otherwise.
#[test]
fn many_labels_are_compared_in_moderate_time() {
    let numbers = |from: u32| (from..from + 100).map(|n| n.to_string());
    let outputs = (0..2_000).map(|n| {
        let labels: Vec<_> = numbers(n).collect();
        format!(r#"{{"name":"output {n}","labels":[{}]}}"#, labels.join(","))
    });
    let outputs: Vec<_> = outputs.collect();
    let report = format!(
        r#"{{"rules":1,"size":0,"files":[],"verdict":null,"contains_code":false,"findings":[],
        "description":{{"framework":"nnU-Net","outputs":[{}]}}}}"#,
        outputs.join(",")
    );
    let report: Report = serde_json::from_str(&report).unwrap();
    let labels: Vec<_> = (0..40_000)
        .map(|n| format!(r#""{n}":"other {n}""#))
        .collect();
    let says = format!(r#"{{"contour_names":{{{}}}}}"#, labels.join(","));
    let says = definition(&says);
    let began = std::time::Instant::now();
    let drift = Drift::between(&says, &report);
    let breaking = Breaking::between(&says, Some(&report), &says, Some(&report));
    assert!(drift.labels.len() > 30_000);
    assert!(breaking.is_empty());
    // Looking through all outputs for each label takes minutes.
    assert!(began.elapsed().as_secs() < 60, "{:?}", began.elapsed());
}

#[test]
fn packages_are_compared_file_by_file() {
    let inspect = |files: &[(&str, &[u8])]| {
        Inspectors::default()
            .inspect(&package(files), &mut |_| {})
            .unwrap()
    };
    let before = inspect(&[("a", b"same"), ("b", b"old"), ("c", b"gone")]);
    let after = inspect(&[("a", b"same"), ("b", b"new"), ("d", b"there")]);
    let found = ReportComparison::between(&before, &after);
    let files: Vec<_> = found
        .files
        .iter()
        .map(|it| (it.path.as_str(), it.kind))
        .collect();
    assert_eq!(
        files,
        [
            ("b", FileChangeKind::Changed),
            ("c", FileChangeKind::Removed),
            ("d", FileChangeKind::Added)
        ]
    );
    assert_eq!(found.same_files, 1);
    assert!(!found.is_breaking());
}

#[test]
fn files_without_digests_are_told_apart_by_the_checksums_of_their_archives() {
    let inspectors = Inspectors::default();
    let files: [(&str, &[u8]); 2] = [("a", b"same"), ("b", b"old")];
    let whole = inspectors.inspect(&package(&files), &mut |_| {}).unwrap();
    let quick = inspectors.look(&package(&[("a", b"same"), ("b", b"new")]));
    let quick = quick.unwrap();
    assert!(quick.files.iter().all(|file| file.digest.is_none()));
    let found = ReportComparison::between(&whole, &quick);
    assert_eq!(found.same_files, 1);
    let [changed] = &*found.files else {
        panic!("{found:?}")
    };
    assert_eq!(changed.path.as_str(), "b");
    assert_eq!(changed.kind, FileChangeKind::Changed);
    let sums = [&changed.before, &changed.after].map(|it| it.unwrap().crc32.unwrap().to_string());
    assert_eq!(sums, ["3f5dd4e5", "6be34445"]);

    // Of files that are in no archive nothing is known but their size.
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a"), b"same").unwrap();
    let plain = Package::of_folder(folder.path(), &Default::default()).unwrap();
    let plain = inspectors.look(&plain).unwrap();
    let found = ReportComparison::between(&whole, &plain);
    assert_eq!(found.files[0].kind, FileChangeKind::Unknown);
}

#[test]
fn labels_that_mean_something_else_and_other_images_break() {
    let dataset = |text: &str| {
        let folder = "Dataset001_X/nnUNetTrainer__nnUNetPlans__2d";
        let path = format!("{folder}/dataset.json");
        Inspectors::default()
            .look(&package(&[(&path, text.as_bytes())]))
            .unwrap()
    };
    let before = dataset(r#"{"labels":{"background":0,"liver":1},"channel_names":{"0":"CT"}}"#);
    let more =
        dataset(r#"{"labels":{"background":0,"liver":1,"vein":2},"channel_names":{"0":"CT"}}"#);
    let other = dataset(r#"{"labels":{"background":0,"vein":1},"channel_names":{"0":"CT"}}"#);
    let images = dataset(r#"{"labels":{"background":0,"liver":1},"channel_names":{"0":"T1"}}"#);
    assert!(!ReportComparison::between(&before, &more).is_breaking());
    // What is no more stands for nothing else.
    assert!(!ReportComparison::between(&more, &before).is_breaking());
    assert!(ReportComparison::between(&before, &other).is_breaking());
    assert!(ReportComparison::between(&before, &images).is_breaking());
}
