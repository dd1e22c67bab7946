"""The RLHF Lab's parameters and sections."""

from __future__ import annotations

from labs_py.spec import Param, Section

PICK = "Whose taste is it?"
FIT = "From picks to weights"
LABELS = "How many labels?"
LEASH = "Chase the reward"
GROUPS = "Groups instead of pairs"

SECTIONS = (
    Section(
        PICK,
        "Two answers, one pick. The eight features are computed from the texts and shown openly; only the last, "
        "whether "
        "an answer is correct, was declared by its writer. Before each of your picks the model has sealed its guess.",
    ),
    Section(
        FIT,
        "Bradley-Terry turns picks into weights: the chance that A wins is the sigmoid of the difference in "
        "reward. The "
        "bars are what the labels say, the whiskers how sure one can be.",
    ),
    Section(
        LABELS,
        "The same annotator, more labels. No model can agree with labels more often than the labels agree with the "
        "annotator's own taste: that is the dashed line.",
    ),
    Section(
        LEASH,
        "A policy over 270 answers to one prompt, made of written parts, is tuned to win the fitted reward. "
        "Beta is the price of "
        "leaving the "
        "reference. The true reward is what a careful reader gets out of an answer, and nobody optimises it.",
    ),
    Section(
        GROUPS,
        "GRPO needs no pairs and no second model: draw a group of answers, and push up those above the group's mean.",
    ),
)

PARAMS = (
    Param(
        "annotator",
        "Annotator",
        "choice",
        "you",
        "Who labelled the pairs. Until you have picked, 'you' shows the careful annotator.",
        choices=(
            ("you", "You"),
            ("careful", "Careful"),
            ("hurried", "Hurried"),
            ("length", "Length-biased"),
            ("contrarian", "Contrarian"),
            ("noisy", "Careful and sure, but slips"),
        ),
        section=PICK,
    ),
    Param("picks", "Your picks", "picks", [], "Your own picks, kept in this browser.", hidden=True, section=PICK),
    Param(
        "n_labels",
        "Labels",
        "range",
        100,
        "How many labels a simulated annotator gives.",
        min=1,
        max=1000,
        step=1,
        scale="log",
        section=PICK,
    ),
    Param(
        "noise",
        "Slips",
        "range",
        0.0,
        "How often a simulated annotator clicks the other side by mistake.",
        min=0.0,
        max=0.5,
        step=0.01,
        section=PICK,
    ),
    Param(
        "l2",
        "Ridge (l2)",
        "range",
        1.0,
        "Pull of the weights towards zero; scikit-learn's C is one over it.",
        min=0.001,
        max=100,
        scale="log",
        section=FIT,
    ),
    Param(
        "see_truth",
        "The model sees which answer is correct",
        "switch",
        True,
        "Off: the model has to make do with how answers look, as a real reward model often does.",
        section=FIT,
    ),
    Param("seed", "Seed", "seed", 1, "Draws the labels and the group.", section=FIT),
    Param("train", "Train", "switch", False, "Gradient descent, live.", section=FIT),
    Param(
        "beta",
        "Beta",
        "range",
        0.1,
        "Price of one nat of KL: small lets the policy chase the reward, large holds it near the reference.",
        min=0.01,
        max=10,
        scale="log",
        section=LEASH,
    ),
    Param(
        "length_repair",
        "Length repair",
        "choice",
        "none",
        "What to do about the reward's taste for length.",
        choices=(
            ("none", "None"),
            ("zero", "Fit it, then ignore its weight"),
            ("drop", "Leave length out of the fit"),
        ),
        section=LEASH,
    ),
    Param(
        "best_of",
        "Best of n",
        "range",
        16,
        "Draws from the reference, of which the one with the highest fitted reward is kept.",
        min=1,
        max=1024,
        step=1,
        scale="log",
        section=LEASH,
    ),
    Param(
        "group_size", "Group size", "range", 8, "Answers drawn for one prompt.", min=2, max=16, step=1, section=GROUPS
    ),
    Param(
        "group_reward",
        "Reward of the group",
        "choice",
        "checked",
        "Where the rewards of the group come from.",
        choices=(("checked", "Checked: 1 if correct, else 0"), ("learned", "The fitted reward")),
        section=GROUPS,
    ),
    Param(
        "group_spread",
        "Divide by the standard deviation",
        "switch",
        True,
        "As in GRPO. Off: as in Dr. GRPO.",
        section=GROUPS,
    ),
)
