"""``make bench-pages``: Lighthouse's performance on a phone for every page, served compressed as GitHub Pages does.

``every_page.py [ADDRESS...]`` looks at the pages named, or at all. A page under its budget is measured three times and
counts by the median. Lighthouse computes the slow line and processor from what it saw (its simulated throttling), so
other work on the machine counts less, but it counts: the load is printed. Exit 1 when a page is under its budget.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "overrides" / "build")]

import browser  # noqa: E402

from tests.bench.budgets import BUDGETS  # noqa: E402
from tests.bench.pages_server import serving  # noqa: E402
from tests.bench.site import PREFIX, node  # noqa: E402
from tests.bench.weights import lighthouse_scores  # noqa: E402

SITE = ROOT / "site"
LEAST = BUDGETS["performance"].limit


def addresses(site: Path) -> list[str]:
    """Every page but the short addresses, which only lead on."""
    pages = [page for page in sorted(site.rglob("index.html")) if 'http-equiv="refresh"' not in page.read_text()]
    return [f"{page.parent.relative_to(site).as_posix()}/".removeprefix("./") for page in pages]


def main(wanted: list[str]) -> int:
    """A line for each page, then one JSON object."""
    chromium = browser.find_browser()
    if not chromium:
        print(browser.REMEDY, file=sys.stderr)
        return 1
    scores = {}
    with serving({PREFIX: SITE}) as (address, _):
        for page in wanted or addresses(SITE):
            found = lighthouse_scores(
                f"{address}{PREFIX}{page}", node(), chromium, clear=LEAST, categories=["performance"]
            )
            scores[page] = found["performance"]
            print(f"{found['performance']:4.0f}  /{page}  (load {os.getloadavg()[0]:.1f})", flush=True)
    under = sorted(page for page, score in scores.items() if score < LEAST)
    print(json.dumps({"name": "bench-pages", "least": min(scores.values()), "under": under, "scores": scores}))
    return 1 if under else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
