"""Archives whose headers contradict each other, or that two readers read in two ways."""

import struct

import opcodes as op
import zips
from corpus import Corpus
from zips import Entry, archive, body, end, end64, zip64

PLAIN, OTHER = Entry(b"dataset.json"), Entry(b"plans.json", b'{"a": 1}')
EVIL = Entry(b"plans.pkl", op.proto2(op.SYSTEM))


def add(made: Corpus):
    def refuse(file, data, trick, reason, **more):
        made.add(f"structure/{file}.zip", data, trick, "refused", reason=reason, **more)

    headers(refuse)
    descriptors(refuse)
    ends(refuse)
    places(refuse)
    refuse("encrypted", archive(PLAIN, Entry(b"plans.json", flags=1, raw=bytes(14))), "A truly encrypted entry.", "encrypted/sizes")
    refuse("aes", archive(PLAIN, Entry(b"plans.json", method=99, flags=1, extra=struct.pack("<HHHHBH", 0x9901, 7, 2, 0x4541, 3, 0))),
           "An entry with AES.", "encrypted/method")
    for method, what in ((1, "shrink"), (9, "deflate64"), (12, "bzip2"), (14, "LZMA"), (93, "zstd"), (0xFFFF, "none that exists")):
        refuse(f"method-{method}", archive(PLAIN, Entry(b"plans.json", method=method)), f"Compression: {what}.", "method")
    refuse("deflate-broken", archive(PLAIN, Entry(b"plans.json", method=8, raw=b"\xff" * 8)), "A broken deflate stream.", "broken/sizes/checksum")
    refuse("deflate-more", archive(PLAIN, Entry(b"plans.json", method=8, raw=zips.deflate(b"{}") + b"hidden")),
           "Bytes after the end of the deflate stream.", "broken/sizes")
    refuse("deflate-endless", archive(PLAIN, Entry(b"plans.json", method=8, raw=zips.deflate(b"{}")[:-2])),
           "A deflate stream that breaks off.", "broken/sizes/truncated")


def headers(refuse):
    for stem, lie, what in [
        ("name", {"name": b"plans.jsom"}, "name"), ("method", {"method": 8}, "method"),
        ("size", {"usize": 3}, "size"), ("stored-size", {"csize": 5}, "stored size"), ("crc", {"crc": 7}, "CRC"),
        ("signature", {"signature": b"PK\x03\x05"}, "signature"),
    ]:
        refuse(f"local-{stem}", archive(PLAIN, Entry(b"plans.json", b'{"a": 1}', local=lie)),
               f"The local header has another {what} than the directory.", "headers")
    both = {"extra": b"\x99\x99\x40\x00"}
    refuse("extra", archive(PLAIN, Entry(b"plans.json", local=both, central=both)), "An extra field that is longer than it can be.",
           "broken/headers")
    both = {"usize": 4}
    refuse("size-too-small", archive(PLAIN, Entry(b"plans.json", b'{"a": 1}', method=8, raw=zips.deflate(b'{"a": 1}'), local=both, central=both)),
           "Both headers say fewer bytes than come out.", "sizes/checksum/broken")
    both = {"usize": 4000}
    refuse("size-too-large", archive(PLAIN, Entry(b"plans.json", b'{"a": 1}', method=8, raw=zips.deflate(b'{"a": 1}'), local=both, central=both)),
           "Both headers say more bytes than come out.", "sizes/ratio")
    both = {"usize": 5, "csize": 4}
    refuse("stored-two-sizes", archive(PLAIN, Entry(b"plans.json", b"{}{}", local=both, central=both)),
           "A stored entry with two different sizes.", "sizes/gap")
    both = {"csize": 5000, "usize": 5000}
    refuse("size-beyond", archive(PLAIN, Entry(b"plans.json", local=both, central=both)), "An entry that goes on beyond the file.", "truncated/overlap/gap")
    both = {"crc": 1}
    refuse("crc", archive(PLAIN, Entry(b"plans.json", local=both, central=both)), "A wrong CRC in both headers.", "checksum",
           cve="CVE-2025-10156")
    two = {"extra": zip64(2, 2)}
    refuse("zip64-small", archive(PLAIN, Entry(b"plans.json", central=two, local={"extra": zip64(9, 9)})),
           "Zip64 sizes where the 32-bit sizes count, another in each header.", "headers/sizes")
    said = {"usize": 0xFFFFFFFF, "csize": 0xFFFFFFFF}
    refuse("zip64-contradiction", archive(PLAIN, Entry(b"plans.json", local={**said, "extra": zip64(2, 2)},
                                                       central={**said, "extra": zip64(9, 9)})),
           "Zip64 sizes that differ between the headers.", "headers/truncated/sizes")
    refuse("zip64-huge", archive(PLAIN, Entry(b"plans.json", local={**said, "extra": zip64(2**63, 2**63)},
                                              central={**said, "extra": zip64(2**63, 2**63)})),
           "Zip64 sizes of 2^63.", "sizes/truncated/size/ratio")
    refuse("zip64-missing", archive(PLAIN, Entry(b"plans.json", local=said, central=said)),
           "The sizes point to a zip64 field that is not there.", "sizes/truncated/broken")
    refuse("zip64-short", archive(PLAIN, Entry(b"plans.json", local={**said, "extra": zip64(2)}, central={**said, "extra": zip64(2)})),
           "A zip64 field with one size where two are needed.", "sizes/broken")
    refuse("zip64-offset", archive(PLAIN, Entry(b"plans.json", central={"offset": 0xFFFFFFFF, "extra": zip64(2**64 - 1)})),
           "A zip64 offset of 2^64-1: adding to it overflows.", "truncated/headers/broken")


