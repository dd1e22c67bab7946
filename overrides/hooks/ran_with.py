"""Hook: under each listing that is taken from a file, what ran it: the file, the versions, the date of the record.

Under a listed loss it also says what computes the loss in training: our function or a library's
(training/methods/listed_losses.yml).

The record is docs/data/ran-with.json; ``python overrides/build/ran_with.py`` runs the tests of every listed file and
writes it when they pass. A listing from a file that the record does not hold is a warning, so a strict build fails.
"""

from __future__ import annotations

import datetime
import json
import logging
import re
from pathlib import Path

import yaml

log = logging.getLogger("mkdocs.hooks.ran_with")
FENCE = re.compile(r"^(?P<indent>[ >]*)(?P<mark>`{3,})(?P<info>[^\n`]*)\n(?P<body>.*?)^(?P=indent)(?P=mark)[ ]*$",
                   re.DOTALL | re.MULTILINE)  # fmt: skip
SNIPPET = re.compile(r'^[ >]*--8<-- "(?P<file>[^":]+\.py)(?::(?P<section>[^"]*))?"', re.MULTILINE)
LOSSES_FILE = Path(__file__).resolve().parents[2] / "training" / "methods" / "listed_losses.yml"
RECORD = {}
LOSSES: dict[str, dict] = {}


def listed_files(markdown: str) -> list[str]:
    """Files that a page takes listings from, each once, in the page's order."""
    return list(dict.fromkeys(found["file"] for fence in FENCE.finditer(markdown)
                              for found in SNIPPET.finditer(fence["body"])))  # fmt: skip


def note(files: list[str], record: dict) -> str:
    """The sentence under a listing; KeyError names a file without a record."""
    entries = [record["files"][file] for file in files]
    packages = list(dict.fromkeys(name for entry in entries for name in entry["packages"]))
    date = datetime.date.fromisoformat(min(entry["date"] for entry in entries))
    versions = ", ".join(f"{name} {record['versions'][name]}" for name in ("Python", *packages))
    names = ", ".join(f"`{file}`" for file in files)
    return f"{names}; its tests ran with {versions} on {date.day} {date:%B %Y}"


def provenance(loss: dict) -> str:
    """What computes a listed loss in training, in one sentence."""
    by = loss["computed_by"]
    if by == "ours":
        return "Training calls this function."
    test = loss["held_by"].partition("::")[0]
    if not loss.get("selectable", True):
        return f"No setting here trains with this loss; `{test}` holds it equal to that of {by}."
    other = loss.get("equal_to")
    equal = f"this function equal to {other}" if other else "that both are equal"
    return f"In training {by} computes this; `{test}` holds {equal}."


def on_config(config):
    """Read the record once per build."""
    file = Path(config["docs_dir"]) / "data" / "ran-with.json"
    RECORD.clear()
    RECORD.update(json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {"files": {}})
    LOSSES.clear()
    LOSSES.update(yaml.safe_load(LOSSES_FILE.read_text(encoding="utf-8")))


def on_page_markdown(markdown, page, config, files):
    """Put the note under each fence that holds a listing; a site without any record goes without."""

    def add(fence: re.Match) -> str:
        listed = list(SNIPPET.finditer(fence["body"]))
        names = list(dict.fromkeys(found["file"] for found in listed))
        if not names:
            return fence[0]
        losses = [LOSSES[place] for found in listed if (place := f"{found['file']}:{found['section']}") in LOSSES]
        said = dict.fromkeys(provenance(loss) for loss in losses)
        try:
            words = ". ".join([note(names, RECORD), *(sentence.removesuffix(".") for sentence in said)])
        except KeyError as missing:
            log.warning("%s: no record of a run for the listing from %s: python overrides/build/ran_with.py",
                        page.file.src_uri, missing)  # fmt: skip
            return fence[0]
        return f"{fence[0]}\n\n{fence['indent']}{words}\n{fence['indent']}{{: .s10-ran-with }}\n"

    return FENCE.sub(add, markdown) if RECORD["files"] else markdown
