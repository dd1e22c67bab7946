"""Group-relative policy optimisation with TRL: several answers to each question, compared by a verifiable reward."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from training.data import rewards, splits
from training.data.tasks import base as task_base
from training.methods import trainer as method_trainer
from training.methods.callbacks import MethodLog, without_printers
from training.methods.grpo.settings import GrpoConfig
from training.methods.trainer import TrainResult, common_arguments
from training.methods.warm_start import warm_start
from training.models import chat_template, guards
from training.models.loading import LoadedModel
from training.models.rendering import thoughts
from training.run import machine
from training.run.errors import BadInput, GuardFailed
from training.run.folder import RunFolder

if TYPE_CHECKING:
    from trl import GRPOConfig

LOGGED = ("reward", "reward_std", "frac_reward_zero_std", "entropy", "completions/mean_length",
          "completions/clipped_ratio", "kl", "clip_ratio/region_mean")  # fmt: skip


def train(
    config: GrpoConfig,
    rows: list[dict],
    loaded: LoadedModel,
    folder: RunFolder,
    resume: Path | None = None,
    command: str = "grpo",
    quiet: bool = False,
) -> TrainResult:
    """Train by reward and leave the adapter in the run's folder; arguments as in ``sft.train``.

    Raises:
        BadInput: no adapter. GuardFailed: rewards that taught nothing. Interrupted: after Ctrl-C.
    """
    if config.lora is None:
        raise BadInput("lora: this method needs an adapter here")
    tuned = method_trainer.prepare(config, loaded)
    g = config.grpo
    if g.warm_start_rows:
        warm_start(config, rows[: g.warm_start_rows], g.warm_start_rate, tuned, loaded, folder, command, quiet)
    trainer, steps = build_trainer(config, tuned, rows, loaded, folder, quiet)
    try:
        facts = method_trainer.run_and_save(config, trainer, steps, tuned, loaded, folder, resume, command)
    except GuardFailed as error:
        events = folder.events("method")
        if events and all(e.get("frac_reward_zero_std") == 1 for e in events):
            raise GuardFailed(
                "every group's answers earned the same reward, so there was nothing to learn from: give"
                " grpo.warm_start_rows, an easier reward or a higher grpo.temperature"
            ) from error
        raise
    finally:
        if "ref" in tuned.peft_config:
            tuned.delete_adapter("ref")
    return TrainResult(tuned.eval(), facts)


class RewardFunction:
    """What TRL calls for rewards: scores answer by answer, and writes down what could not be scored.

    Several rewards are added here and not by TRL, which would count one that is missing as 0: the answer would look
    worse than its siblings for what the function did.

    Args:
        functions: name -> reward.
        folder: its log gets one line per problem.
    """

    def __init__(self, functions: dict[str, rewards.Reward], folder: RunFolder) -> None:
        self.__name__, self.functions, self.folder = "+".join(functions), functions, folder

    def __call__(
        self, completions: list[Any], target: list[str], id: list[str], trainer_state: Any = None, **_: Any
    ) -> list[float]:
        """Rewards of one step's answers, all functions added; NaN where one of them has none.

        Raises:
            GuardFailed: not one answer of the step could be scored.
        """
        answers = [thoughts.said(turns[-1]["content"] if isinstance(turns, list) else turns) for turns in completions]
        step = (trainer_state.global_step if trainer_state else 0) + 1
        each = [rewards.score(reward, name, answers, target, id) for name, reward in self.functions.items()]
        values = [sum(parts) for parts in zip(*(found for found, _ in each), strict=True)]
        said = []
        for first, *others in (problems for _, problems in each if problems):
            for p in (first, *others):
                self.folder.log({"event": "reward-problem", "step": step, "reward": p.reward, "sample": p.sample,
                                 "answer": p.answer, "message": p.message})  # fmt: skip
            said.append(f"reward {first.reward}: {1 + len(others)} of {len(answers)} answers of step {step} could not"
                        f" be scored; sample {first.sample}: {first.message}")  # fmt: skip
        if said and all(map(math.isnan, values)):
            raise GuardFailed("; ".join(said))
        machine.say(*(f"  {line}" for line in said))
        return values


def build_trainer(
    config: GrpoConfig, tuned: Any, rows: list[dict], loaded: LoadedModel, folder: RunFolder, quiet: bool
) -> tuple[Any, MethodLog]:
    """TRL's GRPOTrainer with every default that matters written out."""
    from datasets import Dataset, disable_progress_bars

    disable_progress_bars()
    os.environ.setdefault("TQDM_DISABLE", "1")
    judge = RewardFunction(rewards.named(config.grpo.reward, splits.task_of(config)), folder)
    asked = [{"prompt": as_key(row), "target": task_base.target(row), "id": str(row.get("id", i))}
             for i, row in enumerate(rows)]  # fmt: skip
    steps = MethodLog(folder, quiet, LOGGED)
    how = chat_template.reading(config)
    trainer = group_trainer(lambda key: chat_template.prompt_ids(loaded.tokenizer, **json.loads(key), how=how))(
        model=tuned,
        reward_funcs=[judge],
        args=trainer_arguments(config, len(rows), loaded.dtype, folder),
        train_dataset=Dataset.from_list(asked),
        processing_class=loaded.tokenizer,
        callbacks=[steps],
    )
    steps.trainer = trainer
    without_printers(trainer)
    guards.trainable_count(tuned, sum(p.numel() for n, p in tuned.named_parameters() if ".default." in n))
    return trainer, steps


