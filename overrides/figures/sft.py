"""Figures of the article on supervised fine-tuning."""

from __future__ import annotations

from math import log

from overrides.figures.kit.diagrams import Token, token_row
from overrides.figures.kit.figure import Chart, Diagram, Figure, Series, Table, figure
from overrides.figures.kit.runs import gains, losses
from overrides.figures.kit.sources import computed, from_code, from_fact, from_run, value
from overrides.figures.kit.svg import BOLD, SMALL, lines, num, rect, text, width_of, wrap

# A chat as SmolLM2's tokenizer cuts it (tests/training/models/test_figure_tokens.py compares); the template's system turn  # noqa: E501
# stands in one piece. Beside each token in the loss: a probability chosen for the picture.
BEFORE = ["<|im_start|>", "user", "\n", "Where", " is", " order", " ", "4", "7", "1", "1", "?", "<|im_end|>", "\n",
          "<|im_start|>", "ass", "istant", "\n"]  # fmt: skip
ANSWER = {'{"': 0.9, "int": 0.5, "ent": 1.0, '":"': 1.0, "track": 0.25, '"}': 0.8, "<|im_end|>": 0.1}
TEXT = 'user: Where is order 4711?   assistant: {"intent":"track"}'
SYSTEM = "(system turn)"


def _nats(p: float) -> float:
    """Loss of a token of probability p."""
    return abs(log(p))  # -log(1) is minus zero, which would be printed


def _bars(width: int) -> tuple[str, float]:
    """The tokens in the loss, one below the other: probability, and a bar as long as the loss."""
    left = 12 + max(width_of(token, SMALL) for token in ANSWER)
    most = max(_nats(p) for p in ANSWER.values())
    room = width - left - 150
    out, y = "", 0.0
    for token, p in ANSWER.items():
        out += text(left - 10, y + 14, token, "end", "code")
        out += rect(left, y + 2, _nats(p) / most * room, 15, "c1", 1)
        out += text(left + _nats(p) / most * room + 6, y + 14, f"p = {p:g}, {_nats(p):.2f} nats", style="small")
        y += 22
    return out, y


def _row_to_loss(width: int) -> tuple[str, float]:
    """Four stages below each other, each under its name."""
    tokens = [SYSTEM, *BEFORE, *ANSWER, "\n"]
    plain = token_row([Token(token, False) for token in tokens])
    marked = token_row([Token(token, len(BEFORE) < i < len(tokens) - 1) for i, token in enumerate(tokens)])
    said = wrap(TEXT, width - 4, SMALL)
    stages = (
        ("1. A chat", (lines(2, 14, said, style="small", step=16), 16.0 * len(said) + 4)),
        ("2. The chat template and the tokenizer make tokens of it", plain.draw(width)),
        ("3. The mask: filled tokens are in the loss", marked.draw(width)),
        ("4. The loss of each of them; the row's loss is their mean", _bars(width)),
    )
    out, y = "", 0.0
    for name, (inner, height) in stages:
        named = wrap(name, width - 4, BOLD)
        out += lines(2, y + 15, named, style="strong")
        top = y + 16 * len(named) + 8
        out += f'<g transform="translate(0 {num(top)})">{inner}</g>'
        y = top + height + 14
    return out, y - 8


@figure
def row_to_loss() -> Figure:
    """One row from text to tokens to mask to loss."""
    each = [_nats(p) for p in ANSWER.values()]
    mean = sum(each) / len(each)
    table = [*((token.replace("\n", "\\n"), "no", None, None) for token in (SYSTEM, *BEFORE)),
             *((token, "yes", p, _nats(p)) for token, p in ANSWER.items()), ("\\n", "no", None, None)]  # fmt: skip
    return Figure(
        title="One row from text to loss",
        caption="The model reads the whole row. Only the answer and the mark that ends it are in the loss. Each token there "  # noqa: E501
        "costs minus the natural logarithm of the probability that the model gives it (in nats), here with probabilities "  # noqa: E501
        "chosen for the picture. The model does not expect to stop yet, so the stop token costs most.",
        summary=f"A chat of two turns becomes {len(table)} tokens. {len(ANSWER)} of them are in the loss, the stop token "  # noqa: E501
        f"among them; their losses have a mean of {mean:.2f} nats.",
        drawing=Diagram(_row_to_loss),
        table=Table(("token", "in the loss", "probability", "loss, nats"), table),
        sources=(from_code("training.models.chat_template:encode, with the tokenizer of SmolLM2"),
                 "minus the logarithm of each probability"),
    )  # fmt: skip


