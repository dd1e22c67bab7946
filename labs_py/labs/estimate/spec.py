"""What the estimate tool shows, as data: parameters, outputs, charts, presets, predictions and the hardware table."""

from __future__ import annotations

from labs_py.core.model_table import MODELS
from labs_py.core.run_cost import TARGETS
from labs_py.labs.estimate.tasks import CHALLENGES
from labs_py.spec import Chart, LabSpec, Output, Param, Prediction, Preset, Section, Series, Sweep

MEMORY, WORK, CHECK = "Memory, part by part", "Work, hours, money", "Predicted against measured"
GIGA = 10**9
# Bytes on board, and dense bfloat16 operations a second; the page cites where each figure stands.
HARDWARE = {
    "l4": ("L4, 24 GB", 24 * GIGA, 121e12),
    "a10": ("A10, 24 GB", 24 * GIGA, 125e12),
    "l40s": ("L40S, 48 GB", 48 * GIGA, 362e12),
    "a100": ("A100, 80 GB", 80 * GIGA, 312e12),
    "h100": ("H100 SXM, 80 GB", 80 * GIGA, 989e12),
}
METHODS = (("lora", "LoRA"), ("qlora", "QLoRA (NF4 base, 8-bit AdamW)"), ("full", "all weights"))
PARTS = ("weights", "adapter", "gradients", "optimiser", "activations", "scores", "copies", "allowance")

SECTIONS = (
    Section(
        MEMORY,
        "The frozen weights, and what training adds. The first four parts are exact; activations and scores are "
        "counted tensor by tensor, and the allowance stands for what the allocator wastes.",
    ),
    Section(
        WORK,
        "Operations are counted; hours follow from the share of the hardware's peak that is reached. Nobody knows "
        "that share beforehand, so there are two, and the answer is a range.",
    ),
    Section(
        CHECK,
        "Short runs of the 135M model on one processor core, each in a process of its own. Each point was predicted by "
        "a fit to all the other points. The sliders above do not move it.",
    ),
)

PARAMS = (
    Param(
        "model",
        "Model",
        "choice",
        "Qwen2.5-7B",
        "Shapes from the published configurations; the page says how they were checked.",
        choices=tuple((name, name) for name in MODELS),
        section=MEMORY,
    ),  # fmt: skip
    Param("method", "Method", "choice", "lora", "What is trained.", choices=METHODS, section=MEMORY),
    Param(
        "rank", "Rank", "range", 16, "Inner width of the adapter.", min=1, max=512, step=1, scale="log", section=MEMORY
    ),  # fmt: skip
    Param(
        "targets",
        "Layers with an adapter",
        "choice",
        "all-linear",
        "Which linear maps carry one.",
        choices=tuple((name, name.replace("-", " ")) for name in TARGETS),
        section=MEMORY,
    ),  # fmt: skip
    Param(
        "tokens",
        "Tokens in a row",
        "range",
        512,
        "Length of one training row.",
        "tokens",
        min=32,
        max=32_768,
        step=1,
        scale="log",
        section=MEMORY,
    ),  # fmt: skip
    Param(
        "batch",
        "Rows in a micro-batch",
        "range",
        4,
        "Rows that are on the device at once.",
        min=1,
        max=256,
        step=1,
        scale="log",
        section=MEMORY,
    ),  # fmt: skip
    Param(
        "checkpointing",
        "Recompute activations",
        "switch",
        True,
        "Less memory for a second forward pass.",
        section=MEMORY,
    ),  # fmt: skip
    Param(
        "labelled",
        "Tokens with a label",
        "range",
        100,
        "Share of tokens that are scored over the vocabulary; libraries that score all of them need 100.",
        "%",
        min=5,
        max=100,
        step=5,
        section=MEMORY,
    ),  # fmt: skip
    Param(
        "allowance",
        "Allowance for fragmentation",
        "range",
        10,
        "An assumption, on top of the parts.",
        "%",
        min=0,
        max=50,
        step=1,
        section=MEMORY,
    ),  # fmt: skip
    Param(
        "hardware",
        "Hardware",
        "choice",
        "a100",
        "Memory on board and peak rate.",
        choices=tuple((name, row[0]) for name, row in HARDWARE.items()),
        section=MEMORY,
    ),  # fmt: skip
    Param(
        "rows",
        "Rows of data",
        "range",
        1000,
        "Training examples.",
        min=10,
        max=1_000_000,
        step=1,
        scale="log",
        section=WORK,
    ),  # fmt: skip
    Param("epochs", "Epochs", "range", 3, "Passes over the data.", min=1, max=20, step=1, section=WORK),
    Param(
        "low",
        "Share of the peak, at worst",
        "range",
        15,
        "An assumption: padding, loading, small batches.",
        "%",
        min=1,
        max=90,
        step=1,
        max_from="high",
        section=WORK,
    ),  # fmt: skip
    Param(
        "high",
        "Share of the peak, at best",
        "range",
        40,
        "An assumption: a well-fed machine.",
        "%",
        min=1,
        max=90,
        step=1,
        section=WORK,
    ),  # fmt: skip
    Param(
        "price",
        "Price of an hour",
        "range",
        2.0,
        "What you pay; look it up, prices move.",
        "$",
        min=0,
        max=50,
        step=0.05,
        section=WORK,
    ),  # fmt: skip
)

