"""What the Quantization Lab shows and asks, as data: parameters, outputs, charts, presets and predictions."""

from __future__ import annotations

from labs_py.labs.quantization import sources
from labs_py.labs.quantization.tasks import CHALLENGES
from labs_py.spec import Chart, LabSpec, Output, Param, Prediction, Preset, Section, Series, Sweep

GRID, ERROR, MEMORY, SWEEP, REPAIR = (
    "The grid",
    "What the rounding costs",
    "What it weighs",
    "Error against bits",
    "Repair with low rank",
)
FORMATS = (
    ("int", "whole-number grid (the bits slider)"),
    ("nf4", "NF4 (16 levels for bell curves)"),
    ("fp8_e4m3", "fp8 E4M3"),
    ("fp8_e5m2", "fp8 E5M2"),
    ("bf16", "bf16"),
    ("fp16", "fp16"),
)
LARGEST = "largest_weight"

SECTIONS = (
    Section(
        GRID,
        "Bars: all weights, each placed within the range of the group that shares its scale. Thin lines: the levels "
        "there are to land on. One huge weight squeezes all others into the middle.",
    ),
    Section(
        ERROR,
        "The weights come back a little wrong; what matters is how wrong the layer's outputs are. The second curve is "
        "the same grid with one scale for the whole matrix.",
    ),
    Section(
        MEMORY,
        "A group's scale has to be stored too. A format's name is not its size: NF4 in groups of 64 with 32-bit "
        "scales is 4.5 bits.",
    ),
    Section(
        SWEEP,
        "Every scheme at every width, at your choice of groups, placed by its true bits per weight. Lower and further "
        "left is better; about 6 dB per bit is what an even grid gives.",
    ),
    Section(
        REPAIR,
        "QLoRA trains an adapter on top of a quantised base. How much of the lost part could a product of rank r give "
        "back at best? Choose a rank for the exact answer, or press the button and watch a fit reach it.",
    ),
)

PARAMS = (
    Param("weights", "Weights", "choice", "minilm-outlier", "Which matrix is quantised. Of MiniLM: the attention "
          "output of layer 0, and the key of layer 5.",
          choices=sources.CHOICES, section=GRID),
    Param("pasted", "Your numbers", "text", "", "Rows on lines, numbers apart by spaces or commas. They stay here.",
          max_length=200_000, section=GRID),
    Param("left_out", "Largest weights left out", "range", 0,
          "They count as zero. Pressing the mark of the largest one in the histogram leaves out one more.",
          min=0, max=64, step=1, section=GRID),
    Param("format", "Format", "choice", "int", "A whole-number grid, or a format with levels of its own.",
          choices=FORMATS, section=GRID),
    Param("bits", "Bits of the grid", "range", 4, "Width of a code on the whole-number grid; formats have their own.",
          unit="bits", min=2, max=16, step=1, section=GRID),
    Param("scheme", "Scheme", "choice", "symmetric", "Where the whole-number grid lies.",
          choices=(("symmetric", "symmetric (absmax)"), ("affine", "affine (from smallest to largest)"),
                   ("zero_point", "affine with a whole-number zero point")), section=GRID),
    Param("granularity", "One scale per", "choice", "group", "How many weights share a scale.",
          choices=(("tensor", "matrix"), ("row", "row"), ("group", "group within a row"),
                   ("none", "no scale (fp8: the cast alone)")), section=GRID),
    Param("group_size", "Group size", "range", 64, "Weights that share a scale when it is one per group.",
          unit="weights", min=8, max=256, step=8, section=GRID),
    Param("scale_format", "Scales stored in", "choice", "fp32", "Counted in the size; fp16 scales are really rounded.",
          choices=(("fp32", "32 bits"), ("fp16", "16 bits (fp16)")), section=MEMORY),
    Param("double_quantization", "Double quantization", "switch", False,
          "Quantise the scales themselves: 8 bits each, in blocks of 256.", section=MEMORY),
    Param("own_billions", "Your model's size", "range", 70.0, "Parameters of a model of yours.",
          unit="billion", min=0.1, max=1000, scale="log", section=MEMORY),
    Param("repair_rank", "Rank of the repair", "range", 0, "0 leaves the quantised matrix alone.",
          min=0, max=64, step=1, section=REPAIR),
    Param("seed", "Seed", "seed", 0, "Of drawn weights, drawn inputs and the live fit's start.", section=REPAIR),
    Param("train", "Fit the repair", "switch", False, "Set by the button.", hidden=True, section=REPAIR),
)  # fmt: skip

