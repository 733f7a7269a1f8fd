//! `model inspect` of packages that the frameworks wrote.

use std::fs;
use std::path::Path;

use serde_json::json;

use crate::installation::{Installation, fields};

fn package(name: &str) -> String {
    let folder = "../model-dashboard-lib/tests/packages";
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join(folder)
        .join(name);
    path.to_str().unwrap().to_owned()
}

#[test]
fn a_package_is_told_for_people() {
    let here = Installation::new();
    let run = here.run(&[
        "model",
        "inspect",
        &package("genuine/nnunet_v2_two_folds.zip"),
    ]);
    let shown = run.succeeds().stdout;
    for line in [
        "framework  nnU-Net 2",
        "type       nnUNet_v2",
        "name       Dataset901_RandomLiver",
        "licence    CC0-1.0",
        "complete   yes",
        "pickles    expected",
        "code       none was found",
        "1      liver",
        "3d_fullres     20 × 24 × 24  3 × 0.75 × 0.8  zyx   2",
        "3d_fullres  nnUNetTrainer  0, 1   2, 3, 4",
        "traces of training, not to be published:",
        "fold_0/debug.json: it names the computer that trained the model, and folders of it",
    ] {
        assert!(shown.contains(line), "{line}\n{shown}");
    }
    assert!(!shown.contains("gpu-node-7"), "{shown}");
    assert!(!here.path("data").exists(), "it needs no installation");
}

#[test]
fn a_package_is_told_for_programs() {
    let here = Installation::new();
    let report = here.json(&["model", "inspect", &package("genuine/mist_two_folds.zip")]);
    assert_eq!(
        fields(&report),
        [
            "also",
            "contains_code",
            "description",
            "files",
            "findings",
            "inspector",
            "rules",
            "size",
            "verdict"
        ]
    );
    assert_eq!(report["inspector"], "MIST");
    assert_eq!(report["description"]["network_type"], "MIST");
    assert_eq!(
        report["description"]["outputs"][0]["labels"],
        json!([1, 2, 4])
    );
    let digest = report["files"][0]["digest"].as_str().unwrap();
    assert!(
        digest.starts_with("sha256:") && digest.len() == 71,
        "{digest}"
    );
    let quick = [
        "model",
        "inspect",
        "--quick",
        &package("genuine/mist_two_folds.zip"),
    ];
    assert_eq!(here.json(&quick)["files"][0]["digest"], json!(null));
}

#[test]
fn what_runs_or_is_missing_is_told() {
    let here = Installation::new();
    let told = |name: &str| {
        here.run(&["model", "inspect", &package(name)])
            .succeeds()
            .stdout
    };
    let code = told("hostile/code/plans-class.zip");
    assert!(
        code.contains("code       contains code, or what could be some: see below"),
        "{code}"
    );
    assert!(
        code.contains("code that runs with it, or cannot be told") && code.contains("os.system"),
        "{code}"
    );
    let missing = told("genuine/monai_without_weights.zip");
    assert!(missing.contains("complete   no, see below"), "{missing}");
    assert!(
        missing.contains("https://example.org/monai_without_weights/model.pt"),
        "{missing}"
    );
    let dangerous = told("hostile/broken/extensions/pickle.txt");
    assert!(dangerous.contains("pickles    dangerous"), "{dangerous}");
}

#[test]
fn a_folder_is_inspected_as_it_lies() {
    let here = Installation::new();
    let bundle = here.path("bundle");
    fs::create_dir_all(bundle.join("configs")).unwrap();
    let metadata = r#"{"version": "0.3", "monai_version": "1.5.0"}"#;
    fs::write(bundle.join("configs/metadata.json"), metadata).unwrap();
    let report = here.json(&["model", "inspect", "bundle"]);
    assert_eq!(report["inspector"], "MONAI");
    assert_eq!(report["description"]["version"], "0.3");
}

#[test]
fn what_cannot_be_inspected_is_told_by_the_exit_code() {
    let here = Installation::new();
    here.run(&["model", "inspect", "nowhere.zip"])
        .ends_with(3)
        .tells("nowhere.zip cannot be read");
    fs::write(
        here.path("cut.zip"),
        &fs::read(package("genuine/mist_ct.zip")).unwrap()[..5000],
    )
    .unwrap();
    here.run(&["model", "inspect", "cut.zip"])
        .ends_with(2)
        .tells("the archive is refused");
    here.write("notes.txt", "nothing of a model");
    let unknown = here
        .run(&["model", "inspect", "notes.txt"])
        .succeeds()
        .stdout;
    assert!(unknown.contains("not known"), "{unknown}");
    assert!(!unknown.contains("none was found"), "{unknown}");
    here.run(&["model", "inspect", "/dev/null"])
        .ends_with(2)
        .tells("/dev/null is neither a file nor a folder");
}

#[test]
fn labels_are_told_as_they_come_out_and_by_what_they_hold() {
    let here = Installation::new();
    let told = |name: &str| {
        let package = package(&format!("genuine/{name}"));
        here.run(&["model", "inspect", &package]).succeeds().stdout
    };
    let regions = told("nnunet_v2_regions_ignore.zip");
    for line in [
        "LABEL  CONTOUR       TRAINED ON",
        "1      whole tumour  1, 2, 3",
        "3      enhancing",
    ] {
        assert!(regions.contains(line), "{line}\n{regions}");
    }
    let unnamed = told("nnunet_v1_two_folds.zip");
    assert!(
        unnamed.contains("1      (no name)\n2      (no name)"),
        "{unnamed}"
    );
    let shared = told("mist_two_folds.zip");
    assert!(shared.contains("1, 2, 4  whole tumour"), "{shared}");
    // What is to be known stands before lists of files.
    let (leaks, files) = (unnamed.find("traces of training"), unnamed.find("SHA-256"));
    assert!(leaks.unwrap() < files.unwrap(), "{unnamed}");
}
