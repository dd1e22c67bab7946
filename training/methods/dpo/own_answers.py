"""A model's own right answers as rows to train on: those that a run of DPO sampled and preferred.

``python -m training.methods.dpo.own_answers RUN FILE``. Fine-tuning on them is self-distillation by rejection
sampling: several answers are drawn, the right ones kept. Source: Yuan et al., "Scaling Relationship on Learning
Mathematical Reasoning with Large Language Models" (arXiv:2308.01825), abstract.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from training.data import splits
from training.methods.dpo.pairs import PAIRS_FILE
from training.run import jsonl
from training.run.errors import BadInput


def write(run: Path, file: Path) -> int:
    """Write one row for each pair of a run: its prompt, answered by the answer that the run preferred.

    Args:
        run: folder of a DPO run whose pairs were sampled.
        file: JSONL that is written; each row has an ``id`` and ``messages``.

    Returns:
        The number of rows.

    Raises:
        BadInput: the run sampled no pairs.
    """
    source = run / PAIRS_FILE
    if not source.is_file():
        raise BadInput(f"{source}: is not there; name the folder of a DPO run with dpo.pairs on_policy")
    pairs = jsonl.read_kept(source, lambda row: isinstance(row.get("prompt"), list) and "chosen" in row)
    splits.write_rows(file, [
        {"id": str(pair["id"]),
         "messages": [*pair["prompt"], {"role": "assistant", "content": pair["chosen"].strip()}]}
        for pair in pairs
    ])  # fmt: skip
    return len(pairs)


def main(arguments: list[str]) -> int:
    """The command line: 0 once the file is written, 2 with one line where it cannot be."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, help="folder of a DPO run, such as runs/records/forgetting-dpo-s0")
    parser.add_argument("file", type=Path, help="JSONL to be written")
    asked = parser.parse_args(arguments)
    try:
        print(f"{asked.file}: {write(asked.run, asked.file)} rows")
    except BadInput as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
