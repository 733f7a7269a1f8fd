//! Templates of workflows.

use crate::at_a_server::genuine;
use crate::installation::Installation;

/// Only what comes out of the last stage is a result of the job, and what nobody knows how to run fails.
#[test]
fn a_template_gives_out_what_the_last_command_makes() {
    let here = Installation::begun();
    for (package, name, expected) in [
        (
            "nnunet_v2_cascade.zip",
            "nnUNet_v2/Vessels",
            &[
                "-i /data/input -o /tmp/3d_lowres -d",
                "-i /data/input -o /data/output -d",
                "-prev_stage_predictions /tmp/3d_lowres",
            ][..],
        ),
        (
            "nnunet_v2_cascade_second_stage_only.zip",
            "nnUNet_v2/Second",
            &[
                "-o /data/output -d",
                "-prev_stage_predictions OUTPUT_3d_lowres",
            ],
        ),
        (
            "monai_spleen.zip",
            "MONAI/Spleen",
            &["--dataset_dir /data/input --output_dir /data/output"],
        ),
        (
            "monai_vista3d_shape.zip",
            "vista3d/Body",
            &[
                r"--input_dict '{'\''image'\'': '\''/data/input/IMAGE'\''}' --output_dir /data/output",
            ],
        ),
        (
            "weights.pt",
            "torch/Weights",
            &["ls -R '/models'", "exit 1"],
        ),
    ] {
        let upload = ["model", "upload", &genuine(package), "--name", name];
        here.run(&[&upload[..], &["--as-typed"]].concat())
            .succeeds();
        let template = here.run(&["model", "pull", name, "--format", "argo"]);
        let template = template.succeeds().stdout;
        for expected in expected {
            assert!(template.contains(expected), "{expected}: {template}");
        }
    }
}
