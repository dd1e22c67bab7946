"""The page on distilling shows what the recorded run printed, and the program in the order of its calls."""

from __future__ import annotations

import ast
import json

from tests.checkout import ROOT
from training.stack.distill import command, pipeline

RECORD = json.loads((ROOT / "docs/data/runs/distill-stack-s0.json").read_text(encoding="utf-8"))
EXAMPLES = ROOT / "docs" / "data" / "examples"


def lines_of(name: str) -> list[str]:
    return (EXAMPLES / name).read_text(encoding="utf-8").split()


def test_shown_output_is_what_the_program_prints_of_the_record() -> None:
    assert lines_of("distill_rows.txt") == pipeline.kept_line(RECORD).split()
    assert lines_of("distill_end.txt") == " ".join(command.closing_lines(RECORD)).split()


def test_the_program_reads_from_top_to_bottom() -> None:
    source = (ROOT / "training/stack/distill/pipeline.py").read_text(encoding="utf-8")
    called = ["begin", "rows_of_teacher", "teach", "keep", "answers_of_rivals", "train", "answers_of_student",
              "set_router", "calibrate", "taken"]  # fmt: skip
    places = [source.index(f"def {name}(") for name in ("pipeline", *called)]
    assert places == sorted(places) and lines_of_code(source) <= 250


def lines_of_code(source: str) -> int:
    """Lines that do something: without blank ones, comments and docstrings."""
    said = {line for node in ast.walk(ast.parse(source))
            if isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node) is not None
            for line in range(node.body[0].lineno, node.body[0].end_lineno + 1)}  # fmt: skip
    lines = enumerate(source.splitlines(), 1)
    return sum(bool(line.strip()) and not line.strip().startswith("#") and n not in said for n, line in lines)
