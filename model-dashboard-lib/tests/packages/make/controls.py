"""Files that look odd and are harmless: a reader that calls everything dangerous fails here."""

import opcodes as op
import zips
from corpus import Corpus


def add(made: Corpus):
    torch_names = ["collections.OrderedDict", "torch.FloatStorage", "torch._utils._rebuild_tensor_v2"]
    numpy_names = ["numpy.core.multiarray._reconstruct", "numpy.ndarray", "numpy.dtype",
                   "numpy.core.multiarray.scalar", "collections.OrderedDict"]

    def expected(file, data, trick, names=(), **more):
        made.add(f"controls/{file}", data, trick, "expected", names, **more)

    expected("plain.pkl", op.proto4(op.value({"patch_size": [1, 2, 3]})), "Only data, no names.")
    expected("state-dict.pkl", op.state_dict(), "The pickle of a small state dict, outside its archive.", torch_names)
    expected("state-dict.pth", zips.torch(pickle=op.state_dict()),
             "What torch.save writes: a zip whose entries are stored.", torch_names)
    expected("plans.pkl", op.proto4(op.value({"spacing": op.array(), "dice": op.scalar(), "stages": op.ordered_dict()})),
             "Numpy arrays and scalars, as nnU-Net's plans hold them.", numpy_names)
    expected("plans-protocol-0.pkl",
             b"(dp0\nVspacing\np1\nccollections\nOrderedDict\np2\n(tRp3\nsVname\nS'CT'\np4\ns.",
             "Protocol 0, written with text opcodes.", ["collections.OrderedDict"])
    expected("words.pkl", op.proto4(op.value(["os", "system", "cos\nsystem\n", "builtins.eval", "$import os"])),
             "The names of dangerous functions as plain data, one of them in the shape of a GLOBAL.")
    shuffled = (op.text("collections") + op.put(1) + op.POP + op.text("os") + op.put(0) + op.POP
                + op.text("OrderedDict") + op.put(2) + op.POP + op.text("system") + op.POP
                + op.get(1) + op.get(2) + op.STACK_GLOBAL + op.EMPTY_TUPLE + op.REDUCE)
    expected("memo.pkl", op.proto4(shuffled),
             "The last two strings are `os` and `system`; the memo says collections.OrderedDict.",
             ["collections.OrderedDict"])
    expected("latin1.pkl", op.proto2(op.call(op.name("_codecs", "encode"), "\u00e9", "latin1")),
             "Bytes as protocol 2 writes them: through _codecs.encode.", ["_codecs.encode"])
    ints = op.proto2(b"\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19")
    protocol = op.proto2(op.value(1001)[:0] + b"M\xe9\x03")
    rest = op.proto2(op.value({"little_endian": True})) + op.state_dict() + op.proto2(op.value(["0"]))
    expected("legacy.pt", ints + protocol + rest + (2).to_bytes(8, "little") + bytes(8),
             "Torch's layout before its zips: five pickles in a row, then the raw storages.",
             torch_names, pickles=5)
    inner = zips.archive(zips.Entry(b"Dataset001_X/dataset.json"), zips.Entry(b"Dataset001_X/plans.json"))
    expected("package.zip", inner, "A plain archive: nothing to refuse.")
    nested = zips.archive(zips.Entry(b"Dataset001_X/fold_0/checkpoint_final.pth", zips.torch(pickle=op.state_dict())))
    expected("nested.zip", nested, "A torch zip inside the archive, as every nnU-Net package holds.", torch_names)
