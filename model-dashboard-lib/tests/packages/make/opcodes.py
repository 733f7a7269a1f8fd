"""A small assembler for pickles: every opcode can be written where a pickler never would."""

import struct

PROTO2, PROTO4 = b"\x80\x02", b"\x80\x04"
STOP, MARK, REDUCE, BUILD, POP, DUP = b".", b"(", b"R", b"b", b"0", b"2"
POP_MARK, TUPLE, TUPLE1, TUPLE2, TUPLE3 = b"1", b"t", b"\x85", b"\x86", b"\x87"
EMPTY_TUPLE, EMPTY_LIST, EMPTY_DICT = b")", b"]", b"}"
SETITEM, SETITEMS, APPEND, APPENDS = b"s", b"u", b"a", b"e"
NEWOBJ, NEWOBJ_EX, OBJ, BINPERSID = b"\x81", b"\x92", b"o", b"Q"
STACK_GLOBAL, MEMOIZE, NONE, TRUE = b"\x93", b"\x94", b"N", b"\x88"


class Raw(bytes):
    """Opcodes that stand for a value."""


def text(string):
    data = string.encode("utf-8", "surrogatepass")
    if len(data) < 256:
        return b"\x8c" + bytes([len(data)]) + data
    return b"X" + struct.pack("<I", len(data)) + data


def put(index):
    return b"q" + bytes([index])


def get(index):
    return b"h" + bytes([index])


def value(item):
    """The opcodes that leave `item` on the stack."""
    if isinstance(item, Raw):
        return bytes(item)
    if item is None:
        return NONE
    if item is True:
        return TRUE
    if item is False:
        return b"\x89"
    if isinstance(item, int):
        return b"K" + bytes([item]) if 0 <= item < 256 else b"J" + struct.pack("<i", item)
    if isinstance(item, str):
        return text(item)
    if isinstance(item, bytes):
        return b"C" + bytes([len(item)]) + item
    if isinstance(item, tuple):
        return MARK + b"".join(map(value, item)) + TUPLE if item else EMPTY_TUPLE
    if isinstance(item, list):
        return EMPTY_LIST + MARK + b"".join(map(value, item)) + APPENDS
    if isinstance(item, dict):
        pairs = b"".join(value(key) + value(val) for key, val in item.items())
        return EMPTY_DICT + MARK + pairs + SETITEMS
    raise TypeError(item)


def name(module, attribute):
    """GLOBAL, the way of protocols 0 to 3."""
    return Raw(b"c" + module.encode() + b"\n" + attribute.encode() + b"\n")


def stack_name(module, attribute):
    """STACK_GLOBAL, the way of protocol 4."""
    return Raw(text(module) + text(attribute) + STACK_GLOBAL)


def call(function, *arguments):
    """`function(*arguments)`; the function is opcodes."""
    return Raw(function + value(tuple(arguments)) + REDUCE)


def proto2(*parts):
    return PROTO2 + b"".join(parts) + STOP


def proto4(*parts):
    return PROTO4 + b"".join(parts) + STOP


# What every payload does if somebody loads it in spite of all: it runs /bin/true.
SYSTEM = call(name("os", "system"), "true")
SYSTEM4 = call(stack_name("os", "system"), "true")


def every_opcode():
    """Every opcode that is mere data, each with an operand of its own length, all of it dropped again."""
    q, line = struct.pack("<Q", 3), b"x\ry\x0c\x1e z\n"
    pushed = [
        b"I01\n", b"I-12\n", b"L12L\n", b"J\x2e\x2e\x2e\x2e", b"K\x2e", b"M\x2e\x2e", b"\x8a\x01\x2e", b"\x8a\x00",
        b"\x8b\x02\0\0\0\x2e\x2e", b"S'.'\n", b'S"."\n', b"T\x01\0\0\0.", b"U\x01.", b"B\x02\0\0\0..", b"C\x02..",
        b"\x8e" + q + b"...", b"\x96" + q + b"...", b"V" + line, b"X\x02\0\0\0..", b"\x8c\x02..", b"\x8d" + q + b"...",
        b"F1.5\n", b"Fnan\n", b"G" + struct.pack(">d", 1.5), b"N\x88\x890" + b"0", EMPTY_LIST + NONE + APPEND,
        MARK + NONE + b"l", MARK + NONE + NONE + b"d", EMPTY_DICT + NONE + NONE + SETITEM, b"\x8f" + MARK + NONE + b"\x90",
        MARK + NONE + b"\x91", NONE + DUP + POP, MARK + NONE + POP_MARK + NONE, NONE + b"p5\n" + POP + b"g5\n",
        NONE + b"q\x2e" + POP + b"h\x2e", NONE + b"r\x2e\x2e\0\0" + POP + b"j\x2e\x2e\0\0", NONE + MEMOIZE,
        b"\x96" + q + b"...\x98", NONE + NONE + NONE + TUPLE3, NONE + NONE + TUPLE2, NONE + TUPLE1, PROTO2 + NONE + b"\x80\x05",
    ]
    return b"".join(piece + POP for piece in pushed)


def ordered_dict(*pairs):
    made = call(name("collections", "OrderedDict"))
    filled = MARK + b"".join(value(key) + value(val) for key, val in pairs) + SETITEMS
    return Raw(made + filled) if pairs else made


def tensor(storage="0", length=2):
    """A tensor as torch writes it: a persistent storage, then how to view it."""
    kind = name("torch", "FloatStorage")
    key = Raw(value(("storage", kind, storage, "cpu", length)) + BINPERSID)
    rebuild = name("torch._utils", "_rebuild_tensor_v2")
    return call(rebuild, key, 0, (length,), (1,), False, ordered_dict())


def dtype(code="f8"):
    made = call(name("numpy", "dtype"), code, False, True)
    return Raw(made + value((3, "<", None, None, None, -1, -1, 0)) + BUILD)


def scalar(data=bytes(8)):
    return call(name("numpy.core.multiarray", "scalar"), dtype(), data)


def array(data=bytes(24)):
    nothing = (name("numpy", "ndarray"), (0,), b"b")
    made = call(name("numpy.core.multiarray", "_reconstruct"), *nothing)
    return Raw(made + value((1, (len(data) // 8,), dtype(), False, data)) + BUILD)


def state_dict(*more):
    """The pickle of a small state dict, with `more` opcodes before its end."""
    return proto2(ordered_dict(("weight", tensor())), *more)
