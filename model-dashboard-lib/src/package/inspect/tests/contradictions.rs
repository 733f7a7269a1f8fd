//! Packages that are broken, or whose files do not belong together.

use super::*;

const NETWORK: &str = "Dataset901_RandomLiver/nnUNetTrainer__nnUNetPlans__3d_fullres";

/// The files of a genuine package of nnU-Net 2, changed.
fn changed(change: impl Fn(&str, Vec<u8>) -> (String, Vec<u8>)) -> Report {
    let genuine = open("genuine/nnunet_v2_two_folds.zip");
    let files = genuine.files().iter().map(|file| {
        let bytes = genuine.read_whole(file, 1 << 20).unwrap();
        change(file.path.as_str(), bytes)
    });
    let files: Vec<(String, Vec<u8>)> = files.collect();
    let files: Vec<(&str, &[u8])> = files
        .iter()
        .map(|(path, bytes)| (&**path, &**bytes))
        .collect();
    Inspectors::default().look(&package(&files)).unwrap()
}

/// One file of it, changed as text.
fn with_text(name: &str, from: &str, to: &str) -> Report {
    changed(|path, bytes| {
        let bytes = match path == format!("{NETWORK}/{name}") {
            true => {
                let text = String::from_utf8(bytes).unwrap();
                assert!(text.contains(from), "{text}");
                text.replacen(from, to, 1).into_bytes()
            }
            false => bytes,
        };
        (path.to_owned(), bytes)
    })
}

#[test]
fn nothing_is_wrong_with_what_was_not_changed() {
    let report = changed(|path, bytes| (path.to_owned(), bytes));
    assert!(report.is_complete());
    assert_eq!(report.lacking(), Vec::<String>::new());
    assert!(told(&report, FindingKind::Wrong).is_empty(), "{report:?}");
}

#[test]
fn weights_that_are_cut_off_are_as_good_as_none() {
    for left in [0, 100, 30_000] {
        let report = changed(|path, mut bytes| {
            if path.ends_with("fold_1/checkpoint_final.pth") {
                bytes.truncate(left);
            }
            (path.to_owned(), bytes)
        });
        assert!(!report.is_complete(), "{left}");
        let missing = told(&report, FindingKind::Missing).join("\n");
        assert!(
            missing.contains("the weights of fold 1 cannot be read"),
            "{missing}"
        );
        let complete = report.description.networks[0]
            .folds
            .iter()
            .map(|fold| fold.complete);
        assert_eq!(complete.collect::<Vec<_>>(), [true, false], "{left}");
    }
}

#[test]
fn labels_and_channels_are_those_of_the_training() {
    let labels = with_text("dataset.json", "\"liver\": 1", "\"liver\": 7");
    let wrong = told(&labels, FindingKind::Wrong);
    assert_eq!(wrong.len(), 1, "{wrong:?}");
    assert!(wrong[0].contains("the labels in dataset.json"), "{wrong:?}");
    let lacking = labels.lacking();
    assert!(
        wrong[0].contains(&lacking[0]),
        "whoever runs it should know: {lacking:?}"
    );
    let channels = with_text("dataset.json", "\"CT\"", "\"MR\"");
    let wrong = told(&channels, FindingKind::Wrong).join("\n");
    assert!(wrong.contains("the channels in dataset.json"), "{wrong}");
}

#[test]
fn the_trainer_is_that_of_the_checkpoint() {
    let moved = changed(|path, bytes| {
        let path = path.replace("nnUNetTrainer__", "nnUNetTrainer_5epochs__");
        (path, bytes)
    });
    let network = &moved.description.networks[0];
    assert_eq!(network.trainer.as_deref(), Some("nnUNetTrainer"));
    let wrong = told(&moved, FindingKind::Wrong).join("\n");
    assert!(
        wrong.contains("name different trainers: nnUNetTrainer, nnUNetTrainer_5epochs"),
        "{wrong}"
    );
    let evil = changed(|path, bytes| (path.replace("nnUNetTrainer__", "EvilTrainer__"), bytes));
    assert!(evil.contains_code);
}

#[test]
fn what_lists_imports_otherwise_is_code() {
    let list = "\"_kw_requires_import\": [";
    for other in [
        "\"_kw_requires_import\": {\"nonlin\": \"x\"}, \"x\": [",
        "\"_kw_requires_import\": \"nonlin\", \"x\": [",
        "\"_kw_requires_import\": [7, ",
    ] {
        let report = with_text("plans.json", list, other);
        let code = told(&report, FindingKind::Code).join("\n");
        assert!(code.contains("_kw_requires_import"), "{other}: {code}");
    }
}

#[test]
fn what_other_files_hold_is_code_of_a_bundle() {
    let metadata = br#"{"version": "1", "monai_version": "1.5.0"}"#;
    let report = |text: &[u8]| {
        let files: [(&str, &[u8]); 2] = [
            ("b/configs/metadata.json", metadata),
            ("b/configs/inference.json", text),
        ];
        Inspectors::default().look(&package(&files)).unwrap()
    };
    assert!(report(br#"{"run": "%docs/x.json::run"}"#).contains_code);
    assert!(!report(br#"{"run": "%run", "a": "5 %"}"#).contains_code);
}

#[test]
fn numbers_that_json_does_not_have_are_not_told() {
    let report = with_text("plans.json", "\"spacing\": [", "\"spacing\": [NaN, ");
    assert_eq!(report.description.configurations[0].spacing, [0.0; 0]);
    let json = serde_json::to_string(&report).unwrap();
    let back: Report = serde_json::from_str(&json).unwrap();
    let (back, told) = (back.description, report.description);
    assert_eq!(back.configurations, told.configurations);
}
