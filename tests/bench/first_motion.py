"""From the start of a visit to the first thing that moves in a lab: recorded frames, before Python has come.

Some labs play on arrival; in the others a hand moves the main slider as soon as it can be moved.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable

SLOW_LINE = 16e6 / 8  # bytes a second of the cold visit
ROUND_TRIP = 20  # milliseconds added to each of its requests

# The first frame that is drawn, by itself or after the main slider was moved, and when the screen showed it.
WATCH = """
(() => {
  const seen = () => requestAnimationFrame(() => { globalThis.firstMotion ??= performance.now(); });
  addEventListener('lab-frame', seen, true);
  const [name, plays] = %s;
  if (plays) return;
  const moved = () => {
    const slider = `input[type=range]:is([name=${name}], [data-thumb=${name}])`;
    const thumb = document.querySelector(`lab-view.is-awake ${slider}`);
    if (globalThis.firstMotion !== undefined) return;
    if (thumb && !thumb.disabled) {
      thumb.value > thumb.min ? thumb.stepDown(3) : thumb.stepUp(3);
      thumb.dispatchEvent(new Event('input', { bubbles: true }));
    }
    setTimeout(moved, 50);
  };
  addEventListener('DOMContentLoaded', moved);
})();
"""


def visit(context, url: str, name: str, plays: bool, slow: bool) -> float:
    """Milliseconds from the start of one visit to the first motion."""
    page = context.new_page()
    page.add_init_script(WATCH % f"[{name!r}, {str(plays).lower()}]")
    if slow:
        network = context.new_cdp_session(page)
        network.send("Network.enable")
        network.send("Network.emulateNetworkConditions", {
            "offline": False, "latency": ROUND_TRIP, "downloadThroughput": SLOW_LINE, "uploadThroughput": SLOW_LINE,
        })  # fmt: skip
    page.goto(url, wait_until="commit")
    page.wait_for_function("globalThis.firstMotion !== undefined", timeout=60_000)
    found = page.evaluate("globalThis.firstMotion")
    page.close()
    return found


def measure_first_motion(
    new_context: Callable, address: str, labs: Iterable[tuple[str, str, str, bool]], rounds: int, say: Callable
) -> dict[str, float]:
    """First motion of each lab, cold over a slow line and warm.

    Args:
        new_context: makes a browser context that has nothing in its cache.
        address: the site's root.
        labs: slug, page, main parameter and whether the lab plays on arrival.
        rounds: visits of each kind; the median counts.
        say: takes a line of progress.

    Returns:
        Milliseconds by ``"SLUG: first_motion_cold"`` and ``"SLUG: first_motion_warm"``.
    """
    found = {}
    for slug, path, name, plays in labs:
        say(f"first motion of the lab {slug}")
        cold, warm = [], []
        for _ in range(rounds):
            context = new_context()
            cold.append(visit(context, address + path, name, plays, slow=True))
            warm.append(visit(context, address + path, name, plays, slow=False))
            context.close()
        found |= {f"{slug}: first_motion_cold": statistics.median(cold),
                  f"{slug}: first_motion_warm": statistics.median(warm)}  # fmt: skip
    return found