def descriptors(refuse):
    def described(after, **local):
        zero = {"crc": 0, "csize": 0, "usize": 0, **local}
        return archive(PLAIN, Entry(b"plans.json", b'{"a": 1}', flags=8, after=after, local=zero), Entry(b"last.json"))

    import zlib
    crc = zlib.crc32(b'{"a": 1}')
    refuse("descriptor-crc", described(struct.pack("<4s3I", b"PK\x07\x08", 1, 8, 8)), "A data descriptor with another CRC.", "headers")
    refuse("descriptor-size", described(struct.pack("<4s3I", b"PK\x07\x08", crc, 8, 9)), "A data descriptor with another size.", "headers")
    refuse("descriptor-missing", described(b""), "The bit promises a data descriptor; there is none.", "headers/gap/truncated")
    refuse("descriptor-hides", described(struct.pack("<4s3I", b"PK\x07\x08", crc, 8, 8) + EVIL.local_header() + EVIL.data),
           "Behind the data descriptor stands an entry that only a reader of streams sees.", "gap/headers")
    refuse("descriptor-local-size", described(struct.pack("<4s3I", b"PK\x07\x08", crc, 8, 8), csize=4, usize=4),
           "A data descriptor, and sizes in the local header that are neither zero nor right.", "headers")


def ends(refuse):
    honest, evil = archive(PLAIN), archive(EVIL)
    local, central = body([PLAIN])
    refuse("two-ends", honest + end(0, 0, 0), "A second end, of an empty archive, right after the first.", "ends/empty/before/gap/after")
    refuse("two-archives", honest + evil, "Two whole archives, one after the other.", "ends/before/gap")
    refuse("comment-end", archive(PLAIN, comment=end(0, 0, 0)), "The comment holds another end of directory.", "ends/empty/before/after")
    refuse("comment-archive", archive(PLAIN, comment=evil), "The comment holds another archive.", "ends/before")
    refuse("comment-many", archive(PLAIN, comment=b"PK\x05\x06" * 5000), "A comment full of signatures of ends.", "ends/not_an_archive/truncated/after")
    refuse("comment-short", archive(PLAIN, comment=b"x" * 20, length=10), "The comment is longer than it says.", "after/ends/not_an_archive")
    refuse("comment-long", archive(PLAIN, comment=b"x" * 10, length=20), "The comment is shorter than it says.", "truncated/ends/not_an_archive")
    refuse("after", archive(PLAIN, after=b"more bytes"), "Bytes after the end.", "after/ends")
    refuse("disks", archive(PLAIN, disk=1, start=1), "The second part of several disks.", "disks")
    refuse("disks-entry", archive(PLAIN, Entry(b"plans.json", central={"disk": 3})), "An entry on the fourth disk.", "disks/headers")
    refuse("disks-count", archive(PLAIN, OTHER, here=1), "One entry here, two in all.", "disks/count")
    refuse("count-less", archive(PLAIN, EVIL, count=1), "The end counts fewer entries than the directory holds.", "count/gap")
    refuse("count-more", archive(PLAIN, count=2), "The end counts more entries than the directory holds.", "count/truncated/ends")
    refuse("directory-cut", local + central[:-5] + end(1, len(central) - 5, len(local)), "The directory breaks off.", "truncated/broken/count")
    refuse("directory-size", archive(PLAIN, size=len(central) + 500), "The directory is said to be longer than it is.", "truncated/gap/before/count/broken")
    refuse("directory-beyond", archive(PLAIN, offset=100_000), "The directory is said to lie beyond the file.", "truncated/broken/before")
    refuse("directory-in-entry", archive(PLAIN, offset=10), "The directory is said to begin inside an entry.", "broken/gap/before/truncated")
    refuse("no-end", honest[:-22], "No end of directory.", "not_an_archive/truncated")
    refuse("end-cut", honest[:-4], "The end of directory breaks off.", "not_an_archive/truncated")
    refuse("half", archive(PLAIN, OTHER)[:60], "The first half of an archive.", "not_an_archive/truncated")
    refuse("empty-file", b"", "No bytes.", "not_an_archive")
    refuse("empty-archive", end(0, 0, 0), "An archive without entries.", "empty")
    refuse("tar", b"dataset.json".ljust(257, b"\0") + b"ustar\00000" + bytes(760), "A tar named .zip.", "not_an_archive")
    refuse("gzip", b"\x1f\x8b\x08\x00" + bytes(20), "A gzip named .zip.", "not_an_archive")
    refuse("7z", b"7z\xbc\xaf\x27\x1c\x00\x04" + bytes(24), "A 7z named .zip.", "not_an_archive")
    where = len(local) + len(central)
    refuse("zip64-end", local + central + end64(2, len(central), len(local), where) + end(1, len(central), len(local)),
           "The zip64 end counts two entries, the other one counts one.", "ends/count")
    refuse("zip64-end-elsewhere", local + central + end64(1, len(central), len(local), 2**63) + end(0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF),
           "The locator points beyond the file.", "truncated/ends")
    refuse("zip64-end-huge", local + central + end64(2**62, 2**62, len(local), where) + end(0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF),
           "The zip64 end counts 2^62 entries.", "directory/entries/truncated")
    refuse("zip64-no-end", local + central + end(0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF), "The end points to a zip64 end that is not there.", "ends/truncated/directory/entries")
    refuse("zip64-disks", local + central + end64(1, len(central), len(local), where, disks=7) + end(0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF),
           "The zip64 locator says seven disks.", "disks/ends")
    second_local, second = body([EVIL], start=len(local) + len(central))
    both = local + central + second_local + second
    refuse("two-directories", both + end(1, len(central), len(local)), "Two directories; the end points to the first.", "gap/ends")


