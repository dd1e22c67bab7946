"""``python -m training.stack.assistant serve | ask | evaluate``: the docs assistant of this site."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

from training.data.retrieval.pages import DOCS, read_site
from training.data.retrieval.search import Index
from training.run.errors import INTERRUPTED, LackingResource, TrainingError, describe_os_error
from training.stack.assistant import evaluate
from training.stack.assistant import settings as assistant_settings
from training.stack.assistant.models import ModelDown, fallback, writer
from training.stack.assistant.reply import reply
from training.stack.assistant.reply_json import as_json
from training.stack.assistant.traces import Traces

try:
    from training.stack.assistant import service

    MISSING = ""
except ImportError as error:  # only this command needs a web server
    service, MISSING = None, error.name

TRACES = Path("runs/assistant/traces.jsonl")


def port(text: str) -> int:
    """A port's number, from the command line or the environment.

    Raises:
        argparse.ArgumentTypeError: no whole number from 0 to 65535.
    """
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and int(text) <= 65535):
        raise argparse.ArgumentTypeError(f"'{text}' (of --port, or of PORT in the environment) is no port; give a whole"
                                         " number up to 65535")  # fmt: skip
    return int(text)


def parser() -> argparse.ArgumentParser:
    """The commands and their arguments."""
    top = argparse.ArgumentParser(prog="python -m training.stack.assistant", description=__doc__)
    commands = top.add_subparsers(dest="command", required=True)
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument(
        "--config", type=Path, default=assistant_settings.DEFAULT, help="who answers (training/stack/configs)"
    )
    shared.add_argument("--adapter", default="", help="folder of a LoRA adapter, in place of the configuration's")
    shared.add_argument("--docs", type=Path, default=DOCS, help="folder of the pages")
    serve = commands.add_parser("serve", parents=[shared], help="answer POST /ask on this machine")
    serve.add_argument("--port", type=port, default=os.environ.get("PORT", "8010"),
                       help="PORT of the environment, or 8010")  # fmt: skip
    serve.add_argument("--traces", type=Path, default=TRACES, help="append-only JSONL file")
    ask = commands.add_parser("ask", parents=[shared], help="answer one question and stop")
    ask.add_argument("question")
    score = commands.add_parser("evaluate", parents=[shared], help="score the held-out half of the question set")
    score.add_argument("--out", type=Path, default=Path("runs/assistant/evaluate"))
    score.add_argument("--record", action="store_true", help="keep the record in docs/data/runs (clean checkout only)")
    return top


def chosen_by(args: argparse.Namespace) -> tuple[assistant_settings.Settings, Index]:
    """The configuration, with the adapter that was named, and the pages to search in."""
    chosen = assistant_settings.load(args.config)
    return chosen.replace(adapter=args.adapter or chosen.adapter), Index(read_site(args.docs))


def serve_command(args: argparse.Namespace) -> int:
    """Build the index, name what an earlier server left open, serve.

    Raises:
        LackingResource: the web server's packages are not installed.
    """
    if service is None:
        raise LackingResource(f"{MISSING} is not installed: pip install -r requirements/train.txt")
    chosen, index = chosen_by(args)
    traces = Traces(args.traces)
    for left in traces.unfinished():
        print(f"left open by an earlier server: {left['trace_id']} ({left['at']})", file=sys.stderr)
    app = service.make_app(index, chosen, writer(chosen), traces, fallback(chosen, index, args.config.parent))
    print(f"{chosen.name} answers at http://127.0.0.1:{args.port}/ask, traces in {args.traces}", file=sys.stderr)
    service.serve(app, args.port)
    return 0


def ask_command(args: argparse.Namespace) -> int:
    """Print one answer as JSON."""
    chosen, index = chosen_by(args)
    found = reply(args.question, index, chosen, writer(chosen), fallback(chosen, index, args.config.parent))
    print(json.dumps(as_json(found), indent=1))
    return 0


def evaluate_command(args: argparse.Namespace) -> int:
    """Score who answers on the held-out questions."""
    chosen, index = chosen_by(args)
    command = f"python -m training.stack.assistant evaluate --config {os.path.relpath(args.config)}"
    command += f" --adapter {args.adapter}" if args.adapter else ""
    other = fallback(chosen, index, args.config.parent)
    return evaluate.run(index, chosen, writer(chosen), args.out / chosen.name, args.record, command, other)


def main(arguments: list[str] | None = None) -> int:
    """Run a command; what a reader can mend is one line."""
    args = parser().parse_args(arguments)
    try:
        return {"serve": serve_command, "ask": ask_command, "evaluate": evaluate_command}[args.command](args)
    except TrainingError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    except ModelDown as error:
        print(error, file=sys.stderr)
        return LackingResource.exit_code
    except KeyboardInterrupt:
        print("stopped; the same command begins again", file=sys.stderr)
        return INTERRUPTED
    except OSError as error:
        said, code = describe_os_error(error)
        print(said, file=sys.stderr)
        return code


if __name__ == "__main__":
    sys.exit(main())
