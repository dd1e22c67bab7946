"""A reward model with TRL: the language model with one number in place of its vocabulary, trained on choices."""

from __future__ import annotations

import copy
import os
from pathlib import Path
from typing import Any

from training.data.pairs import encode_pairs
from training.methods import trainer as method_trainer
from training.methods.callbacks import MethodLog, without_printers
from training.methods.dpo.train import log_pair
from training.methods.reward.settings import RewardConfig
from training.methods.sampler import PairsInOrder
from training.methods.trainer import TrainResult, common_arguments
from training.models import adapter, chat_template, guards, loading
from training.models.loading import LoadedModel
from training.models.precision import autocast_like
from training.models.structure.halving import in_batches
from training.run import machine
from training.run.errors import BadInput, GuardFailed
from training.run.folder import RunFolder

LOGGED = ("accuracy", "margin", "mean_reward", "min_reward", "max_reward")
HEAD_SPREAD = 0.02  # standard deviation of the head's start, as the models' own matrices have


def scorer(loaded: LoadedModel, seed: int) -> Any:
    """The base model with a head of one output, which reads the last token's hidden state: r = w . h_T.

    The head stays in float32 whatever the layers are held in: rewards that differ by less than a bfloat16 step would
    be ties. Its start is drawn by ``seed``.
    """
    import torch
    from transformers import AutoModelForSequenceClassification

    config = copy.deepcopy(loaded.model.config)
    config.num_labels = 1
    config.pad_token_id = pad_apart(loaded.tokenizer)
    with torch.device("meta"):
        whole = AutoModelForSequenceClassification.from_config(config)
    setattr(whole, whole.base_model_prefix, loaded.model.base_model)
    whole.score = head_class()(config.hidden_size, 1, bias=False, device=loaded.model.device, dtype=torch.float32)
    generator = torch.Generator().manual_seed(seed)
    start = torch.randn(1, config.hidden_size, generator=generator) * HEAD_SPREAD
    whole.score.weight.data.copy_(start.to(loaded.model.device))
    for name in ("is_loaded_in_4bit", "is_quantized", "quantization_method", "hf_quantizer"):
        if hasattr(loaded.model, name):
            setattr(whole, name, getattr(loaded.model, name))
    return whole.eval()


def pad_apart(tokenizer: Any) -> int:
    """A token to fill rows with that no answer ends in.

    The library finds a row's last token by looking for the last one that is not padding; where pad and stop are one
    token it would look past the stop.
    """
    stops = chat_template.stop_ids(tokenizer)
    return next(i for i in range(len(tokenizer)) if i not in stops)


def head_class() -> type:
    """The head's class, made when torch is there."""
    import torch

    class RewardHead(torch.nn.Linear):
        """A linear map in float32, under autocast too."""

        def forward(self, input: torch.Tensor) -> torch.Tensor:
            with torch.autocast(input.device.type, enabled=False):
                return torch.nn.functional.linear(input.float(), self.weight.float())

    return RewardHead


def prepare(config: RewardConfig, loaded: LoadedModel) -> Any:
    """The scorer with a fresh adapter; the head is trained whole and saved with it.

    Raises:
        BadInput: no adapter.
    """
    if config.lora is None:
        raise BadInput("lora: the reward model here is an adapter and a head on the frozen model")
    whole = scorer(loaded, config.train.seed)
    guards.seed_before_adapter(config.train.seed)
    tuned = adapter.put_on(whole, adapter.lora_config(config.lora, whole, "SEQ_CLS", modules_to_save=["score"]))
    guards.scale_rule(tuned, config.lora)
    return tuned


def train(
    config: RewardConfig,
    rows: list[dict],
    loaded: LoadedModel,
    folder: RunFolder,
    resume: Path | None = None,
    command: str = "reward",
    quiet: bool = False,
) -> TrainResult:
    """Train on pairs and leave adapter and head in the run's folder; arguments as in ``sft.train``."""
    encoded = joined(encode_pairs(loaded.tokenizer, rows, config.train.max_length, chat_template.reading(config)))
    log_pair(rows[0], folder)
    tuned = prepare(config, loaded)
    trainer, steps = build_trainer(config, tuned, encoded, loaded, folder, quiet)
    facts = method_trainer.run_and_save(config, trainer, steps, tuned, loaded, folder, resume, command)
    return TrainResult(tuned.eval(), facts)


