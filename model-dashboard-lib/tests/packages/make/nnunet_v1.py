"""Plans, preprocesses and trains a tiny nnU-Net v1 model and exports it with the framework's own exporter.

python nnunet_v1.py OUT     (Python 3.9, requirements-nnunet-v1.txt)

Shrunk: two features at first instead of 32, one epoch of two steps, the resolution of progress.png. The trainer is
told invented folders before it saves, because the checkpoint's pickle would hold those of this machine.
"""

import json
import os
import sys
import zipfile
from pathlib import Path

WORK = Path(os.environ.get("GENUINE_WORK", "/tmp/genuine-work")) / "nnunet_v1"
os.environ["nnUNet_raw_data_base"] = str(WORK / "raw")
os.environ["nnUNet_preprocessed"] = str(WORK / "preprocessed")
os.environ["RESULTS_FOLDER"] = str(WORK / "results")
os.environ["nnUNet_n_proc_DA"] = "1"
os.environ["nnUNet_def_n_proc"] = "1"

import matplotlib

matplotlib.rcParams["savefig.dpi"] = 8
matplotlib.rcParams["figure.dpi"] = 8

import numpy as np
import SimpleITK as sitk
import torch

torch.set_num_threads(1)
INVENTED = "/data/nnUNet"
TASK = "Task905_RandomSpleen"
LABELS = {"0": "background", "1": "spleen", "2": "cyst"}


def write_dataset(cases=6):
    rng = np.random.default_rng(5)
    root = WORK / "raw" / "nnUNet_raw_data" / TASK
    for folder in ("imagesTr", "labelsTr"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    training = []
    for case in range(cases):
        labels = np.zeros((20, 24, 24), dtype=np.uint8)
        labels[4:16, 4:20, 4:20] = 1
        labels[8:12, 9:15, 9:15] = 2
        write(rng.normal(80, 20, labels.shape).astype(np.float32) + 50 * labels, root / "imagesTr" / f"spleen_{case}_0000.nii.gz")
        write(labels, root / "labelsTr" / f"spleen_{case}.nii.gz")
        name = f"spleen_{case}.nii.gz"
        training.append({"image": f"./imagesTr/{name}", "label": f"./labelsTr/{name}"})
    facts = {
        "name": "RandomSpleen",
        "description": "Random numbers, no patient",
        "tensorImageSize": "3D",
        "reference": "https://example.org/random-spleen",
        "licence": "CC0-1.0",
        "release": "1.0",
        "modality": {"0": "CT"},
        "labels": LABELS,
        "numTraining": cases,
        "numTest": 0,
        "training": training,
        "test": [],
    }
    (root / "dataset.json").write_text(json.dumps(facts))


def write(array, path):
    image = sitk.GetImageFromArray(array)
    image.SetSpacing((0.8, 0.8, 1.5))
    sitk.WriteImage(image, str(path))


def invented(value):
    """The same value with this machine's folder replaced, wherever a string of it says so."""
    if isinstance(value, str):
        return value.replace(str(WORK), INVENTED)
    if isinstance(value, (list, tuple)):
        return type(value)(invented(held) for held in value)
    if isinstance(value, dict):
        for key in value:
            value[key] = invented(value[key])
    return value


def plan():
    from batchgenerators.utilities.file_and_folder_operations import load_pickle, save_pickle
    from nnunet.experiment_planning import nnUNet_plan_and_preprocess
    from nnunet.experiment_planning.experiment_planner_baseline_3DUNet_v21 import ExperimentPlanner3D_v21

    init = ExperimentPlanner3D_v21.__init__

    def tiny(self, *arguments):
        init(self, *arguments)
        self.unet_base_num_features = 2

    ExperimentPlanner3D_v21.__init__ = tiny
    sys.argv = ["nnUNet_plan_and_preprocess", "-t", "905", "-pl2d", "None", "-tl", "1", "-tf", "1"]
    nnUNet_plan_and_preprocess.main()
    plans = WORK / "preprocessed" / TASK / "nnUNetPlansv2.1_plans_3D.pkl"
    save_pickle(invented(load_pickle(str(plans))), str(plans))


def train(fold):
    """As nnUNet_train does it."""
    from nnunet.run.default_configuration import get_default_configuration

    plans, output, dataset, batch_dice, stage, trainer_class = get_default_configuration(
        "3d_fullres", TASK, "nnUNetTrainerV2"
    )
    trainer = trainer_class(
        plans, fold, output_folder=output, dataset_directory=dataset, batch_dice=batch_dice, stage=stage, fp16=True
    )
    trainer.max_num_epochs = 1
    trainer.num_batches_per_epoch = 2
    trainer.num_val_batches_per_epoch = 1
    trainer.pin_memory = False
    trainer.initialize(True)
    trainer.init_args = invented(trainer.init_args)
    trainer.run_training()
    trainer.network.eval()
    trainer.validate(save_softmax=False, run_postprocessing_on_folds=False)
    hide_this_machine(Path(output))
    return Path(output)


def hide_this_machine(folder):
    for path in folder.rglob("*.json"):
        path.write_text(path.read_text().replace(str(WORK), INVENTED))


def main(out):
    from nnunet.inference.pretrained_models.collect_pretrained_models import export_pretrained_model
    from nnunet.postprocessing.consolidate_postprocessing import consolidate_folds

    out.mkdir(parents=True, exist_ok=True)
    write_dataset()
    plan()
    for fold in range(5):
        folder = train(fold)
    consolidate_folds(str(folder))
    hide_this_machine(folder)
    package = out / "nnunet_v1_two_folds.zip"
    export_pretrained_model(TASK, str(package), ("3d_fullres",), folds=(0, 1))
    close(package)
    train("all")
    # As TotalSegmentator 1 unpacks it: zipped within the folder of the configuration, which it leaves out.
    totalsegmentator(folder.parent, out / "totalsegmentator_v1.zip", folds=("fold_0",))
    package = out / "nnunet_v1_all.zip"
    export_pretrained_model(TASK, str(package), ("3d_fullres",), folds=("all",))
    close(package)


def totalsegmentator(task, package, folds):
    with zipfile.ZipFile(package, "w", zipfile.ZIP_DEFLATED) as held:
        for path in sorted(task.rglob("*")):
            inside = path.relative_to(task.parent)
            wanted = path.name in ("plans.pkl", "postprocessing.json") and path.parent.parent == task
            if path.parent.name in folds and path.name.startswith("model_final_checkpoint.model"):
                wanted = True
            if path.is_file() and wanted:
                held.write(path, inside)


def close(package):
    """The exporter returns without closing its zip where there are no ensembles; the interpreter's end does it."""
    import gc

    gc.collect()
    with zipfile.ZipFile(package) as held:
        assert held.testzip() is None


if __name__ == "__main__":
    main(Path(sys.argv[1]))
