"""A walk over the opcodes with a symbolic stack and memo, written from the rules alone: it shows that the
verdicts of the corpus can be reached by one set of rules. `walk.py` compares its verdicts with the manifest."""

import io
import json
import pickletools
import re
import struct
import sys
import tarfile
import zipfile

import reference
import strict
from corpus import HOSTILE, VERDICTS

MOST_OPCODES, MOST_ZIPS = 1_000_000, 4
MAGIC = b"\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."
ALLOWED = {
    "collections.OrderedDict", "collections.Counter", "torch.device", "torch.Size", "torch.Tensor", "torch.nn.parameter.Parameter",
    "torch._utils._rebuild_tensor", "torch._utils._rebuild_tensor_v2", "torch._utils._rebuild_parameter",
    "torch._tensor._rebuild_from_type_v2", "torch.serialization._get_layout", "numpy.dtype", "numpy.ndarray",
    "numpy.core.multiarray.scalar", "numpy.core.multiarray._reconstruct", "numpy._core.multiarray.scalar",
    "numpy._core.multiarray._reconstruct", "_codecs.encode", "builtins.set", "builtins.bytearray", "builtins.complex",
}
STORAGES = {f"torch.{kind}Storage": size for kind, size in (("Float", 4), ("Double", 8), ("Half", 2), ("Long", 8), ("Int", 4), ("Byte", 1), ("Bool", 1))}
DANGEROUS = {
    "os", "posix", "nt", "sys", "subprocess", "builtins", "__builtin__", "pty", "pip", "uuid", "imaplib", "_osx_support",
    "_aix_support", "_pyrepl", "profile", "cProfile", "timeit", "trace", "bdb", "pdb", "idlelib", "asyncio", "runpy",
    "_posixsubprocess", "operator", "_operator", "functools", "pydoc", "importlib", "inspect", "ctypes", "pickle", "_pickle",
    "marshal", "types", "copyreg", "webbrowser", "_thread", "dbm", "shutil", "socket", "logging", "dill", "cloudpickle",
}
DANGEROUS_NAMES = {"torch.serialization.load", "torch.hub.load", "torch.load", "torch.storage._load_from_bytes", "torch.jit._script.load",
                   "numpy.load", "numpy.testing._private.utils.runstring", "numpy.f2py.crackfortran.myeval",
                   "joblib.numpy_pickle.load", "pandas.eval", "sympy.sympify"}
HARMLESS = {"builtins.list", "builtins.dict", "builtins.object", "builtins.str"}
OTHER, MARK = ("other",), ("mark",)


