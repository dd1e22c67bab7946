"""An assistant's configuration: strict YAML, every key known."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

import yaml

from training.errors import BadInput

BACKENDS = ("extract", "local", "endpoint")
FORMS = ("long", "short", "taught")
FOLDER = Path(__file__).resolve().parents[1] / "configs"
DEFAULT = FOLDER / "assistant-retrieval.yaml"


@dataclass(frozen=True)
class Settings:
    """One row of the comparison.

    Attributes:
        name: of the row and of its record.
        backend: ``extract`` (no model), ``local`` (a model on this machine) or ``endpoint`` (OpenAI-compatible).
        threshold: a question is refused when its best passage holds a smaller share of its weight.
        passages: how many passages an answer may draw on.
        sentences: how many sentences the extractive answer has at most.
        model: folder or name of the model; empty for the embedded one.
        adapter: folder of a LoRA adapter; empty for none.
        url: base address of an endpoint, as in ``http://127.0.0.1:8001/v1``.
        key_from: environment variable that holds the endpoint's key; empty for none.
        form: of the prompt: ``long`` holds the rules; ``short`` is for a model that learnt them; ``taught`` is the
            short one under the task's lesson with its worked examples.
        tries: of a model; the first that the task's verifier lets pass is taken, and all are paid for.
        temperature: of several tries; a single one is the likeliest answer.
        fallback: configuration of who answers where the model is less sure than ``sure``; empty for nobody.
        sure: least probability of the least likely token of an answer that is taken.
        max_new_tokens: of a model's answer.
        timeout_s: for one call of an endpoint.
        price_in, price_out: for a million tokens, in the reader's currency; 0 leaves the cost out.
    """

    name: str
    backend: str
    threshold: float
    passages: int = 3
    sentences: int = 2
    model: str = ""
    adapter: str = ""
    url: str = ""
    key_from: str = ""
    form: str = "long"
    tries: int = 1
    temperature: float = 0.8
    fallback: str = ""
    sure: float = 0.0
    max_new_tokens: int = 120
    timeout_s: float = 30.0
    price_in: float = 0.0
    price_out: float = 0.0


def load(file: Path) -> Settings:
    """Read and check a configuration.

    Raises:
        BadInput: naming the file, the key and what is wrong.
    """
    try:
        raw = yaml.safe_load(Path(file).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadInput(f"{file}: cannot be read ({str(error).splitlines()[0]})") from error
    if not isinstance(raw, dict):
        raise BadInput(f"{file}: expected `key: value` lines")
    kinds = {field.name: field.type for field in fields(Settings)}
    for key, value in raw.items():
        if key not in kinds:
            raise BadInput(f"{file}: unknown key '{key}'; known are {', '.join(kinds)}")
        wanted = {"str": (str,), "int": (int,), "float": (int, float)}[kinds[key]]
        if isinstance(value, bool) or not isinstance(value, wanted):
            raise BadInput(f"{file}: {key} must be a {kinds[key]}, not {value!r}")
    for key in ("name", "backend", "threshold"):
        if key not in raw:
            raise BadInput(f"{file}: {key} is missing")
    return _checked(file, Settings(**raw))


def _checked(file: Path, settings: Settings) -> Settings:
    if settings.backend not in BACKENDS:
        raise BadInput(f"{file}: backend must be one of {', '.join(BACKENDS)}, not '{settings.backend}'")
    if settings.form not in FORMS:
        raise BadInput(f"{file}: form must be one of {', '.join(FORMS)}, not '{settings.form}'")
    for key in ("threshold", "sure"):
        if not 0 <= getattr(settings, key) <= 1:
            raise BadInput(f"{file}: {key} must lie between 0 and 1, not {getattr(settings, key)}")
    for key in ("passages", "sentences", "tries", "temperature", "max_new_tokens", "timeout_s"):
        if getattr(settings, key) <= 0:
            raise BadInput(f"{file}: {key} must be above 0")
    if settings.backend == "endpoint" and not settings.url.startswith(("http://", "https://")):
        raise BadInput(f"{file}: url must begin with http:// or https://")
    if settings.fallback and load(Path(file).with_name(settings.fallback)).fallback:
        raise BadInput(f"{file}: fallback {settings.fallback} has a fallback of its own; name one that answers")
    return settings