def as_key(row: task_base.Row) -> str:
    """A row's question with its tools as one text: a table of TRL's would mix the arguments of different calls."""
    return json.dumps({"messages": task_base.prompt(row), "tools": row.get("tools")})


def trainer_arguments(config: GrpoConfig, n_rows: int, dtype: str, folder: RunFolder) -> GRPOConfig:
    """GRPOConfig from the run's settings; Dr. GRPO leaves the division by the spread out, too."""
    from trl import GRPOConfig

    g = config.grpo
    return GRPOConfig(
        **common_arguments(config, n_rows * g.num_generations, dtype, folder), num_generations=g.num_generations,
        max_completion_length=g.max_completion_length, temperature=g.temperature, top_k=0, top_p=1.0, beta=g.beta,
        epsilon=g.epsilon, epsilon_high=g.epsilon_high, loss_type=g.loss_type,
        scale_rewards="none" if g.loss_type == "dr_grpo" else "group", num_iterations=1,
        generation_batch_size=g.generation_batch_size, use_vllm=g.use_vllm, vllm_mode=g.vllm_mode,
        vllm_gpu_memory_utilization=g.vllm_gpu_memory_utilization,
        vllm_max_model_length=g.vllm_max_model_length  # or it keeps room for all positions of the model
        or config.train.max_length + g.max_completion_length,
    )  # fmt: skip


def group_trainer(ids_of: Callable[[str], list[int]]) -> type:
    """The trainer's class, made when torch is there.

    Args:
        ids_of: token ids of a key's prompt, rendered as training, evaluation and serving render it.
    """
    from trl import GRPOTrainer

    class GroupTrainer(GRPOTrainer):
        """GRPOTrainer that counts its tokens and is given its prompts."""

        sparse, tokens_seen = False, 0

        def _tokenize_prompts(self, prompts: list[str]) -> tuple[list[list[int]], None, dict[str, Any]]:
            return [ids_of(key) for key in prompts], None, {}

        def _compute_loss(self, model: Any, inputs: dict[str, Any]) -> Any:
            self.tokens_seen += int(inputs["prompt_mask"].sum() + inputs["completion_mask"].sum())
            return super()._compute_loss(model, inputs)

    return GroupTrainer


def measure_more(config: GrpoConfig, rows: splits.Splits, loaded: LoadedModel, tuned: Any, folder: RunFolder) -> None:
    """The report's ``group`` section: rewards, spread, entropy and length at the start and at the end."""
    events = folder.events("method")
    if not events:
        return
    span = max(1, min(10, len(events) // 3))
    found: dict[str, Any] = {name: {"first": _mean(events[:span], name), "last": _mean(events[-span:], name)}
             for name in LOGGED if any(name in e for e in events)}  # fmt: skip
    found["steps_averaged"] = span
    found["unscored_answers"] = len(folder.events("reward-problem"))
    folder.update("group", found)
    machine.say(*(f"  {name}: {v['first']:.3f} -> {v['last']:.3f}" for name, v in found.items() if isinstance(v, dict)))


def _mean(events: list[dict], name: str) -> float:
    return float(np.mean([e[name] for e in events if name in e]))
