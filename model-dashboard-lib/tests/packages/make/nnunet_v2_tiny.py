"""Stock nnU-Net v2, made small: tiny data, tiny plans, one epoch of two steps on the CPU.

The classes keep their own names and write their own files. Only numbers are changed: the planner's memory target and
number of features, the trainer's number of epochs and steps, and the resolution of progress.png.
"""

import json
import multiprocessing
import multiprocessing.pool
import os
from pathlib import Path

WORK = Path(os.environ.get("GENUINE_WORK", "/tmp/genuine-work")) / os.environ.get("GENUINE_NAME", "nnunet_v2")
os.environ["nnUNet_raw"] = str(WORK / "raw")
os.environ["nnUNet_preprocessed"] = str(WORK / "preprocessed")
os.environ["nnUNet_results"] = str(WORK / "results")
os.environ["nnUNet_def_n_proc"] = "1"

import matplotlib

matplotlib.rcParams["savefig.dpi"] = 6
matplotlib.rcParams["figure.dpi"] = 6

import numpy as np
import SimpleITK as sitk
import torch



class Threads:
    """Threads in place of the framework's processes: every new process imports torch for most of a minute."""

    Pool = multiprocessing.pool.ThreadPool


multiprocessing.get_context = lambda kind=None: Threads
torch.set_num_threads(1)

HOST = "gpu-node-7.example.org"


def write_dataset(name, shape, spacing, dataset_json, values, cases=5, seed=1):
    """Random images with blocks of each label value, as nnU-Net wants its raw data."""
    rng = np.random.default_rng(seed)
    root = WORK / "raw" / name
    (root / "imagesTr").mkdir(parents=True, exist_ok=True)
    (root / "labelsTr").mkdir(parents=True, exist_ok=True)
    channels = dataset_json.get("channel_names") or dataset_json["modality"]
    ending = dataset_json["file_ending"]
    for case in range(cases):
        labels = np.zeros(shape, dtype=np.uint8)
        middle = [size // 2 for size in shape]
        for step, value in enumerate(values):
            reach = [max(1, m - 1 - step * 2) for m in middle]
            box = tuple(slice(m - r, m + r) for m, r in zip(middle, reach))
            labels[box] = value
        for channel in range(len(channels)):
            image = rng.normal(100, 20, shape).astype(np.float32) + 40 * labels
            write(image, spacing, root / "imagesTr" / f"case_{case:03d}_{channel:04d}{ending}")
        write(labels, spacing, root / "labelsTr" / f"case_{case:03d}{ending}")
    dataset_json = {**dataset_json, "numTraining": cases}
    (root / "dataset.json").write_text(json.dumps(dataset_json, indent=4))


def write(array, spacing, path):
    image = sitk.GetImageFromArray(array)
    image.SetSpacing([float(s) for s in reversed(spacing)])
    sitk.WriteImage(image, str(path))


def shrink_planner(planner_class, features, most_features):
    """Makes the planner plan fewer features; its name and all else stay."""
    init = planner_class.__init__

    def tiny(self, *arguments, **named):
        init(self, *arguments, **named)
        self.UNet_base_num_features = features
        self.UNet_max_features_2d = self.UNet_max_features_3d = most_features
        self.UNet_blocks_per_stage_encoder = (1,) * 14
        self.UNet_blocks_per_stage_decoder = (1,) * 13

    planner_class.__init__ = tiny


def plan(number, configurations, memory, planner="ExperimentPlanner", plans_name=None, features=2, most_features=4):
    from nnunetv2.experiment_planning import plan_and_preprocess_api as api
    from nnunetv2.utilities.find_class_by_name import recursive_find_python_class
    import nnunetv2

    os.environ["nnUNet_n_proc_DA"] = "1"
    found = recursive_find_python_class(
        os.path.join(nnunetv2.__path__[0], "experiment_planning"), planner, "nnunetv2.experiment_planning"
    )
    if not getattr(found, "_is_tiny", False):
        shrink_planner(found, features, most_features)
        found._is_tiny = True
    api.extract_fingerprint_dataset(number, num_processes=1)
    named = {"overwrite_plans_name": plans_name} if plans_name else {}
    api.plan_experiments([number], planner, memory, **named)
    for configuration in configurations:
        if configuration != "3d_cascade_fullres":
            api.preprocess_dataset(number, plans_name or "nnUNetPlans", (configuration,), (1,))
    copy_of_labels(number)


def copy_of_labels(number):
    """Some versions leave this to another command."""
    import shutil

    from nnunetv2.utilities.dataset_name_id_conversion import convert_id_to_dataset_name

    name = convert_id_to_dataset_name(number)
    to = WORK / "preprocessed" / name / "gt_segmentations"
    if not to.is_dir():
        shutil.copytree(WORK / "raw" / name / "labelsTr", to)


def train(number, configuration, fold, trainer="nnUNetTrainer", plans_name="nnUNetPlans", validate=True):
    """One epoch of two steps, the final checkpoint and the validation, by the framework's own loop."""
    import inspect

    from nnunetv2.run import run_training

    os.environ["nnUNet_n_proc_DA"] = "0"  # no processes of its own for two steps
    named = {"trainer_name": trainer, "plans_identifier": plans_name, "device": torch.device("cpu")}
    if "use_compressed" in inspect.signature(run_training.get_trainer_from_args).parameters:
        named["use_compressed"] = False
    made = run_training.get_trainer_from_args(str(number), configuration, fold, **named)
    made.num_epochs = 1
    made.num_iterations_per_epoch = 2
    made.num_val_iterations_per_epoch = 1
    made.run_training()
    if validate:
        made.perform_actual_validation(False)
    hide_this_machine(Path(made.output_folder_base))
    return Path(made.output_folder_base)


def hide_this_machine(folder):
    """Puts an invented host and folder where the framework wrote those of the machine that ran this."""
    import socket

    for path in folder.rglob("*.json"):
        text = path.read_text()
        clean = text.replace(str(WORK), "/data/nnUNet")
        if path.name == "debug.json":
            facts = json.loads(clean)
            facts["hostname"] = HOST
            clean = json.dumps(facts, indent=4, sort_keys=True)
        assert socket.gethostname() not in clean, path
        if clean != text:
            path.write_text(clean)
