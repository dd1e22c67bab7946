"""The RLHF Lab as data: its parameters, what it shows, its presets, predictions and challenges, put together."""

from __future__ import annotations

from labs_py.labs.rlhf.lessons import PREDICTIONS, PRESETS
from labs_py.labs.rlhf.outputs import CHARTS, OUTPUTS
from labs_py.labs.rlhf.params import PARAMS, SECTIONS
from labs_py.labs.rlhf.tasks import CHALLENGES
from labs_py.spec import LabSpec, Sweep

# What the careful annotator would say of the first pairs of the queue: an example of picks, until the reader's own.
EXAMPLE_PICKS = "41A 27B 50A 29A 39A 48A 32B 46A 47B 13A 30B 9B 33A 3A 38B 5B 4A 18A 17A 52A 15A 36B 37A 43B"

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
    recorded={"picks": [[int(pick[:-1]), pick[-1]] for pick in EXAMPLE_PICKS.split()]},
    view="rlhf",
    sweep=Sweep("beta", (0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.3, 0.5, 0.7, 1.0, 2.0, 3.0, 5.0, 10.0)),
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
