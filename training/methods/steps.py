"""How many optimiser steps a run takes: the plan and the trainers ask the same functions."""

from __future__ import annotations

from training.run import machine
from training.run.settings import Config


def planned_steps(config: Config, n_rows: int) -> int:
    """Optimiser steps of one training run over ``n_rows`` rows.

    An incomplete last step of an epoch counts as a step. ``train.max_steps`` above 0 sets the number whatever the rows.
    """
    rows_per_step = rows_of_a_step(config) * machine.process_count()
    steps = -(-n_rows // rows_per_step) * config.train.num_train_epochs
    return config.train.max_steps or max(1, round(steps))


def rows_of_a_step(config: Config) -> int:
    """Rows that one process takes in one optimiser step."""
    return config.train.per_device_train_batch_size * config.train.gradient_accumulation_steps


def warmup_steps(config: Config, total: int) -> int:
    """Optimiser steps that warm up; a setting below 1 is a share of ``total``."""
    wanted = config.train.warmup_steps
    return round(wanted * total if wanted < 1 else wanted)
