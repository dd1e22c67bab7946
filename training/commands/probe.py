"""``python -m training probe``: does the base model need training at all?"""

from __future__ import annotations

from training.data import splits
from training.evaluation.probe import judge
from training.methods.configuration import config_from
from training.models.loading import load_base
from training.run import arguments as run_arguments

HELP = "does the base model need training at all?"

ABOUT = """Ask the base model some held-out questions, plainly and with examples in the prompt, and judge:

  train            it does not do the task: go on
  fix-the-prompt   its answers are right but not in the form: mend the prompt or the parser first (exit code 13)
  dont-train       with a few examples it does the task well enough already (exit code 13)

The threshold is probe.exact_threshold in the configuration; the better of the two prompts counts."""


def add_arguments(parser) -> None:
    """The common arguments."""
    run_arguments.add_common(parser)


def run(args) -> int:
    """Probe, print the verdict, and exit 13 when training is refused."""
    import json
    from pathlib import Path

    config = config_from(args)
    rows = splits.load(config)
    splits.need_held_out(rows.heldout)
    if args.dry_run:
        print(f"would ask {config.probe.n} questions twice, threshold {config.probe.exact_threshold:.0%}")
        return 0
    found = judge(load_base(config.model), rows, config)
    for arm in ("base", "base_few_shot"):
        exact, content = found[arm]["exact"], found[arm]["content"]
        print(
            f"{arm.replace('_', ' '):<14} exact {exact['value']:.3f} [{exact['ci95'][0]:.3f}, {exact['ci95'][1]:.3f}]"
            f"  content {content['value']:.3f}  n={exact['n']}"
        )
    print(found["sentence"])
    if args.out:
        Path(args.out).mkdir(parents=True, exist_ok=True)
        (Path(args.out) / "probe.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return found["exit_code"]
