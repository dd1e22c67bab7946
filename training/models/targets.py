"""Which linear maps carry an adapter, by the name that ``lora.targets`` gives; free of torch, for the estimates."""

from __future__ import annotations

ATTENTION = ("q_proj", "k_proj", "v_proj", "o_proj")

TARGETS = {
    "all-linear": (*ATTENTION, "gate_proj", "up_proj", "down_proj"),
    "attention": ATTENTION,
    "query-value": ("q_proj", "v_proj"),
}
