"""What the LoRA Lab shows and asks, as data: parameters, outputs, charts, presets and predictions."""

from __future__ import annotations

from labs_py.spec import Chart, Output, Param, Prediction, Preset, Section, Series

UPDATE, SPECTRUM, SWEEPS, COST, TRAIN = (
    "The update",
    "The spectrum decides",
    "How the values are found",
    "What an adapter costs",
    "Train it",
)
TARGET_NAMES = {"qv": "q, v", "qkvo": "q, k, v, o", "all": "all linear layers"}
SIGMA = "largest_singular_value"

_SECTIONS = (
    Section(
        UPDATE,
        "Fine-tuning moves a weight matrix W by an update. LoRA bets that a product of two thin matrices, B·A, can "
        "stand in for it. Choose where the update comes from, then drag the rank.",
    ),
    Section(
        SPECTRUM,
        "The best product of rank r keeps the r largest singular values and drops the rest. So the spectrum says, "
        "before anything is trained, how good rank r can ever be.",
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

_PARAMS = (
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
        section=UPDATE,
    ),
    Param(
        "source",
        "Source of the update",
        "choice",
        "planted",
        "What the update is made of. All three are synthetic, so that you know the truth behind the spectrum.",
        choices=(
            ("planted", "Planted rank plus noise"),
            ("power_law", "Power-law spectrum"),
            ("noise", "Full-rank noise"),
            ("sealed", "Planted rank, sealed (for a challenge)"),
        ),
        section=UPDATE,
    ),
    Param("size", "Size n", "range", 64, "The update has n rows and n columns.", min=32, max=256, step=1, section=UPDATE),
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
        section=UPDATE,
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
        section=UPDATE,
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
        section=UPDATE,
    ),
    Param("seed", "Seed", "seed", 0, "Another seed draws another update of the same kind.", section=UPDATE),
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
        "Adam's step. Too small does not arrive in time, too large throws A and B past the update.",
        min=0.0001,
        max=1.0,
        step=0.0001,
        scale="log",
        section=TRAIN,
    ),
    Param("steps", "Steps", "range", 300, "Steps of Adam.", min=10, max=1000, step=10, section=TRAIN),
    Param("train", "Train", "switch", False, "Train A and B towards the update.", section=TRAIN),
)

_OUTPUTS = (
    Output("relative_error", "Relative error, measured", help="‖update − B·A‖ over ‖update‖, entry by entry.",
           section=SPECTRUM, scale=SIGMA),
    Output("eckart_young_bound", "Eckart-Young bound", help="Smallest relative error any matrix of rank r can have, "
           "from the dropped singular values alone.", section=SPECTRUM, scale=SIGMA),
    Output("energy_kept", "Energy kept", format="percent", help="Share of the sum of squared singular values in the "
           "first r; it is 1 minus the square of the bound.", section=SPECTRUM, scale=SIGMA),
    Output("stable_rank", "Stable rank", help="Energy over the largest squared singular value: how many directions "
           "of full strength the update has.", section=SPECTRUM, scale=SIGMA),
    Output(SIGMA, "Largest singular value", section=SPECTRUM, scale=SIGMA),
    Output("trainable_parameters", "Trainable, this n by n update", format="count", help="r·(n + n).", section=COST),
    Output("full_parameters", "Full matrix", format="count", help="n·n.", section=COST),
    Output("adapter_bytes", "Adapter file, bf16", "bytes", "bytes", help="Two bytes a parameter.", section=COST),
    Output("adam_state_bytes", "Adam state", "bytes", "bytes", help="Two float32 means a parameter, 8 bytes. A "
           "float32 master copy of bf16 weights would add 4.", section=COST),
    Output("shape_trainable_parameters", "Trainable on the model", format="count", help="Every projection counted as "
           "its own layer: q, k and v apart.", section=COST),
    Output("shape_trainable_fused", "Trainable, layers fused as in its code", format="count", help="GPT-2 computes "
           "q, k and v in one layer, which then shares one A. The other two models fuse nothing.", section=COST),
    Output("shape_parameters", "Parameters of the model", format="count", section=COST),
    Output("shape_share", "Trainable share of the model", format="percent", section=COST),
    Output("shape_times_fewer", "Times fewer than the whole model", section=COST),
    Output("shape_times_fewer_adapted", "Times fewer than the adapted layers", section=COST),
    Output("shape_adapter_bytes", "Adapter file, bf16", "bytes", "bytes", help="Two bytes a parameter, q, k and v "
           "apart.", section=COST),
    Output("shape_adam_state_bytes", "Adam state of the adapter", "bytes", "bytes", help="8 bytes a trainable "
           "parameter.", section=COST),
    Output("shape_full_adam_state_bytes", "Adam state of full fine-tuning", "bytes", "bytes", help="8 bytes for every "
           "parameter of the model.", section=COST),
    Output("scaling_factor", "Factor in front of B·A", help="alpha/r or alpha/√r.", section=TRAIN),
    Output("train_error", "Error after training", help="‖update − factor·B·A‖ over ‖update‖; 1 before the first step.",
           section=TRAIN, scale=SIGMA),
    Output("train_above_floor", "Above the floor by", help="Error after training minus the Eckart-Young bound.",
           section=TRAIN, scale=SIGMA),
    Output("train_steps_done", "Steps done", format="integer", section=TRAIN),
)

