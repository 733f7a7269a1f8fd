"""Writes globals.json: what each pickle in each package would import, as Python's own unpickler asks for it.

python pickle_globals.py FOLDER

Nothing is imported or called: find_class notes the name and returns a class that accepts everything. Pickles are found in
zips to any depth, in torch's older format (five in a row) and bare. A pickle that ends early is noted as such.
"""

import io
import json
import pickle
import sys
import zipfile
import zlib
from pathlib import Path


class Anything:
    """Stands for whatever was asked for: can be made, called, filled, hashed and iterated."""

    def __new__(cls, *arguments, **named):
        return object.__new__(cls)

    def __init__(self, *arguments, **named):
        pass

    def __call__(self, *arguments, **named):
        return Anything()

    def __setstate__(self, state):
        pass

    def __setitem__(self, key, value):
        pass

    def append(self, value):
        pass

    def extend(self, values):
        pass

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return Anything()


class Notes(pickle._Unpickler):
    """Python's unpickler in Python, for it goes on where the fast one insists on types."""

    def __init__(self, file, names):
        super().__init__(file, encoding="latin1")
        self.names = names

    def find_class(self, module, name):
        self.names.add(f"{module}.{name}")
        return Anything

    def persistent_load(self, identity):
        if isinstance(identity, tuple) and identity and identity[0] == "storage":
            return Anything()
        self.names.add(f"persistent id {type(identity).__name__}")
        return Anything()


def read_pickles(data):
    """The names of all pickles in a row, and whether the last ended where the data does."""
    names, file, count = set(), io.BytesIO(data), 0
    complete = True
    while file.tell() < len(data):
        start = file.tell()
        try:
            Notes(file, names).load()
        except Exception:
            # After torch's older format come the raw bytes of the tensors.
            complete = count >= 5 and start > 0
            break
        count += 1
    return names, count, complete


def looks_like_pickle(data):
    return data[:1] == b"\x80" and len(data) > 2 and data[1] <= 5


def walk(name, data, found):
    if data[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(io.BytesIO(data)) as held:
            for inside in held.namelist():
                walk(f"{name}!{inside}", held.read(inside), found)
    elif data[:1] == b"\x78" and name.endswith(".joblib"):
        walk(f"{name}!zlib", zlib.decompress(data), found)
    elif looks_like_pickle(data):
        names, count, complete = read_pickles(data)
        if count or names:
            found[name] = {"globals": sorted(names), "pickles": count, "ended_as_expected": complete}


def main(folder):
    found = {}
    for path in sorted(folder.iterdir()):
        if path.suffix != ".json":
            walk(path.name, path.read_bytes(), found)
    (folder / "globals.json").write_text(json.dumps(found, indent=1) + "\n")
    for name in sorted({name for facts in found.values() for name in facts["globals"]}):
        print(name)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