OUTPUTS = (
    Output("rmse", "Root mean square error", section=ERROR, scale=LARGEST,
           help="Of the matrix that comes back, repair included."),
    Output("snr_db", "Signal to noise", "dB", section=ERROR, scale=100.0,
           help="20 log10 of the norm of W over the norm of the error."),
    Output("max_error", "Largest error", section=ERROR, scale=LARGEST, help="Of any single weight."),
    Output("output_error", "Output error ‖Wx − Ŵx‖", section=ERROR, scale="output_norm",
           help="Frobenius norm over 16 inputs: real ones for the MiniLM matrices, drawn ones otherwise."),
    Output("relative_output_error", "Output error, share of ‖Wx‖", format="percent", section=ERROR),
    Output("rmse_over_int8", "Error as a multiple of INT8's", "×", section=ERROR,
           help="Same scheme and groups (symmetric for formats) at 8 bits.", scale=100.0),
    Output(LARGEST, "Largest weight", section=ERROR),
    Output("output_norm", "Norm of Wx", section=ERROR),
    Output("bits_per_weight", "True bits per weight", "bits", section=MEMORY, help="Codes plus scales, counted."),
    Output("bytes_7b", "A 7B at these bits", "bytes", "bytes", section=MEMORY, scale=1e10,
           help="6,738,415,616 parameters (the Llama 7B shape), every one at the true bits per weight."),
    Output("bytes_7b_mixed", "The same, embeddings in 16 bits", "bytes", "bytes", section=MEMORY, scale=1e10,
           help="Its 262 M parameters of embedding and output layer and its norms stay at 16 bits."),
    Output("gigabytes_own", "Your model at these bits", "GB", section=MEMORY, scale=1000.0, help="GB of 10^9 bytes."),
    Output("rmse_quantised", "Error before the repair", section=REPAIR, scale=LARGEST),
    Output("error_returned", "Squared error given back", "%", section=REPAIR, scale=100.0,
           help="Part of the squared error that the rank-r repair removes."),
    Output("repair_bits", "Bits that the repair adds", "bits per weight", section=REPAIR, scale=10.0,
           help="r (R + D) numbers of 16 bits."),
)  # fmt: skip

CHARTS = (
    Chart("histogram", "Weights within their group's range", "histogram",
          (Series("histogram_counts", "weights", x="histogram_edges", role="bars"),
           Series("levels", "code levels", x="levels", role="steps"),
           Series("outlier_height", "the largest weight", x="outlier_at", role="dots")),
          "position in the group's range", "weights", section=GRID, drag="left_out",
          help="-1 and 1 are the ends of each group's range. Press the largest weight's mark to leave it out."),
    Chart("rows", "Error row by row", "line",
          (Series("row_error", "your groups", x="row_number"),
           Series("row_error_one_scale", "one scale for the matrix", x="row_number", role="dashed")),
          "row of the matrix", "root mean square error", y_zero=True, section=ERROR,
          help="Rows are averaged in bands when there are more than 96."),
    Chart("sweep", "Every scheme at every width", "line",
          (Series("sweep_symmetric", "symmetric", x="bits_symmetric"),
           Series("sweep_affine", "affine", x="bits_affine"),
           Series("sweep_formats", "NF4, fp8, bf16, fp16", x="bits_formats", role="dots"),
           Series("sweep_now", "your setting", x="bits_now", role="dots")),
          "true bits per weight", "root mean square error", y_log=True, section=SWEEP, drag="bits",
          help="From left to right the dots are NF4, fp8 E5M2 above fp8 E4M3, bf16 above fp16 (which leaves the MiniLM "
          "matrices, kept as fp16, unchanged and has no dot there)."),
    Chart("spectrum", "Singular values of what was lost", "line",
          (Series("residual_values", "singular values"),), "number", "singular value", y_zero=True,
          markers=(("repair_rank", "rank"),), section=REPAIR, live=True),
    Chart("fit", "Fitting the repair", "line",
          (Series("fit_error", "live fit"), Series("fit_bound", "best possible", role="dashed")),
          "half-step", "error left, as a share", section=REPAIR, live=True),
)  # fmt: skip

