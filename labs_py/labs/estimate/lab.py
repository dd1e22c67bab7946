"""What will it cost? Memory by parts, operations, hours and money of a fine-tuning run."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from labs_py.core import measured_runs, run_cost
from labs_py.core.model_table import MODELS
from labs_py.labs.estimate.spec import HARDWARE, PARTS
from labs_py.spec import Result

BATCHES = tuple(2**i for i in range(9))


def compute(params: dict[str, Any]) -> Iterator[Result]:
    """One frame: memory by part, operations, hours and money, and the check against measured runs."""
    shape, run = MODELS[params["model"]], _run_of(params)
    name, room, peak = HARDWARE[params["hardware"]]
    spare = 1 + params["allowance"] / 100
    parts = run_cost.memory(shape, run)
    parts["allowance"] = round(sum(parts.values()) * (spare - 1))
    total = sum(parts.values())
    trained = run_cost.adapter_parameters(shape, run.targets, run.rank) if run.rank else shape.parameters
    tokens = float(params["rows"]) * params["tokens"] * params["epochs"]
    work = run_cost.operations(shape, run, tokens)
    low, high = run_cost.hours(work, peak, params["low"] / 100, params["high"] / 100)
    if total > room:
        low = high = math.nan  # what does not fit takes no time and has no price
    largest = run_cost.largest_batch(shape, run, room / spare)
    scalars = {
        **parts,
        "total": total,
        "room": room,
        "largest_batch": largest,
        "parameters": shape.parameters,
        "trainable": trained,
        "training_tokens": tokens,
        "operations": work,
        "hours_low": low,
        "hours_high": high,
        "cost_low": low * params["price"],
        "cost_high": high * params["price"],
        **_checked(),
    }
    totals = [sum(run_cost.memory(shape, replace(run, batch=b)).values()) * spare / 1e9 for b in BATCHES]
    arrays = {
        "part_bytes": np.array([*(parts[p] / 1e9 for p in PARTS), total / 1e9, room / 1e9]),
        "batch_sizes": np.array(BATCHES, dtype=float),
        "batch_totals": np.array(totals),
        "batch_room": np.full(len(BATCHES), room / 1e9),
        **_points(),
    }
    verdict = f"{total / 1e9:.1f} GB of {room / 1e9:.0f} GB on the {name.split(',')[0]}"
    if total <= room:
        verdict += f": it fits. About {low:.2g} to {high:.2g} hours, ${low * params['price']:.2g} to "
        verdict += f"${high * params['price']:.2g}."
    else:
        verdict += f": it does not fit, so it has no price. {change(shape, run, room / spare)}"
    texts = {
        "status": verdict,
        "part_names": json.dumps([*PARTS, "in all", "on the device"]),
        "summary:parts": ", ".join(f"{p} {parts[p] / 1e9:.2f} GB" for p in PARTS) + f"; together {total / 1e9:.1f} GB.",
        "summary:batches": f"Up to {largest} rows of {run.tokens:,} tokens fit at once." if largest else
        "Not even one row fits.",
        "summary:measured": f"{len(measured_runs.POINTS)} configurations from "
        f"{arrays['measured_peak'].min():.1f} to {arrays['measured_peak'].max():.1f} GB; the prediction is at most "
        f"{scalars['error_over']:.0%} too high and {scalars['error_under']:.0%} too low.",
    }  # fmt: skip
    yield Result(scalars, arrays, texts)


def _points() -> dict[str, np.ndarray]:
    """Measured peaks and what a fit to the other points predicts, in GB, with the line on which they are equal."""
    peaks = np.array([point.peak for point in measured_runs.POINTS]) / 1e9
    errors, _ = measured_runs.errors()
    return {"measured_peak": peaks, "predicted_peak": peaks * (1 + errors), "equal": np.array([0.0, 1.1 * peaks.max()])}


def _checked() -> dict[str, float]:
    """How far the predictions lie from what was measured, as shares of it."""
    memory, seconds = measured_runs.errors()
    return {
        "runs_measured": len(memory),
        "error_typical": float(np.median(np.abs(memory))),
        "error_over": float(memory.max()),
        "error_under": float(-memory.min()),
        "seconds_typical": float(np.median(np.abs(seconds))),
        "seconds_worst": float(np.abs(seconds).max()),
    }


def _run_of(params: dict[str, Any]) -> run_cost.Run:
    method = params["method"]
    return run_cost.Run(
        rank=0 if method == "full" else params["rank"],
        targets=params["targets"],
        nf4=method == "qlora",
        optimizer="paged_adamw_8bit" if method == "qlora" else "adamw",
        tokens=params["tokens"],
        batch=params["batch"],
        checkpointing=params["checkpointing"],
        labelled=params["labelled"] / 100,
    )


def change(shape: run_cost.Shape, run: run_cost.Run, room: float) -> str:
    """The mildest single change that makes a run fit; two together when one does not suffice."""
    small: dict[str, Any] = {"nf4": True, "optimizer": "paged_adamw_8bit", "rank": run.rank or 16}
    tries: tuple[tuple[str, dict[str, Any]], ...] = (
        ("Recompute activations.", {"checkpointing": True}),
        ("Score only the labelled tokens, a third of them.", {"labelled": min(run.labelled, 1 / 3)}),
        ("Take rows one by one and accumulate.", {"batch": 1}),
        ("Train an adapter of rank 16 instead.", {"rank": run.rank or 16}),
        ("Hold the weights in four bits.", small),
        ("Recompute activations and take rows one by one.", {"checkpointing": True, "batch": 1}),
        ("Four bits, rows one by one, activations recomputed.", {**small, "batch": 1, "checkpointing": True}),
    )
    for said, changed in tries:
        if sum(run_cost.memory(shape, replace(run, **changed)).values()) <= room:
            return said
    return "No single card of this size does it: shorter rows, a smaller model, or several devices."