_CHARTS = (
    Chart("update", "Update", "heatmap", (Series("delta_w_view", "Update"),), "column", "row",
          help="Where the fine-tune wants to move each weight.", section=UPDATE, scale_from="delta_w_view"),
    Chart("product", "B·A at rank r", "heatmap", (Series("product_view", "B·A"),), "column", "row",
          help="The best stand-in of rank r, on the same colour scale.", section=UPDATE, scale_from="delta_w_view"),
    Chart("residual", "What is left over", "heatmap", (Series("residual_view", "Residual"),), "column", "row",
          help="Update minus B·A, on the same colour scale.", section=UPDATE, scale_from="delta_w_view"),
    Chart("spectrum", "Singular values", "bars", (Series("singular_values", "Singular value", role="bars", kept="kept"),),
          "position", "singular value", y_zero=True, markers=(("rank", "rank r"),), section=SPECTRUM,
          help="Kept ones are filled, dropped ones hatched."),
    Chart("energy", "Cumulative energy", "line", (Series("energy", "Energy kept", role="steps"),
          Series("energy_goal", "95%", role="dashed")), "rank", "share", y_zero=True, markers=(("rank", "rank r"),),
          section=SPECTRUM, help="Squares of the singular values, summed from the largest."),
    Chart("floor", "Error at every rank", "line", (Series("floor", "Eckart-Young bound", x="floor_ranks"),
          Series("measured_error", "Measured at rank r", x="measured_rank", role="dots")), "rank",
          "relative error", y_zero=True, section=SPECTRUM, help="The dot is measured on the matrices, the line comes "
          "from the singular values: they meet because dropping the smallest terms of the sum is the best one can do."),
    Chart("sweeps", "Off-diagonal norm, sweep by sweep", "line", (Series("off_norm", "Off-diagonal norm", x="sweep"),
          Series("off_norm", "Off-diagonal norm, points", x="sweep", role="dots")), "sweep", "off-diagonal norm",
          y_log=True, section=SWEEPS, help="How far the columns are from orthogonal. Near the end the exponent about "
          "doubles from sweep to sweep."),
    Chart("counts", "Adapter parameters at rank r", "tokens", (Series("counts_apart", "q, k, v apart", role="bars"),
          Series("counts_fused", "fused as in the model's code", role="bars")), y_label="trainable parameters",
          tokens="count_names", section=COST),
    Chart("training", "Error while training", "line", (Series("train_error", "Error of factor·B·A", x="train_step"),
          Series("train_floor", "Eckart-Young floor", x="train_step", role="dashed")), "step", "relative error",
          y_zero=True, section=TRAIN, live=True, help="No learning rate gets below the dashed line."),
    Chart("trained", "What training has learned", "heatmap", (Series("trained_view", "factor·B·A"),), "column", "row",
          section=TRAIN, live=True, scale_from="delta_w_view", help="On the colour scale of the update."),
)  # fmt: skip

