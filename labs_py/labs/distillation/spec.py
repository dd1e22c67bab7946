"""What the Distillation Lab shows and asks, as data: parameters, outputs, charts, presets and predictions."""

from __future__ import annotations

from labs_py.labs.distillation import teachers
from labs_py.labs.distillation.tasks import CHALLENGES
from labs_py.spec import Chart, LabSpec, Output, Param, Prediction, Preset, Section, Series, Sweep

SOFT, LEARN, SQUARE, HELD, MODES = (
    "What the teacher says",
    "The student learns",
    "Where T² comes from",
    "What soft labels carry",
    "Covering or seeking",
)

SECTIONS = (
    Section(SOFT, "A teacher does not only name the next word, it weighs them all. Temperature flattens it; then "
            "the small weights show. By default the 64 likeliest words are all there is; the full "
            "vocabulary adds everything else as one bin."),
    Section(LEARN, "The student is a list of logits. Each step moves every logit against its gradient, student minus "
            "teacher over T; the push on each word is drawn. Press the button to let it run."),
    Section(SQUARE, "Softening both sides makes the soft gradient small: once because T divides the logits, and once "
            "because the two distributions come closer. T² repairs that, so that alpha keeps its meaning."),
    Section(HELD, "Two equal students see the same 72 prompts; one gets the distribution, the other only its top word. "
            "Pressing the button tests both on 24 prompts that neither has seen."),
    Section(MODES, "A teacher with two peaks, a student that can make only one. Forward KL spreads it over both, "
            "reverse KL picks one, and Jensen-Shannon tips from the first to the second as its weight grows."),
)  # fmt: skip

PARAMS = (
    Param("teacher", "Teacher", "choice", "gpt2", "Whose recorded logits are used.",
          choices=(("gpt2", "GPT-2 124M (five prompts)"), ("smollm2", "SmolLM2-135M-Instruct (twelve prompts)")),
          section=SOFT),
    Param("prompt", "Prompt", "choice", 1, "The text whose next word is predicted.",
          choices=tuple(enumerate(map(teachers.ending, teachers.PROMPTS), 1)), section=SOFT),
    Param("temperature", "Temperature T", "range", 2.0, "Divides all logits, the teacher's and the student's.",
          min=0.25, max=20, step=0.25, section=SOFT),
    Param("vocabulary", "Vocabulary", "choice", "few", "64 renormalised words, or all with one bin for the rest.",
          choices=(("few", "64 likeliest words"), ("full", "full, the rest as one bin")), section=SOFT),
    Param("alpha", "Weight of the soft term, alpha", "range", 0.9, "1 - alpha goes to the hard label, the top word.",
          min=0, max=1, step=0.05, section=LEARN),
    Param("divergence", "Divergence", "choice", "forward", "How far the student is from the teacher.",
          choices=(("forward", "forward KL(teacher || student)"), ("reverse", "reverse KL(student || teacher)"),
                   ("js", "Jensen-Shannon")), section=LEARN),
    Param("beta", "Jensen-Shannon weight", "range", 0.5, "Share of the teacher in the mixture in between.",
          min=0.05, max=0.95, step=0.05, section=LEARN),
    Param("start", "The student starts", "choice", "uniform", "Its logits before the first step.",
          choices=(("uniform", "uniform: knows nothing"), ("confident", "wrong but confident"),
                   ("unigram", "by word frequency"), ("lowrank", "low rank over all prompts at once")), section=LEARN),
    Param("student_rank", "Rank of the student", "range", 8, "Width of the middle of a low-rank student.",
          min=1, max=12, step=1, section=LEARN),
    Param("learning_rate", "Learning rate", "range", 1.0, "Size of a step.",
          min=0.01, max=20, scale="log", section=LEARN),
    Param("steps", "Steps", "range", 150, "Steps of gradient descent.", min=10, max=400, step=10, section=LEARN),
    Param("peak_gap", "Distance of the two peaks", "range", 14, "How far apart the teacher's peaks stand.",
          min=2, max=24, step=1, section=MODES),
    Param("seed", "Seed", "seed", 0, "Of the low-rank students' starts.", section=LEARN),
    Param("train", "Train the student", "switch", False, "Set by the button.", hidden=True, section=LEARN),
)  # fmt: skip

