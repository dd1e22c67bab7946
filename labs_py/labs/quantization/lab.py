"""The Quantization Lab: real weights on grids of 16 to 2 bits, what is lost, and what it truly weighs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from labs_py.core import quantize
from labs_py.labs.quantization import sources, storage
from labs_py.spec import Result

LLAMA_7B, LLAMA_7B_IN_16_BITS = 6_738_415_616, 262_410_240  # all; embedding, output layer and norms
MOST_BANDS, BINS, FIT_STEPS, DEFAULT_FIT_RANK, MOST_LEVEL_BITS = 96, 64, 40, 8, 8
WIDTHS = range(2, 17)
forget = storage.forget


def _sweep(setting: storage.Setting) -> list[tuple[str, int, storage.Setting]]:
    """The settings of the sweep chart: (array, index in it, setting)."""
    grouped = replace(setting, granularity=setting.granularity if setting.granularity != "none" else "row")
    points = []
    for i, bits in enumerate(WIDTHS):
        for scheme in ("symmetric", "affine"):
            points.append((scheme, i, replace(grouped, format="int", bits=bits, scheme=scheme)))
    for i, form in enumerate(("nf4", "fp8_e5m2", "fp8_e4m3", "bf16", "fp16")):
        point = replace(grouped, format=form, bits=0, scheme="symmetric")
        points.append(("formats", i, point if i < 3 else replace(point, granularity="none", group_size=0)))
    return points


def compute(params: dict[str, Any]) -> Iterator[Result]:
    """First the state at these settings, then the sweep filled in, then (if asked for) the repair."""
    weights, setting = storage.weights_of(params), storage.setting_of(params)
    lost = weights.matrix - storage.code(weights.matrix, setting)
    rank = min(params["repair_rank"], *weights.matrix.shape)
    scalars = {**_size_scalars(weights, setting, params, rank), **_error_scalars(weights, setting, lost)}
    scalars["rmse_quantised"] = scalars["rmse"]
    arrays = {
        **_histogram(weights, setting),
        "row_number": _bands(np.arange(1.0, len(lost) + 1)),
        "row_error": _row_errors(lost),
        "bits_now": np.array([scalars["bits_per_weight"]]),
        "sweep_now": np.array([scalars["rmse"]]),
    }
    texts = _texts(weights, setting, scalars, params)
    points = _sweep(setting)
    total = len(points) + 1 + (rank > 0) + (FIT_STEPS if params["train"] else 0)
    yield Result(scalars, dict(arrays), texts, 1, total, early=True)
    for name in ("symmetric", "affine", "formats"):
        length = 5 if name == "formats" else len(WIDTHS)
        arrays |= {f"sweep_{name}": np.full(length, np.nan), f"bits_{name}": np.full(length, np.nan)}
    for done, (name, i, point) in enumerate(points, 2):
        arrays[f"sweep_{name}"][i] = storage.error_of(weights, point)
        arrays[f"bits_{name}"][i] = storage.size(weights.matrix.shape, point)
        if done == len(points) + 1:
            arrays["row_error_one_scale"] = _one_scale_rows(weights, setting)
        yield Result(scalars, dict(arrays), texts, done, total)
    if rank or params["train"]:
        yield from _repaired(weights, setting, lost, params, Result(scalars, arrays, texts, len(points) + 1, total))


def _one_scale_rows(weights: sources.Weights, setting: storage.Setting) -> np.ndarray:
    one = setting if setting.granularity == "none" else replace(setting, granularity="tensor", group_size=0)

    def measure() -> np.ndarray:
        return _row_errors(weights.matrix - storage.code(weights.matrix, one))

    return storage.remember(storage.rows_memo, (weights.key, one), 200, measure)


def _row_errors(lost: np.ndarray) -> np.ndarray:
    return np.sqrt(_bands(np.einsum("ij,ij->i", lost, lost) / lost.shape[1]))


def _bands(rows: np.ndarray) -> np.ndarray:
    """Means over equal bands of rows, at most 96 of them."""
    if rows.size <= MOST_BANDS:
        return rows
    return np.array([part.mean() for part in np.array_split(rows, MOST_BANDS)])


def _error_scalars(weights: sources.Weights, setting: storage.Setting, lost: np.ndarray) -> dict[str, float]:
    flat = lost.ravel()
    lost_norm = float(np.sqrt(flat @ flat))
    output_error = float(np.linalg.norm(lost @ weights.inputs))
    rmse = lost_norm / np.sqrt(flat.size)
    eight = storage.error_of(weights, replace(setting, format="int", bits=8, granularity=_with_scale(setting)))
    return {
        "rmse": rmse,
        "snr_db": float(20 * np.log10(weights.norm / lost_norm)) if lost_norm else float("inf"),
        "max_error": float(max(flat.max(), -flat.min())),
        "output_error": output_error,
        "relative_output_error": output_error / weights.outputs_norm if weights.outputs_norm else 0.0,
        "rmse_over_int8": rmse / eight if eight else float("nan"),
        "largest_weight": weights.largest,
        "output_norm": weights.outputs_norm,
    }


def _with_scale(setting: storage.Setting) -> str:
    return "tensor" if setting.granularity == "none" else setting.granularity


def _size_scalars(weights: sources.Weights, setting: storage.Setting, params: dict, rank: int) -> dict[str, float]:
    bits = storage.size(weights.matrix.shape, setting)
    rows, width = weights.matrix.shape
    return {
        "bits_per_weight": bits,
        "bytes_7b": LLAMA_7B * bits / 8,
        "bytes_7b_mixed": ((LLAMA_7B - LLAMA_7B_IN_16_BITS) * bits + LLAMA_7B_IN_16_BITS * 16) / 8,
        "gigabytes_own": params["own_billions"] * bits / 8,
        "repair_bits": 16.0 * rank * (rows + width) / (rows * width),
        "error_returned": 0.0,
    }


def _histogram(weights: sources.Weights, setting: storage.Setting) -> dict[str, np.ndarray]:
    """Counts over positions within each group's range, and the levels that are drawn over them."""
    affine = setting.scheme != "symmetric"
    granularity = _with_scale(setting)

    def count() -> np.ndarray:
        blocks = quantize.to_groups(weights.matrix, granularity, setting.group_size)
        if affine:
            low, high = blocks.min(axis=1, keepdims=True), blocks.max(axis=1, keepdims=True)
            position = (blocks - low) / np.where(high > low, high - low, 1.0) * BINS
        else:
            largest = np.abs(blocks).max(axis=1, keepdims=True)
            position = (blocks / np.where(largest > 0, largest, 1.0) + 1.0) * (BINS / 2)
        kept = quantize.from_groups(np.minimum(position, BINS - 1).astype(np.int32), weights.matrix.shape)
        return np.bincount(kept.ravel(), minlength=BINS).astype(float)

    key = (weights.key, granularity, setting.group_size, affine)
    counts = storage.remember(storage.histogram_memo, key, 64, count)
    return {
        "histogram_counts": counts,
        "histogram_edges": np.linspace(-1, 1, BINS + 1),
        "levels": _levels(setting),
        # The largest magnitude is an end of its group's range.
        "outlier_at": np.array([1.0 if weights.matrix.max() == weights.largest else -1.0]),
        "outlier_height": np.zeros(1),
    }


