"""The Quantization Lab: its scalars recomputed, its claims, its challenges with right and wrong answers, bad input."""

from __future__ import annotations

import hashlib
import json
import math
from pathlib import Path

import numpy as np
import pytest

from labs_py import api, data
from labs_py.labs.quantization import lab, sources, storage, tasks
from labs_py.labs.quantization.spec import SPEC


def scalars(**params) -> dict[str, float]:
    return {k: v["value"] for k, v in api.last_frame("quantization", params)["scalars"].items()}


def test_data_files_are_what_was_recorded(root: Path) -> None:
    folder = root / "docs" / "data" / "labs" / "files"
    listed = {f["name"]: f for f in json.loads((folder / "quantization-sources.json").read_text())["files"]}
    assert {f.name for f in SPEC.data_files} == set(listed)
    for file in SPEC.data_files:
        content = (folder / file.name).read_bytes()
        assert hashlib.sha256(content).hexdigest() == file.sha256 == listed[file.name]["sha256"]
        assert len(content) == file.size


@pytest.mark.parametrize("bits, scheme, size", [(3, "symmetric", 32), (5, "affine", 96), (7, "symmetric", 56)])
def test_scalars_equal_a_plain_loop(bits: int, scheme: str, size: int) -> None:
    params = {"weights": "heavy", "seed": 11, "bits": bits, "scheme": scheme, "group_size": size}
    matrix = sources.draw("heavy", 11)
    inputs = np.random.default_rng(12).normal(0, 1, (384, 16))
    restored = np.empty_like(matrix)
    for start in range(0, 384, size):
        part = matrix[:, start : start + size]
        for row, values in enumerate(part):
            low = values.min() if scheme == "affine" else 0.0
            levels = 2**bits - 1 if scheme == "affine" else 2 ** (bits - 1) - 1
            step = (values.max() - low if scheme == "affine" else np.abs(values).max()) / levels
            restored[row, start : start + size] = np.round((values - low) / step) * step + low
    lost = matrix - restored
    found = scalars(**params)
    n_groups = 384 * math.ceil(384 / size)
    expected = {
        "rmse": np.sqrt(np.mean(lost**2)),
        "snr_db": 10 * np.log10(np.sum(matrix**2) / np.sum(lost**2)),
        "max_error": np.abs(lost).max(),
        "output_error": np.linalg.norm(lost @ inputs),
        "bits_per_weight": bits + n_groups * (64 if scheme == "affine" else 32) / 384**2,
    }
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, rel=1e-9), name
    assert found["bytes_7b"] == pytest.approx(6_738_415_616 * found["bits_per_weight"] / 8)


def test_repair_equals_lapack() -> None:
    found = scalars(weights="gaussian", repair_rank=7, seed=5)
    matrix = sources.draw("gaussian", 5)
    step = np.abs(matrix.reshape(-1, 64)).max(axis=1, keepdims=True) / 7
    lost = matrix - (np.round(matrix.reshape(-1, 64) / step) * step).reshape(384, 384)
    values = np.linalg.svd(lost, compute_uv=False)
    assert found["rmse"] == pytest.approx(np.linalg.norm(values[7:]) / 384, rel=1e-9)
    assert found["rmse_quantised"] == pytest.approx(np.linalg.norm(values) / 384, rel=1e-9)
    assert found["error_returned"] == pytest.approx(100 * (values[:7] ** 2).sum() / (values**2).sum(), rel=1e-9)


def test_the_numbers_that_the_page_promises() -> None:
    bell = {"weights": "gaussian", "granularity": "tensor"}
    assert scalars(**bell, scheme="affine")["rmse_over_int8"] == pytest.approx(17.0, rel=0.01)
    assert scalars(**bell)["rmse_over_int8"] == pytest.approx(18.14, rel=0.01)
    assert scalars(format="nf4")["bits_per_weight"] == 4.5
    assert round(scalars(format="nf4", double_quantization=True)["bits_per_weight"], 3) == 4.127
    assert scalars(weights="smollm2", scheme="affine", group_size=32, scale_format="fp16")["rmse"] == 0.0
    assert scalars(format="fp16")["rmse"] == 0.0  # kept as fp16
    assert scalars(format="fp16", weights="gaussian")["rmse"] > 0
    chosen = {"weights": "minilm-outlier", "seed": 0, "pasted": "", "left_out": 0}
    one_scale = storage.code(storage.weights_of(chosen).matrix,
                             storage.Setting("int", 4, "symmetric", "tensor", 0, "fp32", False))  # fmt: skip
    assert (one_scale == 0).mean() > 0.9
    assert (
        scalars(granularity="tensor", format="fp8_e4m3")["snr_db"] > scalars(granularity="tensor", bits=8)["snr_db"] + 6
    )
    assert scalars(**bell, format="fp8_e4m3")["snr_db"] < scalars(**bell, bits=8)["snr_db"]