OUTPUTS = (
    Output("teacher_entropy", "Teacher's entropy at T", "nats", section=SOFT, scale=10.0,
           help="With the full vocabulary it counts all words. Off T = 1 the rest's part is an estimate within bounds, "
           "which stand under the chart."),
    Output("student_entropy", "Student's entropy at T", "nats", section=SOFT, scale=10.0,
           help="With the full vocabulary it counts all words; the student holds those of the rest equal."),
    Output("rest_percent", "Teacher's mass beyond its 64 words", "%", section=SOFT, scale=100.0,
           help="In the whole vocabulary, at the recorded temperature that is nearest to T."),
    Output("temperature_used", "T in use", section=SOFT),
    Output("kl", "KL(teacher || student) at T", "nats", section=LEARN, scale=10.0),
    Output("divergence_now", "The chosen divergence at T", "nats", section=LEARN, scale=10.0,
           help="Reverse KL and Jensen-Shannon take the full vocabulary's rest as one word: a lower bound."),
    Output("cross_entropy", "Cross-entropy of the top word at T = 1", "nats", section=LEARN, scale=10.0),
    Output("loss_now", "Loss", section=LEARN, scale=100.0, help="alpha T² divergence + (1 - alpha) cross-entropy."),
    Output("gradient_norm", "Size of the gradient", section=LEARN, help="Euclidean norm over the student's logits."),
    Output("mean_kl", "Mean KL over the student's prompts", "nats", section=LEARN, scale=10.0),
    Output("gradient_shrink", "T = 1's gradient over that at T, without T²", "times", section=SQUARE, scale=1000.0,
           help="Of the soft term alone."),
    Output("heldout_kl_soft", "Held-out KL, soft labels", "nats", section=HELD, scale=10.0),
    Output("heldout_kl_hard", "Held-out KL, top word only", "nats", section=HELD, scale=10.0),
    Output("heldout_kl_hard_best", "The same at its best step", "nats", section=HELD, scale=10.0),
    Output("heldout_agree_soft", "Same top word, soft labels", format="percent", section=HELD),
    Output("heldout_agree_hard", "Same top word, top word only", format="percent", section=HELD),
    Output("forward_spread", "Width of the forward student", "places", section=MODES, scale=10.0),
    Output("reverse_spread", "Width of the reverse student", "places", section=MODES, scale=10.0),
)  # fmt: skip

CHARTS = (
    Chart("words", "Teacher and student, word by word", "tokens",
          (Series("shown_teacher", "teacher", role="bars"), Series("shown_student", "student", role="bars")),
          "next word", "probability at T", tokens="words", section=SOFT, drag="temperature", mirror=True,
          help="The teacher's first 16 words. Drag across the bars: right is hotter."),
    Chart("push", "The push on each logit", "tokens", (Series("shown_push", "minus gradient", role="bars"),),
          "next word", "push (up is right)", tokens="words", section=LEARN),
    Chart("curve", "Loss while the student learns", "line",
          (Series("loss", "loss"), Series("kl_curve", "KL at T", role="dashed")), "step", "nats", y_zero=True,
          section=LEARN, live=True),
    Chart("square", "Size of the soft gradient", "line",
          (Series("gradient_with_square", "with T²", x="temperatures"),
           Series("gradient_without", "without", x="temperatures"),
           Series("inverse_square", "T = 1's size divided by T²", x="temperatures", role="dashed")),
          "temperature", "norm of the gradient", x_log=True, y_log=True, section=SQUARE,
          markers=(("temperature", "T"),)),
    Chart("rest", "Mass beyond the 64 words", "line",
          (Series("rest_by_temperature", "mass beyond the 64 words, percent", x="recorded_temperatures"),),
          "temperature", "percent", x_log=True, y_zero=True, section=SOFT, markers=(("temperature", "T"),),
          help="Whole vocabulary, exact on this grid."),
    Chart("heldout", "Unseen prompts", "line",
          (Series("heldout_soft", "soft labels"), Series("heldout_hard", "top word only", role="dashed")),
          "step", "KL(teacher || student), nats", y_zero=True, section=HELD, live=True),
    Chart("modes", "One bump for two peaks", "line",
          (Series("bump_teacher", "teacher", x="bump_position"),
           Series("bump_forward", "forward KL", x="bump_position"),
           Series("bump_reverse", "reverse KL", x="bump_position", role="dashed"),
           Series("bump_js", "Jensen-Shannon", x="bump_position", role="dashed")),
          "place", "probability", y_zero=True, section=MODES),
)  # fmt: skip

