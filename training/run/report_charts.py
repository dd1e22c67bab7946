"""The report's pictures: SVG text from figures, no scripts, colours from the page's variables."""

from __future__ import annotations

import math
from html import escape

from labs_py.core import evidence

WIDTH = 720

ARM_NAMES = {"base": "base, no examples", "base_few_shot": "base, with examples", "warm_start": "warm start alone",
             "tuned": "fine-tuned"}  # fmt: skip


def ticks(low: float, high: float, count: int = 5) -> list[float]:
    """Round numbers that cover low to high."""
    span = max(high - low, 1e-12)
    raw = span / count
    power = 10 ** math.floor(math.log10(raw))
    step = min((1, 2, 5, 10), key=lambda factor: abs(factor * power - raw)) * power
    first = math.ceil(low / step - 1e-9)
    return [round(place * step, 12) for place in range(first, math.floor(high / step + 1e-9) + 1)]


def smooth(values: list[float], window: int) -> tuple[list[float], list[float], list[float]]:
    """Running mean and, around it, two standard errors of that mean.

    Args:
        values: one figure per step.
        window: how many steps on either side.

    Returns:
        Mean, lower and upper line, each as long as ``values``.
    """
    middle, lower, upper = [], [], []
    for place in range(len(values)):
        near = values[max(0, place - window) : place + window + 1]
        mean = sum(near) / len(near)
        spread = math.sqrt(sum((value - mean) ** 2 for value in near) / max(1, len(near) - 1))
        error = 2 * spread / math.sqrt(len(near))
        middle.append(mean)
        lower.append(mean - error)
        upper.append(mean + error)
    return middle, lower, upper


