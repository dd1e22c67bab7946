"""An assistant's configuration: strict YAML, every key known."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from training.run import strict_yaml
from training.run.endpoint import address
from training.run.errors import BadInput
from training.run.section import Number, Section, Text, Whole, build

FOLDER = Path(__file__).resolve().parents[1] / "configs"
DEFAULT = FOLDER / "assistant-retrieval.yaml"
MANY = 1_000_000  # more than any of the counts could mean


class Settings(Section):
    """One row of the comparison."""

    name: Text = Field(description="of the row and of its record: it becomes part of file names")
    backend: Literal["extract", "local", "endpoint"] = Field(
        description="extract (no model), local (a model on this machine) or endpoint (OpenAI-compatible)"
    )
    threshold: Number = Field(
        ge=0, le=1, description="a question is refused when its best passage holds a smaller share of its weight"
    )
    passages: Whole = Field(3, ge=1, le=MANY, description="how many passages an answer may draw on")
    sentences: Whole = Field(2, ge=1, le=MANY, description="how many sentences the extractive answer has at most")
    model: Text = Field("", description="folder or name of the model; empty for the bundled one")
    adapter: Text = Field("", description="folder of a LoRA adapter; empty for none")
    url: Text = Field("", description="base address of an endpoint, as in http://127.0.0.1:8001/v1")
    key_from: Text = Field("", description="environment variable that holds the endpoint's key; empty for none")
    form: Literal["long", "short", "taught"] = Field(
        "long", description="of the prompt: long holds the rules; short is for a model that learnt them; taught is the"
        " short one under the task's lesson with its worked examples"
    )  # fmt: skip
    tries: Whole = Field(
        1, ge=1, le=MANY, description="of a model; the first that the task's verifier lets pass is taken, and all are"
        " paid for"
    )  # fmt: skip
    temperature: Number = Field(0.8, ge=1e-6, description="of several tries; a single one is the likeliest answer")
    fallback: Text = Field(
        "", description="configuration, in the same folder, of who answers where the model is less sure than 'sure';"
        " empty for nobody"
    )  # fmt: skip
    sure: Number = Field(
        0.0, ge=0, le=1, description="least probability of the least likely token of an answer that is taken"
    )
    max_new_tokens: Whole = Field(120, ge=1, le=MANY, description="of a model's answer")
    timeout_s: Number = Field(30.0, ge=1e-3, le=86_400, description="for one call of an endpoint")
    price_in: Number = Field(
        0.0, ge=0, description="of a million tokens read, in the reader's currency; 0 leaves the cost out"
    )
    price_out: Number = Field(0.0, ge=0, description="of a million tokens written")


def load(file: Path) -> Settings:
    """Read and check a configuration, and that the one it falls back on can answer.

    Raises:
        BadInput: naming the file, the key and what is wrong.
    """
    found, other = _alone(Path(file)), None
    if found.fallback:
        if Path(found.fallback).name != found.fallback:
            raise BadInput(f"{file}: 'fallback' must be the name of a file in the same folder, not"
                           f" {strict_yaml.shown(found.fallback)}")  # fmt: skip
        other = _alone(Path(file).with_name(found.fallback))
    if other and other.fallback:  # its own is not looked at, so that no chain of them goes round in a circle
        raise BadInput(f"{file}: fallback {found.fallback} has a fallback of its own; name one that answers")
    return found


def _alone(file: Path) -> Settings:
    """The settings of one file, whatever it falls back on."""
    tree = strict_yaml.read(file)
    if not isinstance(tree, dict):
        raise BadInput(f"{file}: expected `key: value` lines")
    found = build(Settings, tree, str(file))
    if not found.name.strip(" .") or not found.name.isprintable() or Path(found.name).name != found.name:
        raise BadInput(f"{file}: 'name' must be a word or two that can be part of a file's name, not"
                       f" {strict_yaml.shown(found.name)}")  # fmt: skip
    wrong = address.fault(found.url) if found.backend == "endpoint" else ""
    if wrong:
        raise BadInput(f"{file}: where backend is endpoint, 'url' {wrong}")
    return found