OUTPUTS = (
    Output("total", "Memory in all", format="bytes", section=MEMORY),
    Output("room", "On the device", format="bytes", section=MEMORY),
    Output("largest_batch", "Largest micro-batch that fits", format="integer", section=MEMORY),
    Output("parameters", "Parameters", format="count", section=MEMORY),
    Output("trainable", "Trained", format="count", section=MEMORY),
    *(Output(name, name.capitalize(), format="bytes", section=MEMORY) for name in PARTS),
    Output("training_tokens", "Tokens trained on", format="count", section=WORK),
    Output("operations", "Floating-point operations", section=WORK),
    Output("hours_low", "Hours, at best", "h", section=WORK),
    Output("hours_high", "Hours, at worst", "h", section=WORK),
    Output("cost_low", "Cost, at best", "$", section=WORK),
    Output("cost_high", "Cost, at worst", "$", section=WORK),
    Output("runs_measured", "Configurations measured", format="integer", section=CHECK),
    Output("error_typical", "Memory: half of the errors are below", format="percent", section=CHECK),
    Output("error_over", "Memory: largest error upwards", format="percent", section=CHECK),
    Output("error_under", "Memory: largest error downwards", format="percent", section=CHECK),
    Output("seconds_typical", "Processor time: half of the errors are below", format="percent", section=CHECK),
    Output("seconds_worst", "Processor time: largest error", format="percent", section=CHECK),
)

CHARTS = (
    Chart(
        "parts",
        "Where the memory goes",
        "tokens",
        (Series("part_bytes", "GB"),),
        "part",
        "GB",
        tokens="part_names",
        y_zero=True,
        section=MEMORY,
    ),  # fmt: skip
    Chart(
        "batches",
        "Memory against rows in a micro-batch",
        "line",
        (
            Series("batch_totals", "needed", "batch_sizes"),
            Series("batch_room", "on the device", "batch_sizes", "dashed"),
        ),
        "rows in a micro-batch",
        "GB",
        x_log=True,
        y_zero=True,
        markers=(("batch", "yours"),),
        section=MEMORY,
    ),  # fmt: skip
    Chart(
        "measured",
        "Peak memory, predicted against measured",
        "scatter",
        (
            Series("predicted_peak", "a configuration", "measured_peak", "dots"),
            Series("equal", "equal", "equal", "dashed"),
        ),
        "measured, GB",
        "predicted, GB",
        y_zero=True,
        section=CHECK,
    ),  # fmt: skip
)

PRESETS = (
    Preset(
        "qlora",
        "7B on 24 GB",
        {"method": "qlora", "hardware": "l4", "batch": 2},
        "Four-bit weights leave most of a small card to the batch.",
    ),  # fmt: skip
    Preset(
        "full",
        "All weights of a 7B on one card",
        {"method": "full"},
        "Weights, gradients and two moments in "
        "float32: sixteen bytes a parameter, and no card of this table holds them.",
        good=False,
    ),  # fmt: skip
    Preset(
        "scores",
        "A small model with a large vocabulary",
        {"model": "Llama-3.2-1B", "batch": 32, "tokens": 1024},
        "The scores over the vocabulary outweigh the model itself. Score labelled tokens only.",
        good=False,
    ),  # fmt: skip
)

PREDICTIONS = (
    Prediction(
        "full",
        "All weights of Qwen2.5-7B are trained with AdamW in float32, four rows of 512 tokens at once. How many "
        "bytes of memory, activations, scores and allowance included?",
        {"method": "full"},
        "total",
        "Sixteen bytes a parameter, 122 GB; activations and scores come on top.",
        "bytes",
    ),  # fmt: skip
    Prediction(
        "qlora",
        "QLoRA holds the linear maps in a little over 4 bits. How many bytes do the weights of Qwen2.5-7B take then?",
        {"method": "qlora"},
        "weights",
        "Embedding and head stay in 16 bits, and with this vocabulary they are 2.2 GB.",
        "bytes",
    ),  # fmt: skip
)

SPEC = LabSpec(
    slug="estimate",
    title="What will it cost?",
    summary="Memory by parts, operations, hours and money of a fine-tuning run, before it is started.",
    version="1",
    params=PARAMS,
    outputs=OUTPUTS,
    charts=CHARTS,
    sections=SECTIONS,
    presets=PRESETS,
    predictions=PREDICTIONS,
    challenges=CHALLENGES,
    pinned=("batch", "tokens"),
    sweep=Sweep("tokens", tuple(2**k for k in range(5, 16))),
    code=(
        "labs_py.core.run_cost:memory",
        "labs_py.core.run_cost:activation_bytes",
        "labs_py.core.run_cost:operations",
        "labs_py.core.run_cost:process_bytes",
        "labs_py.core.run_cost:largest_batch",
    ),
    training_command="python -m training estimate --config training/configs/sft/qwen2.5_7b_lora_80gb.yaml",
)
