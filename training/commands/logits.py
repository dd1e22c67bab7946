"""Next-token logits of any model for given prompts, as the JSON that the Distillation Lab reads."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field

from labs_py.core import pasted_json
from training.models import loading
from training.models.loading import LoadedModel
from training.run import strict_yaml
from training.run.errors import BadInput
from training.run.section import Number, Section, Text, Whole, build
from training.run.settings import ModelSettings

if TYPE_CHECKING:
    import torch

ABOUT = """For each prompt: the largest logits of the next token, and for each temperature T of a grid the log-sum-exp
of logits / T over the whole vocabulary. So at each of those temperatures the probability of every listed token,
exp(logit / T - logsumexp_T), and the mass of all the rest are exact.

  python -m training logits --model openai-community/gpt2 --prompts prompts.txt --top 64 --out gpt2.json
  python -m training logits --config training/configs/logits/smollm2.yaml

A prompt file has one prompt a line, or is a JSON list of texts."""

TEMPERATURES = (0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75, 2, 2.5, 3, 3.5, 4, 4.5, 5, 6, 7, 8, 9, 10, 12, 14, 16, 18, 20)

WHAT = (
    "next-token logits after the last token of each prompt: the largest of the vocabulary; for each temperature T on "
    "the grid, the log-sum-exp of logits/T over the whole vocabulary (float64), so that p_T(token) = exp(logit/T - "
    "logsumexp_T) is exact and the rest of the vocabulary is one bin of exact mass; entropy_nats is that of the full "
    "distribution at T=1"
)

LOWEST = 1e-6  # temperature at which logits / T are still numbers


class Settings(Section):
    """What is asked of which model, and how much of the answer is written."""

    model: Text | None = Field(None, description="bundled:smollm2-135m-instruct, a folder, or a hub id")
    prompts: list[Text] | None = Field(None, description="texts, or in the file the path of a file of prompts")
    shared_prompts: list[Text] | None = Field([], description="prompts whose likeliest tokens are listed together")
    top: Whole = Field(256, ge=1, description="how many tokens are listed for each prompt")
    shared_top: Whole = Field(64, ge=1, description="how many tokens are listed for the shared prompts")
    temperatures: list[Number] = Field(list(TEMPERATURES), description="the grid")
    out: Text | None = Field(None, description="the JSON file; standard output when not given")
    revision: Text | None = Field(None, description="commit of a hub id")
    source: Text | None = Field(None, description="a note on where the figures are from")


KEYS = list(Settings.model_fields)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``logits``."""
    parser.add_argument("--config", help="YAML with the keys " + ", ".join(KEYS))
    parser.add_argument("--model", help="bundled:smollm2-135m-instruct, a folder, or a hub id")
    parser.add_argument("--revision", help="commit of a hub id")
    parser.add_argument("--prompts", help="file: one prompt a line, or a JSON list")
    parser.add_argument("--top", type=int, help="how many tokens are listed for each prompt (256)")
    parser.add_argument("--out", help="the JSON file; standard output when not given")


def run(args: argparse.Namespace) -> int:
    """Write the table; 0.

    Raises:
        BadInput: the settings or a prompt cannot be used.
        LackingResource: the model cannot be fetched.
    """
    wish = _wish(args)
    source = wish["model"]
    loaded = loading.load_base(ModelSettings(source=source, revision=wish["revision"], dtype="float32"))
    table = build_table(loaded, wish)
    text = json.dumps(table, ensure_ascii=False, separators=(",", ":")) + "\n"
    if wish["out"]:
        Path(wish["out"]).parent.mkdir(parents=True, exist_ok=True)
        Path(wish["out"]).write_text(text, encoding="utf-8")
    else:
        print(text, end="")
    return 0


def build_table(loaded: LoadedModel, wish: dict[str, Any]) -> dict[str, Any]:
    """The whole table, ready for JSON; entropies and log-sum-exp in nats.

    Args:
        loaded: the model in float32.
        wish: keys as in ``Settings``.

    Raises:
        BadInput: a prompt makes no token.
    """
    rows = [next_token_logits(loaded, p) for p in wish["prompts"]]
    table = {
        "model": wish["model"] + (f" at {wish['revision']}" if wish["revision"] else ""),
        "what": WHAT,
        "source": wish["source"] or "computed by python -m training logits, float32",
        "temperatures": list(wish["temperatures"]),
        "vocabulary_size": int(rows[0][1].numel()),
        "prompts": [
            _entry(loaded, prompt, ids, logits, wish)
            for prompt, (ids, logits) in zip(wish["prompts"], rows, strict=True)
        ],
    }
    if wish["shared_prompts"]:
        table["shared"] = _shared(loaded, wish["shared_prompts"], wish["shared_top"])
    return table


