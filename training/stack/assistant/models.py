"""Who writes the answer: a local model, with or without an adapter, or an OpenAI-compatible endpoint."""

from __future__ import annotations

import json
import os
import threading
import urllib.error
import urllib.request

from training import embedded, runtime
from training.errors import LackingResource
from training.stack.assistant.answer import Model, Written
from training.stack.assistant.settings import Settings


class ModelDown(Exception):
    """The model that should write the answer does not answer; one line says which and why."""


def writer(settings: Settings) -> Model | None:
    """The configured model; None where the answer is extracted without one."""
    if settings.backend == "extract":
        return None
    return endpoint(settings) if settings.backend == "endpoint" else local(settings)


def endpoint(settings: Settings) -> Model:
    """Calls ``URL/chat/completions``."""

    def write(prompt: str) -> Written:
        headers = {"Content-Type": "application/json"}
        if settings.key_from:
            headers["Authorization"] = f"Bearer {os.environ.get(settings.key_from, '')}"
        body = {"model": settings.model, "temperature": 0, "max_tokens": settings.max_new_tokens,
                "messages": [{"role": "user", "content": prompt}]}  # fmt: skip
        request = urllib.request.Request(
            f"{settings.url.rstrip('/')}/chat/completions", json.dumps(body).encode(), headers
        )
        try:
            with urllib.request.urlopen(request, timeout=settings.timeout_s) as response:
                reply = json.load(response)
            usage = reply.get("usage") or {}
            return Written(reply["choices"][0]["message"]["content"] or "",
                           int(usage.get("prompt_tokens", 0)), int(usage.get("completion_tokens", 0)))  # fmt: skip
        except (OSError, urllib.error.URLError) as error:
            reason = getattr(error, "reason", error)
            raise ModelDown(f"the model at {settings.url} does not answer ({reason})") from error
        except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
            raise ModelDown(f"the model at {settings.url} sent something that is no chat completion") from error

    return write


def local(settings: Settings) -> Model:
    """A transformers model on this machine, one answer at a time; greedy, so that the same question gives the same.

    Raises:
        LackingResource: the model or the adapter cannot be loaded.
    """
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    runtime.quiet_libraries()
    folder = settings.model or str(embedded.folder())
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder)
        model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.bfloat16).to(runtime.device()).eval()
        if settings.adapter:
            from peft import PeftModel

            model = PeftModel.from_pretrained(model, settings.adapter).merge_and_unload().eval()
    except (OSError, ValueError) as error:
        raise LackingResource(f"{settings.name}: model or adapter cannot be loaded ({error})") from error
    lock = threading.Lock()

    def write(prompt: str) -> Written:
        turn = [{"role": "user", "content": prompt}]
        ids = tokenizer.apply_chat_template(turn, add_generation_prompt=True, return_tensors="pt", return_dict=True)
        ids = {name: value.to(model.device) for name, value in ids.items()}
        before = ids["input_ids"].shape[1]
        with lock, torch.no_grad():
            out = model.generate(**ids, max_new_tokens=settings.max_new_tokens, do_sample=False,
                                 pad_token_id=tokenizer.eos_token_id)  # fmt: skip
        text = tokenizer.decode(out[0, before:], skip_special_tokens=True)
        return Written(text, before, out.shape[1] - before)

    return write
