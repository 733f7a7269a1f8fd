//! nnU-Net and TotalSegmentator: what they read themselves is what is told here.

use serde_json::json;

use super::*;

const V2: &[&str] = &[
    "nnunet_v2_cascade",
    "nnunet_v2_cascade_second_stage_only",
    "nnunet_v2_fold_all",
    "nnunet_v2_old_plans",
    "nnunet_v2_regions_ignore",
    "nnunet_v2_two_folds",
    "totalsegmentator_v2",
];

fn last_part(folder: &str) -> &str {
    folder.rsplit('/').next().unwrap()
}

#[test]
fn version_2_is_read_as_it_reads_itself() {
    for name in V2 {
        let (report, expected) = genuine(&format!("{name}.zip"));
        let description = &report.description;
        assert_eq!(
            report.inspector.as_deref(),
            expected["type"].as_str(),
            "{name}"
        );
        assert_eq!(
            description.network_type.as_ref().unwrap().as_str(),
            expected["type"]
        );
        let models = expected["models"].as_array().unwrap();
        assert_eq!(description.networks.len(), models.len(), "{name}");
        for model in models {
            let folder = model["folder"].as_str().unwrap();
            let networks = &mut description.networks.iter();
            let network = networks.find(|it| last_part(&it.folder) == folder).unwrap();
            assert_eq!(json!(network.trainer), model["trainer_name"], "{name}");
            assert_eq!(json!(network.plans), model["plans_name"], "{name}");
            assert_eq!(
                json!(network.configuration),
                model["configuration"],
                "{name}"
            );
            let folds: Vec<_> = network.folds.iter().map(|fold| &fold.name).collect();
            assert_eq!(json!(folds), model["folds"], "{name}");
            assert!(network.folds.iter().all(|fold| fold.complete), "{name}");
            assert_eq!(json!(description.name), model["dataset_name"], "{name}");
            assert_eq!(json!(description.licence), model["licence"], "{name}");
            assert_eq!(
                json!(description.ignored_label),
                model["ignore_label"],
                "{name}"
            );
            let channels = model["channel_names"].as_array().unwrap();
            let channels: Vec<_> = channels.iter().map(|it| it[1].clone()).collect();
            assert_eq!(json!(description.channels), json!(channels), "{name}");
            outputs(name, description, &model["outputs"]);
            configurations(name, description, &model["configurations"]);
            folds_and_scores(name, description, network, model);
        }
    }
}

fn outputs(name: &str, description: &Description, expected: &Value) {
    let output = |output: &Output| {
        let labels = match &*output.labels {
            // The framework keeps a list of one as it is written.
            [one] if Some(*one) == output.value => json!(one),
            all => json!(all),
        };
        json!({"name": output.name, "trained_on": labels, "value": output.value})
    };
    let found: Vec<Value> = description.outputs.iter().map(output).collect();
    let mut expected = expected.as_array().unwrap().clone();
    for output in &mut expected {
        if let Some([one]) = output["trained_on"].as_array().map(Vec::as_slice)
            && *one == output["value"]
        {
            output["trained_on"] = one.clone();
        }
    }
    assert_eq!(found, expected, "{name}");
}

fn configurations(name: &str, description: &Description, expected: &Value) {
    let expected = expected.as_object().unwrap();
    assert_eq!(description.configurations.len(), expected.len(), "{name}");
    for configuration in &description.configurations {
        let expected = &expected[&configuration.name];
        let found = json!({
            "patch_size": configuration.patch_size,
            "spacing": configuration.spacing,
            "batch_size": configuration.batch_size,
            "normalization_schemes": configuration.normalization,
            "network_class_name": configuration.network_class,
            "previous_stage": configuration.previous_stage,
        });
        for (key, value) in found.as_object().unwrap() {
            assert_eq!(*value, expected[key], "{name} {} {key}", configuration.name);
        }
        let axes = configuration.axes.as_deref();
        assert_eq!(
            axes,
            Some(if configuration.name == "2d" {
                "yx"
            } else {
                "zyx"
            })
        );
    }
}

