"""Makes MONAI bundles with MONAI's own bundle tools: init_bundle, save_state, ckpt_export.

python monai_bundles.py OUT

Shrunk: a UNet of three and six features, trained for one step on random numbers.
"""

import json
import os
import sys
import tempfile
import zipfile
from importlib.metadata import version
from pathlib import Path

import torch
from monai.bundle import ConfigParser, ckpt_export, init_bundle
from monai.networks.nets import UNet

torch.manual_seed(11)
torch.set_num_threads(1)

LICENCE = "MIT License\n\nCopyright (c) 2026 Random Numbers\n"


def network_definition(inputs, outputs):
    return {
        "_target_": "UNet",
        "spatial_dims": 3,
        "in_channels": inputs,
        "out_channels": outputs,
        "channels": [3, 6],
        "strides": [2],
        "num_res_units": 0,
        "norm": "batch",
    }


def trained(definition):
    """One step on random numbers, as any training loop does it."""
    network = UNet(**{key: value for key, value in definition.items() if key != "_target_"})
    optimizer = torch.optim.Adam(network.parameters())
    predicted = network(torch.rand(1, definition["in_channels"], 8, 8, 8))
    target = torch.zeros(1, 8, 8, 8, dtype=torch.long)
    torch.nn.functional.cross_entropy(predicted, target).backward()
    optimizer.step()
    return network


def metadata(channel_def, image, prediction_channels, **more):
    return {
        "version": "0.2.0",
        "changelog": {"0.2.0": "second release", "0.1.0": "first release"},
        "monai_version": version("monai"),
        "pytorch_version": version("torch"),
        "numpy_version": version("numpy"),
        "required_packages_version": {"nibabel": "5.4.2"},
        "task": "Segmentation of random numbers",
        "description": "A network that was trained for one step on random numbers",
        "authors": "Nobody",
        "copyright": "Copyright (c) 2026 Nobody",
        "intended_use": "Tests only",
        "eval_metrics": {"mean_dice": 0.12},
        "network_data_format": {
            "inputs": {
                "image": {
                    "type": "image",
                    "format": "hounsfield",
                    "spatial_shape": [8, 8, 8],
                    "dtype": "float32",
                    "value_range": [0, 1],
                    "is_patch_data": True,
                    **image,
                }
            },
            "outputs": {
                "pred": {
                    "type": "image",
                    "format": "segmentation",
                    "num_channels": prediction_channels,
                    "spatial_shape": [8, 8, 8],
                    "dtype": "float32",
                    "value_range": [0, 1],
                    "is_patch_data": True,
                    "channel_def": channel_def,
                }
            },
        },
        **more,
    }


def inference(definition):
    return {
        "imports": ["$import glob"],
        "bundle_root": ".",
        "device": "$torch.device('cpu')",
        "ckpt_path": "$@bundle_root + '/models/model.pt'",
        "network_def": definition,
        "network": "$@network_def.to(@device)",
        "preprocessing": {
            "_target_": "Compose",
            "transforms": [
                {"_target_": "LoadImaged", "keys": "image"},
                {"_target_": "Spacingd", "keys": "image", "pixdim": [1.5, 1.5, 2.0], "mode": "bilinear"},
            ],
        },
        "inferer": {"_target_": "SlidingWindowInferer", "roi_size": [8, 8, 8], "sw_batch_size": 1},
    }


def bundle(scratch, name, meta, definition):
    root = scratch / name
    init_bundle(str(root), network=trained(definition), metadata_str=meta, inference_str=inference(definition))
    (root / "LICENSE").write_text(LICENCE)
    (root / "docs" / "README.md").write_text(f"# {name}\n\nRandom numbers, no use.\n")
    return root


def pack(root, out, without=()):
    package = out / f"{root.name}.zip"
    with zipfile.ZipFile(package, "w", zipfile.ZIP_DEFLATED) as held:
        for path in sorted(root.rglob("*")):
            inside = path.relative_to(root.parent)
            if path.is_file() and str(path.relative_to(root)) not in without:
                assert str(root.parent).encode() not in path.read_bytes(), path
                held.write(path, inside)
    return package


