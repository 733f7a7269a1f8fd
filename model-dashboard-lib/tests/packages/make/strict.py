"""A strict reader of zips, written from the rules alone: it says why it refuses an archive, or returns its
entries. `strict.py` compares its reasons with the manifest, so that no file of the corpus is refused for
something other than what it claims."""

import json
import stat
import struct
import sys
import unicodedata
import zlib

import reference
from corpus import HOSTILE

MOST_ENTRIES, MOST_DIRECTORY, MOST_RATIO, MOST_SIZE = 10_000, 16 << 20, 200, 1 << 40
KNOWN_FLAGS = 0x0800 | 0x0008 | 0x0006  # UTF-8, data descriptor, how hard deflate tried


class Refused(Exception):
    pass


def need(condition, reason):
    if not condition:
        raise Refused(reason)


def find_end(data):
    """Where the end of directory is, and its fields."""
    tail = max(0, len(data) - 22 - 0xFFFF)
    places = [i for i in range(tail, len(data) - 3) if data[i : i + 4] == b"PK\x05\x06"]
    need(places, "not_an_archive")
    exact = [p for p in places if p + 22 <= len(data) and p + 22 + int.from_bytes(data[p + 20 : p + 22], "little") == len(data)]
    if not exact:
        need(places[-1] + 22 <= len(data), "truncated")
        length = int.from_bytes(data[places[-1] + 20 : places[-1] + 22], "little")
        raise Refused("after" if places[-1] + 22 + length < len(data) else "truncated")
    need(len(exact) == 1 and places[-1] == exact[0], "ends")
    return exact[0], struct.unpack("<4H2I", data[exact[0] + 4 : exact[0] + 20])


def find_directory(data):
    """The number of entries, and where the directory begins and ends."""
    place, (disk, start, here, count, size, offset) = find_end(data)
    stop = place
    if data[place - 20 : place - 16] == b"PK\x06\x07" and place >= 20:
        _, where, disks = struct.unpack("<IQI", data[place - 16 : place])
        need(disks == 1, "disks")
        need(where + 56 <= place - 20 and data[where : where + 4] == b"PK\x06\x06", "truncated")
        wide = struct.unpack("<Q2H2I4Q", data[where + 4 : where + 56])
        need(wide[3] == wide[4] == 0 and wide[5] == wide[6], "disks")
        for narrow, full, top in ((count, wide[6], 0xFFFF), (size, wide[7], 0xFFFFFFFF), (offset, wide[8], 0xFFFFFFFF)):
            need(narrow in (full, top), "ends")
        (here, count, size, offset), stop = wide[5:9], where
    else:
        need(0xFFFF not in (count,) and 0xFFFFFFFF not in (size, offset), "ends")
    need(disk == start == 0 and (here == count or count > 0xFFFF), "disks")
    need(size <= MOST_DIRECTORY, "directory")
    need(count <= MOST_ENTRIES, "entries")
    need(offset + size <= stop, "truncated")
    need(offset + size == stop, "gap" if offset == 0 or data[offset : offset + 4] == b"PK\x01\x02" else "before")
    need(count, "empty")
    return count, offset, stop


def extras(raw):
    out, at = {}, 0
    while at < len(raw):
        need(at + 4 <= len(raw), "broken")
        kind, length = struct.unpack("<2H", raw[at : at + 4])
        need(at + 4 + length <= len(raw), "broken")
        out[kind] = raw[at + 4 : at + 4 + length]
        at += 4 + length
    return out


def widen(fields, extra):
    """The 64-bit values of those `fields` that say that they are elsewhere."""
    raw, out = extra.get(1, b""), []
    for number in fields:
        if number == 0xFFFFFFFF:
            need(len(raw) >= 8, "sizes")
            number, raw = int.from_bytes(raw[:8], "little"), raw[8:]
        out.append(number)
    return out


def central(data, count, at, stop):
    entries = []
    while at < stop:
        need(data[at : at + 4] == b"PK\x01\x02" and at + 46 <= stop, "broken")
        f = struct.unpack("<6H3I5H2I", data[at + 4 : at + 46])
        end = at + 46 + f[9] + f[10] + f[11]
        need(end <= stop, "truncated")
        name, extra = data[at + 46 : at + 46 + f[9]], extras(data[at + 46 + f[9] : at + 46 + f[9] + f[10]])
        usize, csize, offset = widen((f[8], f[7], f[15]), extra)
        need(f[12] == 0, "disks")
        need(0x7075 not in extra or extra[0x7075][5:] == name, "headers")
        entries.append({"name": name, "flags": f[2], "method": f[3], "crc": f[6], "csize": csize, "usize": usize,
                        "offset": offset, "mode": f[14] >> 16 if f[0] >> 8 == 3 else 0})
        at = end
    need(len(entries) == count, "count")
    return entries


