"""A model by nnU-Net 2.2.1, whose plans say UNet_class_name where later ones have an architecture.

python nnunet_v2_old.py OUT     (Python 3.10, requirements-nnunet-v2-old.txt)
"""

import os
import sys
from pathlib import Path

os.environ["GENUINE_NAME"] = "nnunet_v2_old"

import nnunet_v2_tiny as tiny

LUNG = {
    "channel_names": {"0": "CT"},
    "labels": {"background": 0, "lung": 1, "nodule": 2},
    "file_ending": ".nii.gz",
}


def postprocess(folder):
    """Lets the framework choose a postprocessing that removes something.

    A network of two steps predicts nothing that could be mended, so the predictions judged here are the wanted labels with a stray
    block in a corner. What is chosen and written is the framework's.
    """
    import SimpleITK as sitk
    from nnunetv2.evaluation.evaluate_predictions import compute_metrics_on_folder
    from nnunetv2.imageio.simpleitk_reader_writer import SimpleITKIO
    from nnunetv2.postprocessing.remove_connected_components import determine_postprocessing

    labels = tiny.WORK / "raw" / folder.parent.name / "labelsTr"
    merged = folder / "crossval_results_folds_0"
    merged.mkdir(exist_ok=True)
    for path in labels.iterdir():
        image = sitk.ReadImage(str(path))
        image[0:6, 0:6, 0:6] = 0
        image[0:2, 0:2, 0:2] = 1
        sitk.WriteImage(image, str(merged / path.name))
    compute_metrics_on_folder(
        str(labels), str(merged), str(merged / "summary.json"), SimpleITKIO(), ".nii.gz", [1, 2], num_processes=1
    )
    determine_postprocessing(
        str(merged), str(labels), str(folder / "plans.json"), str(folder / "dataset.json"), num_processes=1
    )
    tiny.hide_this_machine(folder)


def main(out):
    from nnunetv2.model_sharing.model_export import export_pretrained_model

    from batchgenerators.dataloading.single_threaded_augmenter import SingleThreadedAugmenter

    # This version ends processes even where it started none.
    SingleThreadedAugmenter._finish = lambda self: None
    out.mkdir(parents=True, exist_ok=True)
    tiny.write_dataset("Dataset907_RandomLung", (20, 24, 24), (2.5, 0.7, 0.7), LUNG, (1, 2))
    tiny.plan(907, ("3d_fullres",), 0.004)
    postprocess(tiny.train(907, "3d_fullres", 0))
    export_pretrained_model(907, str(out / "nnunet_v2_old_plans.zip"), ("3d_fullres",), folds=(0,))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