@pytest.mark.parametrize("count", [1, 2, 16])
def test_the_largest_weights_are_left_out_one_after_the_other(count: int) -> None:
    params = {"weights": "minilm-outlier", "seed": 0, "pasted": "", "left_out": 0}
    whole, rest = (storage.weights_of(params | {"left_out": n}).matrix for n in (0, count))
    ordered = np.sort(np.abs(whole).ravel())[::-1]
    assert (rest != whole).sum() == count and np.abs(rest).max() == ordered[count]
    found = api.last_frame("quantization", {"granularity": "tensor", "left_out": count})
    assert found["scalars"]["largest_weight"]["value"] == ordered[count]
    assert (
        abs(found["arrays"]["outlier_at"]["data"][0]) == 1
        and found["arrays"]["histogram_counts"]["data"].sum() == whole.size
    )
    assert scalars(granularity="tensor", left_out=count)["rmse"] < scalars(granularity="tensor")["rmse"]


def test_the_last_weight_that_is_not_zero_stays() -> None:
    pasted = "0 0 0 2 0 0 -1 0"
    found = scalars(weights="pasted", pasted=pasted, left_out=64)
    assert found["largest_weight"] == 1 and math.isfinite(found["rmse"])


def test_more_bits_never_hurt_and_smaller_groups_help_on_the_outlier() -> None:
    errors = [scalars(bits=b)["rmse"] for b in range(2, 17)]
    assert all(a > b for a, b in zip(errors, errors[1:], strict=False))
    by_size = [scalars(group_size=g)["rmse"] for g in (128, 64, 32, 16)]
    assert all(a > b for a, b in zip(by_size, by_size[1:], strict=False))


def test_frames_repeat_and_grow() -> None:
    lab.forget()
    first = [f["scalars"] for f in api.run("quantization", {"train": True, "repair_rank": 4})]
    second = list(api.run("quantization", {"train": True, "repair_rank": 4}))
    assert first == [f["scalars"] for f in second]
    fit = second[-1]["arrays"]["fit_error"]["data"]
    assert len(fit) == lab.FIT_STEPS and fit[-1] < fit[0]
    assert np.all(np.diff(fit) <= 1e-6) and fit[-1] >= second[-1]["arrays"]["fit_bound"]["data"][0] - 1e-6


@pytest.mark.parametrize(
    "params, name, words",
    [
        ({"weights": "pasted", "pasted": "1, 2, abc, 4 5 6 7 8 9"}, "pasted", "'abc' is not a number"),
        ({"weights": "pasted", "pasted": "1 2 3 nan 5 6 7 8"}, "pasted", "not a finite number"),
        ({"weights": "pasted", "pasted": "1 2 3 -inf 5 6 7 8"}, "pasted", "not a finite number"),
        ({"weights": "pasted", "pasted": "1e300 2 3 4 5 6 7 8"}, "pasted", "larger than"),
        ({"weights": "pasted", "pasted": "0 0 0 0 0 0 0 0"}, "pasted", "nothing to quantise"),
        ({"weights": "pasted", "pasted": ""}, "pasted", "at least 8 numbers"),
        ({"weights": "pasted", "pasted": "1 2 3\n4 5 6 7\n8"}, "pasted", "differ in length"),
        ({"weights": "pasted", "pasted": "1 " * 5_000_000}, "pasted", "10,000,000 characters"),
        ({"weights": "pasted", "pasted": "1 " * 30_000}, "pasted", "more than the 20,000"),
        ({"weights": "pasted", "pasted": ["not text"]}, "pasted", "text is expected"),
        ({"group_size": 40}, "group_size", "40 does not divide 384"),
        ({"weights": "pasted", "pasted": "1 2 3 4 5 6 7 8 9"}, "group_size", "longer than a row"),
        ({"format": "nf4", "granularity": "none"}, "granularity", "need a scale"),
        ({"bits": 1}, "bits", "below the smallest"),
        ({"bits": float("nan")}, "bits", "not a number"),
        ({"format": "int4"}, "format", "not one of"),
    ],
)
def test_bad_input_is_a_sentence(params: dict, name: str, words: str) -> None:
    frame = api.last_frame("quantization", params)
    assert any(e["param"] == name and words in e["message"] for e in frame["errors"]), frame["errors"]
    assert math.isfinite(frame["scalars"]["rmse"]["value"])


def test_pasted_numbers_are_used() -> None:
    frame = api.last_frame(
        "quantization", {"weights": "pasted", "pasted": "[[1, 2, 3, 4],\n [5, 6, 7, 8],]", "bits": 16}
    )
    assert frame["scalars"]["largest_weight"]["value"] == 8.0
    assert [e["param"] for e in frame["errors"]] == ["group_size"]


