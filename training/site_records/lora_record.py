"""Before and after on the tiny GPT, recorded: LoRA at three ranks and all weights, each at a high and at a low learning
rate, three seeds, 256 unseen stories.

python -m training.site_records.lora_record [--stories 256] [--out FOLDER]      (about three minutes on one core)
"""

from __future__ import annotations

import argparse
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import torch

from labs_py.core import evidence, tiny_story, tiny_text
from training.run import machine
from training.run import record as run_record
from training.site_records import lora_tiny_gpt
from training.site_records import tiny_gpt_model as tiny_gpt
from training.site_records.tiny_gpt import held_out_loss
from training.site_records.tiny_gpt_model import TinyGPT

NAME, FOLDER = "tiny-gpt-lora", Path("docs/data/runs")
STEPS, SEEDS, OLD_LINES = 80, (0, 1, 2), 200
# name -> (rank, learning rate); rank 0 trains all weights
ARMS = {"rank1": (1, 0.005), "rank4": (4, 0.005), "rank16": (16, 0.005), "all": (0, 0.005),
        "rank4_gently": (4, 0.0015), "rank16_gently": (16, 0.001), "all_gently": (0, 0.0005)}  # fmt: skip


def fine_tuned(rank: int, learning_rate: float, seed: int, steps: int) -> tuple[TinyGPT, tiny_text.Vocabulary]:
    """A model after its training run, with the adapter merged, and the vocabulary."""
    torch.manual_seed(seed)
    model, vocabulary = tiny_gpt.load()
    if rank:
        lora_tiny_gpt.wrap(model, rank, alpha=2 * rank)
    lora_tiny_gpt.train(
        model,
        lora_tiny_gpt.numbers(vocabulary, tiny_story.examples(lora_tiny_gpt.ROWS, seed)),
        steps,
        learning_rate,
        seed,
    )
    return lora_tiny_gpt.unwrap(model, merge=True), vocabulary


def marks(model: TinyGPT, vocabulary: tiny_text.Vocabulary, stories: int) -> tuple[np.ndarray, float]:
    """Right or wrong on each unseen story, and the loss on unseen lines of the old corpus."""
    unseen = lora_tiny_gpt.numbers(vocabulary, tiny_story.examples(stories, 1, held_out=True))
    right = np.array([tiny_gpt.answer(model, prompt) == wanted for prompt, wanted in unseen])
    old = [vocabulary.encode(line) for line in tiny_story.corpus(OLD_LINES, 100, held_out=True)]
    return right, held_out_loss(model, old)


def interval(right: np.ndarray) -> list[float]:
    """95% of the mean over stories, by drawing stories anew (seeds stay together).

    One model's answers, and answers that are all right or all wrong, get Wilson's interval: drawn anew, 0 of 256 would
    always be 0, as if no story could ever be answered.
    """
    by_story, rng = right.mean(0), np.random.default_rng(0)
    if len(right) == 1 or by_story.min() == by_story.max() and by_story[0] in (0, 1):
        return [float(end) for end in evidence.wilson(float(by_story.sum()), len(by_story))]
    means = [by_story[rng.integers(len(by_story), size=len(by_story))].mean() for _ in range(2000)]
    return [float(x) for x in np.quantile(means, [0.025, 0.975])]


def summary(found: list[tuple[np.ndarray, float]]) -> dict:
    """Means over seeds, the interval over stories, each seed's own figures."""
    right, old = np.array([r for r, _ in found]), [loss for _, loss in found]
    exact = {"value": float(right.mean()), "n": right.shape[1], "ci95": interval(right)}
    return {"exact": exact, "old_loss": float(np.mean(old)), "by_seed": {
        "exact": [float(r.mean()) for r in right], "old_loss": old}}  # fmt: skip


def main(arguments: list[str] | None = None) -> dict:
    """Run every arm and keep the record."""
    parser = argparse.ArgumentParser(prog="python -m training.site_records.lora_record", description=__doc__)
    parser.add_argument("--stories", type=int, default=256)
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--out", type=Path, default=FOLDER)
    args = parser.parse_args(arguments)
    sha, dirty = machine.commit()
    whole = args.stories == 256 and args.steps == STEPS
    began, started = time.perf_counter(), datetime.now(UTC).isoformat(timespec="seconds")
    torch.set_num_threads(1)
    model, vocabulary = tiny_gpt.load()
    report: dict = {"arms": {"base": summary([marks(model, vocabulary, args.stories)])}}
    for name, (rank, learning_rate) in ARMS.items():
        found = [marks(*fine_tuned(rank, learning_rate, seed, args.steps), args.stories) for seed in SEEDS]
        report["arms"][name] = {"rank": rank, "learning_rate": learning_rate, **summary(found)}
        print(name, report["arms"][name]["exact"], report["arms"][name]["old_loss"], flush=True)
    report["run"] = {
        "id": NAME, "command": "python -m training.site_records.lora_record", "commit": sha, "dirty": dirty,
        "status": "dirty" if dirty else "main" if whole else "smoke", "started": started,
        "seconds": round(time.perf_counter() - began, 1),
    }  # fmt: skip
    report["environment"] = machine.environment("float32")
    report["seeds"] = {"data": list(SEEDS), "init": list(SEEDS), "order": list(SEEDS)}
    report["train"] = {"steps": args.steps, "rows": lora_tiny_gpt.ROWS, "batch": lora_tiny_gpt.BATCH}
    if report["run"]["status"] == "main":
        run_record.keep(report, NAME, args.out)
    return report


if __name__ == "__main__":
    main()
