"""Print numbers the way the pages do: thin groups, short units, no false digits."""

from __future__ import annotations

SPACE = "\u202f"  # narrow no-break space: keeps a number and its unit on one line
MINUS = "\u2212"
DECIMAL_UNITS = ("bytes", "kB", "MB", "GB", "TB")


def group(value: float) -> str:
    """Whole number with commas: 8388608 -> 8,388,608."""
    return f"{round(value):,}"


def significant(value: float, digits: int) -> str:
    """``digits`` significant digits, without exponent between 1e-4 and 1e7: 16.777 -> 16.8."""
    if value == 0:
        return "0"
    if 1e-4 <= abs(value) < 1e7:
        from math import floor, log10

        places = digits - 1 - floor(log10(abs(value)))
        rounded = round(value, places)
        return f"{rounded:,.{max(places, 0)}f}"
    return f"{value:.{digits - 1}e}"


def as_bytes(value: float, digits: int) -> str:
    """Decimal units (1 kB = 1,000 bytes): 16777216 -> 16.8 MB."""
    unit = 0
    while unit < len(DECIMAL_UNITS) - 1 and abs(value) >= 1000:
        value, unit = value / 1000, unit + 1
    shown = group(value) if unit == 0 else significant(value, digits)
    return f"{shown}{SPACE}{DECIMAL_UNITS[unit]}"


def show(value: float | int | str, style: str | None = None, digits: int = 3) -> str:
    """A value as text. ``style``: bytes, count, percent (of a share), points (a difference of two
    shares to a tenth, with its sign), seconds, ratio, None or a format spec (``.3g``).

    Without a style whole numbers are grouped, others get ``digits`` significant digits and strings stay.
    """
    if isinstance(value, str):
        return value
    if style == "bytes":
        text = as_bytes(value, digits)
    elif style == "count" or (style is None and float(value).is_integer()):
        text = group(value)
    elif style == "percent":
        text = f"{significant(100 * value, digits)}{SPACE}%"
    elif style == "seconds":
        text = f"{group(value)}{SPACE}s"
    elif style == "points":
        points = round(100 * value, 1)
        text = f"{points:+.1f}{SPACE}points" if points else f"0.0{SPACE}points"
    elif style == "ratio":
        text = f"{significant(value, digits)}{SPACE}×"
    elif style is None:
        text = significant(value, digits)
    else:
        text = format(value, style)
    return text.replace("-", MINUS)


def interval(low: float, high: float, style: str | None = None, digits: int = 3) -> str:
    """Two bounds as "0.71 to 0.79"."""
    first = show(low, style, digits)
    return f"{first.removesuffix(f'{SPACE}points')} to {show(high, style, digits)}"
