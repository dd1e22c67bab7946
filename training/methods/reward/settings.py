"""Settings of a reward model."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from training.run.section import Number, Section, Text
from training.run.settings import Config


class RewardSettings(Section):
    """Pairs for a model that scores answers, and the margins of its gate."""

    pairs: Literal["synthetic", "file"] = Field(
        "synthetic", description="synthetic: the task's references against spoilt ones; file: rows of data.train_file"
        " and data.heldout_files"
    )  # fmt: skip
    kinds: list[Text] = Field(
        ["long_winded", "cut_short", "vague", "wrong"], description="how references are spoilt, in turn"
    )
    label_noise: Number = Field(
        0.0, ge=0, le=0.5, description="share of the training pairs whose choice is turned round, as labellers disagree"
    )
    center_rewards_coefficient: Number = Field(
        0.0, ge=0, description="weight of the squared mean reward of a pair, which holds rewards near 0"
    )
    calibration_margin: Number = Field(
        0.1, ge=0, le=1, description="allowed distance between stated and found probability, on average"
    )


class RewardConfig(Config):
    """A run that makes a Bradley-Terry reward model."""

    method: Literal["reward"] = Field(description="how it is trained")
    reward: RewardSettings = Field(RewardSettings(), description="the pairs")
