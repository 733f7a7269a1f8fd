"""Trains five tiny nnU-Net v2 models and exports them with the framework's own exporter.

python nnunet_v2.py OUT [two_folds fold_all regions_ignore cascade residual]
"""

import sys
from pathlib import Path

import nnunet_v2_tiny as tiny

LIVER = {
    "channel_names": {"0": "CT"},
    "labels": {"background": 0, "liver": 1, "tumour": 2},
    "file_ending": ".nii.gz",
    "name": "Random liver",
    "description": "Random numbers, no patient",
    "reference": "https://example.org/random-liver",
    "licence": "CC0-1.0",
}
# Two channels, an image of one slice's thickness, and labels that are not in the order of their values.
PROSTATE = {
    "channel_names": {"0": "T2", "1": "ADC"},
    "labels": {"background": 0, "transition zone": 2, "peripheral zone": 1},
    "file_ending": ".nrrd",
    "name": "Random prostate",
    "license": "CC-BY-SA 4.0",
}
# Regions in an order that is neither alphabetical nor by size: the i-th output is the i-th region of this file.
BRAIN = {
    "channel_names": {"0": "T1", "1": "T1ce"},
    "labels": {
        "background": 0,
        "whole tumour": [1, 2, 3],
        "enhancing": [3],
        "core": [2, 3],
        "oedema": 1,
        "ignore": 4,
    },
    "regions_class_order": [1, 3, 2, 1],
    "file_ending": ".nii.gz",
    "name": "Random brain",
}
VESSELS = {
    "channel_names": {"0": "CT", "1": "noNorm"},
    "labels": {"background": 0, "aorta": 1, "vena cava": 2, "portal vein": 3},
    "file_ending": ".nii.gz",
    "name": "Random vessels",
}
ORGANS = {
    # "modality" is what older dataset.json files say instead of channel_names.
    "modality": {"0": "CT"},
    "labels": {"background": 0, "spleen": 1, "kidney_right": 2, "kidney_left": 3},
    "file_ending": ".nii.gz",
}


def export(number, package, configurations, **named):
    from nnunetv2.model_sharing.model_export import export_pretrained_model

    export_pretrained_model(number, str(package), configurations, **named)


def crossvalidate(folder, folds):
    """What nnUNetv2_find_best_configuration leaves behind: merged results and the choice of postprocessing."""
    from nnunetv2.evaluation.accumulate_cv_results import accumulate_cv_results
    from nnunetv2.postprocessing.remove_connected_components import determine_postprocessing

    merged = folder / f"crossval_results_folds_{'_'.join(str(f) for f in folds)}"
    accumulate_cv_results(str(folder), str(merged), folds, num_processes=1)
    determine_postprocessing(
        str(merged),
        str(tiny.WORK / "raw" / folder.parent.name / "labelsTr"),
        str(folder / "plans.json"),
        str(folder / "dataset.json"),
        num_processes=1,
        keep_postprocessed_files=False,
    )
    tiny.hide_this_machine(folder)


def two_folds(out):
    """Two folds of five, with cross-validation and postprocessing."""
    tiny.write_dataset("Dataset901_RandomLiver", (20, 24, 24), (3.0, 0.75, 0.8), LIVER, (1, 2))
    tiny.plan(901, ("3d_fullres",), 0.004)
    for fold in (0, 1):
        folder = tiny.train(901, "3d_fullres", fold)
    crossvalidate(folder, (0, 1))
    export(901, out / "nnunet_v2_two_folds.zip", ("3d_fullres",), folds=(0, 1))


def fold_all(out):
    """fold_all, 2d, a stock trainer other than the default."""
    tiny.write_dataset("Dataset902_RandomProstate", (6, 32, 32), (3.6, 0.5, 0.5), PROSTATE, (1, 2))
    tiny.plan(902, ("2d",), 0.004)
    tiny.train(902, "2d", "all", trainer="nnUNetTrainer_5epochs")
    export(902, out / "nnunet_v2_fold_all.zip", ("2d",), trainer="nnUNetTrainer_5epochs", folds=("all",))


def regions_ignore(out):
    """Regions and an ignore label."""
    tiny.write_dataset("Dataset903_RandomBrain", (20, 20, 20), (1.0, 1.0, 1.0), BRAIN, (1, 2, 3, 4))
    tiny.plan(903, ("3d_fullres",), 0.004)
    tiny.train(903, "3d_fullres", 0)
    export(903, out / "nnunet_v2_regions_ignore.zip", ("3d_fullres",), folds=(0,))


def cascade(out):
    """Both stages in one zip, then the second stage alone, which cannot run by itself."""
    tiny.write_dataset("Dataset904_RandomVessels", (56, 56, 56), (1.0, 1.0, 1.0), VESSELS, (1, 2, 3))
    tiny.plan(904, ("3d_lowres", "3d_fullres"), 0.001)
    tiny.train(904, "3d_lowres", "all")
    tiny.train(904, "3d_cascade_fullres", "all")
    both = ("3d_lowres", "3d_cascade_fullres")
    export(904, out / "nnunet_v2_cascade.zip", both, folds=("all",))
    export(904, out / "nnunet_v2_cascade_second_stage_only.zip", both[1:], folds=("all",))


def residual(out):
    """A residual encoder, by its own planner and under its own plans name, packed as TotalSegmentator 2 has it."""
    plans = "nnUNetResEncUNetMPlans"
    tiny.write_dataset("Dataset906_RandomOrgans", (20, 24, 24), (1.5, 1.5, 1.5), ORGANS, (1, 2, 3))
    tiny.plan(906, ("3d_fullres",), 0.004, planner="nnUNetPlannerResEncM", plans_name=plans)
    tiny.train(906, "3d_fullres", 0, trainer="nnUNetTrainerNoMirroring", plans_name=plans)
    named = {"trainer": "nnUNetTrainerNoMirroring", "plans_identifier": plans, "folds": (0,)}
    export(906, out / "totalsegmentator_v2.zip", ("3d_fullres",), **named)


PACKAGES = (two_folds, fold_all, regions_ignore, cascade, residual)


def main(out, wanted):
    out.mkdir(parents=True, exist_ok=True)
    for package in PACKAGES:
        if not wanted or package.__name__ in wanted:
            package(out)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
