"""Contrastive fine-tuning of an embedding model by sentence-transformers: negatives of the batch, or mined ones."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from training.methods import trainer as method_trainer
from training.methods.callbacks import StepLog, without_printers
from training.methods.embed import batches, parts
from training.methods.embed import model as embed_model
from training.methods.embed import rows as embed_rows
from training.methods.embed.mining import with_negatives
from training.methods.embed.settings import EmbedConfig
from training.methods.trainer import TrainResult, common_arguments
from training.models.loading import LoadedModel
from training.run import machine
from training.run.folder import RunFolder


def loss_of(config: EmbedConfig, embedder: Any) -> Any:
    """MultipleNegativesRankingLoss, in slices of the batch where memory asks for it, on nested widths where wanted."""
    from sentence_transformers.sentence_transformer import losses

    e, gather = config.embed, machine.process_count() > 1
    if e.mini_batch_size:
        loss = losses.CachedMultipleNegativesRankingLoss(embedder, scale=e.scale, mini_batch_size=e.mini_batch_size,
                                                         gather_across_devices=gather)  # fmt: skip
    else:
        loss = losses.MultipleNegativesRankingLoss(embedder, scale=e.scale, gather_across_devices=gather)
    if not e.matryoshka_dims:
        return loss
    return losses.MatryoshkaLoss(embedder, loss, sorted(e.matryoshka_dims, reverse=True))


def train(
    config: EmbedConfig,
    rows: list[dict],
    loaded: LoadedModel,
    folder: RunFolder,
    resume: Path | None = None,
    command: str = "embed",
    quiet: bool = False,
) -> TrainResult:
    """Train on the rows and leave the model (or its adapter) in the run's folder; arguments as in ``sft.train``."""
    pairs = with_negatives(config, rows, loaded, folder)
    log_row(pairs[0], folder)
    saved = embed_model.prepare(config, loaded.model)
    batches.say_what_is_drawn(config, pairs)
    trainer, steps = build_trainer(config, loaded, pairs, folder, quiet)
    trainer.saved = saved
    facts = method_trainer.run_and_save(config, trainer, steps, saved, loaded, folder, resume, command)
    return TrainResult(loaded.model.eval(), facts)


def log_row(row: dict, folder: RunFolder) -> None:
    """One row for the report and the screen."""
    folder.log({"event": "row", **row})
    machine.say(*(f"  {side + ':':<10}{row[side][:100]!r}" for side in embed_rows.SIDES if side in row))


def build_trainer(
    config: EmbedConfig, loaded: LoadedModel, pairs: list[dict], folder: RunFolder, quiet: bool
) -> tuple[Any, StepLog]:
    """The library's trainer and our step log; columns stand in the order in which the loss takes them."""
    from datasets import Dataset, disable_progress_bars
    from sentence_transformers import SentenceTransformerTrainingArguments

    disable_progress_bars()
    os.environ.setdefault("TQDM_DISABLE", "1")
    prompts = {side: parts.of_side(loaded.model, side) for side in embed_rows.SIDES}
    columns = {side: [prompts[side] + pair[side] for pair in pairs] for side in embed_rows.SIDES if side in pairs[0]}
    arguments = SentenceTransformerTrainingArguments(**common_arguments(config, len(pairs), loaded.dtype, folder),
                                                     batch_sampler="no_duplicates")  # fmt: skip
    steps = StepLog(folder, quiet)
    trainer = pair_trainer()(model=loaded.model, args=arguments, train_dataset=Dataset.from_dict(columns),
                             loss=loss_of(config, loaded.model), callbacks=[steps])  # fmt: skip
    steps.trainer = trainer
    without_printers(trainer)
    return trainer, steps


def pair_trainer() -> type:
    """The trainer's class, made when torch is there."""
    from pathlib import Path

    from safetensors.torch import load_file, save_file
    from sentence_transformers import SentenceTransformerTrainer

    class PairTrainer(SentenceTransformerTrainer):
        """SentenceTransformerTrainer that counts its tokens and keeps in a checkpoint what is trained, no more."""

        sparse, tokens_seen = False, 0
        saved: Any = None  # the part of the model that is written down

        def add_model_card_callback(self, default_args_dict: Any) -> None:
            """The run's report takes the card's place."""

        def compute_loss(
            self,
            model: Any,
            inputs: dict[str, Any],
            return_outputs: bool = False,
            num_items_in_batch: Any = None,
        ) -> Any:
            self.tokens_seen += sum(int(v.sum()) for k, v in inputs.items() if k.endswith("attention_mask"))
            return super().compute_loss(model, inputs, return_outputs, num_items_in_batch)

        def _trained(self) -> dict:
            return {n: p for n, p in self.model.named_parameters() if p.requires_grad}

        def _save(self, output_dir: str | None = None, state_dict: Any | None = None) -> None:
            target = Path(output_dir or str(self.args.output_dir))
            target.mkdir(parents=True, exist_ok=True)
            if "checkpoint-" not in target.name:
                self.saved.save_pretrained(str(target))
                return
            save_file({n: p.detach().cpu().contiguous() for n, p in self._trained().items()},
                      str(target / "trained.safetensors"))  # fmt: skip

        def _load_from_checkpoint(self, checkpoint_path: str, model: Any | None = None) -> None:
            tensors = load_file(str(Path(checkpoint_path) / "trained.safetensors"))
            for name, parameter in self._trained().items():
                parameter.data.copy_(tensors[name].to(parameter.device))

    return PairTrainer
