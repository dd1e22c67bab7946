"""Contrastive tuning of an embedding model by sentence-transformers: negatives of the batch, or mined hard ones."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from labs_py.core import contrastive
from training import data, embed_data, embed_model, json_lines, runtime, sft
from training.dpo import common_arguments, without_printers
from training.errors import BadInput

load_rows = embed_data.load_rows
load_base = embed_model.load_base
ROWS_FILE = "pairs.jsonl"


def vectors(embedder: Any, texts: list[str], config, prompt: str) -> np.ndarray:
    """(N, D) vectors of texts behind a prompt, float32.

    Raises:
        GuardFailed: a vector that is not a number.
    """
    from training.errors import GuardFailed
    from training.reward import autocast_like

    with autocast_like(embedder):
        found = embedder.encode([prompt + text for text in texts], batch_size=min(64, config.evaluate.batch_size),
                                convert_to_numpy=True, show_progress_bar=False)  # fmt: skip
    if not np.isfinite(found).all():
        raise GuardFailed("a vector is not a number: the run's weights have gone astray; lower train.learning_rate")
    return found.astype(np.float32)


# --8<-- [start:negatives]
def with_negatives(config, rows: list[dict], loaded, folder) -> list[dict]:
    """The rows as they are trained on: as they stand, or each with the wrong passage that the base finds most similar.

    Candidates are all passages of the training rows, those without a label included. A question that the margin leaves
    without a candidate keeps one drawn at random.
    """
    if config.embed.negatives == "batch":
        return [{side: row[side] for side in ("anchor", "positive")} for row in rows]
    if config.embed.negatives == "given":
        return [{side: row[side] for side in embed_data.SIDES} for row in rows]
    kept = folder.path / ROWS_FILE
    if kept.is_file():
        return json_lines.read_kept(kept, json_lines.texts(*embed_data.SIDES))
    pool = list(dict.fromkeys(row[side] for row in rows for side in ("positive", "unlabelled", "negative")
                              if side in row))  # fmt: skip
    place = {passage: number for number, passage in enumerate(pool)}
    if len(pool) <= config.embed.skip + 1:
        raise BadInput(f"embed.skip: {len(pool)} different passages are too few to mine from")
    with runtime.phase("mining", folder.log):
        asked = vectors(loaded.model, [row["anchor"] for row in rows], config, config.embed.query_prompt)
        held = vectors(loaded.model, pool, config, config.embed.passage_prompt)
    own = np.array([place[row["positive"]] for row in rows])
    found = contrastive.mine(asked, held, own, config.embed.skip, config.embed.margin)
    rng = np.random.default_rng(config.data.seed)
    unfilled = beyond_margin(asked, held, own, found, config.embed.margin)
    found = np.where(unfilled, (own + rng.integers(1, len(pool), len(own))) % len(pool), found)
    mined = [{**{side: row[side] for side in ("anchor", "positive")}, "negative": pool[number]}
             for row, number in zip(rows, found, strict=True)]  # fmt: skip
    wrong = [row.get("unlabelled") == pair["negative"] for row, pair in zip(rows, mined, strict=True)]
    folder.update("embed", {"mined": {"passages": len(pool), "without_candidate": float(np.mean(unfilled)),
                                      "right_answers_among_negatives": float(np.mean(wrong))}})  # fmt: skip
    runtime.say(f"  mined from {len(pool)} passages: {np.mean(unfilled):.1%} of the questions had no candidate below"
                f" the margin, {np.mean(wrong):.1%} of the negatives are right answers without a label")  # fmt: skip
    if runtime.is_main_process():
        data.write_rows(kept, mined)
    return mined


# --8<-- [end:negatives]


def beyond_margin(asked: np.ndarray, held: np.ndarray, own: np.ndarray, found: np.ndarray, margin: float) -> np.ndarray:
    """Where mining had nothing left: its choice is the right passage itself, or lies above the margin."""
    q, p = contrastive.unit(asked), contrastive.unit(held)
    right, chosen = (q * p[own]).sum(1), (q * p[found]).sum(1)
    above = chosen > right - margin * np.abs(right) + 1e-6 if margin else np.zeros(len(own), bool)
    return above | (found == own)


def loss_of(config, embedder: Any) -> Any:
    """MultipleNegativesRankingLoss, in slices of the batch where memory asks for it, on nested widths where wanted."""
    from sentence_transformers.sentence_transformer import losses

    e, gather = config.embed, runtime.process_count() > 1
    if e.slice_rows:
        loss = losses.CachedMultipleNegativesRankingLoss(embedder, scale=e.scale, mini_batch_size=e.slice_rows,
                                                         gather_across_devices=gather)  # fmt: skip
    else:
        loss = losses.MultipleNegativesRankingLoss(embedder, scale=e.scale, gather_across_devices=gather)
    if not e.widths:
        return loss
    return losses.MatryoshkaLoss(embedder, loss, sorted(e.widths, reverse=True))


def train(config, rows: list[dict], loaded, folder, resume=None, command: str = "embed", quiet: bool = False):
    """Train on the rows and leave the model (or its adapter) in the run's folder; arguments as in ``sft.train``."""
    pairs = with_negatives(config, rows, loaded, folder)
    log_row(pairs[0], folder)
    saved = embed_model.prepare(config, loaded.model)
    trainer, steps = build_trainer(config, loaded, pairs, folder, quiet)
    trainer.saved = saved
    facts = sft.run_and_save(config, trainer, steps, saved, loaded, folder, resume, command)
    return sft.TrainResult(loaded.model.eval(), facts)


