"""From a file's arrival in the mask inspector to its drawn findings: ten thousand lines, twelve planted faults.

``linter.py [SITE] [--rounds N]`` prints one JSON object: milliseconds of each round, and the load of the machine that
they were taken on; an absolute time is no test, so nothing is judged here but the findings.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "overrides" / "build")]

import browser  # noqa: E402
from playwright.sync_api import sync_playwright  # noqa: E402

from tests.bench.latency import open_ready  # noqa: E402
from tests.bench.pages_server import serving  # noqa: E402
from tests.unit.labs.test_mask import numbered, twelve  # noqa: E402

# The clock runs in the page, from the choice of the file to the frame that shows the last planted fault.
LISTEN = """
(faults) => {
  const part = document.querySelector("[data-part=findings]");
  document.querySelector("input[name=rows_file]").addEventListener("change", () => {
    const began = performance.now();
    const look = () => {
      if (part.querySelectorAll("tbody tr").length !== faults) return requestAnimationFrame(look);
      globalThis.taken = performance.now() - began;
      return undefined;
    };
    requestAnimationFrame(look);
  }, { capture: true });
}
"""


def measure(context, url: str, rounds: int) -> list[float]:
    """Milliseconds of each round, each in a page of its own, so that nothing is remembered."""
    lines, wanted = twelve(numbered)
    content = "\n".join(lines).encode().replace("\U0010fee9".encode(), b"\xe9")
    file = {"name": "rows.jsonl", "mimeType": "application/jsonl", "buffer": content}
    times = []
    for _ in range(rounds):
        page = open_ready(context, url, "mask")
        page.evaluate(LISTEN, len(wanted))
        page.set_input_files("input[name=rows_file]", file)
        page.wait_for_function("globalThis.taken", timeout=60_000)
        rows = page.locator("[data-part=findings] tbody tr").all_inner_texts()
        assert [row.split("\t")[:2] for row in rows] == [[str(line), code] for line, code in wanted], rows
        times.append(page.evaluate("taken"))
        page.evaluate("localStorage.clear()")  # the next page would show these findings at once
        page.close()
    return times


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("site", nargs="?", type=Path, default=ROOT / "site")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    found = browser.find_browser()  # before Playwright starts: it may ask Playwright too
    if not found:
        print(browser.REMEDY, file=sys.stderr)
        return 1
    with (
        serving({"/stage-10/": options.site}) as (address, _),
        sync_playwright() as playwright,
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile,
    ):
        chromium = playwright.chromium.launch_persistent_context(
            profile, executable_path=found, args=list(browser.ARGUMENTS)
        )
        times = measure(chromium, f"{address}/stage-10/labs/mask/", options.rounds)
        chromium.close()
    times = [round(x) for x in times]
    print(json.dumps({"median_ms": statistics.median(times), "rounds_ms": times, "cores": os.cpu_count(),
                      "load": round(os.getloadavg()[0], 1)}))  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())
