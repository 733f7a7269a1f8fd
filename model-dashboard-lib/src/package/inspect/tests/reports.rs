//! Reports: what is the same for every framework.

use sha2::{Digest as _, Sha256};

use super::*;
use crate::package::pickle::Verdict;

#[test]
fn every_file_has_its_size_its_digest_and_its_verdict() {
    let package = open("genuine/nnunet_v2_two_folds.zip");
    let mut done = Vec::new();
    let report = Inspectors::default()
        .inspect(&package, &mut |bytes| done.push(bytes))
        .unwrap();
    assert_eq!(report.files.len(), package.files().len());
    for (file, of) in report.files.iter().zip(package.files()) {
        let bytes = package.read_whole(of, 1 << 20).unwrap();
        assert_eq!((&file.path, file.size), (&of.path, bytes.len() as u64));
        let digest: [u8; 32] = Sha256::digest(&bytes).into();
        assert_eq!(*file.digest.unwrap().as_bytes(), digest, "{}", file.path);
        let is_pickle =
            file.path.as_str().ends_with(".pth") || file.path.as_str().ends_with(".pkl");
        assert_eq!(
            file.verdict,
            is_pickle.then_some(Verdict::Expected),
            "{}",
            file.path
        );
    }
    assert_eq!(report.verdict, Some(Verdict::Expected));
    assert!(done.is_sorted());
    assert_eq!(done.last(), Some(&report.size));
    assert!(
        look("genuine/nnunet_v2_two_folds.zip")
            .files
            .iter()
            .all(|file| file.digest.is_none())
    );
}

#[test]
fn a_report_comes_back_from_its_json() {
    for name in [
        "nnunet_v2_regions_ignore.zip",
        "monai_spleen.zip",
        "mist_0.zip",
        "pipeline.pkl",
    ] {
        let package = open(&format!("genuine/{name}"));
        let report = Inspectors::default()
            .inspect(&package, &mut |_| {})
            .unwrap();
        let json = serde_json::to_string(&report).unwrap();
        let back: Report = serde_json::from_str(&json).unwrap();
        assert_eq!(back, report, "{name}");
    }
}

#[test]
fn a_report_of_a_later_time_is_read_and_none_is_cleaner_than_it_was() {
    let json = serde_json::json!({
        "rules": 9,
        "size": 1,
        "files": [{"path": "a", "size": 1, "verdict": "worse_than_ever"}],
        "verdict": "worse_than_ever",
        "contains_code": true,
        "findings": [{"kind": "something_new", "path": null, "text": "x"}],
        "later": {},
    });
    let read = |json: &serde_json::Value| serde_json::from_value::<Report>(json.clone());
    let report = read(&json).unwrap();
    assert_eq!(report.files[0].digest, None);
    assert_eq!(report.files[0].verdict, Some(Verdict::Dangerous));
    assert_eq!(report.verdict, Some(Verdict::Dangerous));
    assert_eq!(report.findings[0].kind, FindingKind::Code);
    for needed in ["rules", "files", "verdict", "contains_code", "findings"] {
        let mut less = json.clone();
        less.as_object_mut().unwrap().remove(needed);
        assert!(read(&less).is_err(), "{needed}");
    }
    let mut less = json.clone();
    less["files"][0].as_object_mut().unwrap().remove("verdict");
    assert!(read(&less).is_err());
}

#[test]
fn a_pickle_that_could_run_anything_is_told() {
    let evil = package(&[("model/weights.pkl", b"cos\nsystem\n(S'true'\ntR.")]);
    let report = Inspectors::default().look(&evil).unwrap();
    assert_eq!(report.verdict, Some(Verdict::Dangerous));
    assert!(report.contains_code);
    assert_eq!(report.files[0].names, ["os.system"]);
    let code = told(&report, FindingKind::Code);
    assert!(
        code[0].contains("model/weights.pkl: loading it can run anything: os.system"),
        "{code:?}"
    );
}

