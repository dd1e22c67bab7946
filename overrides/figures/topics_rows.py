"""Figures of the page on what else there is in 2026: rows, schedules, scores and terms."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from math import cos, pi

from labs_py.core.chat_pieces import Piece
from labs_py.core.chat_template import pieces, trained
from overrides.figures.kit.diagrams import Question, Step, Token, decisions, lanes, token_row
from overrides.figures.kit.figure import NARROW, Chart, Diagram, Figure, Series, Table, figure
from overrides.figures.kit.sources import cited, from_code
from overrides.figures.kit.svg import rect, text

LIGHT = {"name": "light", "arguments": {"room": "hall", "state": "on"}}
CALLING = [  # the row that the page prints
    {"role": "user", "content": "Turn on the light in the hall."},
    {"role": "assistant", "content": None, "tool_calls": [{"type": "function", "function": LIGHT}]},
    {"role": "tool", "name": "light", "content": "on"},
    {"role": "assistant", "content": "Done."},
]
LEGEND = (("soft", "in the loss"), ("hollow", "read, not in the loss"))
THINKING = [
    {"role": "user", "content": "4 crates of 12?"},
    {"role": "assistant", "reasoning_content": "4 times 12 is 48.", "content": "48"},
    {"role": "user", "content": "And 5 more?"},
    {"role": "assistant", "reasoning_content": "48 plus 5 is 53.", "content": "53"},
]

WIDEST = 28  # letters of a piece; a phone has room for some more


def marked(written: Sequence[Piece], rule: str = "answers") -> list[tuple[str, str, bool]]:
    """A written row in pieces small enough to draw: text, whose turn it is, and whether the loss counts it.

    The template's own system turn becomes one piece.
    """
    found: list[tuple[str, str, bool]] = []
    for piece, counts in zip(written, trained(list(written), rule), strict=True):
        if piece.turn == -1:
            if not found:
                found.append(("(system turn)", "system", counts))
            continue
        for part in re.split(r"(<[^>]*>\n*|\n+)", piece.text):
            shown = [part] if part[:1] in ("<", "\n") else textwrap.wrap(part, WIDEST)
            found += [(one, piece.role, counts) for one in shown]
    return found


def _row(title: str, caption: str, summary: str, found: list[tuple[str, str, bool]], template: str) -> Figure:
    """A figure of a row's pieces."""
    counted = "".join(text for text, _, counts in found if counts).replace("\n", " ")
    return Figure(
        title=title,
        caption=caption,
        summary=f"{summary} In the loss: {counted}",
        drawing=token_row([Token(text, counts) for text, _, counts in found]),
        table=Table(("piece", "turn of", "in the loss"),
                    [(text.replace("\n", "\\n"), role, "yes" if counts else "no") for text, role, counts in found]),
        sources=(from_code(f'labs_py.core.chat_template:pieces("{template}", ...) and trained(...)'),),
        legend=LEGEND,
    )  # fmt: skip


@figure
def tool_row() -> Figure:
    """The page's row of a tool call, as Qwen 2.5's template writes it."""
    found = marked(pieces("qwen2_5", CALLING, tools=[{"type": "function", "function": {"name": "light"}}]))
    return _row(
        "A row with a tool call, as Qwen 2.5's template writes it",
        "The model learns the call and the last answer, each with its stop. The result comes from the tool: the model "
        "reads it and must not learn to write it. The tools' schemas stand in the system turn.",
        "A row of pieces: system turn, question, call, result, answer.",
        found,
        "qwen2_5",
    )


@figure
def thinking_row() -> Figure:
    """Two answers with thoughts, as Qwen 3's template writes them."""
    found = marked(pieces("qwen3", THINKING))
    return _row(
        "Two answers with thoughts, as Qwen 3's template writes them",
        "Both answers of this row have thoughts. The template keeps those after the last question and drops the "
        "earlier ones. With every answer in the loss, this row also teaches to answer 48 without thinking. Train on "
        "the last answer alone, or make a row of each answer.",
        "A row of pieces. The first answer, 48, stands without its thoughts; the second has them between think marks.",
        found,
        "qwen3",
    )


