"""Files of torch: its zips, its older tar and the five pickles before that."""

import io
import struct
import tarfile
import zlib

import opcodes as op
import zips
from corpus import Corpus
from zips import Entry, torch

OS_SYSTEM = ["os.system"]
HONEST = ["collections.OrderedDict", "torch.FloatStorage", "torch._utils._rebuild_tensor_v2"]
EVIL = op.state_dict(op.POP, op.SYSTEM)
PLAIN = op.state_dict()
MAGIC = op.proto2(b"\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19")


def add(made: Corpus):
    zipped(made)
    refused(made)
    older(made)
    others(made)


def zipped(made: Corpus):
    def dangerous(file, data, trick, names=(*HONEST, "os.system"), **more):
        made.add(f"torch/{file}", data, trick, "dangerous", names, **more)

    dangerous("plain.pth", torch(pickle=EVIL), "A checkpoint whose data.pkl runs something at its end.")
    dangerous("upper-case.pth", torch(Entry(b"archive/DATA.PKL", EVIL)), "data.pkl in capital letters.")
    dangerous("other-pickle.pth", torch(Entry(b"archive/extra.pkl", op.proto2(op.SYSTEM)), pickle=PLAIN),
              "The payload is in a second .pkl.")
    dangerous("other-extension.pth", torch(Entry(b"archive/config.p", op.proto2(op.SYSTEM)), pickle=PLAIN),
              "The payload is in an entry with another extension, which torch.load(pickle_file=…) would read.",
              cve="CVE-2025-1889")
    dangerous("in-storage.pth", torch(Entry(b"archive/data/1", op.proto2(op.SYSTEM)), pickle=PLAIN),
              "The payload lies among the storages; no storage refers to it.")
    deflated = Entry(b"archive/data.pkl", EVIL, method=8, raw=zips.deflate(EVIL))
    dangerous("deflated.pth", torch(deflated), "data.pkl is compressed, which torch.save never does.")
    dangerous("deeper.pth", torch(Entry(b"archive/sub/data.pkl", op.proto2(op.SYSTEM)), pickle=PLAIN),
              "A second data.pkl in a folder below.")
    dangerous("two-stems.pth", torch(Entry(b"other/data.pkl", op.proto2(op.SYSTEM)), pickle=PLAIN),
              "Two folders with a data.pkl each.")
    dangerous("no-folder.pth", zips.archive(Entry(b"data.pkl", EVIL), Entry(b"version", b"3\n")),
              "data.pkl without a folder around it.")
    dangerous("torchscript.pt", torch(Entry(b"archive/constants.pkl", op.proto2(op.SYSTEM)),
                                      Entry(b"archive/code/__torch__.py", b"def forward(self): pass\n"), pickle=PLAIN),
              "A TorchScript file whose constants.pkl runs something.")
    dangerous("torchscript-debug.pt", torch(Entry(b"archive/code/__torch__.py.debug_pkl", op.proto2(op.SYSTEM))
                                            , pickle=PLAIN), "The payload is in the pickle that TorchScript keeps for debugging.")
    dangerous("after-stop.pth", torch(pickle=PLAIN + op.proto2(op.SYSTEM)), "data.pkl holds a second pickle after STOP.",
              unreached=OS_SYSTEM)
    dangerous("renamed.txt", torch(pickle=EVIL), "A checkpoint named .txt.")
    dangerous("renamed.safetensors", torch(pickle=EVIL), "A checkpoint named .safetensors.")
    inner = torch(pickle=EVIL)
    dangerous("zip-in-zip.pth", torch(Entry(b"archive/more.zip", zips.archive(Entry(b"a.pth", inner))), pickle=PLAIN),
              "Zips in zips: the checkpoint is two levels down.")
    deep = inner
    for level in range(20):
        deep = zips.archive(Entry(f"{level}.zip".encode(), deep))
    dangerous("twenty-zips.zip", deep, "The checkpoint is twenty zips down.", least="unscannable")
    fold = Entry(b"Dataset001_X/nnUNetTrainer__nnUNetPlans__3d_fullres/fold_0/checkpoint_final.pth", inner)
    dangerous("package.zip", zips.archive(Entry(b"Dataset001_X/dataset.json"), fold), "A package whose fold is evil.")


