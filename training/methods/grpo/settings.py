"""Settings of GRPO and its relatives."""

from __future__ import annotations

from dataclasses import dataclass

from training.run.settings import Config, setting


@dataclass(frozen=True)
class GroupSettings:
    """Groups of answers to one question, and the reward that compares them."""

    reward: str = setting("function of training/rewards.py, or several joined by +", "task")
    group: int = setting("answers to each question, G", 8, low=2)
    temperature: float = setting("of the draws", 1.0, low=1e-3)
    longest: int = setting("tokens of an answer", 32, low=1)
    variant: str = setting("which mean the loss takes", "dapo", choices=("grpo", "dr_grpo", "dapo"))
    clip_low: float = setting("how far a token's ratio may fall", 0.2, low=0, high=1)
    clip_high: float = setting("how far it may rise", 0.2, low=0)
    kl_weight: float = setting("weight of the KL to the starting model; 0 leaves the reference out", 0.0, low=0)
    vllm: bool = setting("answers written by vLLM (a GPU, and the package vllm)", False)
    warm_start_rate: float = setting("learning rate of the warm start", 5e-4, low=0, high=1)
    warm_start_rows: int = setting("rows of plain SFT before, so that the full reward occurs at all", 0, low=0)


@dataclass(frozen=True)
class GroupConfig(Config):
    """A run by group-relative policy optimisation."""

    method: str = setting("how it is trained", choices=("grpo",))
    group: GroupSettings = setting("the groups and their reward", GroupSettings())
