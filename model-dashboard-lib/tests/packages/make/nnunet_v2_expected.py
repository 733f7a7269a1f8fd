"""Writes NAME.expected.json beside each nnU-Net v2 package: what nnU-Net's own loading code reads from it.

python nnunet_v2_expected.py OUT [glob]
"""

import json
import sys
import tempfile
import zipfile
from importlib.metadata import version
from pathlib import Path

import nnunet_v2_tiny  # noqa: F401  sets the folders that nnU-Net wants to know

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


def output_values(manager):
    """The value that the label manager writes where only the i-th output is certain."""
    values = []
    for sure in range(manager.num_segmentation_heads):
        logits = torch.full((manager.num_segmentation_heads, 1, 1), -20.0)
        logits[sure] = 20.0
        values.append(int(manager.convert_logits_to_segmentation(logits)[0, 0]))
    return values


def name_of(manager, value):
    """The name of a label or region, as dataset.json has it."""
    for name, held in manager.label_dict.items():
        if name != "ignore" and (tuple(held) if isinstance(held, list) else held) == value:
            return name
    return None


def outputs(manager):
    """Each output of the network in order: its name, the labels it was trained on, the value it writes."""
    trained = manager.foreground_regions if manager.has_regions else manager.all_labels
    return [
        {"name": name_of(manager, held), "trained_on": plain(held), "value": value}
        for held, value in zip(trained, output_values(manager))
    ]


def configuration_facts(plans, name):
    held = plans.get_configuration(name)
    return {
        "patch_size": plain(held.patch_size),
        "spacing": plain(held.spacing),
        "batch_size": held.batch_size,
        "normalization_schemes": held.normalization_schemes,
        "network_class_name": held.network_arch_class_name,
        "network_kw_requires_import": plain(held.network_arch_init_kwargs_req_import),
        "previous_stage": held.previous_stage_name,
        "next_stages": held.next_stage_names,
    }


def checkpoint_facts(path):
    held = torch.load(path, map_location="cpu", weights_only=False)
    try:
        torch.load(path, map_location="cpu", weights_only=True)
        weights_only = True
    except Exception:
        weights_only = False
    logging = held["logging"]
    return {
        "trainer_name": held["trainer_name"],
        "configuration": held["init_args"]["configuration"],
        "fold": held["init_args"]["fold"],
        "dataset_name": held["init_args"]["plans"]["dataset_name"],
        "current_epoch": held["current_epoch"],
        "best_ema": plain(held["_best_ema"]),
        "mirroring_axes": plain(held["inference_allowed_mirroring_axes"]),
        "last_epoch_ended": plain(logging["epoch_end_timestamps"][-1]),
        "last_mean_fg_dice": plain(logging["mean_fg_dice"][-1]),
        "loads_with_weights_only": weights_only,
        "network_parameters": sum(weight.numel() for weight in held["network_weights"].values()),
    }


def model_facts(folder):
    from batchgenerators.utilities.file_and_folder_operations import load_json
    from nnunetv2.inference.predict_from_raw_data import nnUNetPredictor
    from nnunetv2.utilities.label_handling.label_handling import determine_num_input_channels

    predictor = nnUNetPredictor(device=torch.device("cpu"), allow_tqdm=False)
    folds = sorted(path.name.removeprefix("fold_") for path in folder.glob("fold_*"))
    predictor.initialize_from_trained_model_folder(str(folder), folds, "checkpoint_final.pth")
    plans, dataset = predictor.plans_manager, predictor.dataset_json
    labels = plans.get_label_manager(dataset)
    configuration = checkpoint_facts(folder / f"fold_{folds[0]}" / "checkpoint_final.pth")["configuration"]
    summaries = {}
    for fold in folds:
        summary = folder / f"fold_{fold}" / "validation" / "summary.json"
        if summary.is_file():
            summaries[fold] = plain(load_json(str(summary))["foreground_mean"]["Dice"])
    return {
        "folder": folder.name,
        "trainer_name": predictor.trainer_name,
        "plans_name": plans.plans_name,
        "configuration": configuration,
        "folds": folds,
        "dataset_name": plans.dataset_name,
        "file_ending": dataset["file_ending"],
        "image_reader_writer": plans.plans["image_reader_writer"],
        "experiment_planner": plans.experiment_planner_name,
        "channel_names": [[key, name] for key, name in (dataset.get("channel_names") or dataset["modality"]).items()],
        "num_training": dataset["numTraining"],
        "licence": dataset.get("licence") or dataset.get("license"),
        "labels_in_file_order": [[name, plain(value)] for name, value in labels.label_dict.items()],
        "has_regions": labels.has_regions,
        "regions_class_order": plain(labels.regions_class_order),
        "ignore_label": labels.ignore_label,
        "outputs": outputs(labels),
        "input_channels": determine_num_input_channels(plans, predictor.configuration_manager, dataset),
        "network_class": type(predictor.network).__name__,
        "configurations": {name: configuration_facts(plans, name) for name in plans.available_configurations},
        "checkpoints": {fold: checkpoint_facts(folder / f"fold_{fold}" / "checkpoint_final.pth") for fold in folds},
        "validation_mean_dice": summaries,
    }


def main(out, pattern):
    for package in sorted(out.glob(pattern)):
        with tempfile.TemporaryDirectory() as scratch:
            with zipfile.ZipFile(package) as held:
                held.extractall(scratch)
                names = held.namelist()
            folders = sorted({path.parent for path in Path(scratch).glob("*/*/plans.json")})
            facts = {
                "type": "TotalSegmentatorV2" if package.name.startswith("totalsegmentator") else "nnUNet_v2",
                "read_by": {name: version(name) for name in ("nnunetv2", "torch", "numpy")},
                "files": names,
                "models": [model_facts(folder) for folder in folders],
            }
        package.with_suffix(".expected.json").write_text(json.dumps(facts, indent=1) + "\n")
        print(package.name, len(folders))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "*_v2*.zip")