def refused(made: Corpus):
    """Torch files that lie in their headers: as a file of a package, each of them is unscannable."""
    def refuse(file, data, trick, reason, **more):
        made.add(f"torch/{file}", data, trick, "refused", reason=reason, **more)

    good, bad = Entry(b"archive/data.pkl", PLAIN), Entry(b"archive/data.pkl", EVIL)
    refuse("two-data-pkl.pth", torch(good, bad), "Two entries of the same name; the last is evil.", "duplicate")
    refuse("two-data-pkl-first.pth", torch(bad, good), "Two entries of the same name; the first is evil.", "duplicate")
    lie = Entry(b"archive/data.pkl", EVIL, central={"name": b"archive/data.txt"})
    refuse("local-name.pth", torch(lie), "The local header says data.pkl, the directory says data.txt.", "headers",
           cve="CVE-2025-1944")
    lie = Entry(b"archive/data.pkl", EVIL, local={"name": b"archive/data.txt"})
    refuse("central-name.pth", torch(lie), "The directory says data.pkl, the local header says data.txt.", "headers",
           cve="CVE-2025-1944")
    flags = Entry(b"archive/data.pkl", EVIL, flags=1)
    refuse("encrypted-flag.pth", torch(flags), "The encryption bit is set and nothing is encrypted.", "encrypted",
           cve="CVE-2025-1945")
    for bit in (5, 6, 13):
        flags = Entry(b"archive/data.pkl", EVIL, flags=1 << bit)
        refuse(f"flag-bit-{bit}.pth", torch(flags), f"Flag bit {bit} is set, at which zipfile raises and torch does not.",
               "encrypted/flags/method", cve="CVE-2025-1945")
    flags = Entry(b"archive/data.pkl", EVIL, local={"flags": 1})
    refuse("local-flag.pth", torch(flags), "The encryption bit is set in the local header alone.", "headers",
           cve="CVE-2025-1945")
    crc = Entry(b"archive/data.pkl", EVIL, local={"crc": 1}, central={"crc": 1})
    refuse("crc.pth", torch(crc), "A wrong CRC, at which zipfile raises and torch does not.", "checksum",
           cve="CVE-2025-10156")


def older(made: Corpus):
    def legacy(*parts):
        return b"".join(parts) + struct.pack("<Q", 2) + bytes(8)

    version, info = op.proto2(b"M\xe9\x03"), op.proto2(op.value({"little_endian": True}))
    keys = op.proto2(op.value(["0"]))
    for stem, parts, what in [
        ("fourth", (MAGIC, version, info, EVIL, keys), "the fourth, the object itself"),
        ("third", (MAGIC, version, op.proto2(op.value({"little_endian": True}), op.SYSTEM, op.POP), PLAIN, keys),
         "the third, which describes the machine"),
        ("fifth", (MAGIC, version, info, PLAIN, op.proto2(op.value(["0"]), op.SYSTEM, op.POP)), "the fifth, the list of keys"),
    ]:
        made.add(f"torch/legacy-{stem}.pt", legacy(*parts), f"Torch's five pickles; the payload is in {what}.",
                 "dangerous", [*HONEST, "os.system"], pickles=5)
    beside = legacy(MAGIC, version, info, PLAIN, keys) + op.proto2(op.SYSTEM)
    made.add("torch/legacy-after.pt", beside, "Torch's five pickles, the storages, then one pickle more.", "dangerous",
             [*HONEST, "os.system"], pickles=5, unreached=OS_SYSTEM, least="unscannable")
    made.add("torch/legacy-big-endian.pt", legacy(MAGIC, version, op.proto2(op.value({"little_endian": False})), EVIL, keys),
             "The same for a machine of the other byte order.", "dangerous", [*HONEST, "os.system"], pickles=5)

    def tar(names, kind=tarfile.USTAR_FORMAT):
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w", format=kind) as into:
            for name, data in names:
                info = tarfile.TarInfo(name)
                info.size = len(data)
                into.addfile(info, io.BytesIO(data))
        return out.getvalue().rstrip(b"\0") + bytes(1024)

    nothing = op.proto2(op.value(0))
    made.add("torch/tar.pt", tar([("storages", nothing), ("tensors", nothing), ("pickle", op.proto2(op.SYSTEM))]),
             "Torch's oldest layout, a tar; the payload is in `pickle`.", "dangerous", OS_SYSTEM)
    made.add("torch/tar-storages.pt", tar([("storages", op.proto2(op.SYSTEM)), ("tensors", nothing), ("pickle", nothing)]),
             "Torch's oldest layout; the payload is in `storages`.", "dangerous", OS_SYSTEM)
    made.add("torch/tar-twice.pt", tar([("pickle", nothing), ("storages", nothing), ("tensors", nothing),
                                        ("pickle", op.proto2(op.SYSTEM))]),
             "Two entries named `pickle`: tarfile gives the last.", "dangerous", OS_SYSTEM)
    link = tarfile.TarInfo("pickle")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    body = link.tobuf(tarfile.USTAR_FORMAT) + tar([("storages", nothing), ("tensors", nothing)])
    made.add("torch/tar-link.pt", body, "`pickle` is a link to a file outside.", "unscannable")
    large = tarfile.TarInfo("storages")
    large.size = 8**11 - 1
    made.add("torch/tar-size.pt", large.tobuf(tarfile.USTAR_FORMAT) + tar([("tensors", nothing), ("pickle", nothing)]),
             "The first entry of the tar says that it is 8 GiB long.", "unscannable")


