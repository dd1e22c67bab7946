"""``make bench-site``: the built site against its budgets, in one go, beside stock Pyodide on the same machine.

``site.py [SITE] [--rounds N] [--no-lighthouse]``. Times are judged as ratios to stock Pyodide in the same run,
since absolute ones say more about the machine. The last line is one JSON object; exit 1 when a budget is broken.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "overrides" / "build")]

import browser  # noqa: E402
import numpy_wheel  # noqa: E402
from playwright.sync_api import sync_playwright  # noqa: E402

from labs_py import api  # noqa: E402
from tests.bench import budgets, start_up, stock, weights  # noqa: E402
from tests.bench.first_motion import measure_first_motion  # noqa: E402
from tests.bench.latency import measure_latency, measure_next_page, measure_stop  # noqa: E402
from tests.bench.pages_server import serving  # noqa: E402
from tests.bench.real_model import measure_real_model  # noqa: E402
from tests.site.lab_pages import LAB_PAGES  # noqa: E402

PREFIX = "/stage-10/"
PATHS = {"plain": PREFIX, "lab": f"{PREFIX}labs/lora/"}
NEXT_LABS = ("rlhf", "distillation", "quantization")
LIGHT_SLIDERS = {"rlhf": "beta", "distillation": "temperature", "quantization": "bits"}  # beside the LoRA Lab's rank
PLAYS_ON_ARRIVAL = ("distillation", "finetune", "lora", "quantization")
# Labs with a run button, each by a long run: one that is over with its first frame cannot be stopped.
LIVE_LABS = {"lora": "?size=128&steps=1000", "rlhf": "?n_labels=1000", "distillation": "?steps=400", "quantization": ""}


def say(line: str) -> None:
    """A line of progress."""
    print(line, file=sys.stderr, flush=True)


def node() -> str:
    """The node that the set-up chose."""
    stamp = ROOT / ".venv" / "stage10-stamps" / "node"
    return stamp.read_text().strip() if stamp.exists() else "node"


def next_lab(site_folder: Path) -> str | None:
    """The lab whose page is visited after the LoRA Lab's: the first other one that stands."""
    for slug in NEXT_LABS:
        page = site_folder / "labs" / slug / "index.html"
        if page.exists() and f'<lab-view slug="{slug}"' in page.read_text():
            return slug
    return None


