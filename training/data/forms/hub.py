"""Rows of a data set on the Hugging Face Hub, at a commit, through ``datasets``."""

from __future__ import annotations

import re
from pathlib import Path

from training.data.forms.files import Item, Source, without_absent
from training.run import machine
from training.run.errors import BadInput, LackingResource

HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+")
FILE_ENDINGS = (".jsonl", ".json", ".csv", ".tsv", ".parquet", ".gz", ".txt", ".ndjson", ".bz2", ".xz")


def is_hub_id(name: str) -> bool:
    """Whether a name can only be that of a data set on the Hub: ``owner/name``, and no file is there."""
    return bool(HUB_ID.fullmatch(name)) and not Path(name).exists() and not name.lower().endswith(FILE_ENDINGS)


def read(name: str, revision: str | None, split: str, subset: str | None) -> Source:
    """The rows of one split.

    Args:
        name: ``owner/name``.
        revision: the commit.
        split: of the data set, such as train.
        subset: its configuration, where it has several.

    Raises:
        BadInput: no revision is given, or there is no such data set, split or subset.
        LackingResource: the Hub cannot be reached.
    """
    if not revision:
        raise BadInput(f"{name}: there is no such file; for the data set of this name on the Hub, pin the commit you"
                       " mean with --revision")  # fmt: skip
    if machine.offline():
        raise LackingResource(f"{name}: a data set on the Hub, and STAGE10_OFFLINE is set; unset it, or give a file")
    import datasets

    machine.quiet_libraries()
    datasets.disable_progress_bars()
    try:
        found = datasets.load_dataset(name, subset, split=split, revision=revision)
    except (ConnectionError, TimeoutError) as error:
        raise LackingResource(f"{name}: the Hub cannot be reached ({_one_line(error)}); give a file instead") from None
    except Exception as error:  # the library raises what its readers raise
        kind = LackingResource if "connect" in str(error).lower() or "offline" in str(error).lower() else BadInput
        raise kind(f"{name} at {revision}: {_one_line(error)}") from None
    rows = [Item(place, without_absent(dict(row))) for place, row in enumerate(found, 1)]
    return Source(f"data set on the Hub, split {split}", rows, tuple(found.column_names), "row")


def _one_line(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:200]
