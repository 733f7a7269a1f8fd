"""The two older layouts of MIST, by the older versions' own analyser and model registry.

python mist_before.py VERSION OUT     (0.2.2b0 or 1.0.1b0, installed with --no-deps --target, on PYTHONPATH, and antspyx)

These versions train on NVIDIA GPUs only, by DALI. So the analysis and the settings are theirs, the network is from their registry,
but the training loop is one step written here, wrapped for distributed training as theirs is: version 0 then writes keys that
begin with "module.". DALI is never called; an empty module stands in for it.
"""

import importlib.machinery
import json
import sys
import tempfile
import zipfile
from argparse import Namespace
from importlib.metadata import version
from pathlib import Path
from unittest.mock import MagicMock


class NoDali:
    """Finds every module below nvidia.dali, with nothing real in it."""

    def find_spec(self, name, path=None, target=None):
        if name.startswith("nvidia.dali"):
            return importlib.machinery.ModuleSpec(name, self, is_package=True)

    def create_module(self, spec):
        made = MagicMock()
        made.__path__ = []
        made.__spec__ = spec
        return made

    def exec_module(self, module):
        pass


sys.meta_path.insert(0, NoDali())

import torch

from mist_now import TASKS, write_images

torch.set_num_threads(1)


def one_step(model, inputs, patch):
    optimizer = torch.optim.Adam(model.parameters())
    held = model(torch.rand(2, inputs, *patch))
    held = held["prediction"] if isinstance(held, dict) else held
    held.square().mean().backward()
    optimizer.step()


def distributed(model):
    """What their trainers wrap the model in before they save it."""
    import os

    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT="29511")
    torch.distributed.init_process_group("gloo", rank=0, world_size=1)
    return torch.nn.parallel.DistributedDataParallel(torch.nn.SyncBatchNorm.convert_sync_batchnorm(model))


def pack(package, files):
    with zipfile.ZipFile(package, "w", zipfile.ZIP_DEFLATED) as held:
        for inside, path in files.items():
            held.write(path, inside)


def version_0(scratch, out):
    from mist.analyze_data.analyzer import Analyzer
    from mist.inference.inference_utils import load_test_time_models
    from mist.models.model_loader import get_model
    from mist.runtime.run import Trainer

    results = scratch / "results"
    (results / "models").mkdir(parents=True)
    arguments = Namespace(
        data=str(scratch / "dataset.json"), results=str(results), patch_size=[32, 32, 32], max_patch_size=[64, 64, 64],
        nfolds=4, overwrite=True, no_preprocess=False, model="nnunet", deep_supervision=True, pocket=True,
        use_res_block=True, sw_overlap=0.5, blend_mode="gaussian", use_dtms=False, loss="dice_ce", folds=None,
    )
    Analyzer(arguments).run()
    trainer = Trainer.__new__(Trainer)
    trainer.mist_arguments = arguments
    trainer._initialize_file_paths()
    trainer._initialize_data_structures()
    trainer._create_model_configuration()
    settings = trainer.data_structures["model_configuration"]
    model = distributed(get_model(**settings))
    one_step(model, settings["n_channels"], settings["patch_size"])
    torch.save(model.state_dict(), results / "models" / "fold_0.pt")
    names = ("config.json", "models/model_config.json", "models/fold_0.pt")
    pack(out / "mist_0.zip", {name: results / name for name in names})
    loaded = load_test_time_models(str(results / "models"), device="cpu")
    config = json.loads((results / "config.json").read_text())
    return out / "mist_0.zip", {
        "modality": config["modality"],
        "images": None,
        "labels": config["labels"],
        "classes": config["final_classes"],
        "patch_size": settings["patch_size"],
        "target_spacing": settings["target_spacing"],
        "architecture": settings["model_name"],
        "in_channels": settings["n_channels"],
        "out_channels": settings["n_classes"],
        "mist_version": config["mist_version"],
        "keys_begin_with": "module.",
    }, loaded


def version_1(scratch, out):
    from mist.analyze_data.analyzer import Analyzer
    from mist.models.model_loader import load_model_from_config
    from mist.models.model_registry import get_model_from_registry

    results = scratch / "results"
    (results / "models").mkdir(parents=True)
    arguments = Namespace(data=str(scratch / "dataset.json"), results=str(results), nfolds=4, overwrite=True, verify=False)
    Analyzer(arguments).run()
    config_path = results / "config.json"
    config = json.loads(config_path.read_text())
    model = get_model_from_registry(config["model"]["architecture"], **config["model"]["params"])
    params = config["model"]["params"]
    one_step(model, params["in_channels"], params["patch_size"])
    torch.save(model.state_dict(), results / "models" / "fold_0.pt")
    pack(out / "mist_1.zip", {name: results / name for name in ("config.json", "models/fold_0.pt")})
    loaded = [load_model_from_config(str(results / "models" / "fold_0.pt"), config)]
    return out / "mist_1.zip", {
        "task": config["dataset_info"]["task"],
        "modality": config["dataset_info"]["modality"],
        "images": config["dataset_info"]["images"],
        "labels": config["dataset_info"]["labels"],
        "classes": config["evaluation"]["final_classes"],
        "patch_size": params["patch_size"],
        "target_spacing": params["target_spacing"],
        "architecture": config["model"]["architecture"],
        "in_channels": params["in_channels"],
        "out_channels": params["out_channels"],
        "mist_version": config["mist_version"],
    }, loaded


def main(which, out):
    from mist.models.nnunet.nnunet_constants import NNUnetConstants

    NNUnetConstants.INITIAL_FILTERS = 2
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        scratch = Path(scratch)
        write_images(scratch, TASKS["mist_two_folds"]["dataset"])
        facts = json.loads((scratch / "dataset.json").read_text())
        facts["train-data"] = str(scratch / "train")
        (scratch / "dataset.json").write_text(json.dumps(facts))
        package, facts, loaded = (version_0 if which.startswith("0") else version_1)(scratch, out)
    with zipfile.ZipFile(package) as held:
        names = held.namelist()
    facts = {
        "type": "MIST",
        "read_by": {"mist-medical": which, "torch": version("torch")},
        "files": names,
        **facts,
        "models_loaded": len(loaded),
        "network_class": type(loaded[0]).__name__,
        "network_parameters": sum(weight.numel() for weight in loaded[0].state_dict().values()),
    }
    package.with_suffix(".expected.json").write_text(json.dumps(facts, indent=1) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
