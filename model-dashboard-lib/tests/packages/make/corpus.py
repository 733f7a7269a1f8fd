"""Gathers the files of the corpus, and what the manifest says of each."""

import hashlib
import json
from pathlib import Path

HOSTILE = Path(__file__).resolve().parent.parent / "hostile"
VERDICTS = ["expected", "unknown", "unscannable", "dangerous"]


class Corpus:
    def __init__(self):
        self.files, self.entries = {}, []

    def add(self, file, data, trick, verdict, names=(), **more):
        """One file. The README says what `more` may hold; a `reason` may be several, with slashes."""
        assert file not in self.files, file
        assert verdict in (*VERDICTS, "refused", "code"), verdict
        assert (verdict == "refused") == ("reason" in more), file
        assert set(more.get("unreached", ())) <= set(names), file
        self.files[file] = data
        entry = {"file": file, "trick": trick, "verdict": verdict, "names": list(names)}
        self.entries.append({**entry, **reasons(more)})

    def recipe(self, file, recipe, trick, verdict, names=(), **more):
        """One file that is too large to keep: the manifest says how to make it."""
        data = build(recipe)
        made = {"parts": recipe, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        entry = {"file": file, "trick": trick, "verdict": verdict, "names": list(names)}
        self.entries.append({**entry, **reasons(more), "recipe": made})

    def manifest(self):
        lines = (json.dumps(entry) for entry in sorted(self.entries, key=lambda e: e["file"]))
        return ("[\n" + ",\n".join(lines) + "\n]\n").encode()

    def all_files(self):
        return {**self.files, "manifest.json": self.manifest()}


def reasons(more):
    if "reason" not in more:
        return more
    rest = {key: val for key, val in more.items() if key != "reason"}
    return {"reasons": more["reason"].split("/"), **rest}


def build(parts):
    """The bytes that a recipe means.

    Each part is `hex`, repeated `times`. In every repetition, `numbers` [offset, width, first, step]
    writes a little-endian number over the template, and `digits` [offset, width] its decimal index.
    """
    out = []
    for part in parts:
        template, times = bytes.fromhex(part["hex"]), part.get("times", 1)
        if "numbers" not in part and "digits" not in part:
            out.append(template * times)
            continue
        for i in range(times):
            piece = bytearray(template)
            for offset, width, first, step in part.get("numbers", ()):
                piece[offset : offset + width] = (first + i * step).to_bytes(width, "little")
            for offset, width in part.get("digits", ()):
                piece[offset : offset + width] = f"{i:0{width}}".encode()
            out.append(bytes(piece))
    return b"".join(out)
