"""Tricks with the stack, the memo and the rarer opcodes: what is called is not what a quick reader sees."""

import struct

import opcodes as op
from corpus import Corpus

OS_SYSTEM = ["os.system"]
RUN = op.value(("true",)) + op.REDUCE  # what follows a callable on the stack


def add(made: Corpus):
    memo(made)
    marks(made)
    unresolved(made)
    rarer_opcodes(made)
    patches(made)
    persistent(made)
    texts(made)


def dangerous(made, file, data, trick, names=OS_SYSTEM, **more):
    made.add(f"stack/{file}.pkl", data, trick, "dangerous", names, **more)


def memo(made: Corpus):
    strings = op.text("os") + op.MEMOIZE + op.POP + op.text("system") + op.MEMOIZE + op.POP
    decoys = op.text("collections") + op.POP + op.text("OrderedDict") + op.POP
    dangerous(made, "memo-decoys", op.proto4(strings, decoys, op.get(0), op.get(1), op.STACK_GLOBAL, RUN),
              "The last two strings are collections and OrderedDict; the memo says os.system.")
    order = op.text("system") + op.put(0) + op.POP + op.text("os") + op.put(1)
    dangerous(made, "memo-order", op.proto4(order, op.get(0), op.STACK_GLOBAL, RUN),
              "The strings stand in the other order in the file.")
    again = op.text("collections") + op.put(0) + op.POP + op.text("os") + op.put(0) + op.POP
    dangerous(made, "memo-overwritten", op.proto4(again, op.get(0), op.text("system"), op.STACK_GLOBAL, RUN),
              "A place in the memo is written twice.")
    counted = (op.text("x") + op.put(9) + op.POP + op.text("y") + op.put(9) + op.POP
               + op.text("os") + op.MEMOIZE + op.POP + op.text("system") + op.MEMOIZE + op.POP)
    dangerous(made, "memoize-count", op.proto4(counted, op.get(1), op.get(2), op.STACK_GLOBAL, RUN),
              "MEMOIZE counts the places in use, not the opcodes before it and not the highest place.")
    decimal = (op.text("os") + b"p1_0\n" + op.POP + op.text("collections") + b"p1\n" + op.POP
               + op.text("system") + b"p +11 \n" + op.POP)
    dangerous(made, "memo-decimal", op.proto4(decimal, b"g10\n", b"g011\n", op.STACK_GLOBAL, RUN),
              "PUT and GET with the odd decimal numbers that Python reads: 1_0, +11, 011.")
    wide = op.text("os") + b"r" + struct.pack("<I", 70_000) + op.POP
    dangerous(made, "memo-long", op.proto4(wide, b"j" + struct.pack("<I", 70_000), op.text("system"), op.STACK_GLOBAL, RUN),
              "LONG_BINPUT and LONG_BINGET.")
    function = op.name("os", "system") + op.put(0) + op.POP
    dangerous(made, "memo-function", op.proto2(function, op.value(op.ordered_dict()), op.POP, op.get(0), RUN),
              "The function itself waits in the memo.", ["os.system", "collections.OrderedDict"])
    dangerous(made, "position-zero", op.text("os") + op.text("system") + op.STACK_GLOBAL + RUN + op.STOP,
              "No PROTO: the names are the first opcodes of the file.", cve="CVE-2025-71325")
    dangerous(made, "between", op.proto4(op.text("os"), op.text("system"), op.put(0), op.TRUE, op.POP, op.NONE,
                                         op.DUP, op.POP, op.POP, op.STACK_GLOBAL, RUN),
              "PUT, POP and DUP between the names and STACK_GLOBAL.")


