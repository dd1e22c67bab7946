"""Hard negatives: passages that the model itself finds near a question and that do not answer it."""

from __future__ import annotations

from typing import Any

import numpy as np

from labs_py.core import contrastive
from training.data import splits
from training.methods.embed import parts
from training.methods.embed import rows as embed_rows
from training.methods.embed.settings import EmbedConfig
from training.models.loading import LoadedModel
from training.models.precision import autocast_like
from training.run import jsonl, machine
from training.run.errors import BadInput, GuardFailed
from training.run.folder import RunFolder

ROWS_FILE = "pairs.jsonl"


def vectors(embedder: Any, texts: list[str], config: EmbedConfig, prompt: str) -> np.ndarray:
    """(N, D) vectors of texts behind a prompt, float32.

    Raises:
        GuardFailed: a vector that is not a number.
    """
    with autocast_like(embedder):
        found = embedder.encode([prompt + text for text in texts], batch_size=min(64,
                                                                                  config.evaluate.per_device_eval_batch_size),
                                prompt="", convert_to_numpy=True, show_progress_bar=False)  # fmt: skip
    if not np.isfinite(found).all():
        raise GuardFailed("a vector is not a number: the run's weights have gone astray; lower train.learning_rate")
    return found.astype(np.float32)


def with_negatives(config: EmbedConfig, rows: list[dict], loaded: LoadedModel, folder: RunFolder) -> list[dict]:
    """The rows as they are trained on: as they stand, or each with the wrong passage that the base finds most similar.

    Candidates are all passages of the training rows, those without a label included. A question that the margin leaves
    without a candidate keeps one drawn at random.

    Raises:
        BadInput: fewer different passages than mining leaves out.
    """
    if config.embed.negatives == "batch":
        return [{side: row[side] for side in ("anchor", "positive")} for row in rows]
    if config.embed.negatives == "given":
        return [{side: row[side] for side in embed_rows.SIDES} for row in rows]
    kept = folder.path / ROWS_FILE
    if kept.is_file():
        return jsonl.read_kept(kept, jsonl.texts(*embed_rows.SIDES))
    pool = list(dict.fromkeys(row[side] for row in rows for side in ("positive", "unlabelled", "negative")
                              if side in row))  # fmt: skip
    place = {passage: number for number, passage in enumerate(pool)}
    if len(pool) <= config.embed.range_min + 1:
        raise BadInput(f"embed.range_min: {len(pool)} different passages are too few to mine from")
    with machine.phase("mining", folder.log):
        asked = vectors(loaded.model, [row["anchor"] for row in rows], config, parts.of_side(loaded.model, "anchor"))
        held = vectors(loaded.model, pool, config, parts.of_side(loaded.model, "positive"))
    own = np.array([place[row["positive"]] for row in rows])
    found = contrastive.mine(asked, held, own, config.embed.range_min, config.embed.margin)
    rng = np.random.default_rng(config.data.seed)
    unfilled = beyond_margin(asked, held, own, found, config.embed.margin)
    found = np.where(unfilled, (own + rng.integers(1, len(pool), len(own))) % len(pool), found)
    mined = [{**{side: row[side] for side in ("anchor", "positive")}, "negative": pool[number]}
             for row, number in zip(rows, found, strict=True)]  # fmt: skip
    wrong = [row.get("unlabelled") == pair["negative"] for row, pair in zip(rows, mined, strict=True)]
    folder.update("embed", {"mined": {"passages": len(pool), "without_candidate": float(np.mean(unfilled)),
                                      "right_answers_among_negatives": float(np.mean(wrong))}})  # fmt: skip
    machine.say(f"  mined from {len(pool)} passages: {np.mean(unfilled):.1%} of the questions had no candidate below"
                f" the margin, {np.mean(wrong):.1%} of the negatives are right answers without a label")  # fmt: skip
    if machine.is_main_process():
        splits.write_rows(kept, mined)
    return mined


def beyond_margin(asked: np.ndarray, held: np.ndarray, own: np.ndarray, found: np.ndarray, margin: float) -> np.ndarray:
    """Where mining had nothing left: its choice is the right passage itself, or lies above the margin."""
    q, p = contrastive.unit(asked), contrastive.unit(held)
    right, chosen = (q * p[own]).sum(1), (q * p[found]).sum(1)
    above = chosen > right - margin * np.abs(right) + 1e-6 if margin else np.zeros(len(own), bool)
    return above | (found == own)
