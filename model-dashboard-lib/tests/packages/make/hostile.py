"""Makes the corpus of hostile packages: `hostile.py` writes it, `--check` compares it with what is
there, `--recipes DIR` builds in DIR the files that are too large to keep. Only the standard library;
the same bytes every time."""

import sys
from pathlib import Path

import archive_names
import archive_structure
import archive_sizes
import beyond_names
import broken
import controls
import lookalikes
import named
import other_formats
import stack
import torch_files
from corpus import HOSTILE, Corpus, build


def corpus():
    made = Corpus()
    for part in (controls, named, lookalikes, beyond_names, stack, broken, torch_files, archive_names,
                 archive_structure, archive_sizes, other_formats):
        part.add(made)
    return made


def main(arguments):
    made = corpus()
    if arguments[:1] == ["--recipes"]:
        for entry in made.entries:
            if "recipe" in entry:
                path = Path(arguments[1]) / entry["file"]
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(build(entry["recipe"]["parts"]))
        return 0
    files = made.all_files()
    there = {str(path.relative_to(HOSTILE)) for path in HOSTILE.rglob("*") if path.is_file()}
    extra = sorted(there - set(files) - {"README.md", ".gitattributes"})
    if arguments[:1] == ["--check"]:
        wrong = [f for f, data in files.items() if f not in there or (HOSTILE / f).read_bytes() != data]
        for file in wrong + extra:
            print("differs:", file)
        return 1 if wrong or extra else 0
    for file in extra:
        (HOSTILE / file).unlink()
    for file, data in files.items():
        path = HOSTILE / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    print(len(made.entries), "entries,", sum(map(len, files.values())), "bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
