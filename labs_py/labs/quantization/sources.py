"""Where the Quantization Lab's weights come from: recorded matrices, drawn ones, and what the reader pastes."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

import numpy as np

from labs_py import data
from labs_py.core import quantize
from labs_py.spec import DataFile

N_TOKENS = 16
DRAWN_SIZE = 384
FEWEST, MOST, LARGEST = 8, 20_000, 1e9
CHOICES = (
    ("minilm-outlier", "MiniLM, layer 0: one huge weight"),
    ("minilm-calm", "MiniLM, layer 5: no outliers"),
    ("smollm2", "SmolLM2: why is 4-bit free here?"),
    ("gaussian", "drawn: a bell curve"),
    ("heavy", "drawn: heavy tails (Student's t)"),
    ("pasted", "the numbers that I paste"),
)

DATA_FILES = tuple(
    DataFile(name, sha256, size)
    for name, sha256, size in (
        ("minilm-outlier.bin", "a6d70a08cd7164de5d12af65d86d657c3db35aaecde778b2b3fda9193c4c9802", 294912),
        ("minilm-calm.bin", "59e30c1ed8acd2cbb01de5f62e7804015b9ecf98ba157d98cab016344639eda5", 294912),
        ("minilm-outlier-inputs.bin", "3ff6eff149241e468b2082f5a966f5431c4a6d2b5f85f309c384d4defd195036", 12288),
        ("minilm-calm-inputs.bin", "94d1506527c353c0ff69dd175a44ac9504226e722d0f7a12b6b4ae6a930665a1", 12288),
        ("smollm2-q4_1.bin", "4214ceed72822d7134dbecfb2d5356eea731ea7296c2a9495f5ea5deeba35f81", 34560),
    )
)


@dataclass(frozen=True)
class Weights:
    """A matrix to quantise with inputs to try it on.

    Attributes:
        key: names the content; results are remembered under it.
        matrix: (R, D), float64.
        inputs: (D, N) columns x; the output error compares W x with its stand-in on them.
        norm: Frobenius norm of the matrix.
        outputs_norm: Frobenius norm of W x over all inputs.
        largest: largest magnitude in the matrix.
        note: a sentence when something had to be repaired ("" otherwise).
    """

    key: tuple
    matrix: np.ndarray
    inputs: np.ndarray
    norm: float
    outputs_norm: float
    largest: float
    note: str = ""


def find(name: str, seed: int, pasted: str) -> Weights:
    """The chosen weights; the drawn bell curve with a note when a recording or a paste cannot be used."""
    note = ""
    if name == "pasted":
        matrix, note = read_pasted(pasted)
        if matrix is not None:
            return _weights(("pasted", pasted, seed), matrix, _drawn_inputs(matrix.shape[1], seed), note)
    elif name not in ("gaussian", "heavy"):
        try:
            return _recorded(name, seed)
        except LookupError as problem:
            note = f"{problem} A drawn bell curve stands in."
    kind = "heavy" if name == "heavy" else "gaussian"
    return _weights((kind, seed), draw(kind, seed), _drawn_inputs(DRAWN_SIZE, seed), note)


def draw(kind: str, seed: int) -> np.ndarray:
    """A (384, 384) matrix: normal with standard deviation 0.02, or Student's t scaled to the same one."""
    rng = np.random.default_rng(seed)
    if kind == "heavy":
        return rng.standard_t(3, (DRAWN_SIZE, DRAWN_SIZE)) * 0.02 / math.sqrt(3.0)
    return rng.normal(0.0, 0.02, (DRAWN_SIZE, DRAWN_SIZE))


def _drawn_inputs(width: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed + 1).normal(0.0, 1.0, (width, N_TOKENS))


def _recorded(name: str, seed: int) -> Weights:
    if name == "smollm2":
        matrix = quantize.read_q4_1(data.load("smollm2-q4_1.bin"), rows=96)
        return _weights((name, seed), matrix, _drawn_inputs(matrix.shape[1], seed))
    matrix = np.frombuffer(data.load(f"{name}.bin"), "<f2").reshape(384, 384).astype(np.float64)
    inputs = np.frombuffer(data.load(f"{name}-inputs.bin"), "<f2").reshape(N_TOKENS, 384).astype(np.float64).T
    return _weights((name,), matrix, np.ascontiguousarray(inputs))


def _weights(key: tuple, matrix: np.ndarray, inputs: np.ndarray, note: str = "") -> Weights:
    outputs_norm = float(np.linalg.norm(matrix @ inputs))
    return Weights(key, matrix, inputs, float(np.linalg.norm(matrix)), outputs_norm, float(np.abs(matrix).max()), note)


def without_largest(weights: Weights, count: int) -> Weights:
    """The same weights with the ``count`` largest as zero; one that is not zero stays."""
    sizes = np.abs(weights.matrix).ravel()
    dropped = np.argsort(-sizes, kind="stable")[: max(0, min(count, int((sizes > 0).sum()) - 1))]
    matrix = weights.matrix.copy()
    matrix.ravel()[dropped] = 0.0
    return _weights((*weights.key, "without", count), matrix, weights.inputs, weights.note)


def read_pasted(text: str) -> tuple[np.ndarray | None, str]:
    """A matrix from pasted text (rows on lines, numbers apart by spaces, commas or semicolons).

    Returns:
        The matrix and a remark ("" when all is well), or None and the reason why it cannot be used.
    """
    lines = [re.split(r"[\s,;]+", line.strip(" \t\r[](),;")) for line in text.splitlines()]
    rows = [[word for word in line if word] for line in lines]
    rows = [row for row in rows if row]
    count = sum(map(len, rows))
    if count < FEWEST:
        return None, f"Paste at least {FEWEST} numbers ({count} found). A drawn bell curve stands in."
    if count > MOST:
        return None, f"{count:,} numbers are more than the {MOST:,} that fit. A drawn bell curve stands in."
    for line_number, row in enumerate(rows, 1):
        for word in row:
            problem = _problem(word)
            if problem:
                return None, f"Line {line_number}: '{word[:20]}' {problem}. A drawn bell curve stands in."
    values = [[float(word) for word in row] for row in rows]
    if not any(x != 0.0 for row in values for x in row):
        return None, "All pasted numbers are zero: nothing to quantise. A drawn bell curve stands in."
    if len({len(row) for row in values}) > 1:
        return np.array([[x for row in values for x in row]]), "The lines differ in length: read as one long row."
    return np.array(values), ""


def _problem(word: str) -> str:
    try:
        value = float(word)
    except ValueError:
        return "is not a number"
    if not math.isfinite(value):
        return "is not a finite number"
    return f"is larger than {LARGEST:g}" if abs(value) > LARGEST else ""
