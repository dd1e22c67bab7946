"""What a visit weighs, as it travels, and what Lighthouse says of a page."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.bench.latency import open_ready
from tests.bench.pages_server import Site

ROOT = Path(__file__).resolve().parents[2]
LIGHTHOUSE = ROOT / "node_modules" / "lighthouse" / "cli" / "index.js"
CATEGORIES = ("performance", "accessibility", "best-practices", "seo")
LAB_PARTS = ("/assets/runtime/", "/assets/labs/worker", "/data/labs/files/")


def measure_weights(launch, address: str, paths: dict[str, str], site: Site) -> dict[str, float]:
    """Bytes of answers, compressed where a server would, each with an empty cache.

    Returns:
        ``plain_page``: the landing page; ``lab_page``: the LoRA Lab's page without what its lab loads to boot;
        ``first_lab_result``: that page until its lab is ready, all in all.
    """
    weights = {}
    with tempfile.TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True) as profile:
        context = launch(Path(profile))
        site.take_log()
        page = context.new_page()
        page.goto(address + paths["plain"], wait_until="networkidle")
        weights["plain_page"] = sum(size for _, size in site.take_log())
        context.close()
    with tempfile.TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True) as profile:
        context = launch(Path(profile))
        open_ready(context, address + paths["lab"])
        log = site.take_log()
        context.close()
    weights["first_lab_result"] = sum(size for _, size in log)
    weights["lab_page"] = sum(size for path, size in log if not any(part in path for part in LAB_PARTS))
    return weights


def lighthouse_scores(
    url: str, node: str, browser: str, runs: int = 3, clear: float = 98, categories: Sequence[str] = CATEGORIES
) -> dict[str, float]:
    """Lighthouse's scores (0..100) for a phone: the median of up to ``runs`` runs, one where it is ``clear``."""
    scores: dict[str, list[float]] = {name: [] for name in categories}
    for number in range(runs):
        once = lighthouse_once(url, node, browser, categories)
        for name in categories:
            scores[name].append(once[name])
        if number == 0 and once["performance"] >= clear:
            break
    return {name: statistics.median(values) for name, values in scores.items()}


def lighthouse_once(url: str, node: str, browser: str, names: Sequence[str] = CATEGORIES) -> dict[str, float]:
    """One run of Lighthouse.

    Raises:
        RuntimeError: with Lighthouse's last words when it gave no report.
    """
    command = [node, str(LIGHTHOUSE), url, "--output=json", "--quiet"]
    command += [
        "--chrome-flags=--headless=new --no-sandbox --disable-gpu --disable-quic",
        f"--only-categories={','.join(names)}",
    ]
    done = subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, "CHROME_PATH": browser}, timeout=180
    )
    try:
        categories = json.loads(done.stdout)["categories"]
        return {name: 100 * categories[name]["score"] for name in names}
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        words = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise RuntimeError(f"Lighthouse gave no report for {url}: {words}") from error