PRESETS = (
    Preset("usual", "The usual mix", {"temperature": 2.0, "alpha": 0.9, "divergence": "forward"},
           "Mostly soft labels at a mild temperature, a little of the hard one."),
    Preset("two-teachers", "The other teacher, same prompt", {"teacher": "smollm2", "prompt": 2},
           "An instruction-tuned model is surer of itself: compare the entropies."),
    Preset("cold", "T = 0.25", {"temperature": 0.25},
           "Colder than 1 the teacher is nearly a hard label: what made it worth copying is gone.", good=False),
    Preset("hot", "T = 20 with the full vocabulary", {"temperature": 20.0, "vocabulary": "full"},
           "Nearly all mass is in words that the teacher thinks absurd; the student learns to be flat.", good=False),
    Preset("stuck", "Reverse KL, wrong but confident", {"divergence": "reverse", "start": "confident", "alpha": 1.0,
                                                        "temperature": 1.0},
           "The push is weighted by the student's own probability: words that it rules out are hardly pulled back.",
           good=False),
    Preset("narrow", "A student too narrow", {"start": "lowrank", "student_rank": 2, "teacher": "smollm2", "prompt": 6},
           "Rank 2 for twelve prompts: it cannot match all, so the loss stays up however long it trains."),
    Preset("too-fast", "A learning rate of 20", {"start": "lowrank", "learning_rate": 20.0},
           "The low-rank student's two factors drive each other away: the run stops itself.", good=False),
)  # fmt: skip

_ALONE = {"alpha": 1.0}
PREDICTIONS = (
    Prediction("shrink", "Without T², how many times smaller is the soft gradient at T = 4 than at T = 1?",
               {**_ALONE, "temperature": 4.0}, "gradient_shrink",
               "1/T² = 1/16 is the limit for high T. From T = 1 to 4 it shrinks faster than that here, for a peaked "
               "distribution loses more when it is first flattened.", "times", tolerance=0.3),
    Prediction("rest", "GPT-2 knows 50,257 words. At T = 2, what percent of its mass lies beyond its 64 favourites?",
               {"temperature": 2.0, "vocabulary": "full"}, "rest_percent",
               "Each of the others is unlikely, but there are fifty thousand of them, and heat lifts all.", "percent",
               tolerance=0.15),
    Prediction("flat", "At T = 20, over 64 words, what is the teacher's entropy in nats?", {"temperature": 20.0},
               "teacher_entropy", "Almost that of 64 equal words, ln 64 = 4.16: at T = 20 the teacher says nothing.",
               "nats", tolerance=0.04),
    Prediction("held", "Taught by distributions, a rank-8 student ends how many nats from the teacher on unseen "
               "prompts? (A uniform one stands near 1.6.)", {"train": True, "steps": 200}, "heldout_kl_soft",
               "Well below knowing nothing, though it never saw these prompts. The student taught by top words is "
               "surer and surer of what it cannot know, and ends worse than one that knows nothing.",
               "nats", tolerance=0.3),
)  # fmt: skip

SWEPT = (0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 12.0, 15.0, 20.0)

SPEC = LabSpec(
    slug="distillation",
    title="Distillation Lab",
    summary="Real next-word logits of two teachers, and a student that learns them while you watch.",
    version="1",
    params=PARAMS,
    outputs=OUTPUTS,
    charts=CHARTS,
    sections=SECTIONS,
    presets=PRESETS,
    predictions=PREDICTIONS,
    challenges=CHALLENGES,
    run_label="Train the student",
    recorded={"train": True},
    pinned=("temperature", "alpha"),
    sweep=Sweep("temperature", SWEPT, arrival=SWEPT[:8]),
    code=(
        "labs_py.core.numerics:logsumexp",
        "labs_py.core.distill:soften",
        "labs_py.core.distill:binned_entropy",
        "labs_py.core.distill:divergence",
        "labs_py.core.distill:divergence_gradient",
        "labs_py.core.distill:loss_gradient",
    ),
    training_command="python -m training logits --config training/configs/logits/smollm2.yaml",
    data_files=teachers.DATA_FILES,
)