_PRESETS = (
    Preset("planted", "Low rank under noise", {"source": "planted", "planted_rank": 8, "noise": 0.3, "rank": 8},
           "Eight strong directions and a floor of noise: rank 8 takes the structure and leaves most of the noise, "
           "which is what you want from it."),
    Preset("exact", "Noise-free", {"source": "planted", "planted_rank": 8, "noise": 0.0, "rank": 8},
           "Without noise the ninth singular value is zero: at rank 8 the residual is rounding, at rank 7 it is not."),
    Preset("power-law", "Power law", {"source": "power_law", "decay": 1.0, "rank": 8},
           "No gap anywhere: each further rank buys a little less. Here the rank is a price, not a fact to discover."),
    Preset("narrow-arrival", "A slow learning rate", {"learning_rate": 0.0003, "steps": 300},
           "Training creeps and stops far above the floor. The gap is the optimiser's, not the rank's: raise the "
           "rate or the steps before raising r.", good=False),
    Preset("diverging", "A diverging learning rate", {"learning_rate": 1.0, "steps": 300},
           "Adam's first step moves every entry of B by about the learning rate. At 1 the product overshoots the "
           "update many times over, and the run stops.", good=False),
    Preset("hopeless", "Full-rank noise", {"source": "noise", "rank": 8},
           "All directions matter about equally, so rank 8 of 64 keeps little more than a third of the energy. No "
           "alpha, rule or optimiser repairs that.", good=False),
    Preset("rank-stall", "High rank, alpha left behind",
           {"rank": 64, "alpha": 1, "scaling": "lora", "learning_rate": 0.001, "steps": 200},
           "Under alpha/r the factor is 1/64 here, and training hardly moves. Switch the rule to alpha/√r and run it "
           "again.", good=False),
)  # fmt: skip

_PREDICTIONS = (
    Prediction(
        "noise-floor",
        "Eight directions are planted, and noise at 0.3 lies over them. What relative error is left at rank 8?",
        {"source": "planted", "planted_rank": 8, "noise": 0.3, "rank": 8},
        "relative_error",
        "Not zero: every one of the other 56 singular values is noise, small but many, and their squares add up. "
        "An error left over is no proof that the rank is too low.",
    ),
    Prediction(
        "power-law-energy",
        "Singular values 1, 1/2, 1/3, ... 1/64. Which share of the energy do the first 8 hold?",
        {"source": "power_law", "decay": 1.0, "rank": 8},
        "energy_kept",
        "Energy sums squares, so the tail shrinks fast: far more than the half that the plain sum would suggest. "
        "The error still is about a quarter, since it is the square root of what is dropped.",
        tolerance=0.05,
    ),
    Prediction(
        "noise-energy",
        "A matrix of pure noise, 64 by 64. Which share of the energy does rank 8, an eighth of the ranks, keep?",
        {"source": "noise", "rank": 8},
        "energy_kept",
        "More than an eighth, because even noise has larger and smaller singular values. The largest ones of a noisy "
        "matrix are no evidence of structure.",
    ),
    Prediction(
        "gpt2-share",
        "GPT-2 124M with rank 8 on all linear layers: which share of the model is trained (0.01 = one per cent)?",
        {"shape": "gpt2", "targets": "all", "rank": 8},
        "shape_share",
        "About one per cent, not one per mille: thin layers make the adapters relatively thick. The much-quoted "
        "tiny shares belong to wide models with few adapted layers.",
    ),
    Prediction(
        "rslora-factor",
        "Rank 64 and alpha 16 under the rsLoRA rule: which factor stands in front of B·A?",
        {"rank": 64, "alpha": 16, "scaling": "rslora"},
        "scaling_factor",
        "16 over the square root of 64. LoRA's own rule would divide by 64.",
        tolerance=0.01,
    ),
    Prediction(
        "trained-error",
        "Adam trains rank 8 for 300 steps at a rate of 0.003 on noise alone. Where does the error end?",
        {"source": "noise", "rank": 8, "learning_rate": 0.003, "steps": 300, "train": True},
        "train_error",
        "On the Eckart-Young bound, and no lower: gradient descent finds the same subspace as the decomposition.",
        tolerance=0.05,
    ),
)  # fmt: skip

FIELDS = {
    "slug": "lora",
    "title": "The LoRA Lab",
    "summary": "Drag the rank of a low-rank update and watch the singular values say how good it can be.",
    "version": "1",
    "params": _PARAMS,
    "outputs": _OUTPUTS,
    "charts": _CHARTS,
    "sections": _SECTIONS,
    "presets": _PRESETS,
    "predictions": _PREDICTIONS,
    "run_label": "Train A and B",
    "code": (
        "labs_py.core.lora:truncate",
        "labs_py.core.lora:relative_error",
        "labs_py.core.lora:lora_start",
        "labs_py.core.lora:loss_and_gradients",
        "labs_py.core.lora:scaling_factor",
        "labs_py.core.svd:rotate_pairs",
        "labs_py.core.adapter_size:count_adapter",
    ),
    "training_command": "python -m training sft --config training/configs/sft/smollm2_orders.yaml",
}
