"""Arguments that the commands share."""

from __future__ import annotations

import argparse

DEFAULT_CONFIG = "training/configs/sft/smollm2_orders.yaml"


def add_common(parser: argparse.ArgumentParser, config: bool = True) -> None:
    """Add the arguments that most commands share.

    Args:
        config: also those that name and override a configuration.
    """
    if config:
        parser.add_argument("--config", default=None, metavar="FILE", help=f"the run's settings ({DEFAULT_CONFIG})")
        parser.add_argument("overrides", nargs="*", metavar="key=value", help="settings laid over the file, such as"
                            " train.learning_rate=1e-4")  # fmt: skip
        parser.add_argument("--seed", type=int, help="seed of the data, of the adapter's start and of the order")
    parser.add_argument("--out", metavar="DIR", help="folder of the run (runs/NAME-SETTINGS-SEED)")
    parser.add_argument("--dry-run", action="store_true", help="print the plan, the memory and the time; do nothing")
    parser.add_argument("--smoke", action="store_true", help="the same path on a tiny random model, three steps")
    parser.add_argument("--resume", metavar="DIR", help="resume an interrupted run")
