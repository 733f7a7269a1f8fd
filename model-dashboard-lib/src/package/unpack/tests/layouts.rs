//! Where frameworks look.

use super::*;

#[test]
fn every_genuine_package_lies_where_its_framework_looks() {
    let v2 = "nnUNetTrainer__nnUNetPlans__3d_fullres";
    for (name, file) in [
        ("nnunet_v2_two_folds.zip", format!("Dataset/{v2}/fold_1/checkpoint_final.pth")),
        ("nnunet_v2_fold_all.zip", "Dataset/nnUNetTrainer_5epochs__nnUNetPlans__2d/fold_all/checkpoint_final.pth".to_owned()),
        ("nnunet_v2_cascade.zip", "Dataset/nnUNetTrainer__nnUNetPlans__3d_cascade_fullres/plans.json".to_owned()),
        ("totalsegmentator_v2.zip", "Dataset/nnUNetTrainerNoMirroring__nnUNetResEncUNetMPlans__3d_fullres/fold_0/checkpoint_final.pth".to_owned()),
        ("nnunet_v1_two_folds.zip", "nnUNet/3d_fullres/Task/nnUNetTrainerV2__nnUNetPlansv2.1/plans.pkl".to_owned()),
        ("totalsegmentator_v1.zip", "nnUNet/3d_fullres/Task/nnUNetTrainerV2__nnUNetPlansv2.1/plans.pkl".to_owned()),
        ("mist_0.zip", "Liver/models/model_config.json".to_owned()),
        ("mist_two_folds.zip", "Liver/models/fold_1.pt".to_owned()),
        ("monai_spleen.zip", "Liver/configs/metadata.json".to_owned()),
        ("monai_spleen.zip", "Liver/models/model.pt".to_owned()),
        ("weights.pt", "Liver/weights.pt".to_owned()),
    ] {
        let job = Job::genuine(name);
        let unpacked = job.unpack().unwrap();
        assert!(is_clean(&unpacked), "{name}");
        let files = files(job.dir.path());
        // Numbers and names of datasets are those of the packages.
        let short = |path: &String| -> String {
            let part = |part: &str| {
                let words = ["Dataset", "Task"];
                let word = words.iter().find(|word| layout::number(part, word).is_some());
                word.map_or_else(|| part.to_owned(), |word| (*word).to_owned())
            };
            path.split('/').map(part).collect::<Vec<_>>().join("/")
        };
        assert!(files.iter().any(|it| short(it) == file), "{name}: {files:#?}");
        assert_eq!(files.len(), job.package.files().len(), "{name}");
    }
}

#[test]
fn what_lies_around_or_beside_the_folder_of_a_model_does_not_matter() {
    let job = Job::made(&[
        ("results/Dataset001_X/T__P__2d/plans.json", b"{}"),
        ("results/Dataset001_X/T__P__2d/dataset.json", b"{}"),
        (
            "results/Dataset001_X/T__P__2d/fold_0/checkpoint_final.pth",
            b"",
        ),
        ("README.md", b"# Read"),
    ]);
    job.unpack().unwrap();
    let network = "Dataset001_X/T__P__2d";
    let expected = [
        format!("{network}/README.md"),
        format!("{network}/dataset.json"),
        format!("{network}/fold_0/checkpoint_final.pth"),
        format!("{network}/plans.json"),
    ];
    assert!(files(job.dir.path()).into_iter().eq(expected));
}

#[test]
fn nnunet_that_is_not_in_a_numbered_dataset_has_the_name_of_the_model() {
    let job = Job::made(&[("plans.json", b"{}"), ("dataset.json", b"{}")]);
    assert_eq!(job.report.inspector.as_deref(), Some("nnUNet_v2"));
    let unpacked = job.unpack().unwrap();
    assert_eq!(unpacked[0].folder, job.path("Liver"));
    assert!(job.path("Liver/plans.json").is_file());
}

#[test]
fn ensembles_of_nnunet_1_lie_beside_its_configurations() {
    let job = Job::made(&[
        ("2d/Task055_X/T__P/plans.pkl", b"1"),
        ("ensembles/Task055_X/a--b/postprocessing.json", b"{}"),
    ]);
    let unpacked = job.unpack().unwrap();
    let folders: Vec<_> = unpacked.into_iter().map(|it| it.folder).collect();
    let expected = ["nnUNet/2d/Task055_X", "nnUNet/ensembles/Task055_X"];
    assert_eq!(folders, expected.map(|it| job.path(it)));
    assert!(
        job.path("nnUNet/ensembles/Task055_X/a--b/postprocessing.json")
            .is_file()
    );
}

#[test]
fn networks_of_one_dataset_have_places_of_their_own() {
    let packages = ["2d", "3d_fullres"].map(|configuration| {
        let path = |file: &str| format!("Dataset001_X/T__P__{configuration}/{file}");
        let (plans, dataset) = (path("plans.json"), path("dataset.json"));
        Job::made(&[
            (&plans, b"{}"),
            (&dataset, b"{}"),
            ("Dataset001_X/inference_instructions.txt", b""),
        ])
    });
    let dir = tempfile::tempdir().unwrap();
    for job in &packages {
        assert!(is_clean(&job.unpack_into(dir.path()).unwrap()));
    }
    let expected =
        ["2d", "3d_fullres"].map(|it| dir.path().join(format!("Dataset001_X/T__P__{it}")));
    assert_eq!(folders_with_receipts(dir.path()).unwrap(), expected);
    assert!(expected[1].join("inference_instructions.txt").is_file());
}

#[test]
fn ensembles_of_nnunet_2_lie_beside_its_networks() {
    let job = Job::made(&[
        ("Dataset001_X/T__P__2d/plans.json", b"{}"),
        ("Dataset001_X/T__P__2d/dataset.json", b"{}"),
        ("Dataset001_X/ensembles/a___b/postprocessing.json", b"{}"),
    ]);
    let unpacked = job.unpack().unwrap();
    let folders: Vec<_> = unpacked.into_iter().map(|it| it.folder).collect();
    let expected = ["Dataset001_X/T__P__2d", "Dataset001_X/ensembles/a___b"];
    assert_eq!(folders, expected.map(|it| job.path(it)));
}