def marks(made: Corpus):
    dangerous(made, "dup", op.proto4(op.text("timeit"), op.DUP, op.STACK_GLOBAL, op.value(("1",)), op.REDUCE),
              "One string, doubled, is both the module and the name.", ["timeit.timeit"], least="unknown")
    dangerous(made, "pop-mark", op.proto4(op.text("os"), op.MARK, op.text("collections"), op.text("OrderedDict"),
                                          op.POP_MARK, op.text("system"), op.STACK_GLOBAL, RUN),
              "POP_MARK throws two decoys away.")
    dangerous(made, "pop-takes-mark", op.proto4(op.text("os"), op.MARK, op.POP, op.text("system"), op.STACK_GLOBAL, RUN),
              "POP takes the mark itself away, as Python does.")
    dangerous(made, "list-of-decoys", op.proto4(op.text("os"), op.text("system"), op.value(["collections", "OrderedDict"]),
                                                op.POP, op.STACK_GLOBAL, RUN),
              "A list of decoys is made and dropped between the names and STACK_GLOBAL.")
    dangerous(made, "tuple-arguments", op.proto4(op.name("os", "system"), op.text("true"), op.TUPLE1, op.put(3), op.REDUCE),
              "The arguments are a TUPLE1 in the memo.")
    laughs = op.EMPTY_TUPLE + (op.DUP + op.TUPLE2) * 200 + op.POP
    dangerous(made, "doubled-tuples", op.proto4(laughs, op.SYSTEM4),
              "A tuple of 2^200 parts in 400 bytes: whoever writes it out never ends.", least="unscannable")
    depth = 20_000
    dangerous(made, "deep-marks", op.proto4(op.MARK * depth, op.TUPLE * depth, op.POP, op.SYSTEM4),
              "20,000 nested tuples, then the payload.", least="unscannable")
    made.recipe("stack/deeper-marks.pkl",
                [{"hex": (op.PROTO4).hex()}, {"hex": op.MARK.hex(), "times": 5_000_000},
                 {"hex": op.TUPLE.hex(), "times": 5_000_000}, {"hex": (op.POP + op.SYSTEM4 + op.STOP).hex()}],
                "Five million nested tuples, then the payload.", "dangerous", OS_SYSTEM, least="unscannable")
    made.recipe("stack/many-opcodes.pkl",
                [{"hex": (op.PROTO4).hex()}, {"hex": (op.NONE + op.POP).hex(), "times": 10_000_000},
                 {"hex": (op.SYSTEM4 + op.STOP).hex()}],
                "Twenty million opcodes that do nothing, then the payload.", "dangerous", OS_SYSTEM, least="unscannable")
    rest = op.proto2(op.text("self"), op.put(0), op.POP, op.EMPTY_LIST, op.put(1), op.get(1), op.APPEND, op.SYSTEM)
    dangerous(made, "cycle", rest, "A list that holds itself, then the payload.")


def unresolved(made: Corpus):
    rot = op.call(op.name("_codecs", "encode"), "bf", "rot13")
    rot_name = op.call(op.name("_codecs", "encode"), "flfgrz", "rot13")
    dangerous(made, "names-made-by-allowed", op.proto4(rot, rot_name, op.STACK_GLOBAL, RUN),
              "Both names are made by _codecs.encode, which is allowed: rot13 of `bf` and `flfgrz`.",
              ["_codecs.encode"], hidden=OS_SYSTEM)
    dangerous(made, "name-half-made", op.proto4(op.text("os"), rot_name, op.STACK_GLOBAL, RUN),
              "The module can be read, the name is made by a call.", ["_codecs.encode"], hidden=OS_SYSTEM)
    joined = op.call(op.stack_name("builtins", "str"), "os")
    dangerous(made, "names-made-by-str", op.proto4(joined, op.text("system"), op.STACK_GLOBAL, RUN),
              "The module is the result of str(…).", ["builtins.str"])
    dangerous(made, "names-as-bytes", op.proto4(op.value(b"os"), op.value(b"system"), op.STACK_GLOBAL, RUN),
              "Bytes as names: Python refuses them.", [])
    dangerous(made, "names-as-numbers", op.proto4(op.value(1), op.NONE, op.STACK_GLOBAL, RUN),
              "A number and None as names: Python refuses them.", [])
    dangerous(made, "names-missing", op.proto4(op.STACK_GLOBAL, RUN), "No names on the stack at all.", [],
              least="unscannable")
    dangerous(made, "get-missing", op.proto4(op.get(7), op.get(8), op.STACK_GLOBAL, RUN),
              "The names come from places of the memo that nobody wrote.", [])
    dangerous(made, "call-of-result", op.proto4(op.call(op.call(op.name("_codecs", "encode"), "bf", "rot13"), "true")),
              "What a call returned is called.", ["_codecs.encode"])
    dangerous(made, "call-of-persistent", op.proto2(op.text("x"), op.BINPERSID, RUN),
              "What a persistent id stands for is called.", [])
    dangerous(made, "call-of-item", op.proto4(op.value([op.name("os", "system")]), op.POP, op.value(0), RUN),
              "A number is called; os.system is named before, in a list.")


