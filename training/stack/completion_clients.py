"""Who answers: a transformers model here, vLLM here, or an OpenAI-compatible endpoint; all give the same ``Reply``."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from typing import Any, Protocol

from training.models import chat_template, loading
from training.models.loading import LoadedModel
from training.run.endpoint import address, chat_call
from training.run.errors import BadInput, LackingResource
from training.stack import shared_prefix
from training.stack.distill.settings import StackConfig, TeacherSettings

Message = dict[str, str]


@dataclass(frozen=True)
class Reply:
    """One answer.

    Attributes:
        text: without the stop token.
        tokens_in, tokens_out: read and written.
        finished: it ended by itself; an answer that was cut off or filtered is a failed one.
        confidence: probability of the least likely of its tokens, 0 to 1; 0 where the model does not say.
    """

    text: str
    tokens_in: int
    tokens_out: int
    finished: bool
    confidence: float = 0.0


class CompletionClient(Protocol):
    """``name`` says for certain who answers (it is part of the cache's key); ``batch`` how many at a time."""

    name: str
    batch: int

    def ask(self, prompts: list[list[Message]], seeds: list[int], temperature: float,
            longest: int) -> Iterator[tuple[int, Reply]]:  # fmt: skip
        """Place and answer of each prompt, as soon as it is there; temperature 0 asks for the likeliest answer."""


@dataclass
class Local:
    """A transformers model on this machine. What all prompts begin with is run once."""

    loaded: LoadedModel
    name: str
    batch: int = 96

    def ask(self, prompts: list[list[Message]], seeds: list[int], temperature: float,
            longest: int) -> Iterator[tuple[int, Reply]]:  # fmt: skip
        """A draw depends on its own seed, not on the prompts beside it: a resumed run draws what a straight one does
        (but for near ties in bfloat16)."""
        tokenizer, stops = self.loaded.tokenizer, chat_template.stop_ids(self.loaded.tokenizer)
        for start in range(0, len(prompts), self.batch):
            part = slice(start, start + self.batch)
            ids = [chat_template.prompt_ids(tokenizer, turns) for turns in prompts[part]]
            pick = shared_prefix.draws(seeds[part], temperature) if temperature else shared_prefix.likeliest
            found = shared_prefix.write(self.loaded.model, ids, longest, stops, pick)
            for at, (tokens, chances) in enumerate(zip(*found, strict=True)):
                text = str(tokenizer.decode(tokens, skip_special_tokens=True)).strip()
                yield start + at, Reply(text, len(ids[at]), len(tokens), tokens[-1] in stops, math.exp(min(chances)))


@dataclass
class VLLM:
    """vLLM in this process: for a teacher of your own on a GPU."""

    name: str
    engine: Any
    batch: int = 256

    def ask(self, prompts: list[list[Message]], seeds: list[int], temperature: float,
            longest: int) -> Iterator[tuple[int, Reply]]:  # fmt: skip
        """One call of ``chat`` for all prompts."""
        from vllm import SamplingParams

        wishes = [SamplingParams(temperature=temperature, max_tokens=longest, seed=seed) for seed in seeds]
        found = self.engine.chat(prompts, wishes, use_tqdm=False)
        for at, one in enumerate(found):
            written = one.outputs[0]
            yield at, Reply(written.text.strip(), len(one.prompt_token_ids), len(written.token_ids),
                            written.finish_reason == "stop")  # fmt: skip


@dataclass
class Endpoint:
    """Calls ``URL/chat/completions``, some at a time."""

    settings: TeacherSettings
    name: str
    batch: int = 8

    def ask(self, prompts: list[list[Message]], seeds: list[int], temperature: float,
            longest: int) -> Iterator[tuple[int, Reply]]:  # fmt: skip
        """One call for each prompt, ``batch`` at a time; yields each answer as soon as it is there.

        Raises:
            LackingResource: a call failed; raised after the answers of the other calls were yielded.
        """
        failed = None
        with ThreadPoolExecutor(self.batch) as pool:
            waiting = {pool.submit(self._call, turns, seed, temperature, longest): at
                       for at, (turns, seed) in enumerate(zip(prompts, seeds, strict=True))}  # fmt: skip
            for one in as_completed(waiting):
                if one.exception():
                    failed = failed or one.exception()
                else:
                    yield waiting[one], one.result()
        if failed:
            raise failed

    def _call(self, turns: list[Message], seed: int, temperature: float, longest: int) -> Reply:
        s = self.settings
        body = {"model": s.model, "messages": turns, "temperature": temperature, "max_tokens": longest, "seed": seed}
        try:
            found = chat_call.complete(s.url, body, s.key_from, s.timeout_s, tries=3)
        except chat_call.NoAnswer as error:
            raise LackingResource(f"teacher.url: {chat_call.shown(s.url)} does not answer ({error}); answered calls are"
                                  " kept, run the same command again") from error  # fmt: skip
        except chat_call.NoCompletion as error:
            raise LackingResource(
                f"teacher.url: {chat_call.shown(s.url)} sent something that is no chat completion ({error})"
            ) from error
        return Reply(found.text, found.tokens_in, found.tokens_out, found.finished)


def teacher_of(config: StackConfig, loaded: LoadedModel) -> CompletionClient:
    """The teacher that a configuration names.

    Args:
        config: a StackConfig.
        loaded: the student's base, which also teaches when no other model is named.

    Raises:
        LackingResource: vLLM is not installed, or the teacher's model cannot be loaded.
    """
    s = config.teacher
    if s.kind == "endpoint":
        return Endpoint(s, f"endpoint:{chat_call.shown(s.url)}:{s.model}", s.batch)
    if s.kind == "vllm":
        try:
            from vllm import LLM
        except ImportError:
            raise LackingResource("teacher.kind: vllm is not installed (it needs a GPU); install it, or set"
                                  " teacher.kind=local or endpoint") from None  # fmt: skip
        return VLLM(f"vllm:{s.model}@{s.revision}", LLM(s.model, revision=s.revision), s.batch)
    if s.model:
        loaded = loading.load_base(config.model.replace(source=s.model, revision=s.revision))
    return of_model(loaded, s.batch)


def of_model(loaded: LoadedModel, batch: int) -> Local:
    """A loaded model under the name that tells it from all others."""
    return Local(loaded, f"local:{loaded.facts['source']}@{loaded.facts['revision']}:{loaded.dtype}", batch)


def check(config: StackConfig, path: str) -> None:
    """Check what the settings say together.

    Args:
        path: of the configuration, for the message.

    Raises:
        BadInput: naming the file, the key and the remedy. LackingResource: the endpoint's key is not set.
    """
    s = config.teacher
    wrong = address.fault(s.url) if s.kind == "endpoint" else ""
    if wrong:
        raise BadInput(f"{path}: where teacher.kind is endpoint, 'teacher.url' {wrong}")
    if s.kind != "local" and not s.model:
        raise BadInput(f"{path}: 'teacher.model' is missing where teacher.kind is {s.kind}; name the model")
    if s.key_from and s.kind == "endpoint" and not os.environ.get(s.key_from):
        raise LackingResource(f"teacher.key_from: the environment variable {s.key_from} is empty; put the key there")
    if s.budget_money and not (s.price_in or s.price_out):
        raise BadInput(f"{path}: 'teacher.budget_money' needs prices; set teacher.price_in and teacher.price_out")
    sets = list(config.data.heldout_files or config.evaluate.sets)
    if len(sets) != 2 or sets[0] == sets[1]:
        raise BadInput(f"{path}: 'evaluate.sets' (or 'data.heldout_files') must name two different sets: calibration,"
                       " then test")  # fmt: skip
    if config.lora is None:
        raise BadInput(f"{path}: 'lora' is missing, but the student is an adapter on its base; give a 'lora' section")