def places(refuse):
    refuse("before", archive(PLAIN, before=b"#!/bin/true\n"), "Bytes before the start, offsets not moved.", "before/headers")
    refuse("before-moved", b"#!/bin/true\n" + archive(PLAIN, start=12), "Bytes before the start, offsets moved: a script as well.", "before/gap")
    local, central = body([PLAIN])
    hidden = EVIL.local_header() + EVIL.data
    refuse("gap", archive(PLAIN, gap=hidden), "An entry that the directory does not list.", "gap/ends")
    between = Entry(b"dataset.json", after=b"hidden bytes")
    refuse("between", archive(between, OTHER), "Bytes between two entries.", "gap")
    refuse("after-directory", local + central + b"hidden bytes" + end(1, len(central), len(local)),
           "Bytes between the directory and its end.", "gap/before/ends")
    refuse("overlap-same", archive(PLAIN, Entry(b"dataset.json", central={"name": b"other.json", "offset": 0}, local={"name": b"other.json"})),
           "Two entries of the directory share one local header.", "overlap/headers")
    inside = Entry(b"inner.json")
    outer = Entry(b"outer.json", inside.local_header() + inside.data)
    first, listed = body([outer])
    listed += inside.central_header(30 + len(outer.name))
    refuse("overlap-inside", first + listed + end(2, len(listed), len(first)), "An entry inside the data of another.", "overlap/gap")
    refuse("offset-directory", archive(PLAIN, Entry(b"plans.json", central={"offset": 90})), "A local header that would lie in the directory.", "headers/overlap/truncated")
    refuse("offset-beyond", archive(PLAIN, Entry(b"plans.json", central={"offset": 2**31})), "A local header beyond the file.", "truncated/headers")
    swapped = archive(Entry(b"dataset.json", central={"offset": 44}), Entry(b"dataset.jsom", central={"offset": 0}))
    refuse("swapped", swapped, "Two entries whose offsets are exchanged.", "headers/overlap")