def test_without_its_recordings_the_lab_says_so_and_works(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data, "_provided", {})
    monkeypatch.setattr(data, "FOLDER", "/nowhere")
    lab.forget()
    frame = api.last_frame("quantization", {})
    lab.forget()
    assert "could not be loaded" in frame["errors"][0]["message"] and frame["scalars"]["rmse"]["value"] > 0


def test_every_prediction_and_preset_is_legal_and_fair() -> None:
    spec = SPEC
    for preset in spec.presets:
        assert (
            api.last_frame("quantization", preset.params)["params"] | preset.params
            == api.last_frame("quantization", preset.params)["params"]
        )
    answers = {p.name: scalars(**p.params)[p.reveal] for p in spec.predictions}
    assert answers["int4-affine"] == pytest.approx(17, rel=0.01) and answers["nf4-size"] == 4.5
    assert answers["seventy"] == pytest.approx(36.1, abs=0.1) and 10 < answers["repair"] < 20


SEEDS = range(40)


def verdict(name: str, seed: int, answer=None, **params):
    return api.check("quantization", name, seed, params, answer)


def test_true_bits_challenge() -> None:
    messages = set()
    for seed in SEEDS:
        bits, group, scale, offset = tasks._storage_of(seed)
        truth = bits + (2 if offset else 1) * scale / group
        assert verdict("true-bits", seed, truth).result == "right"
        wrong = verdict("true-bits", seed, bits)
        assert wrong.result == "wrong" and "codes only" in wrong.message
        other = verdict("true-bits", seed, bits + (1 if offset else 2) * scale / group)
        assert other.result == "wrong"
        messages.add(other.message[:20])
        assert verdict("true-bits", seed, "nonsense").result == "wrong"
    assert len(messages) == 2


def test_memory_challenge() -> None:
    for seed in SEEDS:
        billions, bits = tasks._memory_of(seed)
        assert verdict("memory", seed, billions * (bits + 0.5) / 8).result == "right"
        assert "32-bit weights" in verdict("memory", seed, billions * bits / 32).message
        assert "codes alone" in verdict("memory", seed, billions * bits / 8).message


def test_outlier_challenge() -> None:
    for seed in SEEDS:
        group, _ = tasks._outlier_of(seed)
        assert verdict("outlier", seed, 100 * group / 384**2).result == "right"
        assert "one scale for the matrix" in verdict("outlier", seed, 100).message
        assert "whole row" in verdict("outlier", seed, 100 / 384).message
        assert "percent" in verdict("outlier", seed, group / 384**2).message


def test_lossless_challenge() -> None:
    right = {"weights": "smollm2", "format": "int", "bits": 4, "scheme": "affine", "granularity": "group",
             "group_size": 32, "scale_format": "fp16"}  # fmt: skip
    assert verdict("lossless", 1, **right).result == "right"
    for change, words in (
        ({"scale_format": "fp32"}, "takes 6 bits"),
        ({"bits": 16}, "only cost more"),
        ({"scheme": "symmetric"}, "zero in its middle"),
        ({"scheme": "zero_point"}, "zero point"),
        ({"format": "nf4"}, "evenly spaced"),
        ({"group_size": 64}, "mix"),
        ({"bits": 3}, "16"),
        ({"weights": "gaussian"}, "SmolLM2 rows"),
    ):
        found = verdict("lossless", 1, **{**right, **change})
        assert found.result == "wrong" and words in found.message, (change, found)


def test_budget_challenge() -> None:
    solutions = [
        {"format": "nf4", "group_size": 32, "scale_format": "fp16"},
        {"format": "nf4", "group_size": 64, "double_quantization": True},
        {"bits": 5, "scheme": "symmetric", "group_size": 64, "double_quantization": True},
    ]
    for seed in SEEDS:
        assert any(verdict("budget", seed, **s).result == "right" for s in solutions), tasks._budget(seed)
        assert "One scale for all" in verdict("budget", seed, bits=4, granularity="tensor").message
        assert verdict("budget", seed, weights="smollm2").result == "wrong"
    assert "codes are not" in verdict("budget", 0, bits=4, group_size=32).message


@pytest.mark.parametrize("name", ["lossless", "budget"])
def test_random_settings_rarely_pass(name: str) -> None:
    rng = np.random.default_rng(0)
    passed = 0
    for trial in range(150):
        params = {}
        for p in SPEC.params:
            if p.kind == "choice":
                params[p.name] = p.choices[rng.integers(len(p.choices))][0]
            elif p.kind == "range":
                params[p.name] = float(rng.uniform(p.min, p.max))
            elif p.kind == "switch":
                params[p.name] = bool(rng.integers(2))
        params["weights"] = {"lossless": "smollm2", "budget": "minilm-outlier"}[name]
        passed += verdict(name, trial, **params).result == "right"
    assert passed < 15
