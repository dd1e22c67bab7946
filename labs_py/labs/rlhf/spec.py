"""The RLHF Lab as data: its parameters, what it shows, its presets, predictions and challenges, put together."""

from __future__ import annotations

from labs_py.labs.rlhf.lessons import PREDICTIONS, PRESETS
from labs_py.labs.rlhf.outputs import CHARTS, OUTPUTS
from labs_py.labs.rlhf.params import PARAMS, SECTIONS
from labs_py.labs.rlhf.tasks import CHALLENGES
from labs_py.spec import LabSpec

SPEC = LabSpec(
    slug="rlhf",
    title="The RLHF Lab",
    summary="Pick the better of two answers and watch your picks become a reward model, and what chasing it does.",
    version="1",
    params=PARAMS,
    outputs=OUTPUTS,
    charts=CHARTS,
    sections=SECTIONS,
    presets=PRESETS,
    predictions=PREDICTIONS,
    challenges=CHALLENGES,
    run_label="Fit by gradient descent",
    view="rlhf",
    code=(
        "labs_py.core.preference:log_likelihood",
        "labs_py.core.preference:gradient",
        "labs_py.core.preference:standard_errors",
        "labs_py.core.preference:dpo_loss",
        "labs_py.core.policy:tilt",
        "labs_py.core.policy:best_of_n",
        "labs_py.core.policy:group_advantages",
        "labs_py.core.text_features:features",
    ),
    training_command="python -m training dpo --config training/configs/dpo/smollm2_shift_notes.yaml",
)