fn folds_and_scores(name: &str, description: &Description, network: &Network, expected: &Value) {
    for fold in &network.folds {
        let checkpoint = &expected["checkpoints"][&fold.name];
        assert_eq!(json!(fold.epochs), checkpoint["current_epoch"], "{name}");
        assert_eq!(
            json!(fold.mirroring_axes),
            checkpoint["mirroring_axes"],
            "{name}"
        );
        let ended = checkpoint["last_epoch_ended"].as_f64().unwrap();
        let micros = fold.trained_at.unwrap().unix_micros();
        assert!((ended * 1e6 - micros as f64).abs() < 2.0, "{name}");
        let score = |measure: &str, on: &str| {
            let of = |score: &&Score| {
                score.measure == measure
                    && score.on == on
                    && score.network.as_ref() == Some(&network.folder)
                    && score.fold.as_ref() == Some(&fold.name)
            };
            description.scores.iter().find(of).map(|score| score.value)
        };
        let mean = "mean foreground Dice";
        for (found, expected) in [
            (
                score(mean, "validation"),
                &expected["validation_mean_dice"][&fold.name],
            ),
            (score(mean, "training"), &checkpoint["last_mean_fg_dice"]),
            (
                score("mean foreground Dice, moving average", "training"),
                &checkpoint["best_ema"],
            ),
        ] {
            // The test's reader of JSON rounds the last digit otherwise.
            let difference = found.unwrap() - expected.as_f64().unwrap();
            assert!(difference.abs() < 1e-12, "{name}: {found:?} {expected}");
        }
    }
}

#[test]
fn version_1_is_read_as_it_reads_itself() {
    for name in [
        "nnunet_v1_all",
        "nnunet_v1_two_folds",
        "totalsegmentator_v1",
    ] {
        let (report, expected) = genuine(&format!("{name}.zip"));
        let description = &report.description;
        assert_eq!(
            report.inspector.as_deref(),
            expected["type"].as_str(),
            "{name}"
        );
        assert_eq!(
            description.network_type.as_ref().unwrap().as_str(),
            expected["type"]
        );
        assert!(report.also.is_empty(), "{name}");
        assert_eq!(
            description.name.as_ref().unwrap().as_str(),
            "Task905_RandomSpleen"
        );
        let ([model], [network]) = (
            expected["models"].as_array().unwrap().as_slice(),
            description.networks.as_slice(),
        ) else {
            panic!("{name}")
        };
        assert_eq!(json!(network.folder), model["folder"], "{name}");
        assert_eq!(json!(network.trainer), model["trainer_name"], "{name}");
        let folders = model["fold_folders"].as_array().unwrap().iter();
        let folds: Vec<_> = folders
            .map(|it| it.as_str().unwrap().trim_start_matches("fold_"))
            .collect();
        let found: Vec<_> = network.folds.iter().map(|fold| &*fold.name).collect();
        assert_eq!(found, folds, "{name}");
        for (_, checkpoint) in model["checkpoints"].as_object().unwrap() {
            let epochs: Vec<_> = network
                .folds
                .iter()
                .map(|fold| json!(fold.epochs))
                .collect();
            assert!(epochs.contains(&checkpoint["epoch"]), "{name}: {epochs:?}");
        }
        let classes: Vec<_> = description
            .outputs
            .iter()
            .map(|output| output.value)
            .collect();
        assert_eq!(json!(classes), model["classes"], "{name}");
        assert_eq!(json!(description.channels), json!(["CT"]), "{name}");
        let [configuration] = &*description.configurations else {
            panic!("{name}")
        };
        assert_eq!(configuration.name, "3d_fullres");
        assert_eq!(
            json!(configuration.patch_size),
            model["patch_size"],
            "{name}"
        );
        assert_eq!(json!(configuration.spacing), model["spacing"], "{name}");
        assert_eq!(
            json!(configuration.batch_size),
            model["batch_size"],
            "{name}"
        );
        assert_eq!(configuration.normalization, ["CT"]);
        let leaks = told(&report, FindingKind::Leak);
        let count = format!("names {} cases", model["training_files_listed"]);
        assert!(
            leaks.iter().any(|leak| leak.contains(&count)),
            "{name}: {leaks:?}"
        );
        let odd = told(&report, FindingKind::Odd).join("\n");
        assert!(odd.contains("plans.pkl names no labels"), "{name}: {odd}");
    }
}

