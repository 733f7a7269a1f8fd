"""Runs picklescan and fickling over the corpus and writes what they say into hostile/README.md.

Run it with a Python that has them: `pip install picklescan fickling typing_extensions numpy py7zr`. Each file is read in a
process of its own, with little memory and time. Neither tool loads what it reads.
"""

import importlib
import importlib.metadata
import json
import multiprocessing
import os
import resource
import sys
import tempfile
import zipfile
from collections import Counter
from pathlib import Path

import reference
from corpus import HOSTILE

SECONDS = 30
FICKLING = ("overtly malicious", "likely overtly malicious", "likely unsafe", "suspicious", "possibly unsafe")
HEADING = "## What others say\n"


def picklescan_says(path):
    import logging
    from picklescan.scanner import scan_file_path
    logging.disable(logging.CRITICAL)
    result = scan_file_path(path)
    if result.issues_count:
        return "dangerous"
    if result.scan_err:
        return "error"
    if result.suspicious_count:
        return "suspicious"
    return "clean" if result.scanned_files else "nothing to scan"


def fickling_says(path):
    from fickling.loader import scan_file, scan_zip_archive
    with tempfile.NamedTemporaryFile(suffix=".json") as out:
        if zipfile.is_zipfile(path):
            results = list(scan_zip_archive(path, graceful=True, json_output_path=out.name).values())
        else:
            results = [scan_file(path, graceful=True, json_output_path=out.name)]
    if not results:
        return "nothing to scan"
    worst = max(result.severity for result in results)
    said = worst.name.lower().replace("_", " ")
    return f"{said}, with errors" if any(result.errors for result in results) else said


def python(entry, data):
    """What the standard library makes of it: of archives zipfile, of pickles the unpicklers."""
    if entry["verdict"] == "refused":
        return "zipfile: " + reference.zip_says(data)
    if entry["file"].startswith(("formats/", "code/")) or "reference" in entry:
        return ""
    endings = [ending == "loads" for ending in reference.observe(data, entry.get("pickles", 1))["endings"]]
    if not endings:
        return "finds no pickle"
    return "loads" if all(endings) else "loads in part" if any(endings) else "stops with an error"


def ask(asked, *arguments):
    """`asked(*arguments)` in a process that cannot take more than its share."""
    def run(pipe):
        resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
        sys.stderr = sys.stdout = open(os.devnull, "w")
        try:
            pipe.send(asked(*arguments))
        except BaseException as error:  # noqa: BLE001: whatever it is, it is the answer
            pipe.send(f"fails: {type(error).__name__}")

    ours, theirs = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("fork").Process(target=run, args=(theirs,))
    process.start()
    theirs.close()
    try:
        answer = ours.recv() if ours.poll(4 * SECONDS) else "no answer"
    except EOFError:
        answer = "dies, or takes too long"
    process.kill()
    process.join()
    return answer


def table(rows):
    cells = ("file", "trick", "right", "Python", "picklescan", "fickling")
    lines = ["| " + " | ".join(cells) + " |", "|" + " --- |" * len(cells)]
    return lines + ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]


def right(entry):
    said = entry["verdict"]
    if "reasons" in entry:
        said += ": " + entry["reasons"][0]
    return said + (f" (at least {entry['least']})" if "least" in entry else "")


def summary(rows, entries):
    lines = []
    for column, tool, flagged in ((4, "picklescan", ("dangerous", "error")), (5, "fickling", FICKLING)):
        counts = Counter()
        for row, entry in zip(rows, entries, strict=True):
            if entry["verdict"] == "dangerous":
                said = row[column].removesuffix(", with errors")
                counts["flagged" if said in flagged else said] += 1
        most = ", ".join(f"{number} {said}" for said, number in counts.most_common())
        lines.append(f"- {tool}, of the {sum(counts.values())} files that are dangerous: {most}.")
        honest = [row[column] for row, entry in zip(rows, entries, strict=True) if entry["file"].startswith("controls/")]
        raised = sum(said.removesuffix(", with errors") in flagged for said in honest)
        lines.append(f"- {tool}, of the {len(honest)} honest controls: {raised} flagged.")
    return lines


def main():
    for module in ("fickling.loader", "picklescan.scanner", "numpy"):  # once, and not in every child
        importlib.import_module(module)
    entries = json.loads((HOSTILE / "manifest.json").read_text())
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for entry in entries:
            data = reference.contents(entry)
            path = Path(folder) / entry["file"]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            trick = entry["trick"] + (f" {entry['cve']}." if "cve" in entry else "")
            rows.append((f"`{entry['file']}`", trick, right(entry), ask(python, entry, data),
                         ask(picklescan_says, str(path)), ask(fickling_says, str(path))))
            path.unlink()
    versions = [f"{tool} {importlib.metadata.version(tool)}" for tool in ("picklescan", "fickling")]
    text = [HEADING, f"{' and '.join(versions)}, with Python {sys.version.split()[0]}. To repeat it: a Python with "
            "`pip install picklescan fickling typing_extensions numpy py7zr`, then `make/compare.py`, which writes all that follows.",
            "Their answers are for pickles; for the other formats they show only whether they notice anything. What picklescan",
            "calls suspicious it reports with the exit code of a clean file, unless it is asked to be strict.", ""]
    text += [*summary(rows, entries), "", *table(rows), ""]
    readme = HOSTILE / "README.md"
    readme.write_text(readme.read_text().split(HEADING)[0].rstrip() + "\n\n" + "\n".join(text))


if __name__ == "__main__":
    main()