def measure_all(site_folder: Path, work: Path, rounds: int, chromium: str, lighthouse: bool) -> dict:
    """Everything that has a budget, and the raw start-up times."""
    stock.make_stock_page(work / "stock", numpy_wheel.fetch(say))
    stock.make_our_page(work / "ours", site_folder, PREFIX)
    mounts = {PREFIX: site_folder, "/stock/": work / "stock", "/ours/": work / "ours"}
    measured: dict[str, float] = {}
    with serving(mounts) as (address, served), sync_playwright() as playwright:
        served.warm_up()

        def launch(profile: Path):
            return playwright.chromium.launch_persistent_context(
                profile, executable_path=chromium, headless=True, args=list(browser.ARGUMENTS)
            )

        times = start_up.measure_start_up(address, {"stock": "/stock/", "ours": "/ours/"}, launch, rounds, say)
        measured |= start_up.ratios(times)
        measured |= weights.measure_weights(launch, address, PATHS, served)
        with tempfile.TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True) as profile:
            context = launch(Path(profile))
            latency = measure_latency(context, address + PATHS["lab"])
            measured |= {"slider_p50": latency["p50"], "slider_p95": latency["p95"]}
            say(f"slider: {latency['events']} events, {latency['draws']} draws, {latency['missing']} never drawn")
            measured |= measure_labs(context, address, say)
            measured |= measure_main_sliders(context, address + PREFIX, LAB_PAGES)
            if slug := next_lab(site_folder):
                measured["next_lab_page"] = measure_next_page(context, address + PATHS["lab"], slug)
            context.close()
        chrome = playwright.chromium.launch(executable_path=chromium, args=list(browser.ARGUMENTS))
        measured |= measure_first_motion(
            lambda: chrome.new_context(viewport={"width": 1440, "height": 900}), address + PREFIX, moving_labs(),
            max(3, rounds // 2), say)  # fmt: skip
        chrome.close()
        if json.loads((site_folder / "assets" / "real-model" / "parts.json").read_text()).get("missing"):
            say("real model: left out, for this site was built without it")
        else:
            with playwright.chromium.launch(executable_path=chromium, args=list(browser.ARGUMENTS)) as plain:
                measured |= measure_real_model(plain.new_context(), address + PREFIX, say)
        if lighthouse:
            for name, path in (("landing", PATHS["plain"]), ("lab", PATHS["lab"])):
                say(f"Lighthouse: {name} page")
                scores = weights.lighthouse_scores(address + path, node(), chromium)
                measured |= {f"{name}: {category}": score for category, score in scores.items()}
    return {"measured": measured, "start_up_ms": times}


def main_sliders(slug: str) -> list[str]:
    """Sliders that a preset, a prediction or a challenge of a lab uses."""
    spec = api.spec(slug)
    params = [spec.param(name) for name in api.main_params(slug)]
    return [p.name for p in params if p.kind == "range" and not p.hidden]


def moving_labs() -> list[tuple[str, str, str, bool]]:
    """Labs with recorded frames: slug, page, the main slider, whether they play on arrival."""
    specs = [api.spec(slug) for slug in LAB_PAGES]
    return [(s.slug, LAB_PAGES[s.slug], s.sweep.param if s.sweep else "", s.slug in PLAYS_ON_ARRIVAL)
            for s in specs if s.sweep or s.plays]  # fmt: skip


def measure_main_sliders(context, root: str, pages: dict[str, str]) -> dict[str, float]:
    """p95 of every main slider, in milliseconds, with the machine's load beside it on the progress lines."""
    found = {}
    for slug in pages:
        for name in main_sliders(slug):
            latency = measure_latency(context, root + pages[slug], slug, name)
            found[f"{slug} {name}: main_slider_p95"] = latency["p95"]
            say(f"{slug} {name}: p50 {latency['p50']:.0f}, p95 {latency['p95']:.0f} ms, {latency['draws']} draws of "
                f"{latency['events']} events, load {os.getloadavg()[0]:.1f}")  # fmt: skip
    return found


def measure_labs(context, address: str, say) -> dict[str, float]:
    """The other labs' sliders, and how soon a live run shows itself and stops."""
    found = {}
    for slug, name in LIGHT_SLIDERS.items():
        say(f"slider {name} of the lab {slug}")
        latency = measure_latency(context, f"{address}{PREFIX}labs/{slug}/", slug, name)
        found |= {f"{slug}: slider_p50": latency["p50"], f"{slug}: slider_p95": latency["p95"]}
    for slug, long_run in LIVE_LABS.items():
        say(f"run and stop in the lab {slug}")
        live = measure_stop(context, f"{address}{PREFIX}labs/{slug}/{long_run}", slug)
        found |= {f"{slug}: stop": live["stop"], f"{slug}: first_live_frame": live["firstFrame"]}
    return found


def main() -> int:
    """Measure, print the table and the JSON line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("site", nargs="?", type=Path, default=ROOT / "site", help="the built site (default: site)")
    parser.add_argument("--rounds", type=int, default=7, help="starts of each kind (at least 3; default 7)")
    parser.add_argument("--no-lighthouse", action="store_true", help="leave Lighthouse out")
    options = parser.parse_args()
    if not (options.site / "assets" / "runtime" / "manifest.json").exists():
        say(f"{options.site} is not a built site: run make site-build first.")
        return 1
    chromium = browser.find_browser()
    if not chromium:
        say(browser.REMEDY)
        return 1
    rounds = max(3, options.rounds)
    with tempfile.TemporaryDirectory(prefix="bench-pages-") as work:
        found = measure_all(options.site, Path(work), rounds, chromium, not options.no_lighthouse)
    lines, broken = budgets.report(found["measured"])
    print("\n".join(lines))
    if options.no_lighthouse:
        print("left out: Lighthouse (--no-lighthouse)")
    if broken:
        print(f"over budget: {', '.join(broken)}")
    rounded = {name: float(f"{value:.4g}") for name, value in found["measured"].items()}
    line = {
        "name": "bench-site",
        "ratio": rounded["cold"],
        "ratios": {"cold": rounded["cold"], "warm": rounded["warm"]},
        "n": rounds,
        "unit": "time to first lab result, ours over stock Pyodide (median of the rounds' ratios)",
        "paired": {s: [float(f"{x:.3g}") for x in v] for s, v in start_up.paired_ratios(found["start_up_ms"]).items()},
        "measured": rounded,
        "start_up_ms": {s: {k: [round(x) for x in v] for k, v in t.items()} for s, t in found["start_up_ms"].items()},
        "broken": broken,
    }
    print(json.dumps(line))
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
