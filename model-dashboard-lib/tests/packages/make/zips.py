"""Writes archives byte by byte, with whatever lies the caller wants in them."""

import struct
import zlib
from dataclasses import dataclass, field

UTF8 = 0x800
DATE = (0, 0x21)  # 1980-01-01 00:00:00


@dataclass
class Entry:
    name: bytes
    data: bytes = b"{}"
    method: int = 0
    flags: int = 0
    raw: bytes | None = None  # the bytes that are stored, when they are not `data`
    mode: int = 0o100644
    extra: bytes = b""
    comment: bytes = b""
    after: bytes = b""  # a data descriptor, or anything else that follows the data
    local: dict = field(default_factory=dict)  # what the local header says instead
    central: dict = field(default_factory=dict)  # what the central header says instead

    def stored(self):
        return self.data if self.raw is None else self.raw

    def fields(self, lies):
        said = {
            "signature": b"PK\x03\x04", "version": 20, "flags": self.flags, "method": self.method,
            "crc": zlib.crc32(self.data), "csize": len(self.stored()), "usize": len(self.data),
            "name": self.name, "extra": self.extra, "disk": 0, "mode": self.mode << 16,
        }
        return {**said, **lies}

    def local_header(self):
        f = self.fields(self.local)
        head = struct.pack("<4s5H3I2H", f["signature"], f["version"], f["flags"], f["method"], *DATE,
                           f["crc"], f["csize"], f["usize"], len(f["name"]), len(f["extra"]))
        return head + f["name"] + f["extra"]

    def central_header(self, offset):
        f = self.fields({"signature": b"PK\x01\x02", **self.central})
        head = struct.pack("<4s6H3I5H2I", f["signature"], 0x0314, f["version"], f["flags"], f["method"],
                           *DATE, f["crc"], f["csize"], f["usize"], len(f["name"]), len(f["extra"]),
                           len(self.comment), f["disk"], 0, f["mode"], f.get("offset", offset))
        return head + f["name"] + f["extra"] + self.comment


def end(count, size, offset, comment=b"", **lies):
    f = {"disk": 0, "start": 0, "here": count, "all": count, "length": len(comment), **lies}
    return struct.pack("<4s4H2IH", b"PK\x05\x06", f["disk"], f["start"], f["here"], f["all"],
                       size, offset, f["length"]) + comment


def end64(count, size, offset, where, disks=1):
    """The zip64 end record, and the locator that says that it is at `where`."""
    record = struct.pack("<4sQ2H2I4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, size, offset)
    return record + struct.pack("<4sIQI", b"PK\x06\x07", 0, where, disks)


def zip64(*numbers):
    """The extra field that holds 64-bit sizes and offsets."""
    return struct.pack("<2H", 1, 8 * len(numbers)) + struct.pack(f"<{len(numbers)}Q", *numbers)


def body(entries, start=0):
    """The local part and the central directory of `entries`."""
    local, central = b"", b""
    for entry in entries:
        central += entry.central_header(start + len(local))
        local += entry.local_header() + entry.stored() + entry.after
    return local, central


def archive(*entries, comment=b"", before=b"", after=b"", gap=b"", start=0, **lies):
    """A whole archive. `start` shifts every offset, `gap` stands before the directory."""
    local, central = body(entries, start)
    offset = lies.pop("offset", start + len(local) + len(gap))
    size = lies.pop("size", len(central))
    count = lies.pop("count", len(entries))
    tail = end(count, size, offset, comment, **lies)
    return before + local + gap + central + tail + after


def deflate(data):
    """Deflate's stored blocks: the same bytes whatever compressor a machine has."""
    out = b""
    blocks = [data[i : i + 0xFFFF] for i in range(0, len(data), 0xFFFF)] or [b""]
    for at, block in enumerate(blocks):
        last = at == len(blocks) - 1
        out += struct.pack("<BHH", last, len(block), len(block) ^ 0xFFFF) + block
    return out


def deflate_zeros(count):
    """`count` zero bytes (a multiple of 258, plus one) at two bits for each 258: a ratio of 1032."""
    bits = []

    def number(n, width):
        bits.extend(n >> i & 1 for i in range(width))

    def code(word):
        bits.extend(map(int, word))

    number(1, 1), number(2, 2)  # the last block, dynamic codes
    number(286 - 257, 5), number(1 - 1, 5)
    order = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1]
    lengths = {18: 1, 1: 2, 2: 2}
    number(len(order) - 4, 4)
    for symbol in order:
        number(lengths.get(symbol, 0), 3)
    zeros, one, two = "0", "10", "11"
    code(two)  # the literal 0
    code(zeros), number(138 - 11, 7), code(zeros), number(255 - 138 - 11, 7)
    code(two)  # the end, 256
    code(zeros), number(28 - 11, 7)
    code(one)  # 258 bytes again, 285
    code(one)  # from one byte back
    literal, stop, again = "10", "11", "0"
    code(literal)
    for _ in range((count - 1) // 258):
        code(again), code("0")
    code(stop)
    bits += [0] * (-len(bits) % 8)
    return bytes(sum(bit << i for i, bit in enumerate(bits[at : at + 8])) for at in range(0, len(bits), 8))


def torch(*entries, stem="archive", pickle=None, **how):
    """The layout of torch.save: data.pkl, byteorder, one storage, version."""
    first = [Entry(f"{stem}/data.pkl".encode(), pickle)] if pickle is not None else []
    rest = [
        Entry(f"{stem}/byteorder".encode(), b"little"),
        Entry(f"{stem}/data/0".encode(), bytes(8)),
        Entry(f"{stem}/version".encode(), b"3\n"),
    ]
    return archive(*first, *entries, *rest, **how)
