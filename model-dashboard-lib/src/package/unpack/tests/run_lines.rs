//! What runs a package.

use super::*;

fn lines(job: &Job) -> Vec<String> {
    let lines = run_lines(&job.report, &job.layout, Path::new("/models"));
    lines.iter().map(ToString::to_string).collect()
}

#[test]
fn every_genuine_package_is_run_as_its_framework_says() {
    for (name, expected) in [
        (
            "nnunet_v2_two_folds.zip",
            &[
                "nnUNet_results=/models nnUNetv2_predict -i INPUT -o OUTPUT -d Dataset901_RandomLiver -c 3d_fullres -tr nnUNetTrainer -p nnUNetPlans -f 0 1",
            ][..],
        ),
        (
            "nnunet_v2_fold_all.zip",
            &[
                "nnUNet_results=/models nnUNetv2_predict -i INPUT -o OUTPUT -d Dataset902_RandomProstate -c 2d -tr nnUNetTrainer_5epochs -p nnUNetPlans -f all",
            ],
        ),
        (
            "nnunet_v2_cascade.zip",
            &[
                "nnUNet_results=/models nnUNetv2_predict -i INPUT -o OUTPUT_3d_lowres -d Dataset904_RandomVessels -c 3d_lowres -tr nnUNetTrainer -p nnUNetPlans -f all",
                "nnUNet_results=/models nnUNetv2_predict -i INPUT -o OUTPUT_3d_cascade_fullres -d Dataset904_RandomVessels -c 3d_cascade_fullres -tr nnUNetTrainer -p nnUNetPlans -f all -prev_stage_predictions OUTPUT_3d_lowres",
            ],
        ),
        (
            "nnunet_v2_cascade_second_stage_only.zip",
            &[
                "nnUNet_results=/models nnUNetv2_predict -i INPUT -o OUTPUT -d Dataset904_RandomVessels -c 3d_cascade_fullres -tr nnUNetTrainer -p nnUNetPlans -f all -prev_stage_predictions OUTPUT_3d_lowres",
            ],
        ),
        (
            "nnunet_v2_old_plans.zip",
            &[
                "nnUNet_results=/models nnUNetv2_predict -i INPUT -o OUTPUT -d Dataset907_RandomLung -c 3d_fullres -tr nnUNetTrainer -p nnUNetPlans -f 0",
            ],
        ),
        (
            "totalsegmentator_v2.zip",
            &["TOTALSEG_WEIGHTS_PATH=/models TotalSegmentator -i INPUT -o OUTPUT -ta TASK"],
        ),
        (
            "totalsegmentator_v1.zip",
            &["TOTALSEG_WEIGHTS_PATH=/models TotalSegmentator -i INPUT -o OUTPUT -ta TASK"],
        ),
        (
            "nnunet_v1_two_folds.zip",
            &[
                "RESULTS_FOLDER=/models nnUNet_predict -i INPUT -o OUTPUT -t Task905_RandomSpleen -m 3d_fullres -tr nnUNetTrainerV2 -p nnUNetPlansv2.1 -f 0 1",
            ],
        ),
        (
            "nnunet_v1_all.zip",
            &[
                "RESULTS_FOLDER=/models nnUNet_predict -i INPUT -o OUTPUT -t Task905_RandomSpleen -m 3d_fullres -tr nnUNetTrainerV2 -p nnUNetPlansv2.1 -f all",
            ],
        ),
        (
            "mist_two_folds.zip",
            &[
                "mist_predict --models-dir /models/Liver/models --config /models/Liver/config.json --paths-csv PATHS_CSV --output OUTPUT",
            ],
        ),
        ("mist_0.zip", &[]),
        (
            "monai_spleen.zip",
            &[
                "PYTHONPATH=/models/Liver python -m monai.bundle run --config_file /models/Liver/configs/inference.json --bundle_root /models/Liver --dataset_dir INPUT --output_dir OUTPUT",
            ],
        ),
        (
            "monai_vista3d_shape.zip",
            &[
                r"python -m monai.bundle run --config_file /models/Liver/configs/inference.json --bundle_root /models/Liver --input_dict '{'\''image'\'': '\''IMAGE'\''}' --output_dir OUTPUT",
            ],
        ),
        // It has no weights.
        ("monai_without_weights.zip", &[]),
        ("tensorflow_module.zip", &[]),
        ("weights.pt", &[]),
    ] {
        assert_eq!(lines(&Job::genuine(name)), expected, "{name}");
    }
}

#[test]
fn every_path_of_a_line_is_there_when_the_package_is_unpacked() {
    for name in [
        "nnunet_v2_two_folds.zip",
        "mist_two_folds.zip",
        "monai_spleen.zip",
    ] {
        let job = Job::genuine(name);
        job.unpack().unwrap();
        let lines = run_lines(&job.report, &job.layout, job.dir.path());
        let variables = lines[0].environment.iter().map(|(_, value)| value);
        let paths = variables
            .chain(&lines[0].command)
            .filter(|it| it.starts_with('/'));
        let count = paths
            .inspect(|it| assert!(Path::new(it).exists(), "{it}"))
            .count();
        assert!(count > 0, "{name}");
    }
}

/// A file of weights, whatever it is called.
fn weights() -> Vec<u8> {
    let source = genuine("weights.pt");
    let mut bytes = vec![0; source.size() as usize];
    assert_eq!(source.read_at(0, &mut bytes).unwrap(), bytes.len());
    bytes
}

