"""Single files: safetensors, GGUF, ONNX, TorchScript, torch's two file formats, checkpoints that hold numpy, scikit-learn.

python single_files.py OUT
"""

import json
import os
import pickle
import sys
import zipfile
from collections import OrderedDict
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch

torch.manual_seed(7)
torch.set_num_threads(1)
rng = np.random.default_rng(7)


def network():
    """One step on random numbers; with batch norm, for a buffer that is not a float."""
    made = torch.nn.Sequential(
        torch.nn.Conv3d(1, 2, 3, padding=1), torch.nn.BatchNorm3d(2), torch.nn.ReLU(), torch.nn.Conv3d(2, 3, 1)
    )
    optimizer = torch.optim.SGD(made.parameters(), lr=0.1, momentum=0.9)
    made(torch.rand(2, 1, 4, 4, 4)).square().mean().backward()
    optimizer.step()
    return made, optimizer


def shapes(weights):
    return {name: {"dtype": str(w.dtype).removeprefix("torch."), "shape": list(w.shape)} for name, w in weights.items()}


def safetensors_file(out):
    from safetensors import safe_open
    from safetensors.torch import save_file

    path = out / "weights.safetensors"
    weights = network()[0].state_dict()
    weights["half"] = torch.zeros(3, dtype=torch.bfloat16)
    save_file(weights, str(path), metadata={"format": "pt", "licence": "CC0-1.0", "labels": "background,liver"})
    with safe_open(str(path), "pt") as held:
        tensors = {name: held.get_tensor(name) for name in held.keys()}
        facts = {"metadata": held.metadata(), "tensors": shapes(tensors)}
    return path, "safetensors", {**facts, "parameters": sum(w.numel() for w in tensors.values())}, ("safetensors",)


def gguf_file(out):
    import gguf

    path = out / "language.gguf"
    writer = gguf.GGUFWriter(str(path), "llama")
    writer.add_name("Random language model")
    writer.add_license("apache-2.0")
    writer.add_block_count(1)
    writer.add_context_length(64)
    writer.add_embedding_length(32)
    writer.add_token_list(["<s>", "</s>", "a"])
    writer.add_tensor("token_embd.weight", rng.random((3, 32), dtype=np.float32))
    quantised = gguf.quants.quantize(rng.random((2, 32), dtype=np.float32), gguf.GGMLQuantizationType.Q8_0)
    writer.add_tensor("output.weight", quantised, raw_dtype=gguf.GGMLQuantizationType.Q8_0)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    reader = gguf.GGUFReader(str(path))
    facts = {
        "version": int(reader.fields["GGUF.version"].contents()),
        "architecture": reader.get_field("general.architecture").contents(),
        "name": reader.get_field("general.name").contents(),
        "license": reader.get_field("general.license").contents(),
        "tensors": {
            t.name: {"type": t.tensor_type.name, "shape": [int(size) for size in t.shape]} for t in reader.tensors
        },
        "keys": sorted(key for key in reader.fields if not key.startswith("GGUF.")),
    }
    return path, "GGUF", facts, ("gguf", "numpy")


def onnx_file(out):
    import onnx
    import onnxruntime
    from onnx import TensorProto, helper, numpy_helper

    path = out / "segmentation.onnx"
    weights = network()[0].state_dict()
    graph = helper.make_graph(
        [
            helper.make_node("Conv", ["image", "0.weight", "0.bias"], ["features"], pads=[1] * 6),
            helper.make_node("Relu", ["features"], ["positive"]),
            helper.make_node("Conv", ["positive", "3.weight", "3.bias"], ["logits"]),
        ],
        "tiny",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", 1, 8, 8, "depth"])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", 3, 8, 8, "depth"])],
        [numpy_helper.from_array(w.numpy(), n) for n, w in weights.items() if n in ("0.weight", "0.bias", "3.weight", "3.bias")],
    )
    made = helper.make_model(
        graph,
        producer_name="random-numbers",
        producer_version="1.2",
        opset_imports=[helper.make_opsetid("", 17)],
        ir_version=9,
        doc_string="Random numbers, no use",
    )
    helper.set_model_props(made, {"labels": '{"0": "background", "1": "liver"}', "author": "nobody"})
    onnx.checker.check_model(made)
    onnx.save(made, str(path))
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    held = session.get_modelmeta()
    again = onnx.load(str(path))
    facts = {
        "ir_version": again.ir_version,
        "producer_name": held.producer_name,
        "producer_version": again.producer_version,
        "opsets": {entry.domain: entry.version for entry in again.opset_import},
        "metadata_props": held.custom_metadata_map,
        "inputs": {i.name: {"type": i.type, "shape": i.shape} for i in session.get_inputs()},
        "outputs": {o.name: {"type": o.type, "shape": o.shape} for o in session.get_outputs()},
        "initializers": len(again.graph.initializer),
    }
    return path, "ONNX", facts, ("onnx", "onnxruntime")


