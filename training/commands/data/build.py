"""``python -m training data build``: write a task's rows to files."""

from __future__ import annotations

import argparse
from pathlib import Path

from training.data import splits
from training.methods.configuration import load_config
from training.run.arguments import DEFAULT_CONFIG


def run(args: argparse.Namespace) -> int:
    """Write the rows of the configured task, a file for each set; 0.

    Raises:
        BadInput: the configuration or the task cannot be used.
    """
    config = load_config(args.config or DEFAULT_CONFIG, args.words, args.seed)
    loaded = splits.load(config)
    out = Path(args.out or f"data/{config.name}")
    for name, rows in {"train": loaded.train, **loaded.heldout}.items():
        splits.write_rows(out / f"{name}.jsonl", rows)
        print(f"{out / name}.jsonl: {len(rows)} rows, sha256 {splits.sha256_rows(rows)}")
    print(*loaded.notes, sep="\n")
    return 0
