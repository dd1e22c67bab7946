"""Settings of preference optimisation."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from training.run.section import LATER, Number, Section, Whole
from training.run.settings import Config


class DpoSettings(Section):
    """Pairs of a better and a worse answer, and what is made of them."""

    pairs: Literal["synthetic", "on_policy", "file"] = Field(
        "synthetic", description="synthetic: by the task's rules; on_policy: the model's own answers, best against"
        " worst; file: rows of data.train_file"
    )  # fmt: skip
    rule: Literal["complete-and-concise", "shortest"] = Field(
        "complete-and-concise", description="which of two answers is better: complete-and-concise (the task's score),"
        " or shortest (a rule that misses the point)"
    )  # fmt: skip
    loss_type: Literal["sigmoid", "ipo", "sigmoid_norm"] = Field(
        "sigmoid", description="the loss on a pair: sigmoid (DPO), ipo, or sigmoid_norm (DPO per token of the answer)"
    )
    beta: Number = Field(0.1, ge=1e-6, description="pull towards the starting model (IPO: tau)")
    nll_weight: Number = Field(
        0.0, ge=0, description="weight of the chosen answers' cross-entropy beside the loss; 0 leaves it out"
    )
    samples: Whole = Field(4, ge=2, description="answers drawn for each question when pairs are on_policy")
    temperature: Number = Field(1.0, ge=1e-3, description="of those draws")
    min_score_gap: Number = Field(
        0.1, ge=0, le=1, description="sampled answers whose scores differ by less make no pair"
    )
    few_shot_prompt: Annotated[bool, LATER] = Field(
        False, description="the fair baseline's examples (evaluate.num_fewshot) stand in every prompt of the run too;"
        " whoever uses the model has to show them as well"
    )  # fmt: skip
    rounds: Whole = Field(
        1, ge=1, description="times that pairs are sampled and trained on; each round's reference is the model before"
        " it"
    )  # fmt: skip
    warm_start_rate: Number = Field(5e-4, ge=0, le=1, description="learning rate of the supervised start")
    warm_start_rows: Whole = Field(
        0, ge=0, description="rows of plain SFT before; the model after it is the first reference"
    )


class DpoConfig(Config):
    """A run on pairs that fine-tunes the model itself."""

    method: Literal["dpo"] = Field(description="how it is trained")
    dpo: DpoSettings = Field(DpoSettings(), description="the pairs and the loss on them")
