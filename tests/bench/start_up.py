"""Time from starting the worker to the LoRA Lab's first frame: ours and stock Pyodide, alternately, cold and warm."""

from __future__ import annotations

import itertools
import statistics
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

KINDS = ("stock", "ours")


def measure_start_up(
    address: str, pages: dict[str, str], launch: Callable, rounds: int, say: Callable[[str], None]
) -> dict[str, dict[str, list[float]]]:
    """Milliseconds by kind of start ("cold", "warm") and page ("stock", "ours").

    Cold is a browser with an empty profile; warm is the same page once more in that browser, whose caches hold
    the files and the compiled code. The two pages of a pair start one right after the other, first this, then that.

    Args:
        address: of the server, without a slash at the end.
        pages: path of each page.
        launch: ``launch(profile folder)`` gives a browser context.
        rounds: how often each page is started cold and warm.
        say: told a line after each round.
    """
    times: dict[str, dict[str, list[float]]] = {state: {kind: [] for kind in KINDS} for state in ("cold", "warm")}
    for number in range(rounds):
        order = KINDS if number % 2 == 0 else KINDS[::-1]
        with ExitStack() as stack:
            contexts = {}
            for kind in order:
                profile = tempfile.TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True)
                contexts[kind] = launch(Path(stack.enter_context(profile)))
                stack.callback(contexts[kind].close)
            for state, kind in itertools.product(times, order):
                times[state][kind].append(one_start(contexts[kind], address + pages[kind]))
        last = {f"{state} {kind}": round(times[state][kind][-1]) for state in times for kind in KINDS}
        say(f"start-up {number + 1} of {rounds}, ms: {last}")
    return times


def one_start(context, url: str) -> float:
    """Milliseconds of one start in a fresh page."""
    page = context.new_page()
    try:
        page.goto(url)
        return page.evaluate("firstResult()")
    finally:
        page.close()


def paired_ratios(times: dict[str, dict[str, list[float]]]) -> dict[str, list[float]]:
    """Ours over stock, round by round, cold and warm: a slow minute of the machine meets both of a round."""
    return {
        state: [ours / stock for ours, stock in zip(kinds["ours"], kinds["stock"], strict=True)]
        for state, kinds in times.items()
    }


def ratios(times: dict[str, dict[str, list[float]]]) -> dict[str, float]:
    """Medians of the rounds' ratios, cold and warm."""
    return {state: statistics.median(values) for state, values in paired_ratios(times).items()}
