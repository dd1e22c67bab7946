"""The LoRA Lab as data: parameters, outputs, charts, presets, predictions and challenges, put together."""

from __future__ import annotations

from labs_py.labs.lora.lessons import PREDICTIONS, PRESETS
from labs_py.labs.lora.outputs import CHARTS, OUTPUTS
from labs_py.labs.lora.params import PARAMS, SECTIONS
from labs_py.labs.lora.tasks import CHALLENGES
from labs_py.spec import LabSpec, Sweep

SPEC = LabSpec(
    slug="lora",
    title="The LoRA Lab",
    summary="Drag the rank of a low-rank update and see from the singular values how good it can be.",
    version="1",
    params=PARAMS,
    outputs=OUTPUTS,
    charts=CHARTS,
    sections=SECTIONS,
    presets=PRESETS,
    predictions=PREDICTIONS,
    challenges=CHALLENGES,
    run_label="Train A and B",
    recorded={"train": True},
    pinned=("rank",),
    sweep=Sweep("rank", (*range(1, 9), 10, 12, 16, 24, 32, 48, 64), arrival=tuple(range(1, 9))),
    code=(
        "labs_py.core.lora:truncate",
        "labs_py.core.lora:relative_error",
        "labs_py.core.lora:lora_start",
        "labs_py.core.lora:loss_and_gradients",
        "labs_py.core.lora:scaling_factor",
        "labs_py.core.svd:rotate_pairs",
        "labs_py.core.adapter_size:count_adapter",
    ),
    training_command="python -m training sft --config training/configs/sft/smollm2_orders.yaml",
)
