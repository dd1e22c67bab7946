"""``python -m training dpo``: preference tuning with everything around it, as ``train`` does it for SFT."""

from __future__ import annotations

HELP = "preference tuning on pairs (DPO and relatives)"
ABOUT = """Tune on pairs of a better and a worse answer: probe, training, before and after, win rate, KL, gate, report.

preference.pairs says where they come from: written by the task's rules, sampled (the model's own answers, best against
worst), or a file of {"prompt", "chosen", "rejected"} rows. The reference is the model as it stood before: untouched,
after preference.warm_start_rows, or, with preference.rounds, after the round before.

  python -m training dpo --config training/configs/dpo/smollm2_shift_notes.yaml --dry-run
  python -m training dpo --config training/configs/dpo/smollm2_naive.yaml     (a rule that misses the point)
  python -m training dpo --config training/configs/dpo/smollm2_with_examples.yaml      (examples stay in the prompt)
  python -m training dpo --config training/configs/dpo/smollm2_on_policy.yaml preference.rounds=2
  python -m training dpo --config FILE task=jsonl preference.pairs=file data.train_file=pairs.jsonl \\
    data.heldout_files='{test: test_rows.jsonl}'

Win rate, length and perplexity can all look well while the text is broken: read the printed answers, too."""


def add_arguments(parser) -> None:
    """Arguments of ``train``."""
    from training import pipeline

    pipeline.add_arguments(parser)


def run(args) -> int:
    """All phases; the exit code is the gate's."""
    from training import methods, pipeline, sft_command
    from training.cli import config_from

    if not args.config and not args.resume:
        args.config = "training/configs/dpo/smollm2_shift_notes.yaml"
    if sft_command.launched(args):
        return sft_command.train_alone(args, "dpo")
    methods.need(config_from(args), "dpo")
    return pipeline.run(args)