#[test]
fn folds_that_are_not_there_are_told() {
    let missing = |name| look(name).description.networks[0].missing_folds.clone();
    assert_eq!(missing("genuine/nnunet_v2_two_folds.zip"), ["2", "3", "4"]);
    assert!(missing("genuine/nnunet_v2_fold_all.zip").is_empty());
    assert!(missing("genuine/totalsegmentator_v2.zip").is_empty());
}

#[test]
fn a_second_stage_alone_does_not_run() {
    let whole = look("genuine/nnunet_v2_cascade.zip");
    assert!(whole.is_complete(), "{:?}", whole.findings);
    let alone = look("genuine/nnunet_v2_cascade_second_stage_only.zip");
    let missing = told(&alone, FindingKind::Missing);
    assert!(
        missing[0].contains("takes the segmentation of 3d_lowres"),
        "{missing:?}"
    );
}

#[test]
fn regions_become_labels_in_the_order_of_the_file() {
    let report = look("genuine/nnunet_v2_regions_ignore.zip");
    let names = report.description.contour_names().to_json();
    assert_eq!(
        names,
        r#"{"1":["whole tumour","oedema"],"3":"enhancing","2":"core"}"#
    );
}

#[test]
fn what_totalsegmentator_could_have_made_may_be_nnunets() {
    let report = look("genuine/totalsegmentator_v2.zip");
    assert_eq!(report.also, ["nnUNet_v2"]);
    assert!(look("genuine/nnunet_v2_two_folds.zip").also.is_empty());
}

/// What is left of a genuine package when these files are taken away.
fn without(name: &str, left_out: &[&str]) -> Package {
    let whole = open(name);
    let kept = whole
        .files()
        .iter()
        .filter(|file| !left_out.contains(&file.path.file_name()));
    let files: Vec<_> = kept
        .map(|file| {
            (
                file.path.to_string(),
                whole.read_whole(file, 1 << 20).unwrap(),
            )
        })
        .collect();
    let files: Vec<_> = files
        .iter()
        .map(|(name, data)| (&**name, &**data))
        .collect();
    package(&files)
}

#[test]
fn without_its_json_a_checkpoint_tells_labels_and_plans() {
    let name = "genuine/nnunet_v2_two_folds.zip";
    let whole = look(name);
    let bare = without(name, &["dataset.json", "plans.json"]);
    let bare = Inspectors::default().look(&bare).unwrap();
    assert_eq!(bare.description.outputs, whole.description.outputs);
    assert_eq!(
        bare.description.configurations,
        whole.description.configurations
    );
    assert_eq!(bare.description.name, whole.description.name);
    let missing = told(&bare, FindingKind::Missing).join("\n");
    assert!(
        missing.contains("plans.json is not there: what is told"),
        "{missing}"
    );
    assert!(missing.contains("dataset.json is not there"), "{missing}");
}

#[test]
fn without_weights_it_does_not_run() {
    for (name, weights) in [
        ("genuine/nnunet_v2_two_folds.zip", "checkpoint_final.pth"),
        (
            "genuine/nnunet_v1_all.zip",
            "model_final_checkpoint.model.pkl",
        ),
    ] {
        let bare = Inspectors::default()
            .look(&without(name, &[weights]))
            .unwrap();
        assert!(bare.inspector.is_some(), "{name}");
        let missing = told(&bare, FindingKind::Missing).join("\n");
        assert!(missing.contains("no fold has"), "{name}: {missing}");
    }
}
