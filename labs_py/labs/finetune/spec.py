"""The fine-tuning lab as data: what a reader sets, what is shown, presets, predictions and challenges."""

from __future__ import annotations

from labs_py.labs.finetune import tiny_model
from labs_py.labs.finetune.tasks import CHALLENGES
from labs_py.spec import Chart, LabSpec, Output, Param, Prediction, Preset, Section, Series

LEARN, LOSS, OLD = "Learn the question", "What the loss sees", "What it forgets"
SECTIONS = (
    Section(LEARN, "A model of 120 thousand weights tells stories. It has never been asked for a moral; the stories "
            "below are none of its training rows. Press the button and read its answers again."),
    Section(LOSS, "Two switches, and the two most common mistakes: to count the loss on the question too, and to "
            "leave the stop token out of it."),
    Section(OLD, "The same model still has to tell stories. Its loss on held-out lines of the old corpus is measured "
            "every ten steps; the broken line is the base."),
)  # fmt: skip

PARAMS = (
    Param("method", "What is trained", "choice", "lora", "An adapter beside frozen weights, or all weights.",
          choices=(("lora", "LoRA on every linear layer"), ("full", "all weights")), section=LEARN),
    Param("rank", "Rank", "range", 4, "Rows of A and columns of B; no part of it when all weights are trained.",
          min=1, max=16, step=1, section=LEARN),
    Param("learning_rate", "Learning rate", "range", 0.005, "Adam's step.", min=1e-4, max=0.1, scale="log",
          section=LEARN),
    Param("steps", "Steps", "range", 80, "Each sees ten of the fifty rows. A stopped run goes on from its last step.",
          min=10, max=200, step=10, section=LEARN),
    Param("seed", "Seed", "seed", 0, "Of the fifty rows, their order and the adapter's start.", section=LEARN),
    Param("mask_prompt", "Loss on the answer only", "switch", True, "Off: story and question count as well.",
          section=LOSS),
    Param("with_stop", "Stop token counts", "switch", True, "Off: nothing teaches the model where an answer ends.",
          section=LOSS),
    Param("train", "Train", "switch", False, "Set by the button.", hidden=True, section=LEARN),
)  # fmt: skip

OUTPUTS = (
    Output("exact_before", "Exact answers, base", format="percent", section=LEARN,
           help=f"Of {tiny_model.ASKED} held-out stories: the moral word for word, then the stop."),
    Output("exact", "Exact answers now", format="percent", section=LEARN, help="At the last measurement."),
    Output("loss_now", "Loss, mean of ten steps", "nats", section=LEARN, scale=10.0),
    Output("trainable", "Trainable weights", format="count", section=LEARN),
    Output("total", "Weights of the model", format="count", section=LEARN),
    Output("trainable_share", "Trainable share", format="percent", section=LEARN),
    Output("saved_bytes", "Bytes to save", format="bytes", section=LEARN, help="In 32 bits, without the header."),
    Output("words", "All words right, stop or not", format="percent", section=LOSS,
           help="Far above the exact answers: it knows the moral and does not stop."),
    Output("old_loss_before", "Loss on old stories, base", "nats a token", section=OLD),
    Output("old_loss", "Loss on old stories now", "nats a token", section=OLD, scale=10.0),
)  # fmt: skip

CHARTS = (
    Chart("loss", "Loss on the training rows", "line", (Series("loss", "loss"),), "step", "nats a token",
          y_zero=True, section=LEARN, live=True),
    Chart("score", "Held-out stories answered", "line",
          (Series("exact_curve", "exact", x="step"), Series("words_curve", "words right", x="step", role="dashed")),
          "step", "percent", y_zero=True, section=LEARN, live=True),
    Chart("old", "Loss on old stories", "line",
          (Series("old_curve", "now", x="step"), Series("old_base", "base", x="step", role="dashed")),
          "step", "nats a token", y_zero=True, section=OLD, live=True),
)  # fmt: skip

PRESETS = (
    Preset("usual", "LoRA, rank 4", {}, "Learns the question and forgets little."),
    Preset("one", "LoRA, rank 1", {"rank": 1}, "One direction a matrix is nearly enough for this question."),
    Preset("full", "All weights", {"method": "full"},
           "The same rows and the same rate: the question is learnt, and the stories are lost.", False),
    Preset("gentle", "All weights, gently", {"method": "full", "learning_rate": 0.0005},
           "Full tuning needs a smaller step than an adapter. Compare what is forgotten now."),
    Preset("no-mask", "Loss on everything", {"mask_prompt": False},
           "Most tokens are story, so most of the gradient is spent on what the model can do already.", False),
    Preset("no-stop", "All weights, no stop token", {"method": "full", "with_stop": False},
           "It says the moral and then talks on: nothing rewarded the end.", False),
    Preset("too-fast", "Far too fast", {"learning_rate": 0.05},
           "The loss rises, and the model answers nothing: a tenfold rate is not ten times as good.", False),
)  # fmt: skip

_SHORT = {"train": True, "steps": 20}
PREDICTIONS = (
    Prediction("share", "At rank 4 on every linear layer, which share of the weights is trained? (0.1 = a tenth)",
               {}, "trainable_share", "Rank times (rows + columns) of each map, over a small model. In a large model "
               "the same rank is a far smaller share, for a map's size grows with the square of its width."),
    Prediction("twenty", "After 20 steps of 10 rows, what share of held-out stories is answered exactly? (0.1 = a "
               "tenth)", _SHORT, "exact", "The model can read the stories already and can write the morals. Only "
               "the question was new, so a few steps go far.", tolerance=0.3),
)  # fmt: skip

SPEC = LabSpec(
    slug="finetune",
    title="Fine-tune a tiny GPT",
    summary="LoRA on a whole small language model, live in your tab: loss, answers and what is forgotten.",
    version="1",
    params=PARAMS,
    outputs=OUTPUTS,
    charts=CHARTS,
    sections=SECTIONS,
    presets=PRESETS,
    predictions=PREDICTIONS,
    challenges=CHALLENGES,
    run_label="Train",
    recorded={"train": True},
    view="finetune",
    plays=True,
    pinned=("method", "rank"),
    code=(
        "labs_py.core.tiny_gpt:forward",
        "labs_py.core.tiny_gpt:backward",
        "labs_py.core.tiny_gpt:loss_and_gradient",
        "labs_py.core.tiny_gpt:batch",
        "labs_py.core.tiny_gpt:start_adapter",
        "labs_py.core.products:matmul",
    ),
    training_command="python -m training.site_records.lora_tiny_gpt --rank 4 --steps 80 --rate 0.005",
    data_files=(tiny_model.FILE,),
    scalar_tolerance=1e-3,
    array_tolerance=1e-3,
)