def local(data, entry, stop):
    """Compares the local header with the directory; returns where the data is and where the entry ends."""
    at = entry["offset"]
    need(at + 30 <= stop, "truncated")
    need(data[at : at + 4] == b"PK\x03\x04", "headers")
    f = struct.unpack("<5H3I2H", data[at + 4 : at + 30])
    begin = at + 30 + f[8] + f[9]
    need(begin + entry["csize"] <= stop, "truncated")
    name, extra = data[at + 30 : at + 30 + f[8]], extras(data[at + 30 + f[8] : begin])
    need((name, f[1], f[2]) == (entry["name"], entry["flags"], entry["method"]), "headers")
    usize, csize = widen((f[7], f[6]), extra)
    said, true = (f[5], csize, usize), (entry["crc"], entry["csize"], entry["usize"])
    end = begin + entry["csize"]
    if entry["flags"] & 8:
        need(all(number in (0, right) for number, right in zip(said, true, strict=True)), "headers")
        kinds = [b"PK\x07\x08" + struct.pack("<3I", *(n & 0xFFFFFFFF for n in true)), struct.pack("<3I", *(n & 0xFFFFFFFF for n in true)),
                 b"PK\x07\x08" + struct.pack("<I2Q", *true), struct.pack("<I2Q", *true)]
        sizes = [len(kind) for kind in kinds if data[end : end + len(kind)] == kind]
        need(sizes, "headers")
        return begin, end, sizes
    need(said == true, "headers")
    need(1 not in extra or 0xFFFFFFFF in (f[6], f[7]) or extra[1] == b"", "headers")
    return begin, end, [0]


def check_name(entry):
    try:
        name = entry["name"].decode("utf-8" if entry["flags"] & 0x800 else "cp437")
    except UnicodeDecodeError:
        raise Refused("name") from None
    path = name.removesuffix("/")
    folder = path != name
    need(not any(unicodedata.category(c) in ("Cc", "Cf") for c in name) and "\\" not in name, "name")
    need(not any(part in ("", ".", "..") or len(part.encode()) > 255 for part in unicodedata.normalize("NFKC", path).split("/")), "name")
    need(path[1:2] != ":" and not path.endswith((".", " ")), "name")
    if entry["mode"]:
        kind = stat.S_IFMT(entry["mode"])
        need(kind in (0, stat.S_IFDIR if folder else stat.S_IFREG), "link")
    need(not folder or entry["usize"] == 0, "name")
    return unicodedata.normalize("NFKC", path).casefold(), folder


def check_content(data, entry, begin):
    raw = data[begin : begin + entry["csize"]]
    if entry["method"] == 0:
        need(entry["csize"] == entry["usize"], "sizes")
        out = raw
    else:
        engine = zlib.decompressobj(-15)
        try:
            out = engine.decompress(raw, entry["usize"] + 1)
        except zlib.error:
            raise Refused("broken") from None
        need(len(out) == entry["usize"], "sizes")
        need(engine.eof and not engine.unused_data, "broken")
    need(zlib.crc32(out) == entry["crc"], "checksum")


def read(data):
    """The names of the entries, or Refused."""
    count, begin, stop = find_directory(data)
    entries = central(data, count, begin, stop)
    seen, folders = set(), set()
    for entry in entries:
        need(not entry["flags"] & 0x2041 and entry["method"] != 99, "encrypted")
        need(entry["method"] in (0, 8), "method")
        need(not entry["flags"] & ~KNOWN_FLAGS, "flags")
        path, folder = check_name(entry)
        need(path not in seen and (folder or path not in folders), "duplicate")
        parents = {path[:i] for i, c in enumerate(path) if c == "/"}
        need(not parents & seen, "duplicate")
        folders |= parents | ({path} if folder else set())
        if not folder:
            seen.add(path)
        need(entry["usize"] < MOST_SIZE and entry["csize"] < MOST_SIZE, "sizes")
        need(entry["usize"] <= MOST_RATIO * max(entry["csize"], 1), "ratio")
    places = []
    for entry in entries:
        at, end, sizes = local(data, entry, begin)
        places.append((entry["offset"], end, sizes))
        entry["begin"] = at
    places.sort()
    need(places[0][0] == 0, "before")
    for (_, end, sizes), (following, _, _) in zip(places, [*places[1:], (begin, 0, [0])], strict=True):
        need(following >= end, "overlap")
        need(following - end in sizes, "gap")
    for entry in entries:
        check_content(data, entry, entry["begin"])
    return [entry["name"] for entry in entries]


def main():
    wrong, agreed = 0, 0
    for entry in json.loads((HOSTILE / "manifest.json").read_text()):
        data = reference.contents(entry)
        if entry["verdict"] != "refused" and (entry["file"].startswith("torch/") or data[:4] != b"PK\x03\x04"):
            continue
        try:
            read(data)
            said = "accepted"
        except Refused as refused:
            said = str(refused)
        right = entry.get("reasons", ["accepted"])
        mild = said == "accepted" and entry.get("least") == "expected"
        if said in right or mild:
            agreed += 1
        else:
            wrong += 1
            print(f"{entry['file']}: {said}, the manifest says {' or '.join(right)}")
    print(f"{agreed} agree, {wrong} do not")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
