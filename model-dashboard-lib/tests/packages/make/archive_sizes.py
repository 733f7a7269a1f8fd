"""Archives that grow when they are read, and those that have too much of something."""

import opcodes as op
import zips
from corpus import Corpus
from zips import Entry, archive, end


def bomb(name, count):
    return Entry(name, bytes(count), method=8, raw=zips.deflate_zeros(count))


def add(made: Corpus):
    def refuse(file, data, trick, reason):
        made.add(f"sizes/{file}.zip", data, trick, "refused", reason=reason)

    million = 258 * 4000 + 1
    refuse("ratio", archive(bomb(b"dataset.json", million)), "One entry that grows a thousandfold.", "ratio/size")
    many = [bomb(f"fold_{i}.bin".encode(), 258 * 800 + 1) for i in range(20)]
    refuse("ratio-many", archive(*many), "Twenty entries that grow eight-hundredfold.", "ratio/size")
    lying = bomb(b"dataset.json", million)
    lying.local, lying.central = {"usize": 100_000}, {"usize": 100_000}
    refuse("ratio-lie", archive(lying), "It grows a thousandfold, and its headers say a hundredfold.", "sizes/ratio/checksum/size")
    huge = {"usize": 0xFFFFFFFF, "csize": 0xFFFFFFFF}
    said = {**huge, "extra": zips.zip64(2**42, 2)}
    stated = [Entry(f"{i}.bin".encode(), local=said, central=said) for i in range(4)]
    refuse("stated", archive(*stated), "Sixteen tebibytes are stated, eight bytes are there.", "sizes/size/ratio/truncated")
    inner = archive(bomb(b"zeros.bin", million))
    made.add("sizes/ratio-inside.zip", archive(Entry(b"inner.zip", inner)), "The bomb is in an inner archive.", "unscannable")
    deep = archive(bomb(b"0.bin", 258 * 2400 + 1))
    for level in range(1, 6):
        deep = archive(*[Entry(f"{level}-{i}.zip".encode(), deep) for i in range(2)])
    made.add("sizes/tree.zip", deep, "Five levels of archives, each with the next one twice: what is inside doubles each time.",
             "unscannable")
    refuse("quoted-overlap", quoted(40, 258 * 2000 + 1), "Forty entries that share one stream, each quoting the headers of the next.",
           "overlap/ratio/gap/headers")
    listed = archive_of_many(10_001)
    made.recipe("sizes/entries-10001.zip", listed, "10,001 empty entries.", "refused", reason="entries")
    made.recipe("sizes/entries-10000.zip", archive_of_many(10_000), "10,000 empty entries: just as many as are allowed.", "expected")
    made.recipe("sizes/directory-17m.zip", wide_directory(280), "280 entries whose comments make a directory of more than 16 MiB.",
                "refused", reason="directory")


def quoted(count, size):
    """Entries that share their data: each one's stored deflate block holds the next one's local header."""
    kernel, data = zips.deflate_zeros(size), bytes(size)
    entries, blob = [Entry(f"{count:02}.bin".encode(), data, method=8, raw=kernel)], b""
    blob = entries[0].local_header() + kernel
    for i in range(count - 1, 0, -1):
        header = entries[0].local_header()
        quote = b"\x00" + len(header).to_bytes(2, "little") + (len(header) ^ 0xFFFF).to_bytes(2, "little")
        data, kernel = header + data, quote + header + kernel
        entries.insert(0, Entry(f"{i:02}.bin".encode(), data, method=8, raw=kernel))
        blob = entries[0].local_header() + quote + blob
    central, offset = b"", 0
    for entry in entries:
        central += entry.central_header(offset)
        offset += len(entry.local_header()) + 5
    return blob + central + end(len(entries), len(central), len(blob))


def archive_of_many(count):
    entry = Entry(b"00000", b"")
    local, central = entry.local_header(), entry.central_header(0)
    tail = end(count, count * len(central), count * len(local))
    return [
        {"hex": local.hex(), "times": count, "digits": [[30, 5]]},
        {"hex": central.hex(), "times": count, "digits": [[46, 5]], "numbers": [[42, 4, 0, len(local)]]},
        {"hex": tail.hex()},
    ]


def wide_directory(count):
    entry = Entry(b"00000", b"", comment=b"")
    local, central = entry.local_header(), bytearray(entry.central_header(0))
    central[32:34] = (60_000).to_bytes(2, "little")
    parts, size = [{"hex": local.hex(), "times": count, "digits": [[30, 5]]}], count * (len(central) + 60_000)
    for i in range(count):
        piece = bytearray(central)
        piece[42:46], piece[46:51] = (i * len(local)).to_bytes(4, "little"), f"{i:05}".encode()
        parts += [{"hex": piece.hex()}, {"hex": "78", "times": 60_000}]
    return [*parts, {"hex": end(count, size, count * len(local)).hex()}]