#[test]
fn weights_that_are_not_the_final_ones_are_asked_for_by_name() {
    let weights = weights();
    let job = Job::made(&[
        ("Dataset001_X/T__P__2d/plans.json", b"{}"),
        ("Dataset001_X/T__P__2d/dataset.json", b"{}"),
        ("Dataset001_X/T__P__2d/fold_3/checkpoint_best.pth", &weights),
        (
            "Dataset001_X/T__P__2d/fold_4/checkpoint_best.pth",
            b"broken",
        ),
    ]);
    let expected = "nnUNet_results=/models nnUNetv2_predict -i INPUT -o OUTPUT -d Dataset001_X -c 2d \
        -tr T -p P -f 3 -chk checkpoint_best.pth";
    assert_eq!(lines(&job), [expected]);
}

#[test]
fn a_network_that_has_no_numbered_dataset_is_run_by_its_folder() {
    let weights = weights();
    let job = Job::made(&[
        ("a network/plans.json", b"{}"),
        ("a network/dataset.json", b"{}"),
        ("a network/fold_0/checkpoint_final.pth", &weights),
    ]);
    let expected =
        "nnUNetv2_predict_from_modelfolder -i INPUT -o OUTPUT -m '/models/Liver/a network' -f 0";
    assert_eq!(lines(&job), [expected]);
}

/// A package of version 1 with these networks, each with its folds.
fn of_version_1(networks: &[(&str, &[&str])]) -> Job {
    let weights = weights();
    let mut files = Vec::new();
    for (network, folds) in networks {
        files.push((format!("{network}/plans.pkl"), &b"1"[..]));
        for fold in *folds {
            let file = format!("{network}/{fold}/model_final_checkpoint.model");
            files.push((format!("{file}.pkl"), b"1"));
            files.push((file, &weights));
        }
    }
    let files: Vec<(&str, &[u8])> = files.iter().map(|(path, data)| (&**path, *data)).collect();
    Job::made(&files)
}

const V1: &str = "RESULTS_FOLDER=/models nnUNet_predict -i INPUT -o";

#[test]
fn a_cascade_of_version_1_is_told_who_trained_its_first_stage() {
    let cascade = "3d_cascade_fullres/Task055_X/TCascade__P";
    let lowres = "3d_lowres/Task055_X/TLow__P";
    let first = |folds: &str| {
        format!("{V1} OUTPUT_3d_lowres -t Task055_X -m 3d_lowres -tr TLow -p P -f {folds}")
    };
    let second = |rest: &str| {
        format!("{V1} OUTPUT_3d_cascade_fullres -t Task055_X -m 3d_cascade_fullres {rest}")
    };
    // Folds that one of both has not are not asked for.
    let job = of_version_1(&[
        (cascade, &["fold_0", "fold_1", "fold_2"]),
        (lowres, &["fold_1", "fold_2", "fold_3"]),
    ]);
    let expected = [first("1 2 3"), second("-tr TLow -ctr TCascade -p P -f 1 2")];
    assert_eq!(lines(&job), expected);
    // Without any it takes what the first one wrote.
    let job = of_version_1(&[(cascade, &["fold_0"]), (lowres, &["all"])]);
    let expected = [
        first("all"),
        second("-l OUTPUT_3d_lowres -ctr TCascade -p P -f 0"),
    ];
    assert_eq!(lines(&job), expected);
    let job = of_version_1(&[(cascade, &["fold_0"])]);
    let alone = second("-l OUTPUT_3d_lowres -ctr TCascade -p P -f 0");
    assert_eq!(
        lines(&job),
        [alone.replace("OUTPUT_3d_cascade_fullres", "OUTPUT")]
    );
}

#[test]
fn folds_are_numbers_or_all_by_itself() {
    let job = of_version_1(&[(
        "2d/Task055_X/T__P",
        &["fold_0", "fold_07", "fold_1b", "all"],
    )]);
    assert_eq!(
        lines(&job),
        [format!("{V1} OUTPUT -t Task055_X -m 2d -tr T -p P -f 0")]
    );
    let job = of_version_1(&[("2d/Task055_X/T__P", &["fold_x", "all"])]);
    assert_eq!(
        lines(&job),
        [format!("{V1} OUTPUT -t Task055_X -m 2d -tr T -p P -f all")]
    );
    let job = of_version_1(&[("2d/Task055_X/T__P", &["fold_x"])]);
    assert!(lines(&job).is_empty());
}

#[test]
fn outputs_of_two_trainers_are_told_apart() {
    let folds: &[&str] = &["all"];
    let job = of_version_1(&[("2d/Task055_X/T__P", folds), ("2d/Task055_X/U__P", folds)]);
    let line = |trainer: &str, output: &str| {
        format!("{V1} OUTPUT_{output} -t Task055_X -m 2d -tr {trainer} -p P -f all")
    };
    assert_eq!(lines(&job), [line("T", "T__P__2d"), line("U", "U__P__2d")]);
    let job = of_version_1(&[("2d/Task055_X/T__P", folds), ("2d/Task056_Y/T__P", folds)]);
    let outputs: Vec<String> = lines(&job);
    assert!(
        outputs[0].contains("OUTPUT_2d__Task055_X__T__P "),
        "{outputs:?}"
    );
    assert!(
        outputs[1].contains("OUTPUT_2d__Task056_Y__T__P "),
        "{outputs:?}"
    );
}
