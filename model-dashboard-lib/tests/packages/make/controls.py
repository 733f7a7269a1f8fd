"""Files that look odd and are harmless: a reader that calls everything dangerous fails here."""

import json
import struct
import zlib

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
    protocol = op.proto2(b"M\xe9\x03")
    rest = op.proto2(op.value({"little_endian": True})) + op.state_dict() + op.proto2(op.value(["0"]))
    expected("legacy.pt", ints + protocol + rest + (2).to_bytes(8, "little") + bytes(8),
             "Torch's layout before its zips: five pickles in a row, then the raw storages.",
             torch_names, pickles=5)
    inner = zips.archive(zips.Entry(b"Dataset001_X/dataset.json"), zips.Entry(b"Dataset001_X/plans.json"))
    expected("package.zip", inner, "A plain archive: nothing to refuse.")
    nested = zips.archive(zips.Entry(b"Dataset001_X/fold_0/checkpoint_final.pth", zips.torch(pickle=op.state_dict())))
    expected("nested.zip", nested, "A torch zip inside the archive, as every nnU-Net package holds.", torch_names)
    expected("every-opcode.pkl", op.proto4(op.every_opcode(), op.NONE), "Every opcode that is data, with operands full of STOP.")
    archives(expected)
    formats(expected)
    made.add("controls/python2-set.pkl", op.proto2(op.call(op.name("__builtin__", "set"), [1])),
             "A Python 2 name of something allowed.", "expected", ["builtins.set"], written=["__builtin__.set"])


def archives(expected):
    """What honest writers of zips do, and a strict reader may stumble over."""
    entry, data = zips.Entry(b"dataset.json"), b'{"a": 1}'
    crc = zlib.crc32(data)
    zero = {"crc": 0, "csize": 0, "usize": 0}
    for stem, after in (("descriptor", struct.pack("<4s3I", b"PK\x07\x08", crc, 8, 8)), ("descriptor-bare", struct.pack("<3I", crc, 8, 8))):
        streamed = zips.Entry(b"plans.json", data, flags=8, local=zero, after=after)
        expected(f"{stem}.zip", zips.archive(streamed, entry), "Written as a stream: sizes and CRC stand behind the data.")
    half = zips.Entry(b"plans.json", data, method=8, raw=zips.deflate(data), flags=8, local={**zero, "usize": 8},
                      after=struct.pack("<4s3I", b"PK\x07\x08", crc, len(zips.deflate(data)), 8))
    expected("descriptor-half.zip", zips.archive(half), "As `zip -` writes it: the local header knows one of the three numbers.")
    also = struct.pack("<HHBI", 0x7075, 17, 1, zlib.crc32(entry.name)) + entry.name
    expected("unicode-path.zip", zips.archive(zips.Entry(entry.name, extra=also)), "The extra field 0x7075, with the same name.")
    jar = zips.Entry(b"plans.json", data, local={"extra": b"\xfe\xca\0\0"}, central={"extra": b"\xfe\xca\0\0"})
    expected("no-version.zip", zips.archive(jar), "An extra field without contents, as jar writes it.")
    wide = {"csize": 0xFFFFFFFF, "usize": 0xFFFFFFFF, "extra": zips.zip64(8, 8)}
    expected("zip64.zip", zips.archive(zips.Entry(b"plans.json", data, local=wide, central=wide)), "Zip64 sizes, where they are not needed.")
    local, central = zips.body([entry])
    tail = zips.end64(1, len(central), len(local), len(local) + len(central)) + zips.end(0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF)
    expected("zip64-end.zip", local + central + tail, "A zip64 end, where it is not needed.")
    described = zips.Entry(b"plans.json", data, flags=8, after=struct.pack("<4sIQQ", b"PK\x07\x08", crc, 8, 8),
                           local={**zero, "csize": 0xFFFFFFFF, "usize": 0xFFFFFFFF, "extra": zips.zip64(0, 0)})
    expected("zip64-descriptor.zip", zips.archive(described), "A stream with zip64: 64-bit sizes behind the data.")
    padded = zips.Entry(b"archive/data.pkl", op.proto2(op.NONE), local={"extra": b"FB" + struct.pack("<H", 14) + b"Z" * 14})
    expected("padding.pth", zips.torch(padded), "torch pads local headers with an extra field that the directory lacks.")
    times = zips.Entry(b"plans.json", data, local={"extra": struct.pack("<HHBII", 0x5455, 9, 3, 1, 1)},
                       central={"extra": struct.pack("<HHBI", 0x5455, 5, 3, 1)})
    expected("times.zip", zips.archive(times), "Extra fields with times, which are longer in the local header.")
    folder = zips.Entry(b"Dataset001_X/", b"", mode=0o040755)
    expected("folders.zip", zips.archive(folder, zips.Entry(b"Dataset001_X/dataset.json")), "A folder with an entry of its own.")
    expected("no-mode.zip", zips.archive(zips.Entry(b"dataset.json", mode=0)), "No file mode at all.")
    expected("names.zip", zips.archive(zips.Entry("Gef\u00e4\u00dfe (alt)..v1.json".encode(), flags=zips.UTF8)),
             "Letters that are not ASCII, blanks, two dots inside a name.")
    packed = zips.Entry(b"plans.json", data, method=8, raw=zips.deflate(data))
    expected("deflated.zip", zips.archive(packed), "Compressed, though it makes the entry larger.")
    expected("empty-entry.zip", zips.archive(zips.Entry(b"scripts/__init__.py", b""), entry), "An entry without bytes.")
    expected("markup-name.zip", zips.archive(entry, zips.Entry(b"<img src=x onerror=alert(1)>.json")),
             "A name with markup, which is a file like any other; whoever shows it must escape it.")
    expected("comment.zip", zips.archive(entry, comment=b"made by hand"), "A comment.")
    numbers = b'{"foreground_mean": {"Dice": NaN, "IoU": Infinity, "FN": -Infinity}}'
    expected("not-a-number.zip", zips.archive(entry, zips.Entry(b"fold_0/validation/summary.json", numbers)),
             "NaN and Infinity, which Python writes into JSON and JSON does not have.")
    order = zips.archive(zips.Entry(b"b.json", central={"name": b"b.json"}), zips.Entry(b"a.json"))
    expected("order.zip", order, "Names that are not sorted.")


