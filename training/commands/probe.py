"""``python -m training probe``: does the base model need training at all?"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from training.data import splits
from training.evaluation import probe, score
from training.evaluation.probe import judge
from training.methods.configuration import config_from
from training.methods.planning.foresight import look_ahead_of_evaluation
from training.models.loading import load_base
from training.run import jsonl
from training.run.arguments import add_common

ABOUT = """Ask the base model some held-out questions, plainly and with examples in the prompt, and judge:

  train            it does not do the task: train it
  fix-the-prompt   its answers are right but not in the form: change the prompt or the parser first (exit code 13)
  dont-train       with a few examples it does the task well enough already (exit code 13)

The threshold is probe.exact_threshold in the configuration; the better of the two prompts counts. Some answers are
printed beside the expected ones, wrong ones first; --out DIR keeps all of them in DIR/answers.jsonl."""

SHOWN = 3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The common arguments."""
    add_common(parser)


def run(args: argparse.Namespace) -> int:
    """Probe, print the verdict; 13 when training is refused, otherwise 0.

    Raises:
        BadInput: the configuration or the rows cannot be used.
        LackingResource: the model cannot be fetched.
    """
    config = config_from(args)
    rows = splits.load(config)
    splits.need_held_out(rows.heldout)
    if args.dry_run:
        twice = " twice" if len(probe.controls(config)) > 1 else ""
        print(f"would ask {config.probe.n} questions{twice}, threshold {config.probe.exact_threshold:.0%}")
        return 0
    loaded = load_base(config.model)
    look_ahead_of_evaluation(config, loaded, rows)
    with tempfile.TemporaryDirectory() as spare:
        kept = Path(args.out or spare) / "answers.jsonl"
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.unlink(missing_ok=True)  # of a probe before
        verdict = judge(loaded, rows, config, SimpleNamespace(predictions=kept))
        answers = jsonl.read(kept)
    for arm in probe.controls(config):
        exact, content = verdict[arm]["exact"], verdict[arm]["content"]
        print(
            f"{arm.replace('_', ' '):<14} exact {exact['value']:.3f} [{exact['ci95'][0]:.3f}, {exact['ci95'][1]:.3f}]"
            f"  content {content['value']:.3f}  n={exact['n']}"
        )
    if verdict["base_few_shot"] is None:
        print(score.NO_EXAMPLES)
    print(*examples(answers), sep="\n")
    print(verdict["sentence"])
    if args.out:
        print(f"all answers: {kept}")
        (Path(args.out) / "probe.json").write_text(json.dumps(verdict, indent=1) + "\n", encoding="utf-8")
    return verdict["exit_code"]


def examples(answers: list[dict[str, Any]]) -> list[str]:
    """A few answers to the prompt that was asked last, beside the expected ones; wrong ones first, a line each.

    Args:
        answers: lines of predictions, each with ``arm``, ``prompt``, ``answer``, ``expected`` and ``scores``.
    """
    last = [one for one in answers if one["arm"] == answers[-1]["arm"]]
    chosen = sorted(last, key=lambda one: one["scores"]["exact"])[:SHOWN]
    return [
        f"  {'right' if one['scores']['exact'] == 1 else 'wrong'}: asked {_short(one['prompt'])}, answered"
        f" {_short(one['answer'])}, expected {_short(one['expected'])}"
        for one in chosen
    ]


def _short(text: Any) -> str:
    """A text on one line, in quotes, cut after sixty characters."""
    line = " ".join(str(text).split())
    return repr(line if len(line) <= 60 else line[:59] + "\u2026")
