"""How the Quantization Lab stores a matrix: settings, what comes back, what it weighs; remembered between frames."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from labs_py.core import quantize
from labs_py.labs.quantization import sources

V = TypeVar("V")


@dataclass(frozen=True)
class Setting:
    """One way to store a matrix; everything that ``code`` and ``size`` need."""

    format: str
    bits: int
    scheme: str
    granularity: str
    group_size: int
    scale_format: str
    double: bool


_weights_memo: dict[tuple, sources.Weights] = {}
_error_memo: dict[tuple, float] = {}
svd_memo: dict[tuple, tuple[np.ndarray, np.ndarray]] = {}
histogram_memo: dict[tuple, np.ndarray] = {}
rows_memo: dict[tuple, np.ndarray] = {}


def forget() -> None:
    """Drop what is remembered between frames."""
    for memo in (_weights_memo, _error_memo, svd_memo, histogram_memo, rows_memo):
        memo.clear()


def remember(memo: dict[tuple, V], key: tuple, most: int, make: Callable[[], V]) -> V:
    """The value under ``key``, made where it is not there; a memo of ``most`` values is emptied first."""
    if key not in memo:
        if len(memo) >= most:
            memo.clear()
        memo[key] = make()
    return memo[key]


def weights_of(params: dict[str, Any]) -> sources.Weights:
    """The matrix and the inputs that a lab at these parameters works on."""
    key = (params["weights"], params["seed"], params["pasted"] if params["weights"] == "pasted" else "")
    weights = remember(_weights_memo, key, 6, lambda: sources.find(*key))
    count = params["left_out"]
    if not count:
        return weights
    return remember(_weights_memo, (*key, count), 6, lambda: sources.without_largest(weights, count))


def setting_of(params: dict[str, Any]) -> Setting:
    """The setting that parameters ask for, illegal combinations repaired."""
    form, granularity = params["format"], params["granularity"]
    if form in ("fp16", "bf16"):
        granularity = "none"
    elif granularity == "none" and not form.startswith("fp8"):
        granularity = "tensor"
    return Setting(
        form,
        params["bits"] if form == "int" else 0,
        params["scheme"] if form == "int" else "symmetric",
        granularity,
        params["group_size"] if granularity == "group" else 0,
        params["scale_format"],
        params["double_quantization"],
    )


def code(matrix: np.ndarray, setting: Setting) -> np.ndarray:
    """The matrix (R, D) as it comes back from storage."""
    if setting.granularity == "none":
        return quantize.cast_float(matrix, setting.format, saturate=True)
    store = quantize.exact if setting.scale_format == "fp32" else quantize.as_fp16
    store = quantize.double_quantised if setting.double else store
    blocks = quantize.to_groups(matrix, setting.granularity, setting.group_size)
    if setting.format == "nf4":
        coded = quantize.nf4(blocks, store)
    elif setting.format != "int":
        coded = quantize.scaled_float(blocks, setting.format, store)
    else:
        coder = {"symmetric": quantize.symmetric, "affine": quantize.affine, "zero_point": quantize.zero_point}
        coded = coder[setting.scheme](blocks, setting.bits, store)
    return quantize.from_groups(coded.restored, matrix.shape)


def size(shape: tuple[int, int], setting: Setting) -> float:
    """True bits per weight of a matrix of that shape."""
    rows, width = shape
    code_bits = {"int": setting.bits, "nf4": 4}.get(setting.format) or quantize.FLOATS[setting.format].bits
    groups_per_row = -(-width // max(1, min(setting.group_size, width)))
    groups = {"none": 0, "tensor": 1, "row": rows, "group": rows * groups_per_row}[setting.granularity]
    scale_bits = 16 if setting.scale_format == "fp16" and not setting.double else 32
    offset_bits = {"affine": scale_bits, "zero_point": setting.bits}.get(setting.scheme, 0)
    return quantize.bits_per_weight(code_bits, rows * width, groups, scale_bits, offset_bits, setting.double)


def error_of(weights: sources.Weights, setting: Setting) -> float:
    """Root mean square error of a setting, remembered."""

    def measure() -> float:
        lost = (weights.matrix - code(weights.matrix, setting)).ravel()
        return float(np.sqrt(lost @ lost / lost.size))

    return remember(_error_memo, (weights.key, setting), 4000, measure)