def rarer_opcodes(made: Corpus):
    dangerous(made, "inst", op.MARK + op.text("true") + b"ios\nsystem\n" + op.STOP, "INST names and calls in one opcode.")
    dangerous(made, "obj", op.MARK + op.name("os", "system") + op.text("true") + op.OBJ + op.STOP,
              "OBJ calls the first thing above the mark.")
    dangerous(made, "newobj", op.proto2(op.name("subprocess", "Popen"), op.value(("true",)), op.NEWOBJ),
              "NEWOBJ of a class that starts programs.", ["subprocess.Popen"])
    dangerous(made, "newobj-ex", op.proto4(op.name("subprocess", "Popen"), op.value(("true",)),
                                           op.value({"shell": True}), op.NEWOBJ_EX),
              "NEWOBJ_EX, with keyword arguments.", ["subprocess.Popen"])
    for width, opcode in ((1, b"\x82\x01"), (2, b"\x83\x01\x01"), (4, b"\x84\x01\x00\x01\x00")):
        dangerous(made, f"ext{width}", op.proto2(opcode, RUN),
                  f"EXT{width}: a number that stands for a name in the registry of the program that loads it.", [])
    dangerous(made, "ext-zero", op.proto2(b"\x84\xff\xff\xff\xff", RUN), "EXT4 with a negative number.", [])
    dangerous(made, "reduce-in-set", op.proto4(b"\x8f", op.MARK, op.SYSTEM4, b"\x90", b"\x91"[:0]),
              "Inside the items of a set.")
    dangerous(made, "frozenset", op.proto4(op.MARK, op.SYSTEM4, b"\x91"), "Inside a FROZENSET.")
    dangerous(made, "in-dict-key", op.proto4(op.EMPTY_DICT, op.SYSTEM4, op.NONE, op.SETITEM),
              "As the key of a dictionary.")
    dangerous(made, "discarded", op.proto4(op.SYSTEM4, op.POP, op.value({"weights": [1, 2]})),
              "The call's result is thrown away; what comes out is plain data.")
    dangerous(made, "protocol-255", b"\x80\xff" + op.SYSTEM + op.STOP,
              "A protocol that does not exist: Python stops at it.", unreached=OS_SYSTEM)
    dangerous(made, "protocol-twice", op.proto2(op.PROTO4, op.SYSTEM4, b"\x80\x00"), "PROTO again and again.")
    dangerous(made, "bytearray", op.proto4(b"\x96" + struct.pack("<Q", 2) + b"os", op.POP, op.SYSTEM4, b"0\x96" + bytes(8)),
              "BYTEARRAY8 of protocol 5 around the payload.")
    dangerous(made, "every-opcode", op.proto4(op.every_opcode(), op.SYSTEM4),
              "Every opcode that is data, with operands full of STOP, then the payload: who loses count once does not see it.")
    made.recipe("stack/many-names.pkl",
                [{"hex": op.PROTO4.hex()}, {"hex": (b"cevil\nn00000\n" + op.POP).hex(), "times": 100_000, "digits": [[7, 5]]},
                 {"hex": (op.NONE + op.STOP).hex()}],
                "100,000 different names: a list of them must end somewhere.", "unknown", reference="the list may be shortened")
    dangerous(made, "next-buffer", op.proto4(op.SYSTEM4, b"\x97"),
              "NEXT_BUFFER, which no file can hold, after the payload.")


def patches(made: Corpus):
    """State that is set on what was imported changes the program, not an object."""
    state = op.value((None, {"__setstate__": op.name("os", "system")}))
    dangerous(made, "build-state", op.proto4(op.name("collections", "OrderedDict"), state, op.BUILD,
                                             op.EMPTY_TUPLE, op.NEWOBJ, op.text("true"), op.BUILD),
              "BUILD gives OrderedDict the __setstate__ os.system; the next BUILD calls it.",
              ["collections.OrderedDict", "os.system"])
    harmless = op.value((None, {"__defaults__": (1,)}))
    dangerous(made, "build-on-function", op.proto4(op.name("torch._utils", "_rebuild_tensor_v2"), harmless, op.BUILD),
              "BUILD on an allowed function changes it for the whole program; no other name is needed.",
              ["torch._utils._rebuild_tensor_v2"], least="unscannable")
    dangerous(made, "build-on-class", op.proto4(op.name("collections", "OrderedDict"),
                                                op.value((None, {"__init__": op.name("torch", "device")})), op.BUILD),
              "BUILD puts one allowed name in the place of another.",
              ["collections.OrderedDict", "torch.device"], least="unscannable")
    dangerous(made, "setitem-on-module", op.proto4(op.name("sys", "modules"), op.text("torch"), op.name("os", "path"), op.SETITEM),
              "SETITEM on sys.modules puts one module in the place of another.", ["sys.modules", "os.path"])
    dangerous(made, "build-dict", op.proto4(op.call(op.name("collections", "OrderedDict")),
                                            op.value({"__reduce__": op.name("builtins", "eval")}), op.BUILD),
              "A state that holds eval, on an allowed object.", ["collections.OrderedDict", "builtins.eval"])