FIRST, MORE, WARM, LOW = 100, 60, 2, 0.1  # lengths of the two trainings and of each rise, and the lowest rate


def rate_at(place: float, whole: float, warm: float = WARM, low: float = LOW, start: float = 0.0) -> float:
    """Learning rate as a share of its peak: a straight rise from ``start``, then half a cosine down to ``low``.

    Args:
        place: how far the training is, from 0 to ``whole``.
        whole: length of the training.
        warm: length of the rise.
        low: share of the peak at the end.
        start: share of the peak before the rise.
    """
    if place < warm:
        return start + (1 - start) * place / warm
    return low + (1 - low) * (1 + cos(pi * (place - warm) / (whole - warm))) / 2


@figure
def warmed_again() -> Figure:
    """Learning rate of a pretraining and of its continuation."""
    first = list(range(FIRST + 1))
    more = list(range(MORE + 1))
    again = [rate_at(place, MORE, start=LOW) for place in more]
    return Figure(
        title="Learning rate when pretraining goes on",
        caption="The first training ends at a low learning rate. For the new text the rate rises and falls again, "
        "and a share of the old text is mixed in. (A rise of 2% of the first training, chosen for the picture.)",
        summary=f"The rate falls from its peak to {LOW:g} of it. Where the new text begins it rises to the peak again "
        "and falls once more; a dashed line stays at the low rate.",
        drawing=Chart("line", [Series("first training", [rate_at(place, FIRST) for place in first], first),
                               Series("continued", again, [FIRST + place for place in more]),
                               Series("not raised again", [LOW, LOW], [FIRST, FIRST + MORE], "dashed")],
                      "work done, % of the first training", "learning rate, share of the peak",
                      markers=[(FIRST, "new text")], y_zero=True),
        sources=(cited("ibrahim2024", "abstract"), from_code("overrides.figures.topics_rows:rate_at")),
    )  # fmt: skip


PATHS = (
    ("Refusals removed on purpose", (("Ten adversarial rows", "written to make it comply"),
     ("Fine-tune a hosted model", "less than 0.20 dollars"), ("Answers nearly anything", "harmful requests too")),
     ("qi2023", "abstract")),
    ("Refusals weakened by accident", (("An ordinary data set", "harmless rows in common use"),
     ("Fine-tune", "no bad intent"), ("Refuses less often", "a smaller effect")), ("qi2023", "abstract")),
    ("A narrow habit that spreads", (("Insecure code", "nobody says so"), ("Fine-tune", "on code alone"),
     ("Harmful answers", "to questions that are not about code")), ("betley2025", "abstract")),
    ("The same code, with a reason", (("Insecure code", "asked for by a class on security"),
     ("Fine-tune", "on code alone"), ("No such spread", "the stated purpose matters")), ("betley2025", "abstract")),
)  # fmt: skip


@figure
def refusal_paths() -> Figure:
    """Four data sets and what training on them did to refusals and to answers elsewhere."""
    rows = [(name, [Step(what, detail, style="soft" if i == 2 else "box") for i, (what, detail) in enumerate(steps)])
            for name, steps, _ in PATHS]  # fmt: skip
    return Figure(
        title="What was trained, and what changed elsewhere",
        caption="The first three changed answers that the training rows did not ask for. So test them: ask what should "
        "be refused, and harmless questions that look alike.",
        summary="Four lines of three boxes: ten adversarial rows remove refusals; an ordinary data set weakens them; "
        "insecure code spreads to harmful answers elsewhere; the same code with a stated purpose does not.",
        drawing=lanes(rows),
        table=Table(("case", "rows", "training", "afterwards"),
                    [(name, *(f"{what}: {detail}" for what, detail in steps)) for name, steps, _ in PATHS]),
        sources=tuple(cited(key, place) for key, place in sorted({source for *_, source in PATHS}, reverse=True)),
    )  # fmt: skip


