"""Each line of the table of symptoms names a check and a test that are there, and a patient that has the fault."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from labs_py.core import row_faults
from labs_py.core.clinic import patients
from labs_py.core.clinic.causes import CAUSES
from labs_py.core.clinic.symptoms import SYMPTOMS, Symptom, named_test

ROOT = Path(__file__).resolve().parents[2]
each = pytest.mark.parametrize("symptom", SYMPTOMS, ids=lambda symptom: symptom.cause)


def functions(path: str) -> set[str]:
    """Names of a file's functions."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def text_of(*paths: str) -> str:
    return "".join(file.read_text(encoding="utf-8") for path in paths for file in sorted((ROOT / path).rglob("*.py")))


def test_every_fault_of_the_clinic_has_its_line() -> None:
    assert [symptom.cause for symptom in SYMPTOMS] == [cause.name for cause in CAUSES]


def test_twelve_at_least_are_caught_by_the_package() -> None:
    assert sum(bool(symptom.caught_by) for symptom in SYMPTOMS) >= 12


@each
def test_the_test_is_there(symptom: Symptom) -> None:
    path, name = named_test(symptom).split("::")
    assert name in functions(path)


@each
def test_the_check_is_there(symptom: Symptom) -> None:
    for check in filter(None, symptom.caught_by.split(", ")):
        kind, _, name = check.partition(" ")
        if kind == "guard":
            assert name in functions("training/models/guards.py")
        elif check.startswith("data check: "):
            assert check.removeprefix("data check: ") in row_faults.CODES
        elif kind == "port:":
            assert f'"{name}"' in text_of("training/serving")
        elif check == "train --overfit":
            assert "--overfit" in text_of("training/methods", "training/run", "training/commands")
        elif check == "gate: capability retention":
            assert (ROOT / "training/evaluation/capability_retention.py").exists()
        else:
            assert check == "distill: verifier" and "verif" in text_of("training/stack")


@each
def test_the_patient_has_the_fault(symptom: Symptom) -> None:
    assert patients.cause_of(symptom.patient).name == symptom.cause