def seven_zip(name, data):
    """A 7z archive with one file, stored."""
    def number(n):
        return bytes([n]) if n < 0x80 else bytes([0x80 | n >> 8, n & 0xFF])

    size, names = number(len(data)), b"\0" + name.encode("utf-16-le") + b"\0\0"
    packed = b"\x06" + number(0) + number(1) + b"\x09" + size + b"\0"
    folder = b"\x07\x0b" + number(1) + b"\0" + number(1) + b"\x01\x00" + b"\x0c" + size + b"\0"
    digest = b"\x08\x0a\x01" + struct.pack("<I", zlib.crc32(data)) + b"\0"
    files = b"\x05" + number(1) + b"\x11" + number(len(names)) + names + b"\0"
    header = b"\x01\x04" + packed + folder + digest + b"\0" + files + b"\0"
    start = struct.pack("<QQI", len(data), len(header), zlib.crc32(header))
    magic = b"7z\xbc\xaf\x27\x1c\x00\x04"
    return magic + struct.pack("<I", zlib.crc32(start)) + start + data + header


def others(made: Corpus):
    broken = op.PROTO4 + op.SYSTEM4 + b"X\xff\xff\xff\x7f"
    made.add("torch/nullifai.7z.pth", seven_zip("archive/data.pkl", broken),
             "As nullifAI did it: a 7z under .pth, in it a pickle whose stream breaks after the payload.", "unscannable")
    for stem, magic, what in [("gzip", b"\x1f\x8b\x08\x00" + bytes(4) + b"\x00\xff", "gzip"), ("bzip2", b"BZh9", "bzip2"),
                              ("xz", b"\xfd7zXZ\x00", "xz"), ("zstd", b"\x28\xb5\x2f\xfd", "zstd"),
                              ("lz4", b"\x04\x22\x4d\x18", "lz4"), ("rar", b"Rar!\x1a\x07\x01\x00", "rar"),
                              ("zlib", b"\x78\x01", "zlib, as joblib writes it")]:
        made.add(f"torch/packed-{stem}.pkl", magic + bytes(20), f"A container that is not read: {what}.", "unscannable")
    prefix = b"\x93NUMPY\x01\x00"
    header = b"{'descr': '|O', 'fortran_order': False, 'shape': (1,), }"
    header += b" " * (118 - len(header) - 1) + b"\n"
    made.add("torch/object-array.npy", prefix + struct.pack("<H", len(header)) + header + op.proto2(op.SYSTEM),
             "A numpy array of objects is a pickle behind a header.", "dangerous", OS_SYSTEM)
    npz = zips.archive(Entry(b"arr_0.npy", prefix + struct.pack("<H", len(header)) + header + op.proto2(op.SYSTEM)))
    made.add("torch/object-array.npz", npz, "The same, inside numpy's zip.", "dangerous", OS_SYSTEM)
    polyglot = op.proto2(op.SYSTEM) + torch(pickle=PLAIN)
    made.add("torch/pickle-then-zip.pth", polyglot,
             "A pickle in front of a zip: pickle.load reads the first, zipfile the second.", "refused", reason="before")
    made.add("torch/zip-then-pickle.pth", torch(pickle=PLAIN, comment=op.proto2(op.SYSTEM)),
             "A pickle in the comment of the archive, which nobody loads.", "unscannable", HONEST, least="expected")