def persistent(made: Corpus):
    def unknown(file, data, trick, names=(), **more):
        made.add(f"stack/{file}.pkl", data, trick, "unknown", names, **more)

    unknown("persid-text", b"P('storage', 'torch.FloatStorage', '0', 'cpu', 1)\n" + op.STOP,
            "PERSID: a text that only looks like torch's tuple.")
    unknown("persid-module", op.proto2(op.value(("module", op.name("torch", "Tensor"), "model.py", "import os")), op.BINPERSID),
            "BINPERSID with torch's old `module` tuple, which holds source text.", ["torch.Tensor"])
    unknown("persid-string", op.proto2(op.text("storage"), op.BINPERSID), "BINPERSID of a text, not a tuple.")
    unknown("persid-short", op.proto2(op.value(("storage",)), op.BINPERSID), "BINPERSID of (`storage`,) and no more.")
    dangerous(made, "persid-storage-function",
              op.proto2(op.value(("storage", op.name("os", "system"), "0", "cpu", 1)), op.BINPERSID),
              "A storage whose type is os.system.")
    dangerous(made, "persid-called", op.proto2(op.value(("storage", op.SYSTEM, "0", "cpu", 1)), op.BINPERSID),
              "A call inside the tuple of a storage.")


def texts(made: Corpus):
    """Names written with the text opcodes of protocols 0 and 1, which STACK_GLOBAL accepts as well."""
    for stem, module, attribute, what in [
        ("escaped", rb"S'\x6f\163'" + b"\n", rb'S"sy\x73tem"' + b"\n", "STRING with hexadecimal and octal escapes, both kinds of quotes"),
        ("unicode", rb"V\u006fs" + b"\n", rb"V\U00000073ystem" + b"\n", "UNICODE with escapes"),
        ("octal", rb"S'\157\163'" + b"\n", rb"S'\163\171\163\164\145\155'" + b"\n", "STRING with nothing but octal escapes"),
        ("binstring", b"T\x02\x00\x00\x00os", b"U\x06system", "BINSTRING and SHORT_BINSTRING"),
        ("binunicode8", b"\x8d" + struct.pack("<Q", 2) + b"os", b"X\x06\x00\x00\x00system", "BINUNICODE8 and BINUNICODE"),
    ]:
        dangerous(made, f"text-{stem}", module + attribute + op.STACK_GLOBAL + b"(S'true'\ntR.", f"{what}.")
    blanks = b"S'os'  \n" + b'S"system"\t\n' + op.STACK_GLOBAL + b"(S'true'\ntR."
    dangerous(made, "text-blank", blanks, "STRING with blanks after the quotes: Python 2 drops them, Python 3 refuses them.",
              unreached=OS_SYSTEM, least="unscannable")
    dangerous(made, "protocol-0", b"cos\nsystem\n(S'true'\ntR.", "Protocol 0, as small as it gets.")
    dangerous(made, "protocol-0-bin", b"cposix\nsystem\n(S'true'\ntR.", "Protocol 0.", ["posix.system"])
    dangerous(made, "utf8-global", b"c\xc3\xb6s\nsystem\n" + RUN + op.STOP, "A GLOBAL with letters that are not ASCII.",
              ["\u00f6s.system"], least="unknown")
    dangerous(made, "bad-utf8-global", b"c\xffos\nsystem\n" + RUN + op.STOP,
              "A GLOBAL that is not UTF-8: it has no name that could be listed.", [], least="unscannable")
    dangerous(made, "surrogate", op.proto4(op.text("o\ud800s"), op.text("system"), op.STACK_GLOBAL, RUN),
              "A lone surrogate in the module, which pickles allow and JSON cannot say.", [], least="unknown",
              reference="a name that is no text")
    dangerous(made, "nul", op.proto4(op.text("os\0"), op.text("system"), op.STACK_GLOBAL, RUN),
              "A NUL after the module.", ["os\0.system"], least="unknown")