/// Whatever stands in the place of a file that an inspector reads, there is a report.
#[test]
fn a_package_whose_files_hold_anything_is_still_told() {
    let mut other: Vec<Vec<u8>> = [
        "",
        "null",
        "[]",
        "{}",
        "\"x\"",
        "1e400",
        "{\"a\": [[[]]]}",
        "$",
        "cos\nsystem\n",
    ]
    .map(|text| text.as_bytes().to_vec())
    .to_vec();
    // Every key that is looked for, with values that are not.
    for value in [
        "null",
        "[]",
        "{}",
        "[null, {}, [], -1, 1e99, \"\"]",
        "\"x\"",
        "-1",
    ] {
        let keys = [
            "configurations",
            "labels",
            "channel_names",
            "regions_class_order",
            "plans_per_stage",
            "dataset_info",
            "model",
            "training",
            "evaluation",
            "final_classes",
            "mist_version",
            "monai_version",
            "network_data_format",
            "eval_metrics",
            "metric_per_case",
            "foreground_mean",
            "inherits_from",
            "transpose_forward",
            "training",
            "hostname",
        ];
        let members: Vec<String> = keys
            .iter()
            .map(|key| format!("\"{key}\": {value}"))
            .collect();
        other.push(format!("{{{}}}", members.join(", ")).into_bytes());
    }
    let inspectors = Inspectors::default();
    for name in [
        "nnunet_v2_two_folds",
        "nnunet_v1_all",
        "mist_0",
        "monai_vista3d_shape",
    ] {
        let whole = open(&format!("genuine/{name}.zip"));
        let files: Vec<_> = whole
            .files()
            .iter()
            .map(|file| {
                (
                    file.path.to_string(),
                    whole.read_whole(file, 1 << 20).unwrap(),
                )
            })
            .collect();
        for at in 0..files.len() {
            let is_read = [".json", ".pkl", ".yml"]
                .iter()
                .any(|end| files[at].0.ends_with(end));
            for bytes in other.iter().filter(|_| is_read) {
                let changed: Vec<(&str, &[u8])> = files
                    .iter()
                    .enumerate()
                    .filter(|(_, (path, _))| !path.ends_with(".png") && !path.ends_with(".pth"))
                    .map(|(index, (path, data))| {
                        (&**path, if index == at { &**bytes } else { &**data })
                    })
                    .collect();
                let report = inspectors.look(&package(&changed)).unwrap();
                assert_eq!(report.files.len(), changed.len());
            }
        }
    }
}

/// An inspector of somebody else.
#[derive(Debug)]
struct Any(&'static str);

impl PackageInspector for Any {
    fn name(&self) -> &str {
        self.0
    }

    fn recognises(&self, _: &Package) -> Result<bool, PackageError> {
        Ok(true)
    }

    fn describe(&self, package: &Package) -> Result<Description, PackageError> {
        let mut description = Description::new(self.0);
        description
            .facts
            .insert("files".to_owned(), package.files().len().to_string());
        Ok(description)
    }
}

#[test]
fn inspectors_of_ones_own_come_first_and_the_others_are_named() {
    let inspectors = Inspectors::default()
        .with(Box::new(Any("first")))
        .with(Box::new(Any("second")));
    let report = inspectors.look(&open("genuine/mist_ct.zip")).unwrap();
    assert_eq!(report.inspector.as_deref(), Some("first"));
    assert_eq!(report.also, ["second", "MIST"]);
    assert_eq!(report.description.facts["files"], "2");
    let none = Inspectors::none()
        .look(&open("genuine/mist_ct.zip"))
        .unwrap();
    assert_eq!((none.inspector, none.files.len()), (None, 2));
}

#[test]
fn keys_that_could_be_names_of_people_are_not_told() {
    let pickle = b"(dS'state_dict'\nI1\nsS'JOHN DOE 1950-01-01'\nI2\nsS'Doe_John'\nI3\ns.";
    let weights = package(&[("weights/data.pkl", pickle), ("weights/version", b"3\n")]);
    let report = Inspectors::default().look(&weights).unwrap();
    let json = serde_json::to_string(&report).unwrap();
    assert!(json.contains("state_dict"), "{json}");
    assert!(!json.to_lowercase().contains("doe"), "{json}");
}

#[test]
fn what_nobody_knows_how_to_load_is_not_expected() {
    let trust = |package: &Package| Inspectors::default().look(package).unwrap().trust();
    assert_eq!(
        trust(&package_of("notes.txt", b"hello".to_vec())),
        Trust::Unknown
    );
    assert_eq!(trust(&package_of("empty.zip", Vec::new())), Trust::Unknown);
    let weights = open("genuine/language.gguf");
    assert_eq!(trust(&weights), Trust::Expected);
}
