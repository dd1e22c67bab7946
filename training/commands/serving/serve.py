"""``python -m training serve``: a run behind an OpenAI-compatible address on this machine."""

from __future__ import annotations

import argparse
from pathlib import Path

from training.data.system_turn import system_of
from training.methods.configuration import load_config
from training.models import guards, loading
from training.run.errors import BadInput
from training.serving import server, shipment

ABOUT = """Serve base and adapter as they were measured, at http://127.0.0.1:PORT/v1, until Ctrl-C or SIGTERM.

  python -m training serve runs/RUN --port 8000
  curl http://127.0.0.1:8000/v1/chat/completions -H "Content-Type: application/json" \\
    -d '{"messages": [{"role": "user", "content": "Where is my blue kettle, order K-1234?"}]}'

The server is transformers' own. A question without a system turn gets the run's; answers are greedy unless the request
gives a temperature, and end at the tokens that training taught. /v1/models and /health answer as well."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``serve``."""
    parser.add_argument("run_folder", metavar="RUN", help="folder of the run")
    parser.add_argument("--port", type=int, default=8000, help="port on 127.0.0.1 (8000; 0 takes a free one)")
    parser.add_argument("--max-new-tokens", type=int, metavar="N", help="longest answer where a request does not say"
                        " (the run's evaluate.max_new_tokens)")  # fmt: skip


def run(args: argparse.Namespace) -> int:
    """Serve until the process is told to end; 0.

    Raises:
        BadInput: there is no run, or the port cannot be used.
        GuardFailed: the adapter belongs to another model or changes nothing.
        LackingResource: the model or the server's packages are missing.
    """
    server.need_server()
    folder = shipment.run_folder(args.run_folder)
    if args.max_new_tokens is not None and args.max_new_tokens < 1:
        raise BadInput(f"serve: --max-new-tokens is {args.max_new_tokens}; give 1 or more")
    config = load_config(folder / "config.yaml")
    with server.listening(args.port) as bound:
        guards.same_base(folder / "adapter", config.model.source)
        loaded = loading.load_base(config.model)
        model = shipment.trained_model(loaded.model, folder, config)
        name = server.served_name(Path(folder).resolve().name)
        limit = args.max_new_tokens or config.evaluate.max_new_tokens
        app = server.make_app(model, loaded.tokenizer, name, system_of(config), limit)
        server.serve(app, bound, name)
    return 0
