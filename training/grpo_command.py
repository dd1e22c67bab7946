"""``python -m training grpo``: tuning by verifiable rewards with everything around it, as ``train`` does it for SFT."""

from __future__ import annotations

HELP = "tuning by verifiable rewards (GRPO and relatives)"
ABOUT = """Write several answers to each question, score them by a function, and make the better ones likelier.

group.reward names functions of training/rewards.py (joined by +) or the task's own score. A reward that raises or
returns NaN is reported by sample, and that answer counts for nothing. log.jsonl has each step's reward, the share of
groups without any difference (nothing to learn from), entropy and length.

A reward that is earned too seldom teaches nothing; group.warm_start_rows puts it within reach by a few supervised
rows, and the gain is then judged over what those rows bring alone, too.

  python -m training grpo --config training/configs/grpo/smollm2_shown_sums.yaml --dry-run
  python -m training grpo --config training/configs/grpo/smollm2_sums.yaml       (the bare number)
  python -m training grpo --config training/configs/grpo/smollm2_loophole.yaml   (a reward to be had for nothing)
  python -m training grpo --config training/configs/grpo/smollm2_cold.yaml       (no warm start)"""


def add_arguments(parser) -> None:
    """Arguments of ``train``."""
    from training import pipeline

    pipeline.add_arguments(parser)


def run(args) -> int:
    """All phases; the exit code is the gate's."""
    from training import methods, pipeline, sft_command
    from training.cli import config_from

    if not args.config and not args.resume:
        args.config = "training/configs/grpo/smollm2_shown_sums.yaml"
    if sft_command.launched(args):
        return sft_command.train_alone(args, "grpo")
    methods.need(config_from(args), "grpo")
    return pipeline.run(args)
