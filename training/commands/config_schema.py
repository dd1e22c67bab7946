"""``python -m training config-schema``: a JSON Schema for each method's files, beside the files."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from pydantic.json_schema import GenerateJsonSchema

from training.methods.configuration import KINDS

ABOUT = """Write a JSON Schema of each method's settings to training/configs/schema. An editor that knows the line
'# yaml-language-server: $schema=...' at the top of a configuration completes its keys and marks wrong ones.

  python -m training config-schema"""
FOLDER = Path(__file__).resolve().parents[1] / "configs" / "schema"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """--out."""
    parser.add_argument("--out", type=Path, default=FOLDER, metavar="DIR", help="folder of the schemas")


def texts() -> dict[str, str]:
    """Method -> its schema as JSON text."""
    dialect = {"$schema": GenerateJsonSchema.schema_dialect}
    return {method: json.dumps({**dialect, **kind.model_json_schema()}, indent=1) + "\n"
            for method, kind in KINDS.items()}  # fmt: skip


def run(args: argparse.Namespace) -> int:
    """Write every schema; 0."""
    args.out.mkdir(parents=True, exist_ok=True)
    for method, text in texts().items():
        file = args.out / f"{method}.json"
        file.write_text(text, encoding="utf-8")
        print(file)
    return 0
