"""What a page says under a listed loss is true: our training calls the function, or a test holds it equal to TRL's."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "overrides" / "hooks")]

import ran_with  # noqa: E402

LOSSES = yaml.safe_load((ROOT / "training" / "methods" / "listed_losses.yml").read_text(encoding="utf-8"))
LISTING = re.compile(r'--8<-- "(training/methods/[^":]+/loss\.py):([\w-]+)"')
OFF_THE_PATH = ("loss.py", "measure.py")  # a call from a measure does not train


def called(tree: ast.AST) -> set[str]:
    """Names of the functions that some code calls, the last part of a dotted one."""
    functions = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return {f.attr if isinstance(f, ast.Attribute) else f.id for f in functions
            if isinstance(f, ast.Attribute | ast.Name)}  # fmt: skip


def callers_within(file: Path, function: str) -> set[str]:
    """The function and every function of its file that leads to it."""
    defined = [node for node in ast.parse(file.read_text()).body if isinstance(node, ast.FunctionDef)]
    assert function in {node.name for node in defined}, f"{file.name} has no function {function}"
    found = {function}
    for _ in defined:
        found |= {node.name for node in defined if called(node) & found}
    return found


def trained_by(place: str, function: str) -> list[str]:
    """Modules of the method, its loss and its measures aside, that call the function or one that leads to it."""
    file = ROOT / place.partition(":")[0]
    wanted = callers_within(file, function)
    return [other.name for other in sorted(file.parent.glob("*.py"))
            if other.name not in OFF_THE_PATH and called(ast.parse(other.read_text())) & wanted]  # fmt: skip


def test_every_listed_loss_has_an_entry_and_every_entry_a_listing() -> None:
    pages = [page.read_text(encoding="utf-8") for page in sorted((ROOT / "docs").rglob("*.md"))]
    listed = {f"{file}:{section}" for page in pages for file, section in LISTING.findall(page)}
    assert listed == set(LOSSES)


def test_entries_hold_the_functions_of_their_sections() -> None:
    for place, loss in LOSSES.items():
        file, section = place.split(":")
        body = (ROOT / file).read_text().split(f"[start:{section}]")[1].split(f"[end:{section}]")[0]
        assert re.findall(r"^def ([a-z]\w*)\(", body, re.MULTILINE) == loss["functions"], place


@pytest.mark.parametrize("place", [place for place, loss in LOSSES.items() if loss["computed_by"] == "ours"])
def test_training_calls_what_is_said_to_be_ours(place: str) -> None:
    for function in LOSSES[place]["functions"]:
        assert trained_by(place, function), f"no module of the method calls {function}"


@pytest.mark.parametrize("place", [place for place, loss in LOSSES.items() if loss["computed_by"] != "ours"])
def test_what_a_library_computes_is_held_by_a_test_of_our_function(place: str) -> None:
    loss = LOSSES[place]
    file, _, test = loss["held_by"].partition("::")
    tests = {node.name: node for node in ast.parse((ROOT / file).read_text()).body
             if isinstance(node, ast.FunctionDef)}  # fmt: skip
    assert test in tests, f"{file} has no test {test}"
    for function in loss["functions"]:
        assert called(tests[test]) & callers_within(ROOT / place.partition(":")[0], function), function
        assert not trained_by(place, function), f"training calls {function}: the entry is computed_by ours"


def test_the_sentence_under_a_listing() -> None:
    ran_with.LOSSES.clear()
    ran_with.LOSSES.update(LOSSES)
    ran_with.RECORD.clear()
    entry = {"packages": [], "date": "2026-11-30", "tests": []}
    ran_with.RECORD.update({"versions": {"Python": "3.11"}, "files": {p.partition(":")[0]: entry for p in LOSSES}})
    text = ran_with.on_page_markdown('```python\n--8<-- "training/methods/sft/loss.py:sparse"\n```\n', None, None, None)
    assert "on 30 November 2026. Training calls this function\n{: .s10-ran-with }" in text
    both = '```python\n--8<-- "training/methods/grpo/loss.py:kl"\n--8<-- "training/methods/grpo/loss.py:grpo"\n```\n'
    text = ran_with.on_page_markdown(both, None, None, None)
    assert text.count("In training TRL's GRPOTrainer computes this; `tests/parity/test_losses.py` holds") == 1
    simpo = ran_with.provenance(LOSSES["training/methods/dpo/loss.py:simpo"])
    assert simpo.startswith("No setting here trains with this loss")