def loss_curve(steps: list[int], losses: list[float]) -> str:
    """Loss by step: a dot per step, the running mean and its band; logarithmic where it falls tenfold."""
    good = [(step, loss) for step, loss in zip(steps, losses, strict=True) if math.isfinite(loss)]
    if len(good) < 2:
        return "<p class=note>Fewer than two steps: no curve.</p>"
    steps, losses = [step for step, _ in good], [loss for _, loss in good]
    middle, lower, upper = smooth(losses, max(1, len(losses) // 20))
    floor = max(min(value for value in losses if value > 0) * 0.8, 1e-6) if any(v > 0 for v in losses) else 1e-6
    logarithmic = max(losses) / max(floor, 1e-12) > 10 and min(losses) > 0
    scale = (lambda value: math.log10(max(value, floor))) if logarithmic else (lambda value: value)
    low = scale(floor) if logarithmic else 0.0
    high = scale(max(losses)) * (1 if logarithmic else 1.05)
    height, left, right, top, bottom = 260, 56, 12, 10, 40
    across = max(steps[-1] - steps[0], 1)
    span = max(high - low, 1e-9)

    def x(step: float) -> float:
        return left + (step - steps[0]) / across * (WIDTH - left - right)

    def y(value: float) -> float:
        return top + (high - min(max(scale(value), low), high)) / span * (height - top - bottom)

    parts = []
    marks = [10.0**power for power in range(math.ceil(low), math.floor(high) + 1)] if logarithmic else ticks(low, high)
    for mark in marks:
        parts.append(
            f"<line class=grid x1={left} x2={WIDTH - right} y1={y(mark):.1f} y2={y(mark):.1f} />"
            f"<text class=tick x={left - 8} y={y(mark) + 4:.1f} text-anchor=end>{mark:g}</text>"
        )
    for mark in ticks(steps[0], steps[-1]):
        parts.append(f"<text class=tick x={x(mark):.1f} y={height - 22} text-anchor=middle>{mark:g}</text>")
    band = [(x(s), y(v)) for s, v in zip(steps, upper, strict=True)] + [
        (x(s), y(v)) for s, v in reversed(list(zip(steps, lower, strict=True)))
    ]
    parts.append(f'<polygon class=band points="{_points(band)}" />')
    parts += [f"<circle class=dot cx={x(s):.1f} cy={y(v):.1f} r=2 />" for s, v in zip(steps, losses, strict=True)]
    line = [(x(s), y(v)) for s, v in zip(steps, middle, strict=True)]
    parts.append(f'<polyline class=line points="{_points(line)}" />')
    parts.append(f"<text class=axis x={(left + WIDTH - right) / 2} y={height - 4} text-anchor=middle>step</text>")
    label = f"Training loss from {losses[0]:.3g} at the first step to {middle[-1]:.3g} at the last"
    return _figure(
        parts,
        height,
        label + (", logarithmic scale" if logarithmic else ""),
        "Dots: steps. Line: running mean. Band: two standard errors of that mean.",
    )


def on_same_rows(entry: dict) -> dict:
    """A score's arms on the rows that all of them answered, where some answered more; the entry itself otherwise.

    Beside a gain on 50 rows, a level on 200 others would not add up with it.
    """
    gained = entry.get("gain") or {}
    n = gained.get("n")
    if n is None or "levels" not in gained or n == entry["n"]:
        return entry
    intervals = {arm: list(evidence.wilson(level * n, n)) for arm, level in gained["levels"].items()}
    return {"base_few_shot": None, **gained["levels"], "n": n, "ci95": intervals}


def score_chart(block: dict, metrics: tuple[str, ...] = ("exact", "field")) -> str:
    """Scores with their 95% intervals: a row per set, metric and arm."""
    rows = [
        (name, metric, arm, entry[arm], entry["ci95"][arm])
        for name, found in block.items()
        for metric in metrics
        if metric in found and (entry := on_same_rows(found[metric]))
        for arm in ARM_NAMES
        if entry.get(arm) is not None
    ]
    if not rows:
        return ""
    left, right, line = 250, 56, 22
    groups = len({(name, metric) for name, metric, *_ in rows})
    height = len(rows) * line + groups * 12 + 34
    parts, y, previous = [], 4.0, None

    def x(value: float) -> float:
        return left + value * (WIDTH - left - right)

    for mark in (0, 0.25, 0.5, 0.75, 1):
        parts.append(
            f"<line class=grid x1={x(mark):.1f} x2={x(mark):.1f} y1=4 y2={height - 26} />"
            f"<text class=tick x={x(mark):.1f} y={height - 10} text-anchor=middle>{mark * 100:.0f}%</text>"
        )
    for name, metric, arm, value, (low, high) in rows:
        if (name, metric) != previous:
            y += 12 if previous else 0
            parts.append(f"<text class=group x=0 y={y + 15:.1f}>{escape(name)}, {escape(metric)}</text>")
            previous = (name, metric)
        centre = y + 11
        parts.append(
            f"<text class=tick x={left - 10} y={centre + 4:.1f} text-anchor=end>{ARM_NAMES[arm]}</text>"
            f'<line class="whisker {arm}" x1={x(low):.1f} x2={x(high):.1f} y1={centre:.1f} y2={centre:.1f} />'
            f"{_mark(arm, x(value), centre)}"
            f"<text class=value x={WIDTH - right + 8} y={centre + 4:.1f}>{value * 100:.1f}%</text>"
        )
        y += line
    return _figure(parts, height, "Held-out scores with 95% intervals", "Marks: scores. Lines: 95% intervals.")


def _mark(arm: str, x: float, y: float) -> str:
    """A shape per arm, so that colour is never the only sign."""
    if arm == "tuned":
        return f'<circle class="mark {arm}" cx={x:.1f} cy={y:.1f} r=5 />'
    if arm == "warm_start":
        return f'<polygon class="mark {arm}" points="{_points([(x, y - 6), (x + 6, y + 5), (x - 6, y + 5)])}" />'
    if arm == "base":
        return f'<rect class="mark {arm}" x={x - 4.5:.1f} y={y - 4.5:.1f} width=9 height=9 />'
    points = [(x, y - 6), (x + 6, y), (x, y + 6), (x - 6, y)]
    return f'<polygon class="mark {arm}" points="{_points(points)}" />'


def bars(entries: list[tuple[str, float, str]], label: str) -> str:
    """Horizontal bars: (name, figure, text behind the bar)."""
    if not entries:
        return ""
    left, right, line = 250, 90, 26
    largest = max(value for _, value, _ in entries) or 1
    parts = []
    for place, (name, value, text) in enumerate(entries):
        y = place * line + 4
        width = value / largest * (WIDTH - left - right)
        parts.append(
            f"<text class=tick x={left - 10} y={y + 15} text-anchor=end>{escape(name)}</text>"
            f"<rect class=bar x={left} y={y + 3} width={max(width, 1):.1f} height=16 rx=2 />"
            f"<text class=value x={left + width + 8:.1f} y={y + 15}>{escape(text)}</text>"
        )
    return _figure(parts, len(entries) * line + 8, label, "")


def _points(points: list[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)


def _figure(parts: list[str], height: float, label: str, caption: str) -> str:
    note = f"<figcaption>{escape(caption)}</figcaption>" if caption else ""
    return (
        f'<figure><svg viewBox="0 0 {WIDTH} {height:.0f}" role=img aria-label="{escape(label)}">'
        f"<title>{escape(label)}</title>{''.join(parts)}</svg>{note}</figure>"
    )
