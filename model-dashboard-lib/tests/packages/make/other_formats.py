"""Files that are no pickles: other formats, broken, or with code in them."""

import json
import struct

import opcodes as op
import zips
from corpus import Corpus
from zips import Entry


def add(made: Corpus):
    safetensors(made)
    onnx(made)
    gguf(made)
    code(made)
    magic(made)


def safetensors(made: Corpus):
    def unscannable(file, data, trick):
        made.add(f"formats/{file}.safetensors", data, trick, "unscannable")

    def tensors(header, data=bytes(8)):
        raw = header if isinstance(header, bytes) else json.dumps(header).encode()
        return struct.pack("<Q", len(raw)) + raw + data

    good = {"w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}
    unscannable("length-2-60", struct.pack("<Q", 2**60) + b"{}", "A header of 2^60 bytes.")
    unscannable("length-beyond", struct.pack("<Q", 5000) + b"{}", "A header longer than the file.")
    unscannable("length-short", b"\x02\x00\x00", "Too short for the length itself.")
    unscannable("not-json", tensors(b"{not json}"), "A header that is not JSON.")
    unscannable("bad-utf8", tensors(b'{"\xff": 1}'), "A header that is not UTF-8.")
    unscannable("not-an-object", tensors(b"[1, 2]"), "A header that is a list.")
    entry = json.dumps(good["w"])
    twice = f'{{"w": {entry}, "w": {entry.replace("F32", "I32")}}}'.encode()
    unscannable("duplicate-keys", tensors(twice), "One tensor twice, with different types: readers choose differently.")
    unscannable("deep-json", tensors(b'{"w": ' + b"[" * 50_000 + b"]" * 50_000 + b"}"), "50,000 nested lists in the header.")
    for stem, change, what in [
        ("offsets-beyond", {"data_offsets": [0, 2**40]}, "Offsets beyond the file."),
        ("offsets-reversed", {"data_offsets": [8, 0]}, "Offsets in the wrong order."),
        ("offsets-wrong", {"data_offsets": [0, 4]}, "Fewer bytes than the shape needs."),
        ("shape-overflow", {"shape": [2**32, 2**32, 2**32]}, "A shape whose product overflows."),
        ("shape-negative", {"shape": [-2]}, "A negative shape."),
    ]:
        unscannable(stem, tensors({"w": {**good["w"], **change}}), what)
    second = {**good, "v": {**good["w"], "data_offsets": [4, 12]}}
    unscannable("overlap", tensors(second, bytes(12)), "Two tensors share bytes.")
    made.add("formats/pickle-after.safetensors", tensors(good) + op.proto2(op.SYSTEM),
             "A pickle after the tensors, where no tensor is.", "dangerous", ["os.system"], least="unscannable",
             unreached=["os.system"])


def varint(number):
    out = b""
    while number > 0x7F:
        out, number = out + bytes([number & 0x7F | 0x80]), number >> 7
    return out + bytes([number])


def field(number, payload):
    return varint(number << 3 | 2) + varint(len(payload)) + payload


def onnx(made: Corpus):
    def unscannable(file, data, trick):
        made.add(f"formats/{file}.onnx", data, trick, "unscannable")

    start = b"\x08\x08" + field(2, b"pytorch")  # ir_version 8, producer
    unscannable("endless-varint", start + b"\x08" + b"\xff" * 200, "A varint of 200 bytes.")
    unscannable("overlong-varint", start + b"\x80" * 11 + b"\x00", "A tag as a varint of twelve bytes.")
    unscannable("groups", start + b"\x3b" * 20_000, "20,000 groups begin, none ends.")
    unscannable("group-end", start + b"\x3c", "A group ends that never began.")
    unscannable("length-beyond", start + b"\x3a\xff\xff\xff\x7f", "A graph of 256 MiB in a file of 20 bytes.")
    unscannable("length-2-63", start + b"\x3a" + varint(2**63), "A length of 2^63: adding to it overflows.")
    unscannable("wire-type-7", start + b"\x3f\x00", "A wire type that does not exist.")
    unscannable("field-zero", start + b"\x02\x00", "Field number 0.")
    unscannable("half", start + b"\x3a\x10\x0a\x04", "It breaks off inside the graph.")
    deep = b""
    for _ in range(2_000):
        deep = field(1, field(5, field(6, deep)))  # a node whose attribute holds a graph
        if len(deep) > 12_000:
            break
    unscannable("deep-graphs", start + field(7, deep), "Graphs in attributes of nodes of graphs, over a thousand deep.")
    outside = field(1, b"location") + field(2, b"../../../etc/passwd")
    tensor = field(8, b"weight") + field(13, outside) + b"\x70\x01"
    made.add("formats/external-data.onnx", start + field(7, field(5, tensor)),
             "The weights are in a file outside the package.", "unknown", where="graph.initializer.weight.external_data",
             cve="CVE-2022-25882")


def gguf(made: Corpus):
    def unscannable(file, data, trick):
        made.add(f"formats/{file}.gguf", data, trick, "unscannable")

    head = b"GGUF" + struct.pack("<I", 3)
    unscannable("counts-2-63", head + struct.pack("<QQ", 2**63, 2**63), "2^63 tensors and 2^63 keys.")
    unscannable("key-2-40", head + struct.pack("<QQQ", 0, 1, 2**40), "A key of a tebibyte.")
    nested = struct.pack("<Q", 1) + b"k" + struct.pack("<I", 9) + struct.pack("<IQ", 9, 1) * 5_000
    unscannable("nested-arrays", head + struct.pack("<QQ", 0, 1) + nested, "5,000 arrays in arrays.")
    unscannable("half", head + b"\x01", "It breaks off in its header.")


def code(made: Corpus):
    """Packages in which something other than a pickle is code."""
    def contains(file, data, trick, where, **more):
        made.add(f"code/{file}", data, trick, "code", where=where, **more)

    def text(content):
        return json.dumps(content, indent=1).encode()

    layers = [{"class_name": "InputLayer", "config": {}}, {"class_name": "Lambda", "config": {
        "name": "lambda", "function": {"class_name": "__lambda__", "config": {"code": "4wAAAAA=", "defaults": None, "closure": None}}}}]
    config = {"class_name": "Functional", "config": {"layers": layers}}
    keras = zips.archive(Entry(b"metadata.json", text({"keras_version": "3.8.0", "date_saved": "2026-01-01"})),
                         Entry(b"config.json", text(config)), Entry(b"model.weights.h5", b"\x89HDF\r\n\x1a\n" + bytes(40)))
    contains("lambda.keras", keras, "A Keras Lambda layer: marshalled byte code.", "config.json: config.layers[1]", cve="CVE-2024-3660")
    module = {"class_name": "Functional", "config": {"layers": [{"module": "builtins", "class_name": "function", "registered_name": "exec",
              "config": "exec"}]}}
    contains("module.keras", zips.archive(Entry(b"metadata.json", text({"keras_version": "3.8.0"})), Entry(b"config.json", text(module)),
                                          Entry(b"model.weights.h5", b"\x89HDF\r\n\x1a\n" + bytes(40))),
             "A Keras configuration that names a function of another module.", "config.json: config.layers[0]", cve="CVE-2025-1550")

    def bundle(inference, name=b"configs/inference.json", *more):
        return zips.archive(Entry(b"bundle/configs/metadata.json", text({"version": "0.1", "monai_version": "1.5.0"})),
                            Entry(b"bundle/" + name, inference if isinstance(inference, bytes) else text(inference)), *more)

    contains("monai-import.zip", bundle({"imports": ["$import os"], "run": "$os.system('true')"}),
             "A MONAI configuration with `$import os`.", "bundle/configs/inference.json: imports[0], run")
    contains("monai-target.zip", bundle({"network": {"_target_": "os.system", "command": "true"}}),
             "A MONAI `_target_` that is no class of networks.", "bundle/configs/inference.json: network._target_")
    contains("monai-deep.zip", bundle({"a": [{"b": {"c": ["$__import__('os').system('true')"]}}]}),
             "A `$` text deep inside.", "bundle/configs/inference.json: a[0].b.c[0]")
    contains("monai-key.zip", bundle({"$import os": 1, "@x": "x$", "y": "\\u0024 is no code here"}),
             "`$` in a key, and texts in which it is not first.", "bundle/configs/inference.json")
    contains("monai-escaped.zip", bundle(b'{"run": "\\u0024__import__(\'os\').system(\'true\')"}'),
             "The `$` is written as \\u0024.", "bundle/configs/inference.json: run")
    contains("monai.yaml.zip", bundle(b"imports:\n  - $import os\nrun: >-\n  $os.system('true')\n", b"configs/inference.yaml"),
             "A MONAI configuration in YAML, one text folded.", "bundle/configs/inference.yaml: imports[0], run")
    contains("yaml-python.zip", bundle(b"run: !!python/object/apply:os.system ['true']\n", b"configs/inference.yaml"),
             "A YAML tag that calls a Python function.", "bundle/configs/inference.yaml: run")
    script = Entry(b"bundle/scripts/evil.py", b"import os\nos.system('true')\n")
    contains("monai-scripts.zip", bundle({"network": {"_target_": "scripts.evil.Net"}}, b"configs/inference.json", script),
             "A MONAI bundle with scripts.", "bundle/scripts/evil.py")

    def package(data):
        return zips.archive(Entry(b"Dataset001_X/nnUNetTrainer__nnUNetPlans__3d_fullres/dataset.json", data))

    for stem, data, what in [
        ("deep", b'{"labels": ' + b"[" * 20_000 + b"]" * 20_000 + b"}", "20,000 nested lists"),
        ("half", b'{"labels": {"background": 0', "an end in the middle"),
        ("utf-16", '{"labels": {"background": 0}}'.encode("utf-16"), "UTF-16"),
        ("number", b'{"numTraining": 1' + b"0" * 5000 + b"}", "a number of 5,001 digits"),
        ("list", b"[]", "a list where an object belongs"),
        ("labels", b'{"labels": {"background": -1, "a": 1e99, "b": "1", "c": [[]], "d": null}}', "labels that are no numbers of labels"),
    ]:
        made.add(f"formats/dataset-{stem}.zip", package(data), f"A dataset.json with {what}.", "unscannable", least="expected")

    def plans(architecture):
        root = b"Dataset001_X/nnUNetTrainer__nnUNetPlans__3d_fullres/"
        content = {"dataset_name": "Dataset001_X", "configurations": {"3d_fullres": {"architecture": architecture}}}
        return zips.archive(Entry(root + b"dataset.json", text({"labels": {"background": 0}})), Entry(root + b"plans.json", text(content)))

    where = "plans.json: configurations.3d_fullres.architecture"
    unet = "dynamic_network_architectures.architectures.unet.PlainConvUNet"
    contains("plans-class.zip", plans({"network_class_name": "os.system"}), "An nnU-Net class outside the allow-list.", f"{where}.network_class_name")
    contains("plans-lookalike.zip", plans({"network_class_name": "dynamic_network_architectures_evil.Net"}),
             "A class that only begins like an allowed one.", f"{where}.network_class_name")
    contains("plans-torch-hub.zip", plans({"network_class_name": "torch.nn.modules.os.system"}),
             "A path through an allowed module to another.", f"{where}.network_class_name")
    contains("plans-import.zip", plans({"network_class_name": unet, "arch_kwargs": {"conv_op": "os.system"}, "_kw_requires_import": ["conv_op"]}),
             "`_kw_requires_import` has a keyword imported.", f"{where}.arch_kwargs.conv_op")
    trainer = zips.archive(Entry(b"Dataset001_X/EvilTrainer__nnUNetPlans__3d_fullres/dataset.json", text({"labels": {"background": 0}})))
    contains("trainer.zip", trainer, "A trainer that is not a stock one.", "EvilTrainer")
    twice = b'{"configurations": {}, "configurations": {"3d_fullres": {"architecture": {"network_class_name": "os.system"}}}}'
    root = b"Dataset001_X/nnUNetTrainer__nnUNetPlans__3d_fullres/"
    contains("plans-twice.zip", zips.archive(Entry(root + b"dataset.json"), Entry(root + b"plans.json", twice)),
             "One key twice: the harmless one comes first, Python takes the last.", "plans.json: configurations")


def magic(made: Corpus):
    for file, data, trick in [
        ("magic.h5", b"\x89HDF\r\n\x1a\r" + bytes(40), "HDF5 with one wrong byte in its magic."),
        ("text-mode.h5", b"\x89HDF\n\x1a\n" + bytes(40), "HDF5 that a transfer in text mode has damaged."),
        ("half.h5", b"\x89HDF", "Half of HDF5's magic."),
        ("offset.h5", bytes(512) + b"\x89HDF\r\n\x1a\n" + bytes(40), "HDF5's magic at byte 512, where the format allows it: 512 bytes of anything stand before it."),
        ("magic.gguf", b"GGUG" + bytes(20), "GGUF with a wrong letter."),
        ("executable.pth", b"\x7fELF\x02\x01\x01" + bytes(57), "A program named .pth."),
        ("script.pth", b"#!/bin/sh\ntrue\n", "A script named .pth."),
        ("html.json", b"<!doctype html><script>1</script>", "A page named .json."),
        ("pointer.pth", b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 12345\n",
         "A pointer of Git LFS in the place of the weights."),
        ("pb.pb", b"\x0a" + b"\xff" * 12, "A SavedModel whose first length never ends."),
    ]:
        made.add(f"formats/{file}", data, trick, "unscannable")
