"""Who writes the answer: a local model, with or without an adapter, or an OpenAI-compatible endpoint."""

from __future__ import annotations

import hashlib
import math
import threading
from pathlib import Path

from training.data.retrieval.answer import Written
from training.data.retrieval.search import Index
from training.data.tasks import site_answers
from training.data.tasks.base import taught
from training.data.tasks.site_answers import TASK
from training.models import bundled, loading
from training.run import machine
from training.run.endpoint import chat_call
from training.run.errors import LackingResource, TrainingError
from training.run.settings import ModelSettings
from training.stack import completion_clients
from training.stack.assistant import settings as assistant_settings
from training.stack.assistant.reply import Fallback, Model, reply
from training.stack.assistant.settings import Settings

Message = dict[str, str]


class ModelDown(Exception):
    """The model that should write the answer does not answer; one line says which and why."""


def writer(settings: Settings) -> Model | None:
    """The configured model; None where the answer is extracted without one."""
    if settings.backend == "extract":
        return None
    return endpoint(settings) if settings.backend == "endpoint" else local(settings)


def fallback(settings: Settings, index: Index, folder: Path = assistant_settings.FOLDER) -> Fallback | None:
    """Who answers where the configured model is not sure; None where nobody does."""
    if not settings.fallback:
        return None
    other = assistant_settings.load(folder / settings.fallback)
    model = writer(other)
    return lambda question: reply(question, index, other, model)


def turns_of(settings: Settings, prompt: str) -> list[Message]:
    """The conversation that a prompt stands in."""
    row = site_answers.TASK.row(prompt, "")
    asked = {"long": row["messages"][1:2], "short": row["messages"][:2], "taught": taught(site_answers.TASK, row)}
    return asked[settings.form]


def chosen(settings: Settings, prompt: str, tries: list[tuple[str, float]], tokens: tuple[int, int]) -> Written:
    """The first of (text, sureness) that the verifier lets pass, or the last one."""
    passed = 0
    if settings.form != "long":
        passed = next((at for at, (text, _) in enumerate(tries, 1) if not TASK.verify(prompt, text)), 0)
    return Written(tries[passed - 1][0], *tokens, tries[passed - 1][1], passed)


def endpoint(settings: Settings) -> Model:
    """A model behind ``URL/chat/completions``, called once for each try.

    Raises:
        ModelDown: raised by the returned function when the endpoint does not answer, or not with a completion.
    """

    def call(turns: list[Message], seed: int) -> tuple[str, float, int, int]:
        body = {"model": settings.model, "max_tokens": settings.max_new_tokens, "messages": turns,
                "temperature": settings.temperature if settings.tries > 1 else 0.0}  # fmt: skip
        body |= {"seed": seed} if settings.tries > 1 else {}
        body |= {"logprobs": True} if settings.fallback else {}
        try:
            found = chat_call.complete(settings.url, body, settings.key_from, settings.timeout_s)
        except chat_call.NoAnswer as error:
            raise ModelDown(f"the model at {chat_call.shown(settings.url)} does not answer ({error})") from error
        except chat_call.NoCompletion as error:
            raise ModelDown(
                f"the model at {chat_call.shown(settings.url)} sent something that is no chat completion ({error})"
            ) from error
        sure = math.exp(min(0.0, *found.logprobs)) if found.logprobs else 0.0
        return found.text, sure, found.tokens_in, found.tokens_out

    def write(prompt: str) -> Written:
        found = [call(turns_of(settings, prompt), seed) for seed in range(settings.tries)]
        return chosen(settings, prompt, [one[:2] for one in found],
                      (sum(one[2] for one in found), sum(one[3] for one in found)))  # fmt: skip

    return write


def local(settings: Settings) -> Model:
    """A transformers model on this machine, one question at a time; the same question gives the same answer.

    A single try is the likeliest answer; several are drawn side by side, and the prompt is read once for all.

    Raises:
        LackingResource: the model or the adapter cannot be loaded.
    """
    machine.quiet_libraries()
    try:
        source = settings.model or str(bundled.folder())
        loaded = loading.load_base(ModelSettings(source=source, revision=None, dtype="bfloat16"))
        if settings.adapter:
            loaded.model = loading.merged(loading.attach_adapter(loaded.model, settings.adapter)).eval()
    except TrainingError as error:
        raise LackingResource(f"{settings.name}: model or adapter cannot be loaded ({error})") from error
    client, lock = completion_clients.of_model(loaded, settings.tries), threading.Lock()

    def write(prompt: str) -> Written:
        first = int(hashlib.sha256(prompt.encode()).hexdigest()[:12], 16)
        prompts, seeds = [turns_of(settings, prompt)] * settings.tries, list(range(first, first + settings.tries))
        warmth = settings.temperature if settings.tries > 1 else 0.0
        with lock:
            found = [one for _, one in client.ask(prompts, seeds, warmth, settings.max_new_tokens)]
        return chosen(settings, prompt, [(one.text, one.confidence) for one in found],
                      (found[0].tokens_in, sum(one.tokens_out for one in found)))  # fmt: skip

    return write
