"""What a reader of the LoRA Lab can set, in the sections of the lab."""

from __future__ import annotations

from labs_py.spec import Param, Section

SPECTRUM, UPDATE, SWEEPS, COST, TRAIN = (
    "The spectrum decides",
    "What is kept, what is lost",
    "How the values are found",
    "What an adapter costs",
    "Train it",
)
TARGET_NAMES = {"qv": "q, v", "qkvo": "q, k, v, o", "all": "all linear layers"}
# Short enough to stand beside a bar on a telephone.
MODEL_INITIALS = {"gpt2": "GPT-2", "llama-7b": "Llama", "qwen2.5-7b": "Qwen2.5"}
TARGET_INITIALS = {"qv": "q,v", "qkvo": "q,k,v,o", "all": "all"}
SIGMA = "largest_singular_value"

SECTIONS = (
    Section(
        SPECTRUM,
        "A low-rank product B·A stands in for an update. Drag the rank: what is left over is noise, or structure that "
        "it could not afford.",
    ),
    Section(
        UPDATE,
        "The energy of an update is the sum of its squared singular values. The spectrum says, before anything is "
        "trained, how good rank r can ever be: the share that the first r hold is kept, the rest is lost.",
    ),
    Section(
        SWEEPS,
        "One-sided Jacobi turns pairs of columns until all are orthogonal; their lengths are then the singular "
        "values. It runs again only when the update changes: moving the rank reuses the result.",
    ),
    Section(
        COST,
        "A layer from D_in to D_out needs r·(D_in + D_out) adapter parameters. The saving depends on which layers "
        "carry an adapter, so a single factor for 'LoRA' does not exist.",
    ),
    Section(
        TRAIN,
        "LoRA does not get the decomposition: it starts at B = 0 with a random A and follows gradients. Press the "
        "button and watch whether Adam finds the floor that the spectrum promised.",
    ),
)

PARAMS = (
    Param(
        "rank",
        "Rank r",
        "range",
        8,
        "How many columns B has and how many rows A has; the picture keeps this many singular values.",
        min=1,
        max=256,
        step=1,
        max_from="size",
        section=SPECTRUM,
    ),
    Param(
        "source",
        "Source of the update",
        "choice",
        "planted",
        "What the update is made of. All are made up, so that the truth behind the spectrum is known.",
        choices=(
            ("planted", "Planted rank plus noise"),
            ("power_law", "Power-law spectrum"),
            ("noise", "Full-rank noise"),
            ("sealed", "Planted, sealed (for a challenge)"),
        ),
        section=SPECTRUM,
    ),
    Param(
        "size", "Size n", "range", 64, "The update has n rows and n columns.", min=32, max=256, step=1, section=SPECTRUM
    ),
    Param(
        "planted_rank",
        "Planted rank",
        "range",
        8,
        "Rank of the structure under the noise (source: planted rank plus noise).",
        min=1,
        max=256,
        step=1,
        max_from="size",
        section=SPECTRUM,
    ),
    Param(
        "noise",
        "Noise",
        "range",
        0.3,
        "Largest singular value of the noise, where the planted ones lie around 1 (sources with a planted rank).",
        min=0.0,
        max=2.0,
        step=0.05,
        section=SPECTRUM,
    ),
    Param(
        "decay",
        "Decay",
        "range",
        1.0,
        "The i-th singular value is i to the power of minus this (source: power-law spectrum).",
        min=0.0,
        max=3.0,
        step=0.05,
        section=SPECTRUM,
    ),
    Param("seed", "Seed", "seed", 0, "Another seed draws another update of the same kind.", section=SPECTRUM),
    Param(
        "shape",
        "Model",
        "choice",
        "llama-7b",
        "A real model whose adapter is counted at the rank above.",
        choices=(("gpt2", "GPT-2 124M"), ("llama-7b", "Llama 7B"), ("qwen2.5-7b", "Qwen2.5 7B")),
        section=COST,
    ),
    Param(
        "targets",
        "Layers with an adapter",
        "choice",
        "all",
        "Which linear layers of every block get a B and an A.",
        choices=tuple(TARGET_NAMES.items()),
        section=COST,
    ),
    Param(
        "alpha",
        "Alpha",
        "range",
        16,
        "Multiplies B·A by alpha/r or alpha/√r. It changes how training moves, not what rank r can reach.",
        min=1,
        max=512,
        step=1,
        section=TRAIN,
    ),
    Param(
        "scaling",
        "Scaling rule",
        "choice",
        "lora",
        "The factor in front of B·A: LoRA divides alpha by r, rsLoRA by the square root of r.",
        choices=(("lora", "alpha / r (LoRA)"), ("rslora", "alpha / √r (rsLoRA)")),
        section=TRAIN,
    ),
    Param(
        "learning_rate",
        "Learning rate",
        "range",
        0.003,
        "Adam's step. Too small a rate is still far off after the last step; too large a rate overshoots.",
        min=0.0001,
        max=1.0,
        step=0.0001,
        scale="log",
        section=TRAIN,
    ),
    Param("steps", "Steps", "range", 300, "Steps of Adam.", min=10, max=1000, step=10, section=TRAIN),
    Param("train", "Train", "switch", False, "Train A and B towards the update.", section=TRAIN),
)
