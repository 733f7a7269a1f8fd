"""Analyses, preprocesses and trains tiny models with MIST's own command line entry points, and zips what it leaves.

python mist_now.py OUT

Shrunk: the network's first number of features (2 instead of 32), one epoch of as many steps as patients,
patches of 32 voxels,
no processes of its own for the data.
"""

import json
import os
import sys
import tempfile
import zipfile
from importlib.metadata import version
from pathlib import Path

import numpy as np
import SimpleITK as sitk

TASKS = {
    # Classes that share labels, two images for each patient.
    "mist_two_folds": {
        "dataset": {
            "task": "random-brain",
            "modality": "mr",
            "mask": ["mask.nii.gz"],
            "images": {"t1": ["t1.nii.gz"], "flair": ["flair.nii.gz"]},
            "labels": [0, 1, 2, 4],
            "final_classes": {"whole tumour": [1, 2, 4], "tumour core": [1, 4], "enhancing": [4]},
        },
        "model": "nnunet",
        "folds": (0, 1),
    },
    "mist_ct": {
        "dataset": {
            "task": "random-liver",
            "modality": "ct",
            "mask": ["mask.nii.gz"],
            "images": {"ct": ["ct.nii.gz"]},
            "labels": [0, 1],
            "final_classes": {"liver": [1]},
        },
        "model": "nnunet-pocket",
        "folds": (0,),
    },
}


def write_images(folder, dataset, patients=4):
    rng = np.random.default_rng(3)
    for number in range(patients):
        patient = folder / "train" / f"patient_{number:02d}"
        patient.mkdir(parents=True)
        mask = np.zeros((32, 36, 36), dtype=np.uint8)
        for step, value in enumerate(dataset["labels"][1:]):
            mask[4 + step * 4 : 28 - step * 4, 5 + step * 4 : 31 - step * 4, 5 + step * 4 : 31 - step * 4] = value
        for name, (file,) in dataset["images"].items():
            write(rng.normal(100, 20, mask.shape).astype(np.float32) + 30 * mask, patient / file)
        write(mask, patient / "mask.nii.gz")
    (folder / "dataset.json").write_text(json.dumps({**dataset, "train-data": "train"}))


def write(array, path):
    image = sitk.GetImageFromArray(array)
    image.SetSpacing((1.0, 1.0, 1.5))
    sitk.WriteImage(image, str(path))


def make(name, task, out):
    from mist.cli.analyze_entrypoint import analyze_entry
    from mist.cli.average_weights_entrypoint import average_weights_entry
    from mist.cli.preprocess_entrypoint import preprocess_entry
    from mist.cli.train_entrypoint import train_entry
    from mist.models.nnunet.nnunet_constants import NNUnetConstants

    NNUnetConstants.INITIAL_FILTERS = 2
    NNUnetConstants.MAX_FILTERS_3D = 4
    with tempfile.TemporaryDirectory() as scratch:
        scratch = Path(scratch)
        results, arrays = str(scratch / "results"), str(scratch / "numpy")
        write_images(scratch, task["dataset"])
        analyze_entry(["--data", str(scratch / "dataset.json"), "--results", results, "--nfolds", "4"])
        preprocess_entry(["--results", results, "--numpy", arrays])
        config = Path(results) / "config.json"
        held = json.loads(config.read_text())
        held["training"]["hardware"]["num_cpu_workers"] = 0
        held["training"]["min_steps_per_epoch"] = 1
        config.write_text(json.dumps(held, indent=4))
        train_entry(
            ["--results", results, "--numpy", arrays, "--model", task["model"], "--patch-size", "32", "32", "32"]
            + ["--epochs", "1", "--warmup-epochs", "0", "--batch-size-per-gpu", "1", "--folds", *map(str, task["folds"])]
        )
        models = scratch / "results" / "models"
        weights = [str(models / f"fold_{fold}.pt") for fold in task["folds"]]
        files = {"config.json": scratch / "results" / "config.json"}
        files |= {f"models/{Path(path).name}": Path(path) for path in weights}
        if len(weights) > 1:
            average = str(models / "pretrained_init.pt")
            average_weights_entry(["--weights", *weights, "--output", average])
            files["models/pretrained_init.pt"] = Path(average)
        package = out / f"{name}.zip"
        with zipfile.ZipFile(package, "w", zipfile.ZIP_DEFLATED) as held:
            for inside, path in files.items():
                assert str(scratch).encode() not in path.read_bytes()
                held.write(path, inside)


def expect(package):
    """What MIST's own loader makes of the package."""
    from mist.inference.inference_utils import load_test_time_models
    from mist.utils import io

    with tempfile.TemporaryDirectory() as scratch:
        with zipfile.ZipFile(package) as held:
            held.extractall(scratch)
            names = held.namelist()
        config = io.read_json_file(os.path.join(scratch, "config.json"))
        models = load_test_time_models(os.path.join(scratch, "models"), config, "cpu")
        facts = {
            "type": "MIST",
            "read_by": {name: version(name) for name in ("mist-medical", "torch", "numpy")},
            "files": names,
            "mist_version": config["mist_version"],
            "task": config["dataset_info"]["task"],
            "modality": config["dataset_info"]["modality"],
            "images": config["dataset_info"]["images"],
            "labels": config["dataset_info"]["labels"],
            "classes": {name: held["labels"] for name, held in config["evaluation"].items()},
            "patch_size": config["spatial_config"]["patch_size"],
            "target_spacing": config["spatial_config"]["target_spacing"],
            "architecture": config["model"]["architecture"],
            "in_channels": config["model"]["params"]["in_channels"],
            "out_channels": config["model"]["params"]["out_channels"],
            "folds_planned": config["training"]["nfolds"],
            "models_loaded": len(models),
            "network_class": type(models[0]).__name__,
            "network_parameters": sum(weight.numel() for weight in models[0].state_dict().values()),
        }
    package.with_suffix(".expected.json").write_text(json.dumps(facts, indent=1) + "\n")


def main(out):
    out.mkdir(parents=True, exist_ok=True)
    for name, task in TASKS.items():
        make(name, task, out)
        expect(out / f"{name}.zip")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
