"""Settings of a reward model."""

from __future__ import annotations

from dataclasses import dataclass

from training.run.settings import Config, setting


@dataclass(frozen=True)
class RewardSettings:
    """Pairs for a model that scores answers, and the margins of its gate."""

    pairs: str = setting("synthetic: the task's references against spoilt ones; file: rows of data.train_file and"
                         " data.heldout_files", "synthetic", choices=("synthetic", "file"))  # fmt: skip
    kinds: list[str] = setting("how references are spoilt, in turn", ["long_winded", "cut_short", "vague", "wrong"])
    label_noise: float = setting("share of the training pairs whose choice is turned round, as labellers disagree", 0.0,
                                 low=0, high=0.5)  # fmt: skip
    center_rewards_coefficient: float = setting(
        "weight of the squared mean reward of a pair, which holds rewards near 0", 0.0, low=0
    )
    calibration_margin: float = setting("allowed distance between stated and found probability, on average", 0.1,
                                        low=0, high=1)  # fmt: skip


@dataclass(frozen=True)
class RewardConfig(Config):
    """A run that makes a Bradley-Terry reward model."""

    method: str = setting("how it is trained", choices=("reward",))
    reward: RewardSettings = setting("the pairs", RewardSettings())