def _levels(setting: storage.Setting) -> np.ndarray:
    """Code levels within [-1, 1]; none when they would lie closer than a line's width."""
    if setting.format == "nf4":
        return quantize.NF4_LEVELS
    if setting.format == "int" and setting.bits <= MOST_LEVEL_BITS:
        n_levels = 2**setting.bits - (1 if setting.scheme == "symmetric" else 0)
        return np.linspace(-1.0, 1.0, n_levels)
    if setting.format.startswith("fp8") and setting.granularity != "none":
        form = quantize.FLOATS[setting.format]
        steps = np.ldexp(1 + np.arange(2**form.mantissa_bits) / 2**form.mantissa_bits, -np.arange(5)[:, None]).ravel()
        positive = steps[steps * form.largest <= 2 * form.largest] / steps.max()
        return np.unique(np.concatenate([-positive, [0.0], positive]))
    return np.zeros(0)


def _status(weights: sources.Weights, scalars: dict[str, float], repair: str = "") -> str:
    rows, width = weights.matrix.shape
    noise = f"{scalars['snr_db']:.1f} dB" if np.isfinite(scalars["snr_db"]) else "without limit: nothing is lost"
    return (
        f"{rows} × {width} weights at {scalars['bits_per_weight']:.4g} true bits{repair}: error {scalars['rmse']:.3g}, "
        f"signal to noise {noise}."
    )


