"""Streams that break off, lie about their lengths or go on after their end."""

import struct

import opcodes as op
from corpus import Corpus

OS_SYSTEM = ["os.system"]


def add(made: Corpus):
    def broken(file, data, trick, verdict="unscannable", names=(), **more):
        made.add(f"broken/{file}", data, trick, verdict, names, **more)

    def dangerous(file, data, trick, **more):
        broken(file, data, trick, "dangerous", OS_SYSTEM, **more)

    payload = op.SYSTEM4
    dangerous("nullifai.pkl", op.PROTO4 + payload + b"X\xff\xff\xff\x7f",
              "The payload first, then a stream that breaks: a scanner that stops at the error says nothing.")
    dangerous("no-stop.pkl", op.PROTO4 + payload, "The payload, and no STOP.")
    dangerous("underflow.pkl", op.proto4(payload, op.POP * 20), "The payload, then POP from an empty stack.")
    dangerous("unknown-opcode-after.pkl", op.proto4(payload, b"\xff"), "The payload, then an opcode that does not exist.")
    broken("unknown-opcode-before.pkl", op.proto4(b"\xff", payload),
           "An opcode that does not exist, then the payload: Python never gets there, and nobody knows how long the opcode is.")
    dangerous("after-stop.pkl", op.proto4(op.NONE) + op.proto2(op.SYSTEM), "A second pickle after STOP.",
              unreached=OS_SYSTEM)
    dangerous("after-stop-and-zeros.pkl", op.proto4(op.NONE) + bytes(64) + op.proto2(op.SYSTEM),
              "A second pickle after STOP and 64 zero bytes.", least="unscannable", unreached=OS_SYSTEM)
    broken("garbage-after-stop.pkl", op.proto4(op.NONE) + b"\xfe\xed" * 40, "Bytes after STOP that are no pickle.")
    dangerous("stop-early.pkl", op.PROTO4 + op.NONE + op.STOP + payload + op.STOP,
              "STOP, then the payload without a PROTO of its own.", unreached=OS_SYSTEM)
    frame = b"\x95"
    dangerous("frame-short.pkl", op.PROTO4 + frame + struct.pack("<Q", 3) + payload + op.STOP,
              "A frame that ends inside a string: pickle.loads reads on, pickle.load stumbles.", unreached=OS_SYSTEM)
    dangerous("frame-long.pkl", op.PROTO4 + frame + struct.pack("<Q", 5000) + payload + op.STOP,
              "A frame longer than the file: Python's own unpickler does not care, the one in C does.")
    dangerous("frame-huge.pkl", op.PROTO4 + frame + struct.pack("<Q", 2**63) + payload + op.STOP,
              "A frame of 2^63 bytes.", unreached=OS_SYSTEM, least="unscannable")
    inner = payload + op.STOP
    nested = frame + struct.pack("<Q", len(inner)) + inner
    dangerous("frame-in-frame.pkl", op.PROTO4 + frame + struct.pack("<Q", len(nested)) + nested, "A frame inside a frame.")
    for stem, opcode, length in [
        ("binunicode8-2-63", b"\x8d", struct.pack("<Q", 2**63)),
        ("binbytes8-2-63", b"\x8e", struct.pack("<Q", 2**63)),
        ("bytearray8-2-40", b"\x96", struct.pack("<Q", 2**40)),
        ("binunicode-4g", b"X", struct.pack("<I", 2**32 - 1)),
        ("binstring-negative", b"T", struct.pack("<i", -1)),
        ("long4-negative", b"\x8b", struct.pack("<i", -1)),
        ("long4-2g", b"\x8b", struct.pack("<i", 2**31 - 1)),
    ]:
        broken(f"{stem}.pkl", op.proto4(opcode + length, payload),
               "A length that the file does not have; nothing may be reserved for it.")
    dangerous("memo-2-32.pkl", op.proto4(op.NONE + b"r" + struct.pack("<I", 2**32 - 1), payload),
              "LONG_BINPUT at place 4,294,967,295: a memo that is an array would take 32 GB.", least="unscannable")
    dangerous("long-digits.pkl", op.PROTO4 + b"L" + b"1" * 5000 + b"L\n" + op.POP + payload + op.STOP,
              "A number of 5,000 decimal digits, which newer Pythons refuse, then the payload.", least="unscannable",
              reference="it depends on the version of Python")
    dangerous("memo-negative.pkl", op.proto4(payload, op.NONE, b"p-1\n"), "PUT at place -1, after the payload.")
    broken("global-without-end.pkl", op.PROTO2 + b"c" + b"a" * 3000, "A GLOBAL line without end.",
           reference="half a name")
    broken("global-half.pkl", op.PROTO2 + b"cos\nsystem", "The file ends inside the second line of GLOBAL.",
           reference="half a name")
    made.recipe("broken/global-64m.pkl", [{"hex": (op.PROTO2 + b"c").hex()}, {"hex": "61", "times": 64 << 20}],
                "A GLOBAL line of 64 MiB that never ends.", "unscannable", reference="half a name")
    for stem, data in [
        ("truncated-proto", b"\x80"), ("truncated-string", op.PROTO4 + b"\x8c\x10os"),
        ("truncated-int", op.PROTO4 + b"J\x01\x02"), ("truncated-frame", op.PROTO4 + b"\x95\x10\x00"),
        ("only-proto", op.PROTO4), ("empty", b""), ("only-stop", b"."), ("mark-alone", op.proto4(op.MARK)),
        ("tuple-without-mark", op.proto4(op.TUPLE)), ("bad-int", b"Iabc\n."), ("bad-quotes", b"S'os\"\n."),
        ("bad-escape", rb"S'\x6'" + b"\n."), ("bad-utf8", op.proto4(b"\x8c\x01\xff")),
    ]:
        broken(f"{stem}.pkl", data, f"Broken: {stem.replace('-', ' ')}.")
    half = op.state_dict()
    names = ["collections.OrderedDict", "torch._utils._rebuild_tensor_v2", "torch.FloatStorage"]
    broken("half-state-dict.pkl", half[: half.rindex(b"ccollections")], "An honest state dict, cut short.", names=names)
    extensions(dangerous)


def extensions(dangerous):
    for file, cve in [("pickle.bin", "CVE-2025-10155"), ("pickle.pt", "CVE-2025-10155"), ("pickle.json", None),
                      ("pickle.txt", None), ("pickle.p", "CVE-2025-1889"), ("pickle.safetensors", None),
                      ("pickle.onnx", None), ("pickle", None), ("pickle.h5", None), ("pickle.png", None)]:
        protocol0 = b"cos\nsystem\n(S'true'\ntR."
        data = protocol0 if file.endswith((".txt", ".json")) else op.proto4(op.SYSTEM4)
        more = {"cve": cve} if cve else {}
        dangerous(f"extensions/{file}", data, "A bare pickle under an extension that promises something else.", **more)
