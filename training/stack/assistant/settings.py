"""An assistant's configuration: strict YAML, every key known."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from training.run import config as configuration
from training.run import strict_yaml
from training.run.errors import BadInput
from training.run.settings import setting
from training.stack import address

BACKENDS = ("extract", "local", "endpoint")
FORMS = ("long", "short", "taught")
FOLDER = Path(__file__).resolve().parents[1] / "configs"
DEFAULT = FOLDER / "assistant-retrieval.yaml"
MANY = 1_000_000  # more than any of the counts could mean


@dataclass(frozen=True)
class Settings:
    """One row of the comparison."""

    name: str = setting("of the row and of its record: it becomes part of file names")
    backend: str = setting("extract (no model), local (a model on this machine) or endpoint (OpenAI-compatible)",
                           choices=BACKENDS)  # fmt: skip
    threshold: float = setting("a question is refused when its best passage holds a smaller share of its weight",
                               low=0, high=1)  # fmt: skip
    passages: int = setting("how many passages an answer may draw on", 3, low=1, high=MANY)
    sentences: int = setting("how many sentences the extractive answer has at most", 2, low=1, high=MANY)
    model: str = setting("folder or name of the model; empty for the bundled one", "")
    adapter: str = setting("folder of a LoRA adapter; empty for none", "")
    url: str = setting("base address of an endpoint, as in http://127.0.0.1:8001/v1", "")
    key_from: str = setting("environment variable that holds the endpoint's key; empty for none", "")
    form: str = setting("of the prompt: long holds the rules; short is for a model that learnt them; taught is the"
                        " short one under the task's lesson with its worked examples", "long",
                        choices=FORMS)  # fmt: skip
    tries: int = setting("of a model; the first that the task's verifier lets pass is taken, and all are paid for", 1,
                         low=1, high=MANY)  # fmt: skip
    temperature: float = setting("of several tries; a single one is the likeliest answer", 0.8, low=1e-6)
    fallback: str = setting("configuration, in the same folder, of who answers where the model is less sure than"
                            " 'sure'; empty for nobody", "")  # fmt: skip
    sure: float = setting("least probability of the least likely token of an answer that is taken", 0.0, low=0, high=1)
    max_new_tokens: int = setting("of a model's answer", 120, low=1, high=MANY)
    timeout_s: float = setting("for one call of an endpoint", 30.0, low=1e-3, high=86_400)
    price_in: float = setting("of a million tokens read, in the reader's currency; 0 leaves the cost out", 0.0, low=0)
    price_out: float = setting("of a million tokens written", 0.0, low=0)


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
    found = configuration.build(Settings, tree, str(file), "")
    if not found.name.strip(" .") or not found.name.isprintable() or Path(found.name).name != found.name:
        raise BadInput(f"{file}: 'name' must be a word or two that can be part of a file's name, not"
                       f" {strict_yaml.shown(found.name)}")  # fmt: skip
    wrong = address.fault(found.url) if found.backend == "endpoint" else ""
    if wrong:
        raise BadInput(f"{file}: where backend is endpoint, 'url' {wrong}")
    return found
