"""The LoRA Lab: drag the rank and watch the singular values say why low rank works."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np

from labs_py.core import adapter_size, lora, svd
from labs_py.labs.lora import decomposition
from labs_py.labs.lora.params import MODEL_INITIALS, TARGET_INITIALS, TARGET_NAMES
from labs_py.spec import Result

LARGEST_PICTURE = 64
USUAL_SWEEPS = 11
# Multiply-adds of the training steps between two frames: fewer steps for large products, so that a frame stays short.
STEP_WORK = 4_000_000


def compute(params: dict[str, Any]) -> Iterator[Result]:
    """Frames of the lab: a coarse picture, the decomposition as it converges, the exact picture, then training."""
    counts = _count_real_shapes(params)
    picture: dict[str, Any] = {}
    for update, state in decomposition.decompose_steps(params):
        if not picture or state.finished:
            picture = _picture(params, update, state)
        yield _frame(params, picture, state, counts) if state.off_norms else _coarse(picture, counts)
    if params["train"]:
        yield from _train(params, picture, update, state, counts)


def forget() -> None:
    """Drop remembered decompositions."""
    decomposition.forget()


def _picture(params: dict[str, Any], update: np.ndarray, state: svd.Decomposition) -> dict[str, Any]:
    """Everything that depends on the rank: product, residual and the numbers measured on them."""
    rank = params["rank"]
    product = lora.truncate(state.left, state.values, state.right, rank)
    bounds, kept = lora.eckart_young_bounds(state.values), lora.energy_kept(state.values)
    size = params["size"]
    trainable = rank * 2 * size
    halves = np.sqrt(state.values[:rank])  # of each singular value B takes a half, as A does
    scalars = {
        "relative_error": lora.relative_error(update, product),
        "eckart_young_bound": bounds[rank],
        "energy_kept": kept[rank],
        "stable_rank": lora.stable_rank(state.values),
        "largest_singular_value": state.values[0],
        "scaling_factor": lora.scaling_factor(params["alpha"], rank, params["scaling"]),
        "trainable_parameters": trainable,
        "full_parameters": size * size,
        "adapter_bytes": adapter_size.BF16_BYTES * trainable,
        "adam_state_bytes": adapter_size.ADAM_STATE_BYTES * trainable,
    }
    positions = np.arange(1, size + 1)
    arrays = {
        "delta_w": update,
        "delta_w_view": _view(update),
        "product_view": _view(product),
        "b_view": _view(state.left[:, :rank] * halves),
        "a_view": _view(state.right[:rank].T * halves).T,
        "residual_view": _view(update - product),
        "singular_values": state.values,
        "kept": (positions <= rank).astype(float),
        "energy": kept[1:],
        "energy_goal": np.full(size, 0.95),
        "floor": bounds,
        "floor_ranks": np.arange(size + 1),
        "measured_error": np.array([scalars["relative_error"]]),
        "measured_rank": np.array([rank]),
    }
    return {"scalars": scalars, "arrays": arrays, "texts": _summaries(params, scalars, state.values)}


def _view(matrix: np.ndarray) -> np.ndarray:
    """At most 64 rows of a matrix, every second, third or fourth one when there are more; of its columns as many."""
    stride = -(-len(matrix) // LARGEST_PICTURE)
    return matrix[::stride, ::stride]


def _summaries(params: dict[str, Any], scalars: dict[str, float], values: np.ndarray) -> dict[str, str]:
    """One sentence for each chart that depends on the rank."""
    rank, size = params["rank"], params["size"]
    after = f", the next one is {values[rank]:.3g}" if rank < size else "; nothing is dropped"
    every = -(-size // LARGEST_PICTURE)
    sample = f" One of every {every} rows and columns is drawn." if every > 1 else ""
    error = scalars["relative_error"]
    return {
        "summary:spectrum": f"{size} singular values from {values[0]:.3g} down to {values[-1]:.3g}; "
        f"rank {rank} keeps those down to {values[rank - 1]:.3g}{after}.",
        "summary:energy": f"Rank {rank} of {size} keeps {scalars['energy_kept']:.1%} of the energy.",
        "summary:floor": f"At rank {rank} the measured error is {error:.4g} and the Eckart-Young bound "
        f"{scalars['eckart_young_bound']:.4g}.",
        "summary:update": f"The update, {size} by {size}.{sample}",
        "summary:product": f"B·A at rank {rank}: it holds {scalars['energy_kept']:.1%} of the update's energy.{sample}",
        "summary:residual": f"Update minus B·A on the update's colour scale: {error:.1%} of the update's norm.{sample}",
    }


def _coarse(picture: dict[str, Any], counts: dict) -> Result:
    """What a hand on a slider sees at once; the exact decomposition comes behind it."""
    texts = {**picture["texts"], **counts["texts"], "status": "Roughly; the exact decomposition is on its way."}
    return Result({**picture["scalars"], **counts["scalars"]}, {**picture["arrays"], **counts["arrays"]}, texts, 0, 1,
                  early=True)  # fmt: skip


def _frame(params: dict[str, Any], picture: dict, state: svd.Decomposition, counts: dict) -> Result:
    """The state of the decomposition, its sweeps under the coarse picture until it is finished."""
    off_norms = np.array(state.off_norms)
    arrays = {
        **picture["arrays"],
        "off_norm": off_norms,
        "sweep": np.arange(1, len(off_norms) + 1),
        **counts["arrays"],
    }
    texts = {**picture["texts"], **counts["texts"]}
    sweeps = "1 sweep" if len(off_norms) == 1 else f"{len(off_norms)} sweeps"
    texts["summary:sweeps"] = f"{sweeps}: the off-diagonal norm is at {off_norms[-1]:.1e}."
    done = state.sweeps * state.rounds_per_sweep + state.rounds
    usual = USUAL_SWEEPS * state.rounds_per_sweep
    if state.finished:
        texts["status"] = _status(params, picture["scalars"])
        return Result({**picture["scalars"], **counts["scalars"]}, arrays, texts)
    texts["status"] = f"Jacobi sweep {state.sweeps + 1}: turning pairs of columns until all are orthogonal."
    return Result({**picture["scalars"], **counts["scalars"]}, arrays, texts, done, max(usual, done + 1))


def _status(params: dict[str, Any], scalars: dict[str, float]) -> str:
    return (
        f"Rank {params['rank']} of {params['size']}: {scalars['energy_kept']:.1%} of the energy, "
        f"relative error {scalars['relative_error']:.3g}, {scalars['trainable_parameters']:,} parameters "
        f"instead of {scalars['full_parameters']:,}."
    )


def _count_real_shapes(params: dict[str, Any]) -> dict[str, dict]:
    """Adapter sizes at this rank on real models: the chosen one in numbers, all nine combinations as bars."""
    rank, shape, targets = params["rank"], adapter_size.SHAPES[params["shape"]], params["targets"]
    trainable = adapter_size.count_adapter(shape, targets, rank)
    fused = adapter_size.count_adapter(shape, targets, rank, fused=True)
    models, kinds = MODEL_INITIALS, TARGET_INITIALS
    names = [f"{models[s]} {kinds[t]}" for s in adapter_size.SHAPES for t in adapter_size.TARGETS]
    table = [(s, t) for s in adapter_size.SHAPES.values() for t in adapter_size.TARGETS]
    return {
        "scalars": {
            "shape_trainable_parameters": trainable,
            "shape_trainable_fused": fused,
            "shape_parameters": shape.parameters,
            "shape_share": trainable / shape.parameters,
            "shape_times_fewer": shape.parameters / trainable,
            "shape_times_fewer_adapted": adapter_size.count_adapted(shape, targets) / trainable,
            "shape_adapter_bytes": adapter_size.BF16_BYTES * trainable,
            "shape_adam_state_bytes": adapter_size.ADAM_STATE_BYTES * trainable,
            "shape_full_adam_state_bytes": adapter_size.ADAM_STATE_BYTES * shape.parameters,
        },
        "arrays": {
            "counts_apart": np.array([adapter_size.count_adapter(s, t, rank) for s, t in table], dtype=float),
            "counts_fused": np.array([adapter_size.count_adapter(s, t, rank, True) for s, t in table], dtype=float),
        },
        "texts": {
            "count_names": json.dumps(names),
            "summary:counts": f"{shape.name}, {TARGET_NAMES[targets]}, rank {rank}: {trainable:,} "
            f"trainable parameters" + (f" ({fused:,} with the layers fused)." if fused != trainable else "."),
        },
    }


def _train(
    params: dict[str, Any], picture: dict, update: np.ndarray, state: svd.Decomposition, counts: dict
) -> Iterator[Result]:
    """Frames of training over the finished picture."""
    rank, scale, floor = params["rank"], picture["scalars"]["scaling_factor"], picture["scalars"]["eckart_young_bound"]
    still = _frame(params, picture, state, counts)
    every = int(np.clip(STEP_WORK // (params["size"] ** 2 * rank), 1, 10))
    training = lora.train(update, rank, scale, params["learning_rate"], params["steps"], params["seed"], every)
    for now in training:
        error = now.errors[-1]
        arrays = {
            "train_error": now.errors,
            "train_step": np.arange(len(now.errors)),
            "train_floor": np.full(len(now.errors), floor),
            "trained_view": _view(now.product),
        }
        scalars = {"train_error": error, "train_above_floor": error - floor, "train_steps_done": now.step}
        texts = {
            "summary:training": f"Error after {now.step} steps: {error:.4g}; floor of rank {rank}: {floor:.4g}.",
            "summary:trained": f"What the adapter adds after {now.step} steps, on the update's colour scale.",
            "status": _training_status(params, now, floor),
        }
        yield Result(
            {**still.scalars, **scalars},
            {**still.arrays, **arrays},
            {**still.texts, **texts},
            now.step,
            params["steps"],
        )


def _training_status(params: dict[str, Any], now: lora.TrainingState, floor: float) -> str:
    error = now.errors[-1]
    if now.diverged:
        return (
            f"Diverged at step {now.step}: the error is {error:.3g}, and doing nothing has an error of 1. "
            f"A learning rate of {params['learning_rate']:g} throws A and B past the update; divide it by ten."
        )
    if now.step < params["steps"]:
        return f"Training, step {now.step} of {params['steps']}: error {error:.4g}, floor {floor:.4g}."
    if error <= floor * 1.01 + 1e-3:
        return f"Trained {now.step} steps: error {error:.4g} has reached the floor {floor:.4g}. More steps cannot help."
    return f"Trained {now.step} steps: error {error:.4g}, still above the floor {floor:.4g}."
