"""Settings of GRPO and its relatives."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from training.run.section import LATER, Number, Section, Text, Whole
from training.run.settings import Config


class GrpoSettings(Section):
    """Groups of answers to one question, and the reward that compares them."""

    reward: Text = Field(
        "task", description="task (its own score), a function of training/data/rewards.py, FILE.py:FUNCTION of your"
        " own, or several joined by +"
    )  # fmt: skip
    num_generations: Whole = Field(8, ge=2, description="answers to each question, G")
    temperature: Number = Field(1.0, ge=1e-3, description="of the draws")
    max_completion_length: Whole = Field(32, ge=1, description="tokens of an answer")
    loss_type: Literal["grpo", "dr_grpo", "dapo"] = Field("dapo", description="which mean the loss takes")
    epsilon: Number = Field(0.2, ge=0, le=1, description="how far a token's ratio may fall")
    epsilon_high: Number = Field(0.2, ge=0, description="how far it may rise")
    beta: Number = Field(0.0, ge=0, description="weight of the KL to the starting model; 0 leaves the reference out")
    use_vllm: bool = Field(False, description="answers written by vLLM (a GPU, and the package vllm)")
    vllm_mode: Annotated[Literal["colocate", "server"], LATER] = Field(
        "colocate", description="colocate: vLLM in the training process; server: a running `trl vllm-serve`"
    )
    vllm_gpu_memory_utilization: Annotated[Number, LATER] = Field(
        0.3, ge=0.01, le=1, description="share of the GPU's memory that vLLM takes (colocate)"
    )
    vllm_max_model_length: Annotated[Whole | None, LATER] = Field(
        None, ge=1, description="tokens of a prompt with its answer that vLLM keeps room for; null means"
        " train.max_length + max_completion_length"
    )  # fmt: skip
    generation_batch_size: Annotated[Whole | None, LATER] = Field(
        None, ge=2, description="answers that are drawn at once, on all devices together; null means those of one step"
    )
    warm_start_rate: Number = Field(5e-4, ge=0, le=1, description="learning rate of the warm start")
    warm_start_rows: Whole = Field(
        0, ge=0, description="rows of plain SFT before, so that the full reward occurs at all"
    )


class GrpoConfig(Config):
    """A run by group-relative policy optimisation."""

    method: Literal["grpo"] = Field(description="how it is trained")
    grpo: GrpoSettings = Field(GrpoSettings(), description="the groups and their reward")
