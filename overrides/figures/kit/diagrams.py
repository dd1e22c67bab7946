"""Diagrams from data: matrices to scale, flows with counts, rows of tokens, stacked bars, questions with their exits.

Each function returns a Diagram, which is drawn at two widths: beside each other on a screen, below on a phone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from overrides.figures.kit.figure import NARROW, Diagram
from overrides.figures.kit.svg import BOLD, SMALL, arrow, elbow, lines, num, path, rect, text, width_of, wrap

LINE = 16
PAD = 9
LETTER = 7.3  # of the code font, at the size of a token


@dataclass(frozen=True)
class Matrix:
    """A matrix to scale: rows and columns as they are, drawn in a colour (box, soft, c1 to c6)."""

    name: str
    rows: int
    columns: int
    style: str = "c1"
    note: str = ""


def matrices(parts: Sequence[Matrix | str], thinnest: float = 2) -> Diagram:
    """Matrices in a row, to one scale, with signs (text) between them; shapes stand below.

    Args:
        parts: matrices and signs, as ``[Matrix("W", 4096, 4096), "+", Matrix("B", 4096, 16)]``.
        thinnest: units that a side is drawn at least; the caption says so where it matters.
    """
    items = [part for part in parts if isinstance(part, Matrix)]
    tall = max(item.rows for item in items)

    def label(item: Matrix) -> list[str]:
        shape = f"{item.rows:,} × {item.columns:,}"
        return [shape, *([item.note] if item.note else [])]

    def draw(width: int) -> tuple[str, float]:
        signs = sum(18 for part in parts if isinstance(part, str))
        named = [max(width_of(line, SMALL) for line in [item.name, *label(item)]) for item in items]
        scale, room = 1.0, width - signs - 8
        for _ in range(40):  # a name may be wider than its matrix, so the scale is found by trying
            used = sum(max(item.columns * scale, wide) + 10 for item, wide in zip(items, named, strict=True))
            scale *= min(max(room / used, 0.5), 1.5)
        scale = min(scale, 210 / tall)
        out, at, middle = "", 4.0, 22 + tall * scale / 2
        left = iter(named)
        total = sum(max(item.columns * scale, wide) + 10 for item, wide in zip(items, named, strict=True)) + signs
        at = max(4.0, (width - total) / 2)
        for part in parts:
            if isinstance(part, str):
                out += text(at + 9, middle + 6, part, "middle", "sign")
                at += 18
                continue
            w, h = max(part.columns * scale, thinnest), max(part.rows * scale, thinnest)
            slot = max(w, next(left)) + 10
            x = at + (slot - w) / 2
            out += rect(x, middle - h / 2, w, h, part.style, 1)
            out += text(at + slot / 2, middle - h / 2 - 7, part.name, "middle", "strong")
            out += lines(at + slot / 2, middle + h / 2 + 17, label(part), "middle", "small", 15)
            at += slot
        most = max(len(label(item)) for item in items)
        return out, 22 + tall * scale + 8 + 15 * most + 4

    return Diagram(draw)


@dataclass(frozen=True)
class Step:
    """A box of a flow: its name, what stands in it below, and what goes on from it (a count, a reason)."""

    name: str
    detail: str = ""
    onward: str = ""
    style: str = "box"


def flow(steps: Sequence[Step], across: int = 4) -> Diagram:
    """Boxes in reading order with arrows between them; on a phone one below the other.

    Args:
        steps: the boxes; ``onward`` stands at the arrow that leaves the box.
        across: boxes side by side on a screen.
    """

    def draw(width: int) -> tuple[str, float]:
        return _column(steps, width) if width <= NARROW else _rows(steps, width, across)

    return Diagram(draw)


def _box(step: Step, x: float, y: float, width: float, height: float) -> str:
    on = "on" if step.style == "full" else ""
    names = wrap(step.name, width - 2 * PAD, BOLD)
    out = rect(x, y, width, height, step.style)
    out += lines(x + PAD, y + 19, names, style=on or "strong")
    below = y + 19 + LINE * len(names)
    return out + lines(x + PAD, below, wrap(step.detail, width - 2 * PAD, SMALL), style=on or "small", step=15)


def _height(step: Step, width: float) -> float:
    names, detail = wrap(step.name, width - 2 * PAD, BOLD), wrap(step.detail, width - 2 * PAD, SMALL)
    return 12 + LINE * len(names) + 15 * len(detail)


def _column(steps: Sequence[Step], width: int) -> tuple[str, float]:
    out, y, wide = "", 2.0, width - 4
    for i, step in enumerate(steps):
        height = _height(step, wide)
        out += _box(step, 2, y, wide, height)
        y += height
        if i + 1 < len(steps):
            said = wrap(step.onward, wide - 50, SMALL)
            gap = max(24, 10 + 15 * len(said))
            out += arrow(24, y + 1, 24, y + gap - 2) + lines(
                36, y + gap / 2 + 11 - 7.5 * len(said), said, style="small", step=15
            )
            y += gap
    return out, y + 3


def _rows(steps: Sequence[Step], width: int, across: int) -> tuple[str, float]:
    out, y = "", 2.0
    across = min(across, len(steps))
    words = max((width_of(line, SMALL) for step in steps for line in wrap(step.onward, 84, SMALL)), default=0)
    gap = max(30, words + 14)
    wide = (width - 4 - gap * (across - 1)) / across
    for start in range(0, len(steps), across):
        row = steps[start : start + across]
        height = max(_height(step, wide) for step in row)
        for k, step in enumerate(row):
            x = 2 + k * (wide + gap)
            out += _box(step, x, y, wide, height)
            said = wrap(step.onward, max(84, gap - 10), SMALL)
            if k + 1 < len(row):
                middle = y + height / 2
                out += arrow(x + wide + 3, middle, x + wide + gap - 3, middle)
                out += lines(x + wide + gap / 2, middle - 7 - 15 * (len(said) - 1), said, "middle", "small", 15)
            elif start + across < len(steps):
                below = wrap(step.onward, width / 2, SMALL)
                drop = y + height + 12 + 15 * len(below)
                out += path(f"M{num(x + wide / 2)} {num(y + height + 2)}V{num(drop)}H{num(2 + wide / 2)}")
                out += lines(x + wide / 2 - 8, y + height + 18, below, "end", "small", 15)
                out += arrow(2 + wide / 2, drop, 2 + wide / 2, drop + 16)
                y = drop + 18 - height
        y += height
    return out, y + 3


def lanes(rows: Sequence[tuple[str, Sequence[Step]]]) -> Diagram:
    """Several flows below each other, each with its name over it: the stages of several models as lines."""

    def draw(width: int) -> tuple[str, float]:
        out, y = "", 0.0
        for name, steps in rows:
            out += text(2, y + 15, name, style="strong")
            inner, height = (_column if width <= NARROW else _one_row)(steps, width)
            out += f'<g transform="translate(0 {num(y + 24)})">{inner}</g>'
            y += 24 + height + 16
        return out, y - 10

    return Diagram(draw)


def _one_row(steps: Sequence[Step], width: int) -> tuple[str, float]:
    return _rows(steps, width, min(len(steps), 5))


@dataclass(frozen=True)
class Token:
    """A piece of a row: its text, and whether the loss counts it."""

    text: str
    counts: bool


def token_row(tokens: Sequence[Token]) -> Diagram:
    """A row as its tokens: filled and underlined where the loss counts, hollow where it is masked."""

    def draw(width: int) -> tuple[str, float]:
        out, x, y = "", 2.0, 2.0
        for token in tokens:
            said = token.text.replace("\n", "↵")
            wide = max(width_of(said, SMALL) * 1.06, LETTER * len(said)) + 10
            if x + wide > width - 2:
                x, y = 2.0, y + 31
            out += rect(x, y, wide, 23, "soft" if token.counts else "hollow")
            out += text(x + wide / 2, y + 16, said, "middle", "code" if token.counts else "code-off")
            if token.counts:
                out += path(f"M{num(x + 1)} {num(y + 25)}h{num(wide - 2)}", "under")
            x += wide + 4
        return out, y + 31

    return Diagram(draw)


def stacked(rows: Sequence[tuple[str, Sequence[float]]], parts: Sequence[str], unit: str, digits: int = 1) -> Diagram:
    """Bars of several parts each, with the sum at the end; the legend names the parts (``part_legend``).

    Args:
        rows: name and the size of each part.
        parts: names of the parts, six at most.
        unit: of the sizes.
        digits: decimals of the sum.
    """
    most = max(sum(sizes) for _, sizes in rows)

    def draw(width: int) -> tuple[str, float]:
        phone = width <= NARROW
        left = 4 if phone else 12 + 1.1 * max(width_of(name, BOLD) for name, _ in rows)  # some letters are wider
        room = width - left - 12 - width_of(f"{most:,.{digits}f} {unit}") * 1.05
        out, y = "", 4.0
        for name, sizes in rows:
            if phone:
                out += text(left, y + 13, name, style="strong")
                y += 20
            else:
                out += text(left - 10, y + 18, name, "end", "strong")
            x = float(left)
            for k, size in enumerate(sizes[: len(parts)]):
                wide = size / most * room
                if wide > 0.05:
                    out += rect(x, y, wide, 26, f"c{k + 1}", 0)
                x += wide
            out += text(x + 7, y + 18, f"{sum(sizes):,.{digits}f} {unit}")
            y += 26 + (14 if phone else 12)
        return out, y

    return Diagram(draw)


def part_legend(parts: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """The legend of ``stacked``: colours in order."""
    return tuple((f"c{k + 1}", name) for k, name in enumerate(parts))


@dataclass(frozen=True)
class Question:
    """A question of a decision: where a "yes" leads, and what that branch costs; a "no" goes on to the next."""

    asks: str
    answer: str
    then: str
    cost: str = ""
    style: str = "box"
    onward: str = "no"


def decisions(questions: Sequence[Question], end: Step) -> Diagram:
    """Questions from top to bottom with an exit each, and where the last one leads."""

    def draw(width: int) -> tuple[str, float]:
        phone = width <= NARROW
        wide = width - 4 if phone else width * 0.46
        out, y = "", 2.0
        for q in questions:
            ask, leaves = Step(q.asks), Step(q.then, q.cost, style=q.style)
            if phone:
                height, inner = _height(ask, wide), wide - 44
                out += _box(ask, 2, y, wide, height)
                exit_height, top = _height(leaves, inner), y + height + 12
                out += elbow(34, y + height, 46, top + exit_height / 2) + _box(leaves, 48, top, inner, exit_height)
                out += text(30, top + 10, q.answer, "end", "small")
                out += arrow(12, y + height + 1, 12, top + exit_height + 14) + text(
                    18, top + exit_height + 11, q.onward, style="small"
                )
                y = top + exit_height + 16
            else:
                x, inner = wide + 66, width - wide - 68
                height = max(_height(ask, wide), _height(leaves, inner))
                out += _box(ask, 2, y, wide, height) + _box(leaves, x, y, inner, height)
                out += arrow(wide + 4, y + height / 2, x - 3, y + height / 2)
                out += text((wide + x) / 2, y + height / 2 - 6, q.answer, "middle", "small")
                out += arrow(30, y + height + 1, 30, y + height + 22) + text(
                    40, y + height + 16, q.onward, style="small"
                )
                y += height + 24
        height = _height(end, wide)
        return out + _box(end, 2, y, wide, height), y + height + 3

    return Diagram(draw)
