"""Writes NAME.expected.json beside each nnU-Net v1 package: what nnU-Net v1's own loading code reads from it.

python nnunet_v1_expected.py OUT     (Python 3.9, requirements-nnunet-v1.txt)
"""

import json
import sys
import tempfile
import zipfile
from importlib.metadata import version
from pathlib import Path

import nnunet_v1  # noqa: F401  sets the folders that nnU-Net wants to know

import numpy as np
import torch


def plain(value):
    """JSON's own types."""
    if isinstance(value, dict):
        return {str(key): plain(held) for key, held in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [plain(held) for held in value]
    if isinstance(value, np.generic):
        return value.item()
    return value


def model_facts(folder, root):
    from batchgenerators.utilities.file_and_folder_operations import load_json, load_pickle
    from nnunet.training.model_restore import load_model_and_checkpoint_files

    numbered = sorted(int(path.name[len("fold_") :]) for path in folder.glob("fold_*"))
    folds = numbered or "all"
    trainer, _ = load_model_and_checkpoint_files(str(folder), folds, checkpoint_name="model_final_checkpoint")
    plans = load_pickle(str(folder / "plans.pkl"))
    checkpoints = {}
    for path in sorted(folder.glob("*/model_final_checkpoint.model")):
        held = torch.load(str(path), map_location="cpu")
        info = load_pickle(str(path) + ".pkl")
        checkpoints[path.parent.name] = {
            "epoch": held["epoch"],
            "trainer_name": info["name"],
            "fold": info["init"][1],
            "network_parameters": sum(weight.numel() for weight in held["state_dict"].values()),
        }
    postprocessing = folder / "postprocessing.json"
    return {
        "folder": str(folder.relative_to(root)),
        "trainer_name": type(trainer).__name__,
        "fold_folders": sorted(path.parent.name for path in folder.glob("*/model_final_checkpoint.model")),
        "stage": trainer.stage,
        "patch_size": plain(trainer.patch_size),
        "spacing": plain(trainer.plans["plans_per_stage"][trainer.stage]["current_spacing"]),
        "batch_size": plain(trainer.batch_size),
        "input_channels": plain(trainer.num_input_channels),
        "output_channels": plain(trainer.num_classes),
        "classes": plain(plans["all_classes"]),
        "modalities": plain(plans["modalities"]),
        "normalization_schemes": plain(plans["normalization_schemes"]),
        "stages": {
            str(stage): {"patch_size": plain(held["patch_size"]), "spacing": plain(held["current_spacing"])}
            for stage, held in plans["plans_per_stage"].items()
        },
        "plans_keys": sorted(plans),
        "training_files_listed": len(plans["list_of_npz_files"]),
        "postprocessing": load_json(str(postprocessing))["for_which_classes"] if postprocessing.is_file() else None,
        "checkpoints": checkpoints,
    }


def main(out):
    for package in sorted([*out.glob("nnunet_v1_*.zip"), out / "totalsegmentator_v1.zip"]):
        with tempfile.TemporaryDirectory() as scratch:
            with zipfile.ZipFile(package) as held:
                held.extractall(scratch)
                names = held.namelist()
            folders = sorted(path.parent for path in Path(scratch).rglob("plans.pkl"))
            facts = {
                "type": "totalsegmentator" if package.name.startswith("total") else "nnUNet",
                "read_by": {name: version(name) for name in ("nnunet", "torch", "numpy")},
                "files": names,
                "models": [model_facts(folder, Path(scratch)) for folder in folders],
            }
        package.with_suffix(".expected.json").write_text(json.dumps(facts, indent=1) + "\n")
        print(package.name)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
