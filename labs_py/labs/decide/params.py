"""What the decision tool asks."""

from __future__ import annotations

from labs_py.spec import Param, Section

ASK = "Your task"
SECTIONS = (
    Section(ASK, "The rules are read from top to bottom, and the first that fits decides. They are listed below."),
)
GOALS = (
    ("behaviour", "a form, a style, a narrow task"),
    ("knowledge", "facts that the model lacks"),
    ("preference", "answers that people like better"),
    ("reasoning", "answers that a program can check"),
    ("retrieval", "finding the right passages"),
    ("cheaper", "a large model's work for less"),
)
BASES = (
    ("unknown", "I have not asked it"),
    ("poor", "mostly wrong"),
    ("half", "sometimes right"),
    ("fine", "already fine"),
)
HARDWARE = (("cpu", "a laptop, no GPU"), ("16", "16 GB"), ("24", "24 GB"), ("80", "80 GB"))

PARAMS = (
    Param(
        "goal",
        "What should get better",
        "choice",
        "behaviour",
        "The kind of change you want.",
        choices=GOALS,
        section=ASK,
    ),
    Param(
        "base", "The base, with its best prompt", "choice", "unknown", "On your own items.", choices=BASES, section=ASK
    ),
    Param("tested", "I have a test set and a score", "switch", True, "Items that were never trained on.", section=ASK),
    Param(
        "rows",
        "Rows at hand",
        "range",
        200,
        "Labelled examples, pairs, or checkable questions.",
        "rows",
        min=1,
        max=100_000,
        step=1,
        scale="log",
        section=ASK,
    ),  # fmt: skip
    Param("changing", "The facts keep changing", "switch", False, "Faster than you would retrain.", section=ASK),
    Param(
        "requests",
        "Requests a day, in use",
        "range",
        1000,
        "A prompt is paid for with every one.",
        "requests",
        min=1,
        max=10_000_000,
        step=1,
        scale="log",
        section=ASK,
    ),  # fmt: skip
    Param("hurry", "What does it now is too slow", "switch", False, "Measured, not felt.", section=ASK),
    Param("private", "Inputs may not leave my machines", "switch", False, "Law, contract or wish.", section=ASK),
    Param("hardware", "Hardware", "choice", "cpu", "What the run may use.", choices=HARDWARE, section=ASK),
)
