"""Quantisation against torch's casts, bitsandbytes' recorded results and plain re-computation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labs_py import data
from labs_py.core import quantize

TORCH_NAMES = {"fp16": "float16", "bf16": "bfloat16", "fp8_e4m3": "float8_e4m3fn", "fp8_e5m2": "float8_e5m2"}


def outlier_matrix() -> np.ndarray:
    return np.frombuffer(data.load("minilm-outlier.bin"), "<f2").reshape(384, 384).astype(np.float64)


def hard_values() -> np.ndarray:
    """Every finite fp16 number, random float32 bit patterns, and values just beside the formats' ties."""
    every_fp16 = np.arange(65536, dtype=np.uint16).view(np.float16).astype(np.float32)
    random = np.random.default_rng(0).integers(0, 2**32, 200_000, dtype=np.uint32).view(np.float32)
    near = np.nextafter(every_fp16, np.float32(np.inf)), np.nextafter(every_fp16, np.float32(-np.inf))
    return np.concatenate([every_fp16, random, *near])


@pytest.mark.torch
@pytest.mark.parametrize("name", list(TORCH_NAMES))
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_casts_equal_torch_bit_for_bit(name: str) -> None:
    torch = pytest.importorskip("torch")
    values = hard_values()
    kind = getattr(torch, TORCH_NAMES[name])
    theirs = torch.from_numpy(values).to(kind).to(torch.float32).numpy()
    ours = quantize.cast_float(values, name).astype(np.float32)
    same = (ours.view(np.uint32) == theirs.view(np.uint32)) | (np.isnan(ours) & np.isnan(theirs))
    if name == "fp8_e4m3" and np.isnan(torch.tensor(1e4).to(kind).float()):
        same |= np.abs(values) > 464  # torch before 2.13 gave NaN where it saturates now
    assert same.all(), [(values[i], ours[i], theirs[i]) for i in np.flatnonzero(~same)[:5]]


def test_a_cast_saturates_only_when_asked() -> None:
    assert np.isnan(quantize.cast_float(np.array([np.nan]), "fp8_e4m3"))[0]
    assert np.isinf(quantize.cast_float(np.array([-1e6]), "fp8_e5m2"))[0]
    assert quantize.cast_float(np.array([1e4, -1e9]), "fp8_e4m3", saturate=True).tolist() == [448.0, -448.0]
    assert quantize.cast_float(np.array([449.0, 2.0**-9, 2.0**-10, 0.0]), "fp8_e4m3").tolist() == [448, 2.0**-9, 0, 0]


def test_nf4_is_as_recorded_from_bitsandbytes() -> None:
    """RMSE of bitsandbytes 0.50.2 on this matrix (blocks of 64), without and with compressed statistics."""
    matrix = outlier_matrix()
    blocks = quantize.to_groups(matrix, "group", 64)
    for store, recorded in ((quantize.exact, 0.0040534437), (quantize.double_quantised, 0.0040577506)):
        lost = quantize.from_groups(quantize.nf4(blocks, store).restored, matrix.shape) - matrix
        assert np.sqrt((lost**2).mean()) == pytest.approx(recorded, rel=2e-5)
    assert quantize.NF4_LEVELS.astype(np.float32).tolist() == quantize.NF4_LEVELS.tolist()
    assert quantize.NF4_LEVELS[[0, 7, 15]].tolist() == [-1.0, 0.0, 1.0]


def test_nf4_takes_the_nearest_level() -> None:
    values = np.random.default_rng(3).uniform(-1, 1, (5, 64))
    values[:, 0] = 1.0
    nearest = quantize.NF4_LEVELS[np.abs(values[..., None] - quantize.NF4_LEVELS).argmin(axis=-1)]
    assert np.array_equal(quantize.nf4(values).restored, nearest)


def test_the_dynamic_type_has_256_levels_up_to_one() -> None:
    levels = quantize.dynamic_levels()
    assert levels.size == 256 and levels[-1] == 1.0 and 0.0 in levels and np.all(np.diff(levels) > 0)
    assert levels[0] == pytest.approx(-0.99296875)  # as bitsandbytes' create_dynamic_map


@given(st.integers(2, 16), st.integers(0, 10_000))
def test_rounding_is_off_by_at_most_half_a_step(bits: int, seed: int) -> None:
    blocks = np.random.default_rng(seed).standard_t(3, (4, 32))
    for coder in (quantize.symmetric, quantize.affine, quantize.zero_point):
        coded = coder(blocks, bits)
        off_by = 1.0 if coder is quantize.zero_point else 0.5  # a rounded zero point may clip one end by half a step
        assert np.all(np.abs(coded.restored - blocks) <= coded.scales * off_by * (1 + 1e-9) + 1e-15)
        assert len(np.unique(coded.codes)) <= 2**bits