_QLORA = {"format": "nf4", "granularity": "group", "group_size": 64}
PRESETS = (
    Preset("qlora", "QLoRA's base", {**_QLORA, "double_quantization": True, "weights": "minilm-calm"},
           "NF4 in groups of 64 with double quantisation, 4.127 bits: the frozen base of QLoRA."),
    Preset("int8-rows", "INT8, a scale per row", {"bits": 8, "granularity": "row"},
           "The safe choice: some 40 dB even on the matrix with the outlier."),
    Preset("fp8", "fp8 with one scale", {"format": "fp8_e4m3", "granularity": "tensor"},
           "A float's steps grow with the number, so the outlier costs the small weights nothing: some 6 dB better "
           "than INT8 with one scale. Without outliers INT8 wins."),
    Preset("one-scale", "INT4 with one scale", {"granularity": "tensor"},
           "One weight of 24 standard deviations sets the step for all 147,456: nine in ten become zero.", good=False),
    Preset("two-bits", "Two bits", {"bits": 2, "granularity": "group", "group_size": 32},
           "Three levels. The cliff: the error's norm is about two thirds of the weights' own.", good=False),
    Preset("cast-alone", "fp8 by the cast alone", {"weights": "gaussian", "format": "fp8_e4m3",
                                                           "granularity": "none"},
           "More than half of these small weights fall among E4M3's subnormals, where the spacing no longer shrinks. A "
           "scale wins 2 dB back.", good=False),
    Preset("free", "Why is 4-bit free here?", {"weights": "smollm2", "scheme": "affine", "group_size": 32,
                                               "scale_format": "fp16"},
           "This file was stored in 4 bits: its weights already lie on that grid, so nothing is lost. It says nothing "
           "about the quality of 4 bits.", good=False),
)  # fmt: skip

_BELL = {"weights": "gaussian", "granularity": "tensor"}
PREDICTIONS = (
    Prediction("int4-affine", "INT8 becomes INT4, affine, one scale. By what factor does the error grow?",
               {**_BELL, "scheme": "affine"}, "rmse_over_int8",
               "The same range is cut into 15 steps instead of 255, and the error follows the step: 255/15 = 17. Half "
               "the bits is not twice the error.", "times"),
    Prediction("int4-symmetric", "And with the symmetric grid, whose largest codes are 127 and 7?",
               {**_BELL, "scheme": "symmetric"}, "rmse_over_int8",
               "127/7 = 18.1. The symmetric grid gives up one code to keep zero in the middle, and at 4 bits one code "
               "in 16 is felt.", "times", tolerance=0.04),
    Prediction("nf4-size", "NF4 in groups of 64, one 32-bit scale each: how many bits does a weight really take?",
               _QLORA, "bits_per_weight", "4 bits of code and 32/64 = 0.5 of scale.", "bits", tolerance=0.03),
    Prediction("seventy", "A model of 70 billion in NF4 with double quantization: how many GB?",
               {**_QLORA, "double_quantization": True, "own_billions": 70}, "gigabytes_own",
               "70 × 4.127 / 8 = 36 GB before any cache or activation: no small board holds it.", "GB", tolerance=0.1),
    Prediction("repair", "Rank 16 of 384 on what INT4 (groups of 64) lost of a bell curve: what percent of the squared "
               "error comes back?", {"weights": "gaussian", "repair_rank": 16}, "error_returned",
               "What rounding loses is close to noise, and noise has no few directions that hold most of it. An "
               "adapter repairs little by itself; QLoRA's adapter is trained on the task instead.", "percent"),
)  # fmt: skip

SPEC = LabSpec(
    slug="quantization",
    title="Quantization Lab",
    summary="Put real weights on ever coarser grids; see the error, the true size, and what a repair gives back.",
    version="1",
    params=PARAMS,
    outputs=OUTPUTS,
    charts=CHARTS,
    sections=SECTIONS,
    presets=PRESETS,
    predictions=PREDICTIONS,
    challenges=CHALLENGES,
    run_label="Fit the repair",
    recorded={"train": True},
    pinned=("bits",),
    sweep=Sweep("bits", tuple(range(2, 17)), arrival=(8, 7, 6, 5, 4)),
    code=(
        "labs_py.core.quantize:symmetric",
        "labs_py.core.quantize:affine",
        "labs_py.core.quantize:nf4",
        "labs_py.core.quantize:cast_float",
        "labs_py.core.quantize:double_quantised",
        "labs_py.core.quantize:repair",
    ),
    training_command="python -m training sft --config training/configs/sft/qwen2.5_7b_qlora_16gb.yaml",
    data_files=sources.DATA_FILES,
)
