"""Settings of GRPO and its relatives."""

from __future__ import annotations

from dataclasses import dataclass

from training.run.settings import Config, setting


@dataclass(frozen=True)
class GrpoSettings:
    """Groups of answers to one question, and the reward that compares them."""

    reward: str = setting("function of training/rewards.py, or several joined by +", "task")
    num_generations: int = setting("answers to each question, G", 8, low=2)
    temperature: float = setting("of the draws", 1.0, low=1e-3)
    max_completion_length: int = setting("tokens of an answer", 32, low=1)
    loss_type: str = setting("which mean the loss takes", "dapo", choices=("grpo", "dr_grpo", "dapo"))
    epsilon: float = setting("how far a token's ratio may fall", 0.2, low=0, high=1)
    epsilon_high: float = setting("how far it may rise", 0.2, low=0)
    beta: float = setting("weight of the KL to the starting model; 0 leaves the reference out", 0.0, low=0)
    use_vllm: bool = setting("answers written by vLLM (a GPU, and the package vllm)", False)
    vllm_mode: str = setting("colocate: vLLM in the training process; server: a running `trl vllm-serve`", "colocate",
                             choices=("colocate", "server"), later=True)  # fmt: skip
    vllm_gpu_memory_utilization: float = setting("share of the GPU's memory that vLLM takes (colocate)", 0.3, low=0.01,
                                                 high=1, later=True)  # fmt: skip
    warm_start_rate: float = setting("learning rate of the warm start", 5e-4, low=0, high=1)
    warm_start_rows: int = setting("rows of plain SFT before, so that the full reward occurs at all", 0, low=0)


@dataclass(frozen=True)
class GrpoConfig(Config):
    """A run by group-relative policy optimisation."""

    method: str = setting("how it is trained", choices=("grpo",))
    grpo: GrpoSettings = setting("the groups and their reward", GrpoSettings())