def test_symmetric_and_zero_point_keep_zero_and_affine_keeps_the_ends() -> None:
    blocks = np.array([[-0.3, 0.0, 0.1, 1.7]])
    assert quantize.symmetric(blocks, 4).restored[0, 1] == 0.0
    assert quantize.zero_point(blocks, 4).restored[0, 1] == 0.0
    restored = quantize.affine(blocks, 4).restored[0]
    assert restored[[0, 3]] == pytest.approx([-0.3, 1.7]) and restored[1] != 0.0


@pytest.mark.torch
def test_zero_point_equals_torch_fake_quantisation() -> None:
    torch = pytest.importorskip("torch")
    blocks = np.random.default_rng(1).normal(0.3, 1, (6, 64))
    coded = quantize.zero_point(blocks, 4)
    zeros = np.rint(-np.minimum(blocks.min(axis=1), 0) / coded.scales[:, 0]).astype(np.int32)
    theirs = torch.fake_quantize_per_channel_affine(
        torch.tensor(blocks, dtype=torch.float32), torch.tensor(coded.scales[:, 0], dtype=torch.float32),
        torch.tensor(zeros), 0, 0, 15,
    )  # fmt: skip
    assert np.abs(theirs.numpy() - coded.restored).max() < 1e-6


def test_zeros_and_constants_survive() -> None:
    for blocks in (np.zeros((2, 8)), np.full((2, 8), 3.5)):
        for coded in (quantize.symmetric(blocks, 4), quantize.affine(blocks, 4), quantize.nf4(blocks)):
            assert np.allclose(coded.restored, blocks)
    assert np.array_equal(quantize.double_quantised(np.full((3, 1), 0.25)), np.full((3, 1), 0.25))


@given(st.integers(1, 7), st.integers(1, 50), st.integers(1, 60))
def test_grouping_is_undone_exactly_also_with_a_short_last_group(rows: int, width: int, size: int) -> None:
    matrix = np.random.default_rng(width).normal(size=(rows, width))
    blocks = quantize.to_groups(matrix, "group", size)
    assert np.array_equal(quantize.from_groups(blocks, matrix.shape), matrix)
    for row, part in zip(np.repeat(matrix, len(blocks) // rows, axis=0), blocks, strict=True):
        assert set(part) <= set(row)  # the filling invents no number


def test_true_bits_are_those_of_the_paper() -> None:
    n = 4096 * 4096
    assert quantize.bits_per_weight(4, n, n // 64, 32) == 4.5
    assert quantize.bits_per_weight(4, n, n // 64, 32, double=True) == pytest.approx(4 + 8 / 64 + 32 / (64 * 256))
    assert quantize.bits_per_weight(4, n, n // 128, 16) == 4.125
    assert quantize.bits_per_weight(4, n, n // 32, 16, offset_bits=16) == 5.0


def test_the_repair_is_the_best_of_its_rank_and_alternating_least_squares_comes_near() -> None:
    lost = np.random.default_rng(2).normal(size=(24, 18))
    up, down = quantize.repair(lost, 5)
    values = np.linalg.svd(lost, compute_uv=False)
    assert np.linalg.norm(lost - up @ down) == pytest.approx(np.linalg.norm(values[5:]))
    fitted = np.random.default_rng(0).normal(size=(24, 5))
    for _ in range(400):
        fitted = quantize.fit_up(lost, quantize.fit_down(lost, fitted))
    best = np.linalg.norm(values[5:])
    left = np.linalg.norm(lost - fitted @ quantize.fit_down(lost, fitted))
    assert best * (1 - 1e-12) <= left <= 1.001 * best  # at the optimum the last bits differ by the machine


def test_q4_1_blocks_read_back() -> None:
    step, lowest = np.float16(0.5), np.float16(-2.0)
    nibbles = bytes((i & 15) | ((15 - i & 15) << 4) for i in range(16))
    block = step.tobytes() + lowest.tobytes() + nibbles
    expected = [i * 0.5 - 2 for i in range(16)] + [(15 - i) * 0.5 - 2 for i in range(16)]
    assert quantize.read_q4_1(block, 1).tolist() == [expected]
