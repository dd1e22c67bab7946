"""The weights' type follows from what the processor can do; between two phases what the first held is given back."""

from __future__ import annotations

import gc
import weakref

import pytest
import torch

from training.run import machine


@pytest.mark.parametrize("instructions, dtype", [
    ({"avx2": True}, "float32"),
    ({"avx512_f": True, "avx512_bf16": False}, "float32"),  # has to imitate it
    ({"avx512_bf16": True}, "bfloat16"),
    ({"amx_bf16": True}, "bfloat16"),
    ({"architecture": "aarch64", "bf16": True}, "bfloat16"),
    ({}, "float32"),
])  # fmt: skip
def test_bfloat16_is_taken_where_the_processor_calculates_in_it(monkeypatch, instructions, dtype):
    monkeypatch.setenv("STAGE10_DEVICE", "cpu")
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: instructions)
    assert machine.best_dtype() == dtype


def test_the_names_of_the_instructions_are_torchs():
    found = torch.cpu.get_capabilities()
    wanted = {"x86_64": {"avx512_bf16", "amx_bf16"}, "aarch64": {"bf16"}}.get(found.get("architecture"), set())
    assert wanted <= set(found)


class Holder:
    """Something that points at itself, as a trainer does."""

    def __init__(self):
        self.itself = self


def test_a_cycle_is_gone_after_release():
    gc.disable()
    try:
        held = weakref.ref(Holder())
        assert held() is not None  # counting references alone does not free it
        machine.release_memory()
        assert held() is None
    finally:
        gc.enable()
