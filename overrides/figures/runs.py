"""Figures of the run explorer: a forest plot for each question, with every run that answers it."""

from __future__ import annotations

import re
from typing import Any

from overrides.figures.kit.explorer import entries
from overrides.figures.kit.figure import MOST_WORD, Chart, Figure, Series, Table, figure

PLOTTED = ("orders", "shift_notes", "sums", "shown_sums")  # tasks of exact answers that have a plot of their own
SEEDS = re.compile(r"-s(\d+)$")
HEAD = ("run", "gain", "low", "high", "gain, unit", "regression", "low", "high", "regression, of what", "verdict")


def chosen(label: str, *tasks: str) -> list[dict[str, Any]]:
    """The runs of some tasks that measured a gain of this name; of all tasks when none is named."""
    return [one for one in entries() if one["gain"] and one["gain"]["label"] == label
            and (not tasks or one["task"] in tasks)]  # fmt: skip


def parts(name: str) -> tuple[str, str]:
    """Name of the runs without the seed, and the seed; "one run" for a run without any."""
    found = SEEDS.search(name)
    return (name[: found.start()], f"seed {found[1]}") if found else (name, "one run")


def forest(title: str, caption: str, runs: list[dict[str, Any]]) -> Figure:
    """A row for each group of runs, a dot with its interval for each seed."""
    gain = runs[0]["gain"]
    rows = list(dict.fromkeys(parts(one["name"])[0] for one in runs))
    by_place = {parts(one["name"]): one["gain"] for one in runs}
    series = [
        Series(seed, *([(by_place.get((row, seed)) or {}).get("value") for row in rows], None, "dots"),
               *([(by_place.get((row, seed)) or {}).get(end) for row in rows] for end in ("low", "high")))
        for seed in sorted({seed for _, seed in by_place})
    ]  # fmt: skip
    words = [row if len(row) <= MOST_WORD else f"{row[: MOST_WORD - 1]}\u2026" for row in rows]
    return Figure(
        title=title,
        caption=caption,
        summary=f"A row for each of {len(rows)} groups of runs and a dot with its interval for each seed, on an axis "
        f"of the gain in {gain['unit']}. The table has every number.",
        drawing=Chart("rows", series, f"gain: {gain['label']}, {gain['unit']}", "run", words=words),
        table=Table(HEAD, [row_of(one) for one in runs]),
        sources=("the records in docs/data/runs, with their commands: python -m training records --list",),
    )


def row_of(one: dict[str, Any]) -> tuple:
    """A run's numbers."""
    gain, lost = one["gain"], one["regression"] or {}
    of_what = f"{lost['label']}, {lost['unit']}" if lost else "not measured"
    return (one["name"], gain["value"], gain["low"], gain["high"], gain["unit"], lost.get("value"), lost.get("low"),
            lost.get("high"), of_what, one["verdict"])  # fmt: skip


@figure
def runs_orders() -> Figure:
    """Exact answers on the orders."""
    return forest(
        "Orders: which run fills in more forms exactly",
        "Gain over the better of base model and few-shot prompt; of a distilled student over its control.",
        chosen("exact answers", "orders"),
    )


@figure
def runs_small() -> Figure:
    """Exact answers on all other tasks."""
    return forest(
        "Smaller tasks: what training adds",
        "Gain over the better of base model and few-shot prompt, on tasks that have no plot of their own.",
        [one for one in chosen("exact answers") if one["task"] not in PLOTTED],
    )


@figure
def runs_preferences() -> Figure:
    """Exact answers after preference tuning."""
    return forest(
        "Shift notes: does preference tuning make answers right",
        "Gain in exact answers over the better of base model and few-shot prompt. Most rows train for something else.",
        chosen("exact answers", "shift_notes"),
    )


@figure
def runs_rewards() -> Figure:
    """Exact answers after reinforcement learning."""
    return forest(
        "Sums: does a checked reward make answers right",
        "Gain in exact answers over the better of base model and few-shot prompt.",
        chosen("exact answers", "sums", "shown_sums"),
    )


@figure
def runs_judges() -> Figure:
    """Pairs ranked right."""
    return forest(
        "Reward models: how many more pairs are ranked right",
        "Gain over the best rule on length alone.",
        chosen("pairs ranked right"),
    )


@figure
def runs_students() -> Figure:
    """Next tokens right."""
    return forest(
        "Students on general text: are more next tokens right",
        "Gain over the control: the same rows and steps, taught in the plainer way.",
        chosen("next tokens right"),
    )


@figure
def runs_search() -> Figure:
    """Mean reciprocal rank."""
    return forest(
        "Search: how much higher the right passage stands",
        "Gain in mean reciprocal rank over the base model, on held-out questions.",
        chosen("mean reciprocal rank"),
    )


QUESTIONS = (runs_orders, runs_small, runs_preferences, runs_rewards, runs_judges, runs_students, runs_search)


def without_plot() -> list[dict[str, Any]]:
    """The runs that no forest plot shows."""
    shown = {row[0] for question in QUESTIONS for row in question().numbers().rows}
    return [one for one in entries() if one["name"] not in shown]
