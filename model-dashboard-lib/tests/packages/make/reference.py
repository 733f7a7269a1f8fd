"""What Python itself asks for when it loads a file of the corpus, without anything being run.

Both unpicklers of the standard library, the one in C and the one in Python, load every pickle with a
`find_class` that writes the name down and returns a stub. `reference.py` compares the names with the
manifest; a child process with little memory and time does the loading.
"""

import _compat_pickle
import io
import json
import os
import pickle
import resource
import sys
import tarfile
import zipfile
import zlib

from corpus import HOSTILE, build

SECONDS, BYTES = 60, 2 << 30


class Anything(type):
    """The class of stubs: BUILD on a stub class works as it would on a real one."""

    def __setstate__(cls, state):
        pass

    def __setitem__(cls, key, value):
        pass


class Stub(metaclass=Anything):
    def __new__(cls, *arguments, **named):
        made = object.__new__(cls)
        made.__setstate__ = lambda state: None
        return made

    def __init__(self, *arguments, **named):
        pass

    def __call__(self, *arguments, **named):
        return Stub()

    def __setitem__(self, key, value):
        pass

    def append(self, item):
        pass

    def extend(self, items):
        pass

    def add(self, item):
        pass


def watched(base, asked):
    class Watched(base):
        def find_class(self, module, name):
            asked.append(f"{module}.{name}")
            if (module, name) == ("_codecs", "encode"):  # harmless, and some names are made by it
                return super().find_class(module, name)
            return type("Named", (Stub,), {})

        def persistent_load(self, pid):
            return Stub()

    return Watched


def load(data, count):
    """The names that either unpickler asks for, and how each one ends."""
    names, endings = [], []
    for base in (pickle.Unpickler, pickle._Unpickler):
        asked, stream = [], io.BytesIO(data)
        ending = "loads"
        try:
            for _ in range(count):
                watched(base, asked)(stream).load()
        except (Exception, MemoryError) as error:  # noqa: BLE001: any error is an ending
            ending = f"{type(error).__name__}: {error}"
        names += [name for name in asked if name not in names]
        endings.append(ending)
    return names, endings


def unpacked(data, depth=0):
    """The pickles inside: those of a zip, of a tar, of a numpy array, or the data itself."""
    if data[:4] == b"PK\x03\x04" and depth < 25:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return [p for entry in archive.infolist() for p in unpacked(archive.read(entry), depth + 1)]
    if data[257:262] == b"ustar":
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            return [p for entry in archive if entry.isfile() for p in unpacked(archive.extractfile(entry).read(), depth + 1)]
    if data[:6] == b"\x93NUMPY":
        return [data[10 + int.from_bytes(data[8:10], "little"):]]
    return [data] if depth == 0 or data[:1] and data[:1] in b"\x80c(" else []


def modern(name):
    """The name of Python 3 for one of Python 2."""
    module, _, attribute = name.rpartition(".")
    module, attribute = _compat_pickle.NAME_MAPPING.get((module, attribute), (module, attribute))
    return f"{_compat_pickle.IMPORT_MAPPING.get(module, module)}.{attribute}"


def observe(data, count):
    names, endings = [], []
    for part in unpacked(data):
        asked, ends = load(part, count)
        names += [name for name in asked if name not in names]
        endings += ends
    return {"names": names, "endings": endings}


def child(data, count):
    """`observe`, in a process of its own."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        resource.setrlimit(resource.RLIMIT_AS, (BYTES, BYTES))
        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
        try:
            seen = observe(data, count)
        except (Exception, MemoryError) as error:  # noqa: BLE001
            seen = {"names": [], "endings": [f"{type(error).__name__}: {error}"]}
        with os.fdopen(write, "wb") as out:
            out.write(json.dumps(seen).encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as answer:
        text = answer.read()
    os.waitpid(pid, 0)
    return json.loads(text) if text else {"names": [], "endings": ["the process died"]}


def zip_says(data):
    """What zipfile makes of an archive."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            bad = archive.testzip()
            return f"bad: {bad!r}" if bad else f"opens, {len(archive.infolist())} entries"
    except (Exception, MemoryError, zlib.error) as error:  # noqa: BLE001
        return f"{type(error).__name__}"


def contents(entry):
    if "recipe" in entry:
        return build(entry["recipe"]["parts"])
    return (HOSTILE / entry["file"]).read_bytes()


def main():
    wrong, rejected = 0, 0
    for entry in json.loads((HOSTILE / "manifest.json").read_text()):
        if entry["verdict"] in ("refused", "code") or "reference" in entry or entry["file"].startswith(("formats/", "sizes/")):
            continue
        seen = child(contents(entry), entry.get("pickles", 1))
        asked = {modern(name) if "written" in entry else name for name in seen["names"]}
        promised = set(entry["names"]) - set(entry.get("unreached", ())) | set(entry.get("hidden", ()))
        if asked != promised:
            wrong += 1
            print(f"{entry['file']}: asks {sorted(asked)}, manifest {sorted(promised)}; {seen['endings']}")
        elif any(ending != "loads" for ending in seen["endings"]):
            rejected += 1
            if "-v" in sys.argv:
                print(f"{entry['file']}: rejected after {sorted(asked)}: {seen['endings']}")
    print(f"{wrong} differ from the manifest; {rejected} are rejected by an unpickler, as their names allow")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