def next_token_logits(loaded: LoadedModel, prompt: str) -> tuple[list[int], torch.Tensor]:
    """Token ids of the prompt, and the logits of what follows: (V,), float64 values of the float32 logits.

    Raises:
        BadInput: a prompt that makes no token.
    """
    import torch

    ids = loaded.tokenizer(prompt)["input_ids"]
    if not ids:
        raise BadInput(f"prompts: {prompt!r} makes no token, so nothing follows it; take it out")
    with torch.no_grad():
        out = loaded.model(input_ids=torch.tensor([ids], device=loaded.model.device), use_cache=False)
    return ids, out.logits[0, -1].float().cpu().double()


def _entry(loaded: LoadedModel, prompt: str, ids: list[int], logits: torch.Tensor, wish: dict[str, Any]
           ) -> dict[str, Any]:  # fmt: skip
    best = logits.topk(min(wish["top"], logits.numel()))
    logp = logits.log_softmax(-1)
    return {
        "prompt": prompt,
        "token_ids": ids,
        "top": {"ids": best.indices.tolist(), "tokens": [loaded.tokenizer.decode([i]) for i in best.indices.tolist()],
                "logits": [round(x, 6) for x in best.values.tolist()]},
        "logsumexp": [float((logits / t).logsumexp(-1)) for t in wish["temperatures"]],
        "entropy_nats": float(-(logp.exp() * logp).sum()),
    }  # fmt: skip


def _shared(loaded: LoadedModel, prompts: list[str], top: int) -> dict[str, Any]:
    """The tokens with the largest mean probability over ``prompts``, with their logits for each of them."""
    import torch

    logits = torch.stack([next_token_logits(loaded, p)[1] for p in prompts])  # (N, V)
    ids = logits.softmax(-1).mean(0).topk(min(top, logits.shape[1])).indices
    return {"prompts": prompts, "ids": ids.tolist(), "tokens": [loaded.tokenizer.decode([i]) for i in ids.tolist()],
            "logits": [[round(x, 6) for x in row] for row in logits[:, ids].tolist()]}  # fmt: skip


def _wish(args: argparse.Namespace) -> dict[str, Any]:
    """Settings of the file, laid over by the command line, checked; keys as in ``Settings``."""
    place, given = "logits", {}
    if args.config:
        place, given = args.config, strict_yaml.read(args.config)
        if not isinstance(given, (dict, type(None))):
            raise BadInput(f"{place}: a mapping is expected; known keys: {', '.join(KEYS)}")
    wish = {**(given or {}), **{key: getattr(args, key) for key in ("model", "revision", "prompts", "top", "out")
                                if getattr(args, key) is not None}}  # fmt: skip
    if isinstance(wish.get("prompts"), str):
        wish["prompts"] = _read_prompts(Path(wish["prompts"]))
    found = dict(build(Settings, wish, place))
    if not found["model"] or not found["prompts"]:
        raise BadInput("logits needs a model and prompts: give --model and --prompts, or --config")
    asked = wish.get("temperatures", found["temperatures"])  # a whole number is written as one
    found["temperatures"] = [one if isinstance(one, int) else value
                             for one, value in zip(asked, found["temperatures"], strict=True)]  # fmt: skip
    if not found["temperatures"] or min(found["temperatures"]) < LOWEST:
        raise BadInput(f"{place}: 'temperatures' must be numbers of {LOWEST:g} or more, one at least")
    return found


def _read_prompts(path: Path) -> list[str]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:  # ValueError: no UTF-8, or a path with a NUL
        raise BadInput(f"{path}: the prompts cannot be read ({type(error).__name__})") from error
    if path.suffix != ".json":
        return [line for line in text.split("\n") if line.strip()]  # nothing else ends a line: U+2028 is text
    try:
        found = pasted_json.load(text)
    except json.JSONDecodeError as error:
        raise BadInput(f"{path}:{error.lineno}: not readable as JSON ({error.msg})") from error
    except ValueError as error:  # nested too deeply, or a number of too many digits
        raise BadInput(f"{path}: not readable as JSON ({error})") from error
    if not isinstance(found, list) or not all(isinstance(x, str) for x in found):
        raise BadInput(f"{path}: a JSON list of texts is expected")
    return found