class Walk:
    def __init__(self):
        self.names, self.verdict, self.storages = [], "expected", {}

    def say(self, verdict):
        self.verdict = max(self.verdict, verdict, key=VERDICTS.index)

    def named(self, module, attribute, old):
        name = f"{module}.{attribute}"
        if old:
            name = reference.modern(name)
            module, _, attribute = name.rpartition(".")
        if name not in self.names:
            self.names.append(name)
        dotted = "." in attribute
        if dotted or name in DANGEROUS_NAMES or (module.split(".")[0] in DANGEROUS and name not in ALLOWED | HARMLESS):
            self.say("dangerous")
        elif name not in ALLOWED and name not in STORAGES:
            self.say("unknown")
        return ("name", name)

    def called(self, what):
        if what[0] != "name":
            self.say("dangerous")

    def changed(self, what):
        if what[0] == "name":
            self.say("dangerous")

    def persistent(self, pid):
        good = pid[0] == "tuple" and len(pid[1]) == 5 and pid[1][0] == ("text", "storage") and pid[1][1][0] == "name"
        if good and pid[1][1][1] in STORAGES:
            self.storages[pid[1][2]] = (STORAGES[pid[1][1][1]], pid[1][4])
        else:
            self.say("unknown")

    def pickle(self, stream):
        """One pickle, up to its STOP."""
        stack, memo, protocol = [], {}, 0
        pop = stack.pop

        def above_mark():
            at = len(stack) - 1 - stack[::-1].index(MARK)
            items = stack[at + 1 :]
            del stack[at:]
            return items

        for _ in range(MOST_OPCODES):
            op = pickletools.code2op[stream.read(1).decode("latin-1")]
            kind = op.name
            if kind in ("GLOBAL", "INST"):
                lines = [stream.readline(), stream.readline()]
                if not all(line.endswith(b"\n") for line in lines):
                    raise EOFError
                module, attribute = (line[:-1].decode() for line in lines)
                if kind == "INST":
                    above_mark()
                made = self.named(module, attribute, protocol < 3)
                stack.append(made if kind == "GLOBAL" else OTHER)
                continue
            arg = op.arg.reader(stream) if op.arg else None
            if kind == "PROTO":
                protocol = arg
            elif kind == "STOP":
                if pop() == MARK:
                    raise ValueError
                return
            elif kind == "MARK":
                stack.append(MARK)
            elif kind in ("STACK_GLOBAL",):
                attribute, module = pop(), pop()
                if module[0] == attribute[0] == "text":
                    stack.append(self.named(module[1], attribute[1], protocol < 3))
                else:
                    self.say("dangerous")
                    stack.append(OTHER)
            elif kind.startswith("EXT"):
                self.say("dangerous")
                stack.append(OTHER)
            elif kind in ("PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE"):
                memo[len(memo) if kind == "MEMOIZE" else arg] = stack[-1]
            elif kind in ("GET", "BINGET", "LONG_BINGET"):
                stack.append(memo.get(arg, OTHER))
            elif kind == "POP":
                pop()
            elif kind == "POP_MARK":
                above_mark()
            elif kind == "DUP":
                stack.append(stack[-1])
            elif kind in ("REDUCE", "NEWOBJ", "NEWOBJ_EX"):
                for _ in range(1 if kind != "NEWOBJ_EX" else 2):
                    pop()
                self.called(pop())
                stack.append(OTHER)
            elif kind == "OBJ":
                self.called(above_mark()[0])
                stack.append(OTHER)
            elif kind in ("BUILD", "APPEND", "SETITEM"):
                for _ in range(2 if kind == "SETITEM" else 1):
                    pop()
                self.changed(stack[-1])
            elif kind in ("APPENDS", "SETITEMS", "ADDITEMS"):
                above_mark()
                self.changed(stack[-1])
            elif kind == "PERSID":
                self.say("unknown")
                stack.append(OTHER)
            elif kind == "BINPERSID":
                self.persistent(pop())
                stack.append(OTHER)
            elif kind in ("TUPLE", "TUPLE1", "TUPLE2", "TUPLE3"):
                items = above_mark() if kind == "TUPLE" else [pop() for _ in range(int(kind[5]))][::-1]
                stack.append(("tuple", items))
            elif isinstance(arg, str):
                stack.append(("text", arg))
            elif isinstance(arg, int) and kind != "FRAME":
                stack.append(("number", arg))
            else:
                for wanted in op.stack_before:
                    above_mark() if wanted is pickletools.markobject else pop() if wanted is not pickletools.stackslice else None
                stack.extend(OTHER for _ in op.stack_after)
        raise OverflowError

    def stream(self, data):
        """All pickles of a file in a row; torch's older layout ends with raw bytes."""
        stream, count = io.BytesIO(data), 0
        legacy = MAGIC in data[:20]
        try:
            while stream.tell() < len(data) or not count:
                if legacy and count == 5:
                    raw = sum(8 + size * length[1] for size, length in self.storages.values())
                    if stream.tell() + raw != len(data):
                        self.say("unscannable")
                    return
                self.pickle(stream)
                count += 1
        except Exception:  # noqa: BLE001: whatever is wrong, what follows was not read
            self.say("unscannable")

    def file(self, data, depth=0):
        if data[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
            try:
                names = strict.read(data)
                if depth > MOST_ZIPS:
                    raise strict.Refused("depth")
            except strict.Refused:
                self.say("unscannable")
                return
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                for entry in archive.infolist():
                    content = archive.read(entry)
                    folder, _, last = entry.filename.rpartition("/")
                    storage = folder.endswith("data") and last in {key[1] for key in self.storages}
                    if not storage and (content[:2] in (b"PK", b"\x93N") or looks_like_pickle(content)):
                        self.file(content, depth + 1)
            assert names
        elif data[257:262] == b"ustar":
            try:
                with tarfile.open(fileobj=io.BytesIO(data)) as archive:
                    for entry in archive:
                        if not entry.isfile():
                            self.say("unscannable")
                        else:
                            self.stream(archive.extractfile(entry).read())
            except (tarfile.TarError, OSError):
                self.say("unscannable")
        elif data[:6] == b"\x93NUMPY":
            self.stream(data[10 + struct.unpack("<H", data[8:10])[0] :])
        else:
            self.stream(data)


def looks_like_pickle(data):
    return data[:1] == b"\x80" and data[1:2] < b"\x06" or re.match(rb"c[\w.]+\n[\w.]+\n|\(", data)


def main():
    wrong, agreed = 0, 0
    for entry in json.loads((HOSTILE / "manifest.json").read_text()):
        if entry["verdict"] not in VERDICTS or entry["file"].startswith(("formats/", "controls/good")) or "recipe" in entry:
            continue
        walk = Walk()
        walk.file(reference.contents(entry))
        # Names are all that this walk looks at.
        least = "expected" if "beyond" in entry else entry.get("least", entry["verdict"])
        fits = VERDICTS.index(walk.verdict) >= VERDICTS.index(least)
        if entry["file"].startswith("controls/"):
            fits = walk.verdict == entry["verdict"]
        missing = set(entry["names"]) - set(walk.names) if entry.get("least") != "unscannable" else set()
        if fits and not missing:
            agreed += 1
        else:
            wrong += 1
            print(f"{entry['file']}: {walk.verdict} {walk.names}, the manifest says {entry['verdict']} {entry['names']}")
    print(f"{agreed} agree, {wrong} do not")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