def log_row(row: dict, folder) -> None:
    """One row for the report and the screen."""
    folder.log({"event": "row", **row})
    runtime.say(*(f"  {side + ':':<10}{row[side][:100]!r}" for side in embed_data.SIDES if side in row))


def build_trainer(config, loaded, pairs: list[dict], folder, quiet: bool):
    """The library's trainer and our step log; columns stand in the order in which the loss takes them."""
    from datasets import Dataset, disable_progress_bars
    from sentence_transformers import SentenceTransformerTrainingArguments

    from training.progress import StepLog

    disable_progress_bars()
    os.environ.setdefault("TQDM_DISABLE", "1")
    prompts = {"anchor": config.embed.query_prompt, "positive": config.embed.passage_prompt,
               "negative": config.embed.passage_prompt}  # fmt: skip
    columns = {side: [prompts[side] + pair[side] for pair in pairs] for side in embed_data.SIDES if side in pairs[0]}
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

        sparse, tokens_seen, saved = False, 0, None

        def add_model_card_callback(self, default_args_dict):
            """The run's report takes the card's place."""

        def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
            self.tokens_seen += sum(int(v.sum()) for k, v in inputs.items() if k.endswith("attention_mask"))
            return super().compute_loss(model, inputs, return_outputs, num_items_in_batch)

        def _trained(self) -> dict:
            return {n: p for n, p in self.model.named_parameters() if p.requires_grad}

        def _save(self, output_dir=None, state_dict=None):
            target = Path(output_dir or self.args.output_dir)
            target.mkdir(parents=True, exist_ok=True)
            if "checkpoint-" not in target.name:
                self.saved.save_pretrained(str(target))
                return
            save_file({n: p.detach().cpu().contiguous() for n, p in self._trained().items()},
                      str(target / "trained.safetensors"))  # fmt: skip

        def _load_from_checkpoint(self, checkpoint_path, model=None):
            tensors = load_file(str(Path(checkpoint_path) / "trained.safetensors"))
            for name, parameter in self._trained().items():
                parameter.data.copy_(tensors[name].to(parameter.device))

    return PairTrainer


def measure_more(config, rows, loaded, tuned, folder) -> None:
    """Everything is in the command's own phases."""
