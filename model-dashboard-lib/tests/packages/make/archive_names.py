"""Archives whose names lead elsewhere when somebody unpacks them."""

import struct
import zlib

import zips
from corpus import Corpus
from zips import UTF8, Entry, archive

PLAIN = Entry(b"dataset.json")


def add(made: Corpus):
    def refuse(file, entries, trick, reason="name", **more):
        made.add(f"names/{file}.zip", archive(PLAIN, *entries), trick, "refused", reason=reason, **more)

    for stem, name, what in [
        ("dot-dot", b"../evil.json", "`..` at the beginning"),
        ("dot-dot-inside", b"a/../../evil.json", "`..` inside"),
        ("dot-dot-end", b"a/..", "`..` at the end"),
        ("absolute", b"/etc/evil.json", "an absolute path"),
        ("drive", b"C:/evil.json", "a drive letter"),
        ("drive-relative", b"C:evil.json", "a drive letter without a slash"),
        ("backslash", b"a\\..\\..\\evil.json", "backslashes"),
        ("network", b"//host/share/evil.json", "a network path"),
        ("nul", b"plans.json\0.png", "a NUL: C ends the name there"),
        ("newline", b"plans\njson", "a line break"),
        ("escape", b"\x1b[2Jplans.json", "an escape sequence of terminals"),
        ("empty", b"", "no name"),
        ("dot", b".", "the folder itself"),
        ("double-slash", b"a//b.json", "an empty part"),
        ("long", b"a" * 5000, "5,000 characters"),
        ("stream", b"plans.json:hidden", "an alternate stream of Windows"),
        ("device", b"fold_0/CON", "a device of Windows"),
    ]:
        more = {"cve": "CVE-2025-58755"} if stem == "dot-dot" else {}
        if stem in ("stream", "device", "long"):  # only some file systems mind
            more["least"] = "expected"
        refuse(stem, [Entry(name)], f"A name with {what}.", **more)
    refuse("bad-utf8", [Entry(b"plans\xff.json", flags=UTF8)], "A name that says it is UTF-8 and is not.")
    refuse("direction", [Entry("plans\u202enosj.json".encode(), flags=UTF8)], "A mark that turns the direction of the text.", least="expected")
    refuse("overlong", [Entry(b"\xc0\xae\xc0\xae/evil.json", flags=UTF8)], "`..` in overlong UTF-8.")
    refuse("fullwidth", [Entry("\uff0e\uff0e\uff0fevil.json".encode(), flags=UTF8)],
           "`../` in full-width letters, which NFKC folds to the real ones.", least="expected")
    refuse("twice", [PLAIN], "The same name twice.", "duplicate")
    refuse("case", [Entry(b"DATASET.json")], "Two names that differ by case alone.", "duplicate")
    composed, apart = "plan\u00e9.json".encode(), "plane\u0301.json".encode()
    refuse("normalised", [Entry(composed, flags=UTF8), Entry(apart, flags=UTF8)],
           "Two names that differ by Unicode normalisation alone.", "duplicate")
    refuse("dot-slash", [Entry(b"./dataset.json")], "`./` makes the same file of another name.", "name/duplicate")
    refuse("file-and-folder", [Entry(b"dataset.json/inside.json")], "A name is both a file and a folder.", "duplicate")
    refuse("trailing-dot", [Entry(b"dataset.json.")], "A dot at the end, which Windows drops.", "name/duplicate", least="expected")
    refuse("flags-differ", [Entry(b"caf\xc3\xa9.json", local={"flags": UTF8})],
           "UTF-8 in the local header, code page 437 in the directory.", "headers/name")
    other = b"../evil.json"
    unicode_path = struct.pack("<HHBI", 0x7075, 5 + len(other), 1, zlib.crc32(b"plans.json")) + other
    refuse("unicode-path", [Entry(b"plans.json", extra=unicode_path)],
           "The extra field 0x7075 gives the entry another name.", "headers/name")
    refuse("link", [Entry(b"link.json", b"/etc/passwd", mode=0o120777)], "A symbolic link.", "link")
    refuse("link-folder", [Entry(b"link", b"..", mode=0o120777), Entry(b"link/evil.json")],
           "A link to a folder, then a file through it.", "link")
    for stem, mode in (("device-node", 0o020666), ("fifo", 0o010666), ("socket", 0o140666)):
        refuse(stem, [Entry(b"node", b"", mode=mode)], "An entry that is neither a file nor a folder.", "link/name")
    refuse("folder-with-data", [Entry(b"folder/", b"{}")], "A folder that holds bytes.", "name/sizes/link")
    made.add("names/package-prefix.zip", archive(Entry(b"Dataset001_X/../../x/dataset.json")),
             "`..` right after the folder of the dataset.", "refused", reason="name", cve="CVE-2026-21851")