def _texts(weights: sources.Weights, setting: storage.Setting, scalars: dict, params: dict) -> dict[str, str]:
    rows, width = weights.matrix.shape
    rmse, levels = scalars["rmse"], _levels(setting).size or "too many"
    texts = {
        "status": _status(weights, scalars),
        "summary:histogram": f"{rows * width:,} weights within their groups' ranges; {levels} levels to land on.",
        "summary:rows": f"Error {rmse:.3g} over all rows; the largest single error is {scalars['max_error']:.3g}.",
        "summary:sweep": f"Your setting: {scalars['bits_per_weight']:.4g} true bits per weight, error {rmse:.3g}.",
    }
    if params["left_out"]:
        texts["summary:histogram"] += f" Largest weights left out: {params['left_out']}; the largest is now " + (
            f"{weights.largest:.3g}."
        )
    if setting.format in ("bf16", "fp16") and weights.key[0].startswith("minilm"):
        texts["status"] += " These weights were kept as fp16 for this page, so an fp16 cast cannot lose anything."
    return texts | _remarks(weights, setting, params)


def _remarks(weights: sources.Weights, setting: storage.Setting, params: dict) -> dict[str, str]:
    """What had to be read differently from how it was asked, one sentence for each parameter."""
    (rows, width), size, remarks = weights.matrix.shape, setting.group_size, {}
    if weights.note:
        remarks["error:pasted" if params["weights"] == "pasted" else "error:weights"] = weights.note
    if params["granularity"] == "none" and setting.granularity == "tensor":
        remarks["error:granularity"] = "A whole-number grid and NF4 need a scale: one for the matrix is used."
    if size > width:
        remarks["error:group_size"] = f"A group of {size} is longer than a row of {width}: one scale per row."
    elif size and width % size:
        remarks["error:group_size"] = (
            f"{size} does not divide {width}: each row ends in a short group of {width % size} with its own scale."
        )
    if params["repair_rank"] > min(rows, width):
        remarks["error:repair_rank"] = f"This matrix has rank {min(rows, width)} at most; that rank is used."
    return remarks


def _repaired(
    weights: sources.Weights, setting: storage.Setting, lost: np.ndarray, params: dict, base: Result
) -> Iterator[Result]:
    """The live fit if it was asked for, then the exact repair and everything measured again."""
    scalars, arrays, texts, done = dict(base.scalars), dict(base.arrays), dict(base.texts), base.done
    rank = min(params["repair_rank"] or DEFAULT_FIT_RANK, *lost.shape)
    if params["train"]:
        errors = []
        for error in _fit(lost, rank, params["seed"]):
            errors.append(error)
            done += 1
            arrays["fit_error"] = np.array(errors)
            texts["summary:fit"] = (
                f"After {len(errors)} half-steps a product of rank {rank} leaves {error:.2%} of the error."
            )
            yield Result(scalars, dict(arrays), dict(texts), done, base.total)
    up, down = storage.remember(
        storage.svd_memo, (weights.key, setting), 8, lambda: quantize.repair(lost, min(lost.shape))
    )
    values = np.sqrt((up**2).sum(axis=0))
    energy = float(values @ values)
    arrays["residual_values"] = values
    kept = float(values[:rank] @ values[:rank]) / energy if energy else 0.0
    texts["summary:spectrum"] = (
        f"The first of {values.size} singular values is {values[0]:.3g}, the middle {values[values.size // 2]:.3g}; "
        f"the first {rank} hold {kept:.1%} of the squared error."
    )
    if params["train"]:
        arrays["fit_bound"] = np.full(FIT_STEPS, np.sqrt(max(0.0, 1.0 - kept)))
        texts["summary:fit"] += f" No product of that rank leaves less than {np.sqrt(max(0.0, 1.0 - kept)):.2%}."
    if params["repair_rank"]:
        scalars |= _error_scalars(weights, setting, lost - up[:, :rank] @ down[:rank])
        scalars["error_returned"] = 100 * kept
        texts["status"] = _status(weights, scalars, f" with a repair of rank {rank}")
        texts["status"] += f" It gives back {kept:.1%} of the squared error."
    yield Result(scalars, arrays, texts, base.total, base.total)


def _fit(lost: np.ndarray, rank: int, seed: int) -> Iterator[float]:
    """Shares of the error left while the two factors are fitted in turn (alternating least squares)."""
    total = float(np.linalg.norm(lost)) or 1.0
    up = np.random.default_rng(seed).normal(size=(lost.shape[0], rank))
    down = np.zeros((rank, lost.shape[1]))
    for step in range(FIT_STEPS):
        if step % 2 == 0:
            down = quantize.fit_down(lost, up)
        else:
            up = quantize.fit_up(lost, down)
        yield float(np.linalg.norm(lost - up @ down)) / total