@figure
def padding() -> Figure:
    """Share of padding by the way of making batches."""
    ways = [("all to 1024 tokens", "fixed"), ("to the longest of a batch", "shuffled"),
            ("batches of like length", "sorted"), ("packed end to end", "packed")]  # fmt: skip
    words = ["all to 1024 tokens", "longest of the batch", "batches of like length", "packed end to end"]
    shares = [100 * computed("padding_share", how=how) for _, how in ways]
    return Figure(
        title="How much of the work is padding",
        caption="Padding to a fixed length wastes most of the work. Sorting by length saves nearly as much as packing.",
        summary="Bars: " + ", ".join(f"{word} {share:.0f}%" for word, share in zip(words, shares, strict=True)) + ".",
        drawing=Chart("rows", [Series("padding", shares, role="bars")], "% of all tokens computed", "way", words=words),
        sources=tuple(from_fact("padding_share", how=how) for _, how in ways),
    )


ORDERS = (("1,000 rows once", "orders-main-s*"), ("the same rows twice", "orders-thorough-s*"),
          ("2,000 rows once", "orders-thorough-fresh-s*"), ("no restraint, one seed", "orders-overtrained-s0"))  # fmt: skip  # noqa: E501


@figure
def sft_exact() -> Figure:
    """Exact answers of the recorded runs, on both held-out sets."""
    found = [[value("orders-main-s*", f"eval.{name}.exact.base_few_shot"),
              *(value(run, f"eval.{name}.exact.tuned") for _, run in ORDERS)] for name in ("shifted", "iid")]  # fmt: skip  # noqa: E501
    words = ["base, four examples", *(name for name, _ in ORDERS)]

    def series(label: str, values: list) -> Series:
        low = [None if one.low is None else max(0.0, 100 * one.low) for one in values]
        high = [None if one.high is None else min(100.0, 100 * one.high) for one in values]
        return Series(label, [100 * one.value for one in values], role="dots", low=low, high=high)

    return Figure(
        title="Exact order forms on held-out messages",
        caption="Dots are means over seeds, whiskers 95% intervals over the seeds. The base model (no seed changes it) "
        "and the last row (one run) have intervals over their items. Repeated rows help on messages of the training "
        "grammar more than on the other author's; new rows help on both. The base model answered the first "
        f"{found[0][0].n} messages of each set, the tuned ones {found[0][1].n}.",
        summary="Rows of dots with intervals for the base model and four ways of training: "
        + ", ".join(f"{word} {100 * one.value:.0f}%" for word, one in zip(words, found[0], strict=True))
        + " on messages by another author.",
        drawing=Chart("rows", [series("another author", found[0]), series("training grammar", found[1])],
                      "exact answers, %", "run", words=words),
        sources=(from_run(*(run for _, run in ORDERS)),),
    )  # fmt: skip


@figure
def sft_losses() -> Figure:
    """Training loss of one seed of each way."""
    return Figure(
        title="Training loss of four recorded runs",
        caption="All four fall. These curves do not show which run forgot how to chat and which one shipped; "
        "the next figure does. (One seed each; the longer runs take steps of two rows.)",
        summary="Four falling lines of training loss by step: a thousand rows once, the same rows twice, two thousand "
        "rows once, and a run without restraint.",
        drawing=losses([(name, run.replace("-s*", "-s0")) for name, run in ORDERS], most=24),
        sources=(from_run(*(run.replace("-s*", "-s0") for _, run in ORDERS)),),
    )


@figure
def sft_forgetting() -> Figure:
    """Change of cross-entropy on general text, against the gate's margin."""
    margin = value("orders-main-s0", "gate.margins.cross_entropy_nats").value
    chart = gains(ORDERS, "regression.cross_entropy.change", "change on general text", "nats a token", 1)
    return Figure(
        title="What the same runs did to general text",
        caption=f"Right is worse. The gate allows {margin:g} nats. New rows stay below it; repeated rows do not, and "
        "the run without restraint is far beyond.",
        summary="Rows of dots: change of cross-entropy on general text for four ways of training; the run without "
        "restraint is far to the right of the others.",
        drawing=chart,
        sources=(from_run(*(run for _, run in ORDERS)),),
    )