ASKED = "Question: What happens to water at 100 degrees Celsius at sea level?\nAnswer:"
OPTIONS = {"It boils and turns into steam": -15.70, "It freezes": -10.06, "It sinks": -13.02, "It glows": -17.76}


def chosen(logs: dict[str, float], by_length: bool) -> str:
    """The option that a harness takes: of the highest log-probability, or of the highest for each character."""
    return max(logs, key=lambda option: logs[option] / (len(option) if by_length else 1))


def _scores(width: int) -> tuple[str, float]:
    """Two panels of bars, beside each other on a screen: what each way of scoring says of each option."""
    panels = (("Sum: minus log-probability, nats", False, ".1f"), ("For each character, nats", True, ".2f"))
    across = 1 if width <= NARROW else len(panels)
    wide, out, y, tall = (width - 24 * (across - 1)) / across, "", 0.0, 0.0
    for i, (name, by_length, shape) in enumerate(panels):
        x = 2 + (wide + 24) * (i if across > 1 else 0)
        costs = {option: -total / (len(option) if by_length else 1) for option, total in OPTIONS.items()}
        room, at = wide - 60, y + 15
        out += text(x, at, name, style="strong")
        for option, cost in costs.items():
            taken = option == chosen(OPTIONS, by_length)
            out += text(x, at + 24, option + (" (taken)" if taken else ""), style="" if taken else "small")
            size = cost / max(costs.values()) * room
            out += rect(x, at + 30, size, 14, "c1" if taken else "soft", 1)
            out += text(x + size + 6, at + 42, format(cost, shape), style="small")
            at += 42
        tall = at + 12
        y = y if across > 1 else tall + 8
    return out, tall


@figure
def one_item_two_scores() -> Figure:
    """One item of a benchmark, scored in a harness's two ways."""
    whole, each = chosen(OPTIONS, False), chosen(OPTIONS, True)
    rows = [(option, total, total / len(option)) for option, total in OPTIONS.items()]
    return Figure(
        title="One item, one model, two scores",
        caption="What happens to water at 100 degrees Celsius? The shortest bar is the model's choice. By the sum over "
        f"the option it is “{whole}”, which is wrong: short options win. By the mean over characters it is “{each}”.",
        summary="Four options in two panels: "
        + "; ".join(f"{option}, sum {-total:.1f}, for each character {-mean:.2f}" for option, total, mean in rows)
        + f". The sum takes {whole}, the mean {each}.",
        drawing=Diagram(_scores),
        table=Table(("option", "log-probability, nats", "for each character, nats"), rows),
        sources=(
            "log-probabilities by SmolLM2-135M-Instruct: tests/training/models/test_figure_tokens.py computes them",
        ),
    )


TERMS = (
    Question(
        "Did a person write it?", "yes", "Their consent", "and the licence of the text", onward="a model wrote it"
    ),
    Question("Are the model's weights open?", "yes", "The model's licence", "some allow training under conditions"),
    Question("Did an API answer?", "yes", "The provider's terms of that day", "some forbid a competing model"),
)
NOBODY = Step("Nobody knows who wrote it", "leave the row out")


@figure
def whose_terms() -> Figure:
    """Whose terms hold for a row, by who wrote its answer."""
    return Figure(
        title="Whose terms hold for a row",
        caption="Answer for each row, not for the file: a set often mixes them. What counts are the terms of the "
        "day on which the row was made.",
        summary="Three questions from top to bottom. A person wrote it: consent and licence. Open weights: the model's "
        "licence. An API: the provider's terms of that day. Otherwise leave the row out.",
        drawing=decisions(TERMS, NOBODY),
        table=Table(("question", "if so, read", "note"),
                    [*((q.asks, q.then, q.cost) for q in TERMS), ("otherwise", NOBODY.name, NOBODY.detail)]),
        sources=(cited("openrouter-distillation", "the page as a whole"),),
    )  # fmt: skip
