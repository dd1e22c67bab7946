"""Numbers as people write them: ``0,55``, ``49%``, ``1 000``, ``1,306``, ``2·10⁻³``, ``1/3``.

The page reads them by the same rules (overrides/labs/numbers.js); a test holds the two together.
"""

from __future__ import annotations

import math
import re
from typing import Any

MOST_CHARACTERS = 60
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+")
_POWER = re.compile(r"^(?:(.+?)\s*[x×·*]\s*)?10\s*(?:\^|\*\*)\s*([-+]?\d{1,3})$", re.ASCII)
_EXPONENT = re.compile(r"^(.+?)e([-+]?\d{1,3})$", re.ASCII)
_GROUPED = re.compile(r"^\d{1,3}(?:[ _'’]\d{3})+(?:[.,]\d+)?$", re.ASCII)
_COMMA_INSIDE = re.compile(r"^[-+]?\d*(?:,\d+)?(?:e[-+]?\d+)?$", re.ASCII | re.IGNORECASE)
_PLAIN = re.compile(r"^(?:\d+\.?\d*|\.\d+)$", re.ASCII)


def readings(text: str) -> tuple[list[float], bool]:
    """What a text can mean: no number, one, or two where a comma may group or divide; and whether it ends in per cent.

    A value of ``49%`` is 49, with True beside it: what a per cent is here, only the field knows.
    """
    plain = re.sub(
        "([⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺]+)", lambda found: "^" + found[1].translate(_SUPERSCRIPTS), str(text)[:MOST_CHARACTERS]
    )
    plain = re.sub("[\u00a0\u2000-\u200a\u202f\u3000]", " ", plain).strip().lower()
    plain = re.sub("[\u2212\u2012-\u2015]", "-", plain)
    found = re.match(r"^(.*?)\s*(?:%|per ?cent)$", plain)
    if found:
        plain = found[1]
    sign = -1.0 if plain.startswith("-") else 1.0
    body = plain.lstrip().removeprefix("-").removeprefix("+").strip() if plain[:1] in "+-" else plain
    return [sign * value for value in _unsigned(body)], bool(found)


def is_share(low: float | None, high: float | None, unit: str) -> bool:
    """Whether a setting within these bounds is a share of one: there ``30`` is meant as 30%."""
    return not unit and low is not None and low >= 0 and high is not None and 0.4 <= high <= 1


def meaning(text: str, low: float | None, high: float | None, unit: str = "", share: bool = False) -> tuple[float, str]:
    """What a text means within bounds, and how it was read where that is not plain.

    Returns:
        The number and a remark ("" for none); NaN and the reason where it is no number, or unclear.
    """
    values, percent = readings(text)
    if not values or (percent and unit != "%" and not share):
        return math.nan, f"'{shorten(text)}' is not a number"
    meant = [float(f"{x / 100:.15g}") if share and (percent or 1 < x <= 100) else x for x in values]
    legal = [x for x in meant if (low is None or low <= x) and (high is None or x <= high)]
    if len(meant) > 1 and len(legal) != 1:
        return math.nan, f"'{shorten(text)}' can be {' or '.join(f'{x:g}' for x in meant)}"
    value = meant[0] if len(meant) == 1 else legal[0]
    read_as = not percent and len(values) == 1 and values[0] != value
    return value, f"{shorten(text)} is read as {100 * value:.12g}%" if read_as else ""


def as_text(value: Any) -> str:
    """A value's text, whatever it is: endless numbers and nests have none, half a surrogate pair is no character."""
    try:
        return str(value).encode("utf-8", "replace").decode()
    except (ValueError, RecursionError):
        return f"a {type(value).__name__} too long to show"


def shorten(value: Any) -> str:
    """A value's text in at most 40 characters."""
    text = as_text(value)
    return text if len(text) <= 40 else text[:37] + "..."


def _unsigned(body: str) -> list[float]:
    if found := _POWER.match(body):
        return _scaled(_mantissas(found[1]) if found[1] else [1.0], int(found[2]))
    if found := _EXPONENT.match(body):
        return _scaled(_mantissas(found[1]), int(found[2]))
    if re.match(r"^\d{1,9}\s?/\s?\d{1,9}$", body, re.ASCII):
        over, under = (float(part) for part in body.split("/"))
        return [over / under] if under else []
    return _mantissas(body)


def _scaled(mantissas: list[float], power: int) -> list[float]:
    values = [float(f"{value!r}e{power}") if "e" not in repr(value) else value * 10.0**power for value in mantissas]
    return [value for value in values if abs(value) < float("inf")]


def _mantissas(body: str) -> list[float]:
    """Digits with whatever groups or divides them."""
    if _GROUPED.match(body):
        return [float(re.sub("[ _'’]", "", body).replace(",", "."))]
    if re.match(r"^\d{1,3}(?:,\d{3})+\.\d+$", body, re.ASCII) or re.match(r"^\d{1,3}(?:,\d{3}){2,}$", body, re.ASCII):
        return [float(body.replace(",", ""))]
    if re.match(r"^\d{1,3}(?:\.\d{3})+,\d+$", body, re.ASCII) or re.match(r"^\d{1,3}(?:\.\d{3}){2,}$", body, re.ASCII):
        return [float(body.replace(".", "").replace(",", "."))]
    if re.match(r"^\d*,\d+$", body, re.ASCII):
        divided = float(body.replace(",", "."))
        return (
            [float(body.replace(",", "")), divided] if re.match(r"^[1-9]\d{0,2},\d{3}$", body, re.ASCII) else [divided]
        )
    return [float(body)] if _PLAIN.match(body) else []


def apart(line: str) -> list[str]:
    """The numbers of a line, as words: apart by spaces and semicolons, and by commas where those do not divide.

    ``73,5 71,2`` and ``0,5;1`` have commas within their numbers; ``73, 71`` and ``0,1`` have them between.
    """
    words = [word.strip(",") for word in re.split(r"[\s;]+", line.strip()) if word.strip(",")]
    if len(words) > 1 and all(
        re.match(r"^[-+]?\d*(?:,\d+)?(?:e[-+]?\d+)?$", word, re.ASCII | re.IGNORECASE) for word in words
    ):
        return [word.replace(",", ".") for word in words]
    return [part for word in words for part in word.split(",") if part]
