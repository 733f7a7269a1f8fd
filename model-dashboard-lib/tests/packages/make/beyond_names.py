"""Pickles in which every name is an allowed one, and that do harm all the same.

A list of names alone calls them expected. `beyond` says what a reader has to look at besides."""

import opcodes as op
import zips
from corpus import Corpus

NUMPY = ["numpy.core.multiarray._reconstruct", "numpy.ndarray", "numpy.dtype"]
TORCH = ["collections.OrderedDict", "torch.FloatStorage", "torch._utils._rebuild_tensor_v2"]


def dtype(code, *state):
    return op.Raw(op.call(op.name("numpy", "dtype"), code, False, True) + op.value(state) + op.BUILD)


def array(kind, data, shape=(1,)):
    made = op.call(op.name("numpy.core.multiarray", "_reconstruct"), op.name("numpy", "ndarray"), (0,), b"b")
    return op.Raw(made + op.value((1, shape, kind, False, data)) + op.BUILD)


def storage(numel, kind="FloatStorage"):
    return op.Raw(op.value(("storage", op.name("torch", kind), "0", "cpu", numel)) + op.BINPERSID)


def view(numel, size, offset=0):
    rebuild = op.name("torch._utils", "_rebuild_tensor_v2")
    return op.call(rebuild, storage(numel), offset, (size,), (1,), False, op.ordered_dict())


def add(made: Corpus):
    def unknown(file, data, trick, names, beyond, verdict="unknown", **more):
        made.add(f"beyond/{file}", data, trick, verdict, names, beyond=beyond, **more)

    pointers = dtype("O8", 3, "|", None, None, None, 8, 8, 0)
    unknown("numpy-pointers.pkl", op.proto2(array(pointers, bytes(8))),
            "numpy's type for objects, its flags cleared by BUILD: the bytes of the array are taken for pointers (here null).",
            NUMPY, "numpy.dtype of another code than those of numbers and texts", "dangerous")
    field = dtype("f8", 3, "<", None, None, None, -1, -1, 0)
    outside = dtype("V8", 3, "|", None, ("a",), {"a": (field, 4096)}, 8, 1, 0)
    unknown("numpy-field-outside.pkl", op.proto2(array(outside, bytes(8))),
            "A field of a structure lies 4,096 bytes behind its end: numpy reads what is there.", NUMPY,
            "numpy.dtype of another code than those of numbers and texts")
    large = op.Raw(b"\x8a\x06" + (2**40).to_bytes(6, "little"))
    unknown("numpy-large.pkl", op.proto2(op.call(op.name("numpy.core.multiarray", "_reconstruct"), op.name("numpy", "ndarray"), (large,), b"b")),
            "_reconstruct is asked for a tebibyte.", NUMPY[:2], "_reconstruct of another shape than (0,)")
    unknown("bytearray-large.pkl", op.proto4(op.call(op.name("builtins", "bytearray"), large)),
            "bytearray is asked for a tebibyte.", ["builtins.bytearray"], "bytearray of a number")
    unknown("codec.pkl", op.proto2(op.call(op.name("_codecs", "encode"), "bf", "rot13")),
            "_codecs.encode with a codec that makes other texts, the tool for names that nobody can read.", ["_codecs.encode"],
            "_codecs.encode with another codec than latin1")
    unknown("storage-larger.pth", zips.torch(pickle=op.proto2(op.ordered_dict(("w", view(10**9, 10**9))))),
            "A storage of a thousand million numbers, of which the archive holds two.", TORCH,
            "the length of a storage against the size of its entry", cve="CVE-2026-24747")
    unknown("storage-missing.pth", zips.torch(pickle=op.proto2(op.ordered_dict(("w", op.tensor("7"))))),
            "A storage that the archive does not hold.", TORCH, "whether each storage has an entry")
    unknown("view-outside.pth", zips.torch(pickle=op.proto2(op.ordered_dict(("w", view(2, 2**31 - 1, 2**31 - 1))))),
            "A tensor far outside its storage.", TORCH, "offset, shape and strides against the length of the storage")
    unknown("items-of-tensor.pth", zips.torch(pickle=op.proto2(op.tensor() + op.value(0) + op.value(0) + op.SETITEM)),
            "SETITEM on a tensor, where only dictionaries have items.", TORCH, "what SETITEM is done to", cve="CVE-2026-24747")
    layout = op.call(op.name("torch.serialization", "_get_layout"), "torch.sparse_csr")
    parts = (op.tensor(), op.tensor(), op.tensor(), (1, 4))
    sparse = op.call(op.name("torch._utils", "_rebuild_sparse_tensor"), layout, parts)
    unknown("sparse.pth", zips.torch(pickle=op.proto2(op.ordered_dict(("w", sparse)))),
            "A sparse tensor whose indices are floats of another tensor: torch does not check them when it loads.",
            [*TORCH, "torch.serialization._get_layout", "torch._utils._rebuild_sparse_tensor"], "sparse tensors at all")
