"""A SavedModel, Keras 3 archives (one with a Lambda layer) and an HDF5 file, by TensorFlow's and Keras' own savers.

python tensorflow_models.py OUT     (requirements-tensorflow.txt)
"""

import json
import os
import sys
import tempfile
import zipfile
from importlib.metadata import version
from pathlib import Path

os.environ["CUDA_VISIBLE_DEVICES"] = ""
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"

import keras
import numpy as np
import tensorflow as tf

keras.utils.set_random_seed(13)


def trained(layers):
    made = keras.Sequential([keras.Input((8, 8, 1), name="image"), *layers])
    made.compile(optimizer="sgd", loss="mse")
    images = np.random.default_rng(13).random((2, 8, 8, 1), dtype=np.float32)
    made.fit(images, images, epochs=1, verbose=0)
    return made


def shape(held):
    return [None if size is None else int(size) for size in held]


def saved_model_facts(folder):
    """Tags and version from the protobuf, inputs and outputs from the loaded signatures."""
    from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

    proto = SavedModel()
    proto.ParseFromString((folder / "saved_model.pb").read_bytes())
    signatures = {}
    for name, call in tf.saved_model.load(str(folder)).signatures.items():
        _, inputs = call.structured_input_signature
        signatures[name] = {
            "inputs": {key: {"dtype": i.dtype.name, "shape": shape(i.shape)} for key, i in inputs.items()},
            "outputs": {
                key: {"dtype": o.dtype.name, "shape": shape(o.shape)} for key, o in call.structured_outputs.items()
            },
        }
    variables = tf.train.list_variables(str(folder / "variables" / "variables"))
    return {
        "tags": [list(graph.meta_info_def.tags) for graph in proto.meta_graphs],
        "tensorflow_version": proto.meta_graphs[0].meta_info_def.tensorflow_version,
        "signatures": signatures,
        "variables": len([name for name, _ in variables if "OBJECT_GRAPH" not in name]),
    }


def pack(folder, package, root):
    with zipfile.ZipFile(package, "w", zipfile.ZIP_DEFLATED) as held:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                held.write(path, Path(root) / path.relative_to(folder))


def saved_models(out):
    made = trained([keras.layers.Conv2D(2, 3, padding="same"), keras.layers.Conv2D(1, 1)])
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "exported"
        made.export(str(folder), verbose=False)
        pack(folder, out / "tensorflow_saved_model.zip", "exported")
        yield out / "tensorflow_saved_model.zip", saved_model_facts(folder)

        # Written by tf.saved_model.save itself, at the root of the zip, with an asset and no variables but a constant.
        class Halve(tf.Module):
            def __init__(self):
                (Path(scratch) / "labels.txt").write_text("background\nliver\n")
                self.labels = tf.saved_model.Asset(str(Path(scratch) / "labels.txt"))

            @tf.function(input_signature=[tf.TensorSpec([None, 4], tf.float32, name="values")])
            def __call__(self, values):
                return {"halves": values / 2}

        folder = Path(scratch) / "module"
        module = Halve()
        tf.saved_model.save(module, str(folder), signatures=module.__call__)
        pack(folder, out / "tensorflow_module.zip", "")
        yield out / "tensorflow_module.zip", saved_model_facts(folder)


def keras_facts(path):
    """Keras refuses a Lambda unless told that it is safe; that is what the dashboard wants to know beforehand."""
    try:
        held = keras.saving.load_model(path, compile=False)
        refused = False
    except ValueError:
        held = keras.saving.load_model(path, compile=False, safe_mode=False)
        refused = True
    facts = {
        "layers": [type(layer).__name__ for layer in held.layers],
        "refused_in_safe_mode": refused,
        "parameters": held.count_params(),
        "input_shape": shape(held.input_shape),
        "output_shape": shape(held.output_shape),
    }
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            facts["metadata"] = json.loads(archive.read("metadata.json"))
            facts["files"] = archive.namelist()
    return facts


def keras_files(out):
    plain = [keras.layers.Conv2D(2, 3, padding="same"), keras.layers.Conv2D(1, 1)]
    made = trained(plain)
    for name in ("plain.keras", "plain.h5"):
        made.save(out / name)
        yield out / name, keras_facts(out / name)
    made = trained([keras.layers.Conv2D(1, 1), keras.layers.Lambda(lambda image: image / 2, name="halve")])
    made.save(out / "lambda.keras")
    yield out / "lambda.keras", keras_facts(out / "lambda.keras")


def main(out):
    out.mkdir(parents=True, exist_ok=True)
    read_by = {name: version(name) for name in ("tensorflow-cpu", "keras", "numpy")}
    for kind, made in (("tensorflow", saved_models), ("Keras", keras_files)):
        for path, facts in made(out):
            facts = {"type": kind, "read_by": read_by, **facts}
            (out / f"{path.name.removesuffix('.zip')}.expected.json").write_text(json.dumps(facts, indent=1) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