def torchscript_file(out):
    path = out / "script.pt"
    made = torch.jit.script(network()[0].eval())
    extra = {"config.json": json.dumps({"labels": ["background", "liver"]})}
    torch.jit.save(made, str(path), _extra_files=extra)
    found = {"config.json": ""}
    held = torch.jit.load(str(path), _extra_files=found)
    facts = {"extra_files": {n: t.decode() for n, t in found.items()}, "tensors": shapes(held.state_dict())}
    return path, "TorchScript", facts, ("torch",)


def torch_file(out, name, held, **named):
    path = out / name
    torch.save(held, path, **named)
    try:
        loaded = torch.load(path, weights_only=True)
        safe = True
    except pickle.UnpicklingError:
        loaded = torch.load(path, weights_only=False)
        safe = False
    facts = {
        "loads_with_weights_only": safe,
        "is_zip": zipfile.is_zipfile(path),
        "python_type": f"{type(loaded).__module__}.{type(loaded).__qualname__}",
        "keys": list(loaded) if isinstance(loaded, dict) else None,
    }
    return path, "torch", facts, ("torch", "numpy")


def torch_files(out):
    made, optimizer = network()
    weights = made.state_dict()
    yield torch_file(out, "weights.pt", weights)
    yield torch_file(out, "weights_legacy.pth", weights, _use_new_zipfile_serialization=False)
    yield torch_file(
        out,
        "checkpoint_numpy.ckpt",
        OrderedDict(
            state_dict=weights,
            optimizer=optimizer.state_dict(),
            best=np.float64(0.75),
            epoch=np.int64(3),
            losses=[np.float32(0.5), np.float32(0.25)],
            spacing=np.array([1.0, 1.0, 2.5]),
            device=torch.device("cpu"),
            size=torch.Size([1, 2]),
            kind=torch.float16,
        ),
    )
    yield torch_file(out, "whole_module.pt", made)
    yield torch_file(
        out,
        "kinds_of_tensors.pt",
        {
            "parameter": torch.nn.Parameter(torch.ones(2)),
            "bfloat16": torch.ones(2, dtype=torch.bfloat16),
            "complex": torch.ones(2, dtype=torch.complex64),
            "sparse": torch.eye(3).to_sparse(),
            "bool": torch.tensor([True, False]),
            "view": torch.arange(10)[2:5],
            "quantised": torch.quantize_per_tensor(torch.ones(2), 0.1, 0, torch.qint8),
        },
    )


def sklearn_files(out):
    import joblib
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    features, wanted = rng.random((12, 3)), np.array([0, 1] * 6)
    made = make_pipeline(StandardScaler(), LogisticRegression()).fit(features, wanted)
    with open(out / "pipeline.pkl", "wb") as file:
        pickle.dump(made, file)
    joblib.dump(made, out / "pipeline.joblib")
    joblib.dump(made, out / "pipeline_compressed.joblib", compress=3)
    for name, load in (
        ("pipeline.pkl", lambda p: pickle.loads(p.read_bytes())),
        ("pipeline.joblib", joblib.load),
        ("pipeline_compressed.joblib", joblib.load),
    ):
        held = load(out / name)
        facts = {
            "python_type": f"{type(held).__module__}.{type(held).__qualname__}",
            "steps": [type(step).__name__ for _, step in held.steps],
            "features": held.n_features_in_,
            "classes": held.classes_.tolist(),
        }
        yield out / name, "scikit-learn", facts, ("scikit-learn", "joblib", "numpy")


def main(out):
    out.mkdir(parents=True, exist_ok=True)
    made = [safetensors_file(out), gguf_file(out), onnx_file(out), torchscript_file(out)]
    made += [*torch_files(out), *sklearn_files(out)]
    for path, kind, facts, packages in made:
        facts = {"type": kind, "read_by": {name: version(name) for name in packages}, **facts}
        (out / f"{path.name}.expected.json").write_text(json.dumps(facts, indent=1) + "\n")
        assert os.getcwd().encode() not in path.read_bytes()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
