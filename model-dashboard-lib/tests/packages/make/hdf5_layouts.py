"""The ways in which HDF5 keeps the attributes of its root, with a configuration as Keras writes it.

python hdf5_layouts.py OUT
"""

import json
import sys
from pathlib import Path

import h5py
import numpy as np

LAYERS = [
    {"class_name": "InputLayer", "config": {"batch_shape": [None, 8]}},
    {"class_name": "Dense", "config": {"units": 1}},
    {"class_name": "Lambda", "config": {"name": "halve"}},
]
MODEL = json.dumps({"class_name": "Sequential", "config": {"name": "layout", "layers": LAYERS}})


def write(path, model=MODEL, others=0, **how):
    with h5py.File(path, "w", **how) as made:
        made.attrs["keras_version"] = "3.15.1"
        made.attrs["model_config"] = model
        for number in range(others):
            made.attrs[f"other_{number}"] = number


def main(out: Path):
    write(out / "old.h5", libver="earliest")
    write(out / "old_many.h5", others=20, libver="earliest")
    write(out / "old_fixed.h5", np.bytes_(MODEL), libver="earliest")
    write(out / "v108.h5", libver="v108")
    write(out / "latest.h5", libver="latest")
    write(out / "latest_fixed.h5", np.bytes_(MODEL), libver="latest")
    write(out / "ordered.h5", libver="latest", track_order=True)
    # Not read: in a tree of its own, a list, behind bytes of somebody else.
    write(out / "many.h5", others=20, libver="latest")
    write(out / "list.h5", [MODEL])
    write(out / "behind.h5", userblock_size=512)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