def make(scratch, out):
    # All there is: weights, TorchScript, licence, a script of its own, licence of the data.
    channels = {"0": "background", "1": "spleen"}
    image = {"modality": "CT", "num_channels": 1, "channel_def": {"0": "image"}}
    definition = network_definition(1, 2)
    root = bundle(scratch, "monai_spleen", metadata(channels, image, 2), definition)
    here = os.getcwd()
    os.chdir(root)  # the paths of the command line go into the TorchScript file; these stay relative
    ckpt_export(
        net_id="network_def",
        filepath="models/model.ts",
        ckpt_file="models/model.pt",
        meta_file="configs/metadata.json",
        config_file="configs/inference.json",
    )
    os.chdir(here)
    (root / "scripts").mkdir()
    (root / "scripts" / "__init__.py").write_text("")
    (root / "scripts" / "halve.py").write_text("def halve(image):\n    return image / 2\n")
    pack(root, out)

    # VISTA3D's shape: 133 entries, one channel, labels.json the other way round, a task left over from another bundle.
    channels = {str(i): "background" if i == 0 else f"structure {i:03d}" for i in range(133)}
    meta = metadata(channels, image, 1, task="Template for random numbers, forgotten")
    meta["optional_packages_version"] = meta.pop("required_packages_version")
    root = bundle(scratch, "monai_vista3d_shape", meta, network_definition(1, 1))
    (root / "docs" / "labels.json").write_text(json.dumps({name: int(i) for i, name in channels.items()}, indent=4))
    pack(root, out)

    # A copy of a Git repository: the weights are named, not held. YAML for the inference, as many bundles have it.
    image = {"modality": "MR", "num_channels": 4, "channel_def": {"0": "T1c", "1": "T1", "2": "T2", "3": "FLAIR"}}
    channels = {"0": "tumour core", "1": "whole tumour", "2": "enhancing tumour"}
    root = bundle(scratch, "monai_without_weights", metadata(channels, image, 3), network_definition(4, 3))
    (root / "large_files.yml").write_text(
        "large_files:\n"
        "- path: models/model.pt\n"
        "  url: https://example.org/monai_without_weights/model.pt\n"
        "  hash_val: d41d8cd98f00b204e9800998ecf8427e\n"
        "  hash_type: md5\n"
    )
    held = ConfigParser.load_config_file(str(root / "configs" / "inference.json"))
    ConfigParser.export_config_file(held, str(root / "configs" / "inference.yaml"), fmt="yaml")
    (root / "configs" / "inference.json").unlink()
    pack(root, out, without=("models/model.pt",))


def expect(package):
    """What MONAI's ConfigParser reads, and whether the weights fit the network that the configuration builds."""
    with tempfile.TemporaryDirectory() as scratch:
        with zipfile.ZipFile(package) as held:
            held.extractall(scratch)
            names = held.namelist()
        root = Path(scratch) / package.stem
        parser = ConfigParser()
        parser.read_meta(str(root / "configs" / "metadata.json"))
        parser.read_config(str(next((root / "configs").glob("inference.*"))))
        formats = "_meta_#network_data_format"
        network = parser.get_parsed_content("network_def")
        weights = root / "models" / "model.pt"
        if weights.is_file():
            network.load_state_dict(torch.load(weights, map_location="cpu", weights_only=True))
        large = list(root.glob("large_files.yml"))
        script = root / "models" / "model.ts"
        extra = {"metadata.json": "", "inference.json": ""}
        if script.is_file():
            torch.jit.load(str(script), map_location="cpu", _extra_files=extra)
        facts = {
            "type": "MONAI",
            "read_by": {name: version(name) for name in ("monai", "torch", "numpy")},
            "files": names,
            "version": parser["_meta_#version"],
            "task": parser["_meta_#task"],
            "monai_version": parser["_meta_#monai_version"],
            "pytorch_version": parser["_meta_#pytorch_version"],
            "input_channels": parser[f"{formats}#inputs#image#num_channels"],
            "input_channel_def": parser[f"{formats}#inputs#image#channel_def"],
            "modality": parser[f"{formats}#inputs#image#modality"],
            "output_channels": parser[f"{formats}#outputs#pred#num_channels"],
            "output_channel_def": parser[f"{formats}#outputs#pred#channel_def"],
            "spacing": parser["preprocessing#transforms#1#pixdim"],
            "roi_size": parser["inferer#roi_size"],
            "network_class": type(network).__name__,
            "network_parameters": sum(held.numel() for held in network.parameters()),
            "weights_held": weights.is_file(),
            "large_files": ConfigParser.load_config_file(str(large[0]))["large_files"] if large else [],
            "torchscript_extra_files": sorted(name for name, text in extra.items() if text),
        }
    package.with_suffix(".expected.json").write_text(json.dumps(facts, indent=1) + "\n")


def main(out):
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        make(Path(scratch), out.absolute())
    for package in sorted(out.glob("monai_*.zip")):
        expect(package)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
