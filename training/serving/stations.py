"""The same prompts at each station on the way to a server: what each is asked, and what it answers, token by token."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from training.data.tasks import base as task_base
from training.data.tasks.base import Row, Task
from training.models import chat_template, loading
from training.models.rendering import thoughts
from training.run import jsonl
from training.run.errors import BadInput
from training.serving import gguf_reading, merging
from training.serving.shipment import Shipment, need_weights

if TYPE_CHECKING:
    import torch

NEAR_TIE = 1e-3  # of two tokens' logits: closer ones may change places where sums are taken in another order
BATCH = 10


@dataclass(frozen=True)
class Station:
    """A model as something would serve it.

    Attributes:
        name: "adapter", "merged", "gguf", or "gguf-Q4_0".
        model: transformers' causal language model in float32.
        tokenizer: the station's own.
        stops: ids at which it ends an answer.
        lossless: whether it holds the merged weights exactly.
        beginning: whether it puts the beginning token in front of a prompt without one.
    """

    name: str
    model: Any
    tokenizer: Any
    stops: list[int]
    lossless: bool = True
    beginning: bool = False

    def prompts(self, rows: list[Row]) -> list[list[int]]:
        """Token ids that the station gives its model for each row's question and tools.

        Raises:
            BadInput: the station has no chat template.
        """
        return [self._prompt(row) for row in rows]

    def _prompt(self, row: Row) -> list[int]:
        ids = chat_template.prompt_ids(self.tokenizer, task_base.prompt(row), row.get("tools"))
        first = self.tokenizer.bos_token_id
        return [first, *ids] if self.beginning and first is not None and ids[:1] != [first] else ids

    def greedy(self, prompts: list[list[int]], limit: int) -> list[list[int]]:
        """The likeliest tokens after each prompt, up to and including a stop token.

        Args:
            prompts: token ids.
            limit: longest answer, in tokens.
        """
        import torch

        pad = self.stops[0] if self.stops else 0
        width = max(map(len, prompts))
        ids = torch.full((len(prompts), width), pad)
        seen = torch.zeros_like(ids)
        for at, one in enumerate(prompts):
            ids[at, width - len(one) :] = torch.tensor(one)
            seen[at, width - len(one) :] = 1
        with torch.inference_mode():
            out = self.model.generate(input_ids=ids, attention_mask=seen, do_sample=False, max_new_tokens=limit,
                                      eos_token_id=self.stops or None, pad_token_id=pad)  # fmt: skip
        return [cut(row, self.stops) for row in out[:, width:].tolist()]


@dataclass(frozen=True)
class Answers:
    """What a station was asked and answered; tokens are ids.

    Attributes:
        prompts: of each question.
        tokens: of each answer, its stop token included.
        score: mean of the task's first metric, from 0 to 1.
    """

    prompts: list[list[int]]
    tokens: list[list[int]]
    score: float


def reference(shipment: Shipment) -> Station:
    """Adapter on base by PEFT, in float32: what all other stations are held against."""
    import torch
    from transformers import AutoModelForCausalLM

    model: Any = AutoModelForCausalLM.from_pretrained(shipment.base, dtype=torch.float32).eval()
    if shipment.config.model.quantization == "nf4":
        rounded = merging.nf4_layers(shipment)
        for name, module in model.named_modules():
            if name in rounded:
                module.weight.data = merging.through_nf4(module.weight.data, shipment.dtype)
    if shipment.adapter is not None:
        model = loading.attach_adapter(model, shipment.adapter)
    return Station("adapter", model, shipment.tokenizer, shipment.stops)


def merged(folder: Path) -> Station:
    """An exported folder, with the stops of its own generation_config.json.

    Raises:
        BadInput: it holds no model.
    """
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    need_weights(folder)
    try:
        model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
        tokenizer = AutoTokenizer.from_pretrained(folder)
    except (OSError, ValueError, RuntimeError) as error:
        raise BadInput(f"{folder}: no model can be read here ({' '.join(str(error).split())[:160]}); export it again"
                       ) from error  # fmt: skip
    settings = folder / "generation_config.json"
    stops = jsonl.read_object(settings, "export it again").get("eos_token_id") if settings.is_file() else None
    stops = model.config.eos_token_id if stops is None else stops
    ids = [] if stops is None else [stops] if isinstance(stops, int) else list(stops)
    return Station("merged", model, tokenizer, sorted(ids), merging.own_dtype(folder) == "float32")


def gguf(file: Path, name: str) -> Station:
    """A GGUF file read back, with the stops that llama.cpp takes.

    Raises:
        BadInput: it is no GGUF that transformers reads.
    """
    read = gguf_reading.read_back(file)
    said, _ = gguf_reading.metadata(file)
    adds = bool(said.get("tokenizer.ggml.add_bos_token"))
    return Station(name, read.model, read.tokenizer, read.stops, read.types == {"F32"}, adds)


def ask(station: Station, rows: list[Row], task: Task, limit: int) -> Answers:
    """Greedy answers to the rows' questions.

    Args:
        station: who is asked.
        rows: held-out rows, the last turn the expected answer.
        task: for the score.
        limit: longest answer, in tokens.
    """
    prompts = station.prompts(rows)
    parts = [prompts[at : at + BATCH] for at in range(0, len(prompts), BATCH)]
    tokens = [ids for part in parts for ids in station.greedy(part, limit)]
    texts = [text_of(station, ids) for ids in tokens]
    scores = [task.score_row(thoughts.said(text), row)[task.metrics[0]] for text, row in zip(texts, rows, strict=True)]
    return Answers(prompts, tokens, sum(scores) / len(scores))


def text_of(station: Station, ids: list[int]) -> str:
    """An answer's text, without its stop token."""
    kept = ids[:-1] if ids and ids[-1] in station.stops else ids
    return str(station.tokenizer.decode(kept, skip_special_tokens=True))


def cut(ids: list[int], stops: list[int]) -> list[int]:
    """An answer up to and including its first stop token."""
    end = next((at + 1 for at, token in enumerate(ids) if token in stops), len(ids))
    return ids[:end]


def gap(station: Station, asked: list[int], first: int, second: int) -> float:
    """By how much one next token's logit is above another's."""
    import torch

    with torch.inference_mode():
        logits: torch.Tensor = station.model(input_ids=torch.tensor([asked])).logits[0, -1]
    return float(logits[first] - logits[second])