def joined(encoded: list[dict[str, list[int]]]) -> list[dict[str, list[int]]]:
    """Question and answer as one row of tokens, for both answers."""
    return [{f"{side}_ids": pair["prompt_ids"] + pair[f"{side}_ids"] for side in ("chosen", "rejected")}
            for pair in encoded]  # fmt: skip


def build_trainer(
    config: RewardConfig, tuned: Any, encoded: list[dict], loaded: LoadedModel, folder: RunFolder, quiet: bool
) -> tuple[Any, MethodLog]:
    """TRL's RewardTrainer on pairs that are already encoded, with every default that matters written out."""
    from datasets import Dataset, disable_progress_bars
    from trl import RewardConfig
    from trl.trainer.reward_trainer import DataCollatorForPreference

    disable_progress_bars()
    os.environ.setdefault("TQDM_DISABLE", "1")
    pad = pad_apart(loaded.tokenizer)
    arguments = RewardConfig(**common_arguments(config, len(encoded), loaded.dtype, folder), max_length=None,
                             disable_dropout=True,
                             center_rewards_coefficient=config.reward.center_rewards_coefficient or None)  # fmt: skip
    steps = MethodLog(folder, quiet, LOGGED)
    trainer = choice_trainer()(model=tuned, args=arguments, train_dataset=Dataset.from_list(encoded),
                               data_collator=DataCollatorForPreference(pad_token_id=pad),
                               processing_class=loaded.tokenizer, callbacks=[steps],
                               order_seed=config.train.seed, pad=pad)  # fmt: skip
    steps.trainer = trainer
    without_printers(trainer)
    return trainer, steps


def choice_trainer() -> type:
    """The trainer's class, made when torch is there."""
    from trl import RewardTrainer

    class ChoiceTrainer(PairsInOrder, RewardTrainer):
        """RewardTrainer with our order of the choices, and the padding token that was told."""

        def __init__(self, *args: Any, order_seed: int, pad: int, **kwargs: Any) -> None:
            self.order_seed, self.pad = order_seed, pad
            super().__init__(*args, **kwargs)

        def compute_loss(
            self,
            model: Any,
            inputs: dict[str, Any],
            return_outputs: bool = False,
            num_items_in_batch: Any = None,
        ) -> Any:
            whole: Any = self.model
            whole.get_base_model().config.pad_token_id = self.pad  # the library puts the tokenizer's own there
            return super().compute_loss(model, inputs, return_outputs, num_items_in_batch)

    return ChoiceTrainer


def attach(config: RewardConfig, loaded: LoadedModel, folder: RunFolder) -> Any:
    """The reward model of a run's folder on a fresh base, as it is shipped."""
    return loading.saved_adapter(scorer(loaded, config.train.seed), folder.adapter).eval()


def rewards(model: Any, rows: list[list[int]], pad: int, batch: int = 32) -> list[float]:
    """The reward of each row of tokens.

    Raises:
        GuardFailed: a reward that is not a number.
    """
    import torch

    device, found = next(model.parameters()).device, [0.0] * len(rows)
    order = sorted(range(len(rows)), key=lambda place: len(rows[place]))
    with torch.inference_mode(), autocast_like(model):

        def scored(chosen: list[int]) -> torch.Tensor:
            width = max(len(rows[place]) for place in chosen)
            ids = torch.tensor([rows[p] + [pad] * (width - len(rows[p])) for p in chosen], device=device)
            mask = torch.tensor([guards.mask_by_length(len(rows[p]), width) for p in chosen], device=device)
            return model(input_ids=ids, attention_mask=mask, use_cache=False).logits[:, 0].float()

        for chosen, values in in_batches(order, batch, scored, "evaluate.per_device_eval_batch_size"):
            if not bool(values.isfinite().all()):
                raise GuardFailed("a reward is not a number: the run's weights have gone astray; lower"
                                  " train.learning_rate")  # fmt: skip
            for place, value in zip(chosen, values.tolist(), strict=True):
                found[place] = value
    return found


def measured_rewards(
    config: RewardConfig, loaded: LoadedModel, model: Any, pairs: list[dict]
) -> list[tuple[float, float]]:
    """(reward of the better answer, of the worse one) of each pair."""
    encoded = joined(encode_pairs(loaded.tokenizer, pairs, 10**9, chat_template.reading(config)))
    pad, size = pad_apart(loaded.tokenizer), max(1, min(32, config.evaluate.per_device_eval_batch_size))
    values = rewards(model, [e[f"{s}_ids"] for e in encoded for s in ("chosen", "rejected")], pad, size)
    machine.say(f"  {len(pairs)} pairs scored")
    return list(zip(values[::2], values[1::2], strict=True))
