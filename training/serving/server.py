"""A run behind an OpenAI-compatible address on this machine: transformers' own server, with the run's model in it.

The server is transformers' (``transformers serve``). What is ours: its one model is base and adapter as they were
measured, a question without a system turn gets the one that the run was trained under, an answer is greedy and ends at
the run's stop tokens, and any model's name is answered for.
"""

from __future__ import annotations

import re
import signal
import socket
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from training.models import chat_template
from training.run import machine
from training.run.errors import BadInput, LackingResource

if TYPE_CHECKING:
    from fastapi import FastAPI

HOST = "127.0.0.1"
NEEDED = ("fastapi", "uvicorn", "openai")
ROLES = ("system", "user", "assistant", "tool", "developer")


def need_server() -> None:
    """Check that the server's packages are here.

    Raises:
        LackingResource: one is missing.
    """
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise LackingResource(f"serve needs {', '.join(missing)}: pip install -r requirements/train.txt")


def listening(port: int) -> socket.socket:
    """A socket on this machine's own address; port 0 takes a free one.

    Raises:
        BadInput: the port is no port, or taken.
    """
    if not 0 <= port <= 65535:
        raise BadInput(f"serve: --port is {port}; give one from 1 to 65535, or 0 for a free one")
    bound = socket.socket()
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((HOST, port))
        bound.listen()  # who asks before the server has started waits
    except OSError as error:
        bound.close()
        raise BadInput(f"serve: port {port} cannot be used ({error.strerror}); give another, or 0 for a free one"
                       ) from None  # fmt: skip
    return bound


def served_name(text: str) -> str:
    """A run's name as a model's name in requests."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("-") or "run"


def make_app(model: Any, tokenizer: Any, name: str, system: str, max_new_tokens: int) -> FastAPI:
    """The application that answers for one model.

    Args:
        model: causal language model, plain or with an adapter.
        tokenizer: its tokenizer, with the chat template.
        name: what /v1/models lists.
        system: the turn that a question without one gets; "" for none.
        max_new_tokens: longest answer where the request does not say.
    """
    from fastapi import HTTPException
    from transformers import GenerationConfig
    from transformers.cli.serving.chat_completion import ChatCompletionHandler
    from transformers.cli.serving.completion import CompletionHandler
    from transformers.cli.serving.model_manager import ModelManager, TimedModel
    from transformers.cli.serving.response import ResponseHandler
    from transformers.cli.serving.server import build_server
    from transformers.cli.serving.systemone import SystemOneHandler
    from transformers.cli.serving.transcription import TranscriptionHandler
    from transformers.cli.serving.utils import GenerationState

    stops = sorted(chat_template.stop_ids(tokenizer))
    pad = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else stops[0]
    model.generation_config = GenerationConfig(eos_token_id=stops, pad_token_id=pad, do_sample=False,
                                               bos_token_id=tokenizer.bos_token_id)  # fmt: skip

    class OneModel(ModelManager):
        """A manager that has one model, for good."""

        @staticmethod
        def process_model_name(model_id: str) -> str:
            return model_id

        def get_gen_models(self) -> list[dict]:  # pyrefly: ignore[bad-override]
            return [{"id": name, "object": "model", "created": 0, "owned_by": "stage10"}]

    manager = OneModel(model_timeout=-1)
    manager.force_model = name
    manager.loaded_models[manager.process_model_name(name)] = TimedModel(model, -1, tokenizer)

    class Chat(ChatCompletionHandler):
        """Requests as the run knows them."""

        async def handle_request(self, body: dict, request_id: str) -> Any:
            fault = fault_of(body)
            if fault:
                raise HTTPException(status_code=400, detail=fault)
            return await super().handle_request(prepared(body, name, system, max_new_tokens), request_id)

        def _build_generation_config(self, body: dict, model_generation_config: Any, use_cb: bool = False) -> Any:
            config = super()._build_generation_config(body, model_generation_config, use_cb)
            config.do_sample = bool(body.get("temperature"))
            if not config.do_sample:
                config.temperature = config.top_p = None
            return config

    state = GenerationState()
    return build_server(
        manager, Chat(manager, state), CompletionHandler(manager, state), ResponseHandler(manager, state),
        TranscriptionHandler(manager, state), SystemOneHandler(manager, state), state,
    )  # fmt: skip


def fault_of(body: dict[str, Any]) -> str:
    """What is wrong with a request's conversation; "" for a good one."""
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        return 'messages: give a list of turns, such as [{"role": "user", "content": "..."}]'
    for at, turn in enumerate(messages):
        if not isinstance(turn, dict) or turn.get("role") not in ROLES:
            return f"messages[{at}].role: give one of {', '.join(ROLES)}"
        if not isinstance(turn.get("content"), str | list | None):
            return f"messages[{at}].content: give a text"
    for key in ("max_tokens", "max_completion_tokens"):
        given = body.get(key)
        if given is not None and (not isinstance(given, int) or isinstance(given, bool) or given < 1):
            return f"{key}: give a whole number from 1 on"
    temperature = body.get("temperature")
    if temperature is not None and (not isinstance(temperature, int | float) or not 0 <= temperature <= 100):
        return "temperature: give a number from 0 on"
    return ""


def prepared(body: dict[str, Any], name: str, system: str, max_new_tokens: int) -> dict[str, Any]:
    """The request with the run's system turn and limit where it has none, for the one model that is here."""
    messages = body["messages"]
    if system and all(turn["role"] not in ("system", "developer") for turn in messages):
        messages = [{"role": "system", "content": system}, *messages]
    limit = {} if body.get("max_tokens") or body.get("max_completion_tokens") else {"max_tokens": max_new_tokens}
    return {**body, **limit, "model": name, "messages": messages}


def serve(app: FastAPI, bound: socket.socket, name: str) -> None:
    """Answer until SIGTERM or Ctrl-C."""
    import uvicorn

    server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
    signal.signal(signal.SIGTERM, lambda *_: None)  # uvicorn ends at it, then raises it again
    port = bound.getsockname()[1]
    machine.say(f"serving {name} at http://{HOST}:{port}/v1 (OpenAI-compatible; Ctrl-C or SIGTERM ends it)")
    server.run(sockets=[bound])
