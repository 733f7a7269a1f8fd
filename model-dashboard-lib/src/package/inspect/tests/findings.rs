//! Code, traces and what else should be known.

use super::*;

/// What is right of the packages of `hostile/code` that are no single files.
#[derive(serde::Deserialize)]
struct Hostile {
    file: String,
    verdict: String,
    #[serde(rename = "where")]
    place: Option<String>,
}

#[test]
fn code_outside_of_pickles_is_told_with_its_place() {
    let manifest: Vec<Hostile> = serde_json::from_slice(&file("hostile/manifest.json")).unwrap();
    let code = manifest.iter().filter(|it| it.verdict == "code");
    let mut seen = 0;
    for hostile in code {
        seen += 1;
        let name = &hostile.file;
        let report = look(&format!("hostile/{name}"));
        assert!(report.contains_code, "{name}: {report:?}");
        let found = told(&report, FindingKind::Code).join("\n");
        let place = hostile.place.as_ref().unwrap();
        let (path, places) = place.split_once(": ").unwrap_or((place, ""));
        assert!(found.contains(path), "{name}: {found}");
        // Of YAML the line is told.
        let places = places.split(", ").filter(|_| !path.ends_with(".yaml"));
        for place in places {
            assert!(found.contains(place), "{name}: {found} lacks {place}");
        }
    }
    assert!(seen >= 16, "{seen}");
}

#[test]
fn honest_packages_hold_no_code() {
    for name in [
        "genuine/mist_two_folds.zip",
        "genuine/nnunet_v1_two_folds.zip",
        "genuine/nnunet_v2_cascade.zip",
        "genuine/nnunet_v2_old_plans.zip",
        "genuine/nnunet_v2_two_folds.zip",
        "genuine/totalsegmentator_v1.zip",
        "genuine/totalsegmentator_v2.zip",
        "hostile/controls/plans.zip",
    ] {
        let report = look(name);
        assert!(!report.contains_code, "{name}: {:?}", report.findings);
    }
}

#[test]
fn a_bundle_with_scripts_and_evaluated_texts_holds_code() {
    let report = look("genuine/monai_spleen.zip");
    let code = told(&report, FindingKind::Code);
    assert!(
        code.iter()
            .any(|it| it.contains("scripts/halve.py: it is Python code")),
        "{code:?}"
    );
    let evaluated = code
        .iter()
        .find(|it| it.contains("configs/inference.json"))
        .unwrap();
    assert!(
        evaluated.contains("[imports[0], device, ckpt_path, network]"),
        "{evaluated}"
    );
    // MONAI's own components are not told, and an empty file is no code.
    assert!(
        !code
            .iter()
            .any(|it| it.contains("_target_") || it.contains("__init__")),
        "{code:?}"
    );
}

#[test]
fn configurations_that_cannot_be_read_are_never_called_clean() {
    let metadata: &[u8] = br#"{"version": "1", "monai_version": "1.5.0"}"#;
    let deep = format!("{}\"$x\"{}", "[".repeat(200), "]".repeat(200));
    for text in ["{", deep.as_str()] {
        let bundle = package(&[
            ("b/configs/metadata.json", metadata),
            ("b/configs/inference.json", text.as_bytes()),
        ]);
        assert!(
            Inspectors::default().look(&bundle).unwrap().contains_code,
            "{text}"
        );
        let folder = "Dataset001_X/nnUNetTrainer__nnUNetPlans__2d";
        let plans = format!("{folder}/plans.json");
        let dataset = format!("{folder}/dataset.json");
        let network = package(&[(&plans, text.as_bytes()), (&dataset, b"{}")]);
        assert!(
            Inspectors::default().look(&network).unwrap().contains_code,
            "{text}"
        );
    }
}

#[test]
fn traces_of_training_are_told_without_repeating_them() {
    let report = look("genuine/nnunet_v2_two_folds.zip");
    let leaks = told(&report, FindingKind::Leak);
    let of = |end: &str| {
        let leak = leaks.iter().find(|leak| leak.contains(end));
        leak.unwrap_or_else(|| panic!("{end}: {leaks:?}"))
    };
    assert!(of("fold_0/validation/summary.json").contains("names the files of 1 case "));
    assert!(of("crossval_results_folds_0_1/summary.json").contains("2 cases"));
    let debug = of("fold_1/debug.json");
    assert!(
        debug.contains("the computer that trained the model, and folders of it"),
        "{debug}"
    );
    assert!(
        debug.contains("hostname") && debug.contains("log_file"),
        "{debug}"
    );
    let all = serde_json::to_string(&report).unwrap();
    for identifier in ["case_000", "gpu-node-7", "/data/nnUNet"] {
        assert!(!all.contains(identifier), "{identifier}");
    }
}

#[test]
fn traces_are_found_in_any_package() {
    let report = Inspectors::default()
        .look(&package(&[
            ("images/patient.nii.gz", b"image"),
            (
                "splits_final.json",
                br#"[{"train": ["a", "b"], "val": ["c"]}]"#,
            ),
            ("dataset.json", br#"{"training": [{"image": "a.nii"}]}"#),
            ("fold_0/training_log_2026.txt", b"log"),
            ("train_paths.csv", b"id,mask"),
        ]))
        .unwrap();
    assert_eq!(report.inspector, None);
    let leaks = told(&report, FindingKind::Leak);
    assert_eq!(leaks.len(), 5, "{leaks:?}");
    assert!(
        leaks.iter().any(|leak| leak.contains("it names 3 cases")),
        "{leaks:?}"
    );
}