def formats(expected):
    header = json.dumps({"w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}, "__metadata__": {"format": "pt"}}).encode()
    expected("good.safetensors", struct.pack("<Q", len(header)) + header + bytes(8), "An honest safetensors file.")
    key = b"general.architecture"
    value = struct.pack("<Q", len(key)) + key + struct.pack("<IQ", 8, 5) + b"llama"
    expected("good.gguf", b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + value, "An honest GGUF file without tensors.")
    graph = b"\x12\x01g"
    expected("good.onnx", b"\x08\x08\x12\x07pytorch\x3a" + bytes([len(graph)]) + graph + b"\x42\x04\x0a\x00\x10\x11",
             "An honest ONNX file with an empty graph.")
    config = {"class_name": "Functional", "config": {"layers": [{"class_name": "InputLayer", "module": "keras.layers", "config": {}}]}}
    weights = zips.Entry(b"model.weights.h5", b"\x89HDF\r\n\x1a\n" + bytes(40))
    expected("good.keras", zips.archive(zips.Entry(b"metadata.json", b'{"keras_version": "3.8.0"}'),
                                        zips.Entry(b"config.json", json.dumps(config).encode()), weights), "An honest Keras file.")
    unet = "dynamic_network_architectures.architectures.unet.PlainConvUNet"
    architecture = {"network_class_name": unet, "arch_kwargs": {"conv_op": "torch.nn.modules.conv.Conv3d"}, "_kw_requires_import": ["conv_op"]}
    plans = {"dataset_name": "Dataset001_X", "configurations": {"3d_fullres": {"architecture": architecture}}}
    root = b"Dataset001_X/nnUNetTrainer__nnUNetPlans__3d_fullres/"
    expected("plans.zip", zips.archive(zips.Entry(root + b"dataset.json", b'{"labels": {"background": 0, "price": 1}}'),
                                       zips.Entry(root + b"plans.json", json.dumps(plans).encode())),
             "Plans that name only what is allowed.")
