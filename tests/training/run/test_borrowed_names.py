"""A setting that is named after one of transformers, TRL, PEFT or sentence_transformers exists there by that name."""

from __future__ import annotations

import inspect
from dataclasses import fields
from typing import get_args

import pytest
from peft import LoraConfig
from sentence_transformers.losses import CachedMultipleNegativesRankingLoss, MatryoshkaLoss
from sentence_transformers.util import mine_hard_negatives
from transformers import TrainingArguments
from transformers.trainer_utils import SchedulerType
from transformers.training_args import OptimizerNames
from trl import DPOConfig, GRPOConfig, RewardConfig, SFTConfig
from trl.experimental.gkd import GKDConfig

from training.methods.configuration import KINDS
from training.run import former_names
from training.run.section import Section
from training.run.settings import LoraSettings, TrainSettings


def arguments(function: object) -> set[str]:
    """The names of a function's arguments, or of a class's."""
    return set(inspect.signature(function).parameters)  # type: ignore[arg-type]


def names(kind: type) -> set[str]:
    """The fields of a dataclass, or of our settings."""
    return set(kind.model_fields) if issubclass(kind, Section) else {spec.name for spec in fields(kind)}


def choices(kind: type[Section], name: str) -> tuple[str, ...]:
    """What a setting may be."""
    return get_args(kind.model_fields[name].annotation)


LENDERS = {  # section -> names that are known there
    "train": names(TrainingArguments) | names(SFTConfig),
    "lora": names(LoraConfig),
    "evaluate": names(TrainingArguments) | {"max_new_tokens", "num_fewshot"},  # generate's; lm-evaluation-harness's
    "grpo": names(GRPOConfig),
    "dpo": names(DPOConfig),
    "reward": names(RewardConfig),
    "embed": arguments(MatryoshkaLoss) | arguments(CachedMultipleNegativesRankingLoss)
    | arguments(mine_hard_negatives) - {"margin"}  # its old name for absolute_margin
    | {"truncate_dims"},  # the plural of SentenceTransformer's truncate_dim
    "distill": names(GKDConfig),
}  # fmt: skip
OURS = {  # what no library has a name for, and why it is here
    "train.sparse_logits": "logits only where a label stands",
    "train.shared_prefix": "the beginning that all rows of a micro-batch share runs once",
    "evaluate.base_rows": "the base model answers the first rows only",
    "evaluate.sets": "a task's held-out sets",
    "evaluate.refusals": "harmful and harmless requests beside the general test",
    "grpo.reward": "a function of training/data/rewards.py; GRPOTrainer takes functions, not names",
    "grpo.warm_start_rate": "supervised start before the reward",
    "grpo.warm_start_rows": "supervised start before the reward",
    "dpo.pairs": "where the pairs come from",
    "dpo.rule": "which of two answers is better",
    "dpo.nll_weight": "becomes loss_type [..., sft] with loss_weights",
    "dpo.samples": "answers drawn for each question",
    "dpo.temperature": "of those draws",
    "dpo.min_score_gap": "drawn answers nearer than this make no pair",
    "dpo.few_shot_prompt": "the control's examples stand in every prompt",
    "dpo.rounds": "pairs are drawn and trained on again",
    "dpo.warm_start_rate": "supervised start before the pairs",
    "dpo.warm_start_rows": "supervised start before the pairs",
    "reward.pairs": "where the pairs come from",
    "reward.kinds": "how references are spoilt",
    "reward.label_noise": "labellers who disagree",
    "reward.calibration_margin": "a margin of the gate",
    "embed.pairs": "where the pairs come from",
    "embed.negatives": "what a question is told apart from",
    "embed.pooling": "of the models.Pooling module",
    "embed.passage_prompt": "one of SentenceTransformer's prompts",
    "embed.general_margin": "a margin of the gate",
    "embed.margin": "a share of the cosine: relative_margin",
    "distill.rows": "general text, or a task's rows",
    "distill.variants": "ways of teaching that are compared",
    "distill.layers": "layers that the student keeps",
    "distill.teacher_adapter": "a run's adapter that makes the teacher",
    "distill.alpha": "share of the soft part (Hinton et al. 2015)",
    "distill.top_k": "tokens of the teacher that are kept",
    "distill.prompt_tokens": "of a text that is continued",
    "distill.draw_temperature": "of texts that the teacher or the student writes",
    "distill.kl_margin": "a margin of the gate",
}


def settings() -> dict[str, set[str]]:
    """Section -> the names of its settings."""
    found = {"train": names(TrainSettings), "lora": names(LoraSettings)}
    for method, kind in KINDS.items():
        for section in {method, "evaluate"} & kind.model_fields.keys():
            found[section] = names(type(kind.model_fields[section].default))
    return found


@pytest.mark.parametrize("section", LENDERS)
def test_every_setting_is_borrowed_or_listed_as_ours(section):
    for name in settings()[section]:
        ours = f"{section}.{name}" in OURS
        assert (name in LENDERS[section]) != ours, f"{section}.{name}"


def test_what_is_listed_as_ours_is_there():
    every = {f"{section}.{name}" for section, found in settings().items() for name in found}
    assert OURS.keys() <= every


@pytest.mark.parametrize("section", LENDERS)
def test_what_was_renamed_got_the_libraries_name(section):
    for name in former_names.KEYS.get(section, {}).values():
        assert name in LENDERS[section] or f"{section}.{name}" in OURS, f"{section}.{name}"


def test_the_values_are_the_libraries_too():
    assert set(choices(TrainSettings, "lr_scheduler_type")) <= {one.value for one in SchedulerType}
    assert set(choices(TrainSettings, "optim")) <= {one.value for one in OptimizerNames}
    text = inspect.getdoc(TrainingArguments) or ""
    assert all(value in text for value in choices(TrainSettings, "train_sampling_strategy"))


@pytest.mark.parametrize(("method", "theirs"), [("dpo", DPOConfig), ("grpo", GRPOConfig)])
def test_a_loss_is_named_as_trl_names_it(method, theirs):
    own = type(KINDS[method].model_fields[method].default)
    said = next(spec.metadata["help"] for spec in fields(theirs) if spec.name == "loss_type")
    assert all(f"'{value}'" in said or f"`{value}`" in said or f'"{value}"' in said
               for value in choices(own, "loss_type"))  # fmt: skip
