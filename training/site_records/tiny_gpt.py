"""``python -m training tiny-gpt``: train the tiny GPT of the page "Build 12" from nothing, in minutes on a CPU."""

from __future__ import annotations

import argparse
import json
import math
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from labs_py.core import tiny_story, tiny_text
from labs_py.core.tiny_gpt import Shape, count_model
from training.run import machine
from training.run import record as run_record
from training.run.errors import BadInput
from training.site_records import tiny_gpt_model as tiny_gpt

if TYPE_CHECKING:
    from training.site_records.tiny_gpt_model import TinyGPT

ABOUT = """Train a tiny GPT on stories that a grammar makes, and write it as one file of 16-bit numbers.

The shipped file is what --seed 0 gives at the defaults. Its record holds the held-out losses, the time, the machine."""

RECORD = Path("docs/data/runs/tiny-gpt.json")
STORIES, MERGES, BATCH, RATE = 6000, 220, 32, 4e-3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument("--steps", type=int, default=2500, help="training steps (2500)")
    parser.add_argument("--seed", type=int, default=0, help="of the stories, the start and the order (0)")
    parser.add_argument("--out", metavar="FILE", help="write the weights here (default: the shipped file)")
    parser.add_argument("--record", action="store_true", help=f"write {RECORD} as well; needs a clean checkout")


def windows(lines: list[list[int]], length: int, count: int, rng: np.random.Generator) -> np.ndarray:
    """(count, length + 1) tokens: each begins with a whole line and runs on through those after it."""
    stream = np.concatenate([np.array(line) for line in lines])
    starts = np.concatenate([[0], np.cumsum([len(line) for line in lines])[:-1]])
    starts = starts[starts < len(stream) - length]
    return stream[rng.choice(starts, count)[:, None] + np.arange(length + 1)]


def run(args: argparse.Namespace) -> int:
    """Train, measure on stories of the held-out side, write; returns the exit code.

    Raises:
        BadInput: --steps below 1, or --record without a clean checkout.
    """
    import torch

    if args.steps < 1:
        raise BadInput("tiny-gpt: --steps must be at least 1")
    sha, dirty = machine.commit()
    if args.record and dirty:
        raise BadInput("tiny-gpt: --record needs a clean checkout: commit first")
    began, started = time.perf_counter(), datetime.now(UTC).isoformat(timespec="seconds")
    torch.set_num_threads(1)  # matrices this small: a second thread only waits
    torch.manual_seed(args.seed)
    text = tiny_story.corpus(STORIES, args.seed)
    vocabulary = tiny_text.Vocabulary(tiny_text.learn(text, MERGES))
    model = tiny_gpt.TinyGPT(Shape(vocabulary=len(vocabulary.tokens)))
    losses = _train(model, [vocabulary.encode(line) for line in text], args)
    file = Path(args.out) if args.out else tiny_gpt.FILE
    tiny_gpt.save(model, vocabulary, file)
    model, _ = tiny_gpt.load(file)  # what was written is what is measured
    held_out = [vocabulary.encode(line) for line in tiny_story.corpus(400, args.seed + 100, held_out=True)]
    report = {
        "run": {"id": "tiny-gpt", "command": args.command_line.strip(), "commit": sha, "dirty": dirty,
                "status": "dirty" if dirty else "main", "started": started,
                "seconds": round(time.perf_counter() - began, 1)},
        "environment": machine.environment("float32"),
        "seeds": {"data": args.seed, "init": args.seed, "order": args.seed},
        "data": {"stories": len(text), "tokens": sum(len(vocabulary.encode(line)) for line in text)},
        "train": {"steps": args.steps, "batch": BATCH, "learning_rate": RATE, "loss": losses[-1],
                  "losses": losses[:: max(1, len(losses) // 50)], "parameters": count_model(model.shape),
                  "file_bytes": file.stat().st_size},
        "held_out": {"loss": held_out_loss(model, held_out), "stories": len(held_out)},
    }  # fmt: skip
    print(json.dumps({k: report[k] for k in ("run", "train", "held_out")}, indent=1))
    if args.record:
        run_record.keep(report, "tiny-gpt", RECORD.parent)
    return 0


def _train(model: TinyGPT, lines: list[list[int]], args: argparse.Namespace) -> list[float]:
    import torch
    from torch.nn import functional as F

    optimiser = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=0.01)
    rng, losses = np.random.default_rng(args.seed), []
    for step in range(args.steps):
        for group in optimiser.param_groups:
            group["lr"] = RATE * min(1, (step + 1) / 50) * (0.05 + 0.475 * (1 + math.cos(math.pi * step / args.steps)))
        tokens = torch.from_numpy(windows(lines, model.shape.context, BATCH, rng))
        loss = F.cross_entropy(model(tokens[:, :-1]).flatten(0, 1), tokens[:, 1:].flatten())
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(round(loss.item(), 5))
        if step % 100 == 0:
            print(f"step {step} loss {loss.item():.4f}", flush=True)
    return losses


def held_out_loss(model: TinyGPT, lines: list[list[int]]) -> float:
    """Mean cross-entropy per token of whole lines."""
    import torch

    from labs_py.core.tiny_gpt import batch

    with torch.no_grad():
        return tiny_gpt.loss_of(model, *batch([(line[:1], line[1:]) for line in lines], True, True)).item()
