"""``python -m training chat``: the same question to base and fine-tuned model, side by side."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from training.data.system_turn import system_of
from training.methods.configuration import config_from
from training.models import chat_template, guards, loading
from training.run import machine
from training.run.arguments import add_common
from training.run.errors import BadInput

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

ABOUT = """Type a message; the base model and the fine-tuned model answer it side by side, with the task's system
turn, or the one that your own rows share.

  python -m training chat --config runs/RUN/config.yaml --adapter runs/RUN/adapter
  echo "Where is my blue kettle, order K-1234?" | python -m training chat --adapter runs/RUN/adapter

Answers are greedy, so the same message gets the same answers. An empty line, Ctrl-D or Ctrl-C ends the chat. Without
--adapter only the base model answers."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``chat``."""
    add_common(parser)
    parser.add_argument("--adapter", metavar="DIR", help="a run's adapter folder")
    parser.add_argument("--system", help="another system prompt than the task's")
    parser.add_argument("--max-new-tokens", type=int, default=120)


def run(args: argparse.Namespace) -> int:
    """Answer until the input ends; 0.

    Raises:
        BadInput: configuration, adapter or task cannot be used.
        GuardFailed: the adapter was trained on another model.
        LackingResource: the model cannot be fetched.
    """
    if args.max_new_tokens < 1:
        raise BadInput(f"chat: --max-new-tokens is {args.max_new_tokens}; give 1 or more")
    if args.adapter and not args.config and (Path(args.adapter).parent / "config.yaml").is_file():
        args.config = str(Path(args.adapter).parent / "config.yaml")
    config = config_from(args)
    if args.adapter:
        guards.same_base(Path(args.adapter), config.model.source)
    loaded = loading.load_base(config.model)
    tuned = loading.attach_adapter(loaded.model, args.adapter) if args.adapter else loaded.model
    how = chat_template.reading(config)
    system = args.system if args.system is not None else system_of(config)
    while True:
        text = _read()
        if not text:
            return 0
        messages = ([{"role": "system", "content": system}] if system else []) + [{"role": "user", "content": text}]
        answers = ask(tuned, loaded.tokenizer, messages, args.max_new_tokens, bool(args.adapter), how)
        show(answers)


def ask(tuned: Any, tokenizer: PreTrainedTokenizerBase, messages: list[dict],
        max_new_tokens: int, has_adapter: bool,
        how: chat_template.Reading = chat_template.PLAIN) -> dict[str, str]:  # fmt: skip
    """``{"base": answer, "tuned": answer}``; the base is the same model with its adapter switched off.

    Args:
        tuned: transformers' causal model; PEFT's when ``has_adapter``, otherwise only ``"base"`` is in the answer.
        how: how the turns are read.
    """
    if not has_adapter:
        return {"base": answer(tuned, tokenizer, messages, max_new_tokens, how)}
    with tuned.disable_adapter():
        base = answer(tuned, tokenizer, messages, max_new_tokens, how)
    return {"base": base, "tuned": answer(tuned, tokenizer, messages, max_new_tokens, how)}


def answer(model: Any, tokenizer: PreTrainedTokenizerBase, messages: list[dict], max_new_tokens: int,
           how: chat_template.Reading) -> str:  # fmt: skip
    """A greedy answer, up to the stop token."""
    import torch

    ids = torch.tensor([chat_template.prompt_ids(tokenizer, messages, how=how)], device=model.device)
    with torch.no_grad():
        out = model.generate(input_ids=ids, attention_mask=torch.ones_like(ids), max_new_tokens=max_new_tokens,
                             do_sample=False, pad_token_id=tokenizer.pad_token_id,
                             eos_token_id=sorted(chat_template.stop_ids(tokenizer)))  # fmt: skip
    return str(tokenizer.decode(out[0, ids.shape[1] :], skip_special_tokens=True)).strip()


def show(answers: dict[str, str]) -> None:
    """Two columns on a terminal, plain lines elsewhere."""
    if not sys.stdout.isatty():
        for name, text in answers.items():
            print(f"{name}: {text}", flush=True)
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(*answers, expand=True)
    table.add_row(*(escape(text) for text in answers.values()))
    Console().print(table)


def _read() -> str:
    if sys.stdin.isatty():
        machine.say("")
    try:
        return input("you: " if sys.stdin.isatty() else "").strip()
    except (EOFError, KeyboardInterrupt):
        return ""
