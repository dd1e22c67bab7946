"""The clinic as data: a patient, the evidence, the cause, the repair."""

from __future__ import annotations

from labs_py.core import tiny_base
from labs_py.core.clinic import evidence, rows
from labs_py.core.clinic.causes import CAUSES
from labs_py.labs.clinic.tasks import CHALLENGES
from labs_py.labs.clinic.verdict import NONE
from labs_py.spec import Chart, DataFile, LabSpec, Output, Param, Preset, Series

PARAMS = (
    Param("patient", "Patient", "seed", 15, "A number draws the fault, the data and often a harmless oddity."),
    Param("cause", "Cause", "choice", NONE, "What is wrong with this run.",
          choices=((NONE, "not named yet"), *((cause.name, cause.label) for cause in CAUSES))),
    Param("repair", "Repair", "choice", NONE, "What is changed before the run is done again.",
          choices=((NONE, "not chosen yet"), *sorted(((cause.name, cause.repair) for cause in CAUSES),
                                                     key=lambda choice: choice[1]))),
    Param("evidence", "Evidence", "picks", (), "What you asked for, by patient.", max_length=20_000),
    Param("train", "Do the run again", "switch", False, "Set by the button.", hidden=True),
)  # fmt: skip

OUTPUTS = (
    Output("minutes_left", "Minutes left", "min", format="integer", help=f"Of {evidence.BUDGET} for each patient."),
    Output("reported", "Right, by its own report", format="percent", help="On the run's own test."),
    Output("in_use", "Right in use", format="percent",
           help=f"Of {rows.TESTED} fresh rows: the note word for word, then the stop token."),
)  # fmt: skip

CHARTS = (
    Chart("loss", "Loss on the training rows", "line",
          (Series("loss", "this run"), Series("repaired_loss", "with the repair", role="dashed")), "step",
          "nats a token", y_zero=True),
    Chart("right", "Notes that are right", "tokens", (Series("right", "right", role="bars"),), y_label="percent",
          tokens="bars"),
)  # fmt: skip

PRESETS = (
    Preset("fifteen", "Patient 15", {"patient": 15}, "Its own report is far better than its score in use.", False),
    Preset("seven", "Patient 7", {"patient": 7}, "Read the samples to the end before you ask for anything.", False),
    Preset("eleven", "Patient 11", {"patient": 11}, "The notes are right. Ask who else uses the model.", False),
    Preset("three", "Patient 3", {"patient": 3}, "The loss is close to zero. Ask on which rows.", False),
)

SPEC = LabSpec(
    slug="clinic",
    title="The clinic",
    summary="A run of the tiny GPT went wrong. Ask for evidence, name the cause, choose the repair, run it again.",
    version="1",
    params=PARAMS,
    outputs=OUTPUTS,
    charts=CHARTS,
    presets=PRESETS,
    challenges=CHALLENGES,
    run_label="Run it again with the repair",
    view="clinic",
    pinned=("patient", "cause", "repair"),
    code=(
        "labs_py.core.clinic.rows:training",
        "labs_py.core.clinic.rows:batch",
        "labs_py.core.clinic.training:steps",
        "labs_py.core.clinic.training:pair_step",
        "labs_py.core.clinic.scores:reaches",
        "labs_py.core.tiny_gpt:loss_and_gradient",
    ),
    training_command="python -m training train --config training/configs/sft/smollm2_orders.yaml --overfit 4",
    data_files=(DataFile(*tiny_base.FILE),),
    scalar_tolerance=0.03,
    array_tolerance=0.03,
)
