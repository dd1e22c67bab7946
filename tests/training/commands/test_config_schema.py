"""The schemas of the settings are those of the code, and every configuration fits its own."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import yaml

from tests.checkout import ROOT
from training.cli import main
from training.commands import config_schema
from training.methods.configuration import KINDS

CONFIGS = ROOT / "training" / "configs"
FILES = sorted(file for method in KINDS for file in (CONFIGS / method).glob("*.yaml"))
PLAIN = {"string": str, "integer": int, "number": (int, float), "boolean": bool, "null": type(None), "array": list,
         "object": dict}  # fmt: skip


def faults(value: Any, schema: dict[str, Any], whole: dict[str, Any], place: str = "") -> list[str]:
    """What does not fit, by the part of JSON Schema that ours use; ``whole`` is the schema that holds the sections."""
    if "$ref" in schema:
        schema = whole["$defs"][schema["$ref"].removeprefix("#/$defs/")]
    if "anyOf" in schema:
        every = [faults(value, one, whole, place) for one in schema["anyOf"]]
        return [] if any(not found for found in every) else every[0]
    if not isinstance(value, PLAIN[schema["type"]]) or (isinstance(value, bool) and schema["type"] != "boolean"):
        return [f"{place}: not {schema['type']}"]
    choices = schema.get("enum", [schema.get("const", value)])
    found = [] if value in choices else [f"{place}: not one of the choices"]
    if isinstance(value, int | float) and not schema.get("minimum", value) <= value <= schema.get("maximum", value):
        found.append(f"{place}: out of range")
    if isinstance(value, list):
        found += [fault for item in value for fault in faults(item, schema["items"], whole, f"{place}[]")]
    if isinstance(value, dict):
        known, more = schema.get("properties", {}), schema["additionalProperties"]
        found += [f"{place}.{name}: missing" for name in schema.get("required", []) if name not in value]
        found += [f"{place}.{name}: unknown" for name in value if name not in known and more is False]
        for name, part in value.items():
            inner = known.get(name, more)
            found += faults(part, inner, whole, f"{place}.{name}") if inner else []
    return found


def test_the_stored_schemas_are_those_of_the_settings(tmp_path):
    """After a change of the settings: python -m training config-schema."""
    assert main(["config-schema", "--out", str(tmp_path)]) == 0
    made = {file.name: file.read_text() for file in tmp_path.iterdir()}
    assert made == {file.name: file.read_text() for file in config_schema.FOLDER.iterdir()}
    assert made.keys() == {f"{method}.json" for method in KINDS}


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}-{file.stem}")
def test_every_configuration_names_its_schema_and_fits_it(file):
    text = file.read_text()
    tree = yaml.safe_load(text)
    line = f"# yaml-language-server: $schema=../schema/{tree['method']}.json"
    assert text.splitlines()[0] == line
    schema = json.loads((CONFIGS / "schema" / f"{tree['method']}.json").read_text())
    assert faults(tree, schema, schema) == []


@pytest.mark.parametrize(
    ("edit", "fault"),
    [
        (lambda tree: tree["train"].update(clip=1.0), ".train.clip: unknown"),
        (lambda tree: tree["train"].pop("learning_rate"), ".train.learning_rate: missing"),
        (lambda tree: tree["train"].update(lr_scheduler_type="step"), ".train.lr_scheduler_type: not one of"),
        (lambda tree: tree.update(method="dpo"), ".method: not one of"),
        (lambda tree: tree["lora"].update(r=0), ".lora.r: out of range"),
        (lambda tree: tree["lora"].update(target_modules=[1]), ".lora.target_modules: not string"),
        (lambda tree: tree.update(data=[]), ".data: not object"),
    ],
)
def test_a_schema_marks_what_loading_refuses(edit, fault):
    tree = yaml.safe_load((CONFIGS / "sft" / "tiny.yaml").read_text())
    edit(tree)
    schema = json.loads((CONFIGS / "schema" / "sft.json").read_text())
    (found,) = faults(tree, schema, schema)
    assert found.startswith(fault)


def test_every_setting_says_what_it_means():
    schemas = [json.loads(text) for text in config_schema.texts().values()]
    sections = [section for schema in schemas for section in (schema, *schema["$defs"].values())]
    assert len(sections) > 5 * len(KINDS)
    assert all(setting["description"] for section in sections for setting in section["properties"].values())


def test_what_a_setting_means_is_said_in_the_fields_words():
    ours = re.compile(r"\bleash|(?<!fine-)\btuned model|\bembedded model|\buntrained model|\bthe rate\b")
    assert [line for text in config_schema.texts().values() for line in text.splitlines() if ours.search(line)] == []
