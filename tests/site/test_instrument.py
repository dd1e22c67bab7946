"""A lab's page opens as an instrument: charts and controls in one screen, at four sizes, with nothing over them.

Main controls are those of ``api.main_params``. Which charts a control moves is asked of the lab itself: its arrays
before and after.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pytest
from site_axe import still

from labs_py import api
from labs_py.spec import Chart, LabSpec, Param
from tests.effort import EFFORT
from tests.site.lab_pages import LAB_PAGES

DESK = {"width": 1440, "height": 900}
SIZES = ((1440, 900), (1280, 800), (1920, 1080), (390, 844))
LABS = sorted(LAB_PAGES)
SOME_LABS = EFFORT.some(LABS, 3)
HEADER = 48  # pixels of the site's own header, which stays
# Page length at 1440 x 900 before the instrument came first.
LENGTH_BEFORE = {
    "decide": 5465, "distillation": 16799, "estimate": 11877, "evidence": 9500, "finetune": 14501, "lora": 18200,
    "mask": 9601, "payback": 10826, "quantization": 15245, "rlhf": 19092,
}  # fmt: skip
OF_A_NEW_LAB = 11000  # a lab that came later is measured against a middling one of them
MOST_OF_IT = 0.5
# Parts out of sight are laid out when they are near; a page that was walked through has its true length.
WALK = """async () => {
  for (let y = 0; y < document.documentElement.scrollHeight; y += innerHeight / 2) {
    scrollTo({ top: y, behavior: 'instant' });
    await new Promise(requestAnimationFrame);
  }
  scrollTo({ top: 0, behavior: 'instant' });
}"""
BOXES = """() => {
  const box = (e) => { const r = e.getBoundingClientRect(); return [r.left, r.top, r.right, r.bottom]; };
  const field = (e) => e.querySelector('input[type=range], select, input, textarea');
  const boxes = (kind, name, of) => Object.fromEntries([...document.querySelectorAll(`lab-view [${kind}]`)].map(
    (e) => [e.dataset[name], box(of(e))]));
  const charts = boxes('data-chart', 'chart', (e) => e.querySelector('.lab-svg') ?? e);
  return { controls: boxes('data-main', 'param', field), charts,
    width: document.querySelector('.lab-instrument').getBoundingClientRect().width,
    page: document.documentElement.scrollHeight, across: document.documentElement.scrollWidth };
}"""


@functools.cache
def arrays_of(slug: str, changes: tuple[tuple[str, Any], ...]) -> dict[str, np.ndarray]:
    """Arrays of a lab's last frame; a run is included where the lab has one."""
    spec = api.spec(slug)
    run: dict[str, Any] = {"train": True} if spec.run_label else {}
    if "steps" in {p.name for p in spec.params}:
        run["steps"] = spec.param("steps").min  # a short run moves the same charts
    frame = api.last_frame(slug, {**spec.recorded, **run, **dict(changes)})
    return {name: np.asarray(array["data"], dtype=float) for name, array in frame["arrays"].items()}


def other_values(param: Param) -> list[Any]:
    """A few legal values that are not the default."""
    if param.kind == "switch":
        return [not param.default]
    if param.kind == "choice":
        return [value for value, _ in param.choices if value != param.default]
    if param.kind == "range":
        assert param.min is not None and param.max is not None
        low, high, own = float(param.min), float(param.max), float(param.default)
        return [own + (low - own) / 2, own + min(high - own, own or 1.0) / 2, low]
    return [7]


def moved_charts(spec: LabSpec, param: Param) -> set[str]:
    """Names of the charts that change with a parameter, from the defaults or from a preset's settings."""
    moved = {chart.name for chart in spec.charts if param.name in dict(chart.markers)}
    for start in [(), *(tuple(sorted(p.params.items())) for p in spec.presets)]:
        for value in other_values(param):
            changed = changed_arrays(arrays_of(spec.slug, start), arrays_of(spec.slug, (*start, (param.name, value))))
            moved |= {chart.name for chart in spec.charts if arrays_in(chart) & changed}
            if changed:
                break
    return moved


def arrays_in(chart: Chart) -> set[str]:
    """Names of the arrays that a chart draws."""
    return {n for s in chart.series for n in (s.array, s.x, s.low, s.high, s.kept) if n}


def changed_arrays(before: dict[str, np.ndarray], after: dict[str, np.ndarray]) -> set[str]:
    """Names of the arrays that differ, or that only one of the two has."""
    both = before.keys() & after.keys()
    return (before.keys() ^ after.keys()) | {n for n in both if not np.array_equal(before[n], after[n], equal_nan=True)}


def controls_of(slug: str) -> list[Param]:
    """Main parameters that have a control."""
    params = [api.spec(slug).param(name) for name in api.main_params(slug)]
    return [p for p in params if not p.hidden and p.name != "train" and p.kind != "picks"]


def test_every_preset_prediction_and_challenge_counts_as_main():
    for slug in LABS:
        spec = api.spec(slug)
        main = set(api.main_params(slug))
        assert main >= {n for told in (*spec.presets, *spec.predictions) for n in told.params}, slug
        assert main >= set(spec.pinned), slug


@pytest.mark.sampled
@pytest.mark.parametrize("slug", SOME_LABS)
def test_instrument_first_at_four_sizes(tour, slug):
    page = tour(LAB_PAGES[slug], viewport=DESK)
    main = {p.name for p in controls_of(slug)}
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        still(page)
        seen = page.evaluate(BOXES)
        where = f"{slug} at {width} x {height}"
        assert set(seen["controls"]) == main, where
        assert seen["across"] <= width, where
        first_chart = min(box[1] for box in seen["charts"].values())
        first_control = min(box[1] for box in seen["controls"].values())
        assert HEADER <= first_chart and first_chart + 100 < height, where
        assert HEADER <= first_control and first_control + 24 < height, where
        if width >= 1280:  # without scrolling: the rail holds them all, and the charts stand beside it
            assert all(HEADER <= box[1] and box[3] <= height for box in seen["controls"].values()), where
            assert all(HEADER <= box[1] and box[3] <= height for box in seen["charts"].values()), where
        if width == 1440:
            assert seen["width"] >= 0.85 * width, where
            page.evaluate(WALK)
            long = page.evaluate("document.documentElement.scrollHeight")
            assert long <= MOST_OF_IT * LENGTH_BEFORE.get(slug, OF_A_NEW_LAB), where


# Labs whose own view tells what the main controls change: on a phone it comes before the charts.
TOLD_IN_WORDS = {"clinic"}
IN_SIGHT = """([name, charts, told]) => {
  const control = document.querySelector(`lab-view [data-param=${name}]`);
  const field = control.querySelector('input[type=range], select, input');
  field.scrollIntoView({ block: 'nearest', behavior: 'instant' });
  field.dispatchEvent(new Event('input', { bubbles: true })); // a hand on it: its scene comes
  const seen = (e) => {
    const r = e.getBoundingClientRect();
    const x = (r.left + r.right) / 2, y = (r.top + r.bottom) / 2;
    return x > 0 && x < innerWidth && y > 48 && r.height > 80 && r.top > 40 && r.bottom < innerHeight + 8;
  };
  const free = (e) => {
    const r = e.getBoundingClientRect();
    const on = document.elementFromPoint((r.left + r.right) / 2, (r.top + r.bottom) / 2);
    return Boolean(on) && (e.contains(on) || on.contains(e));
  };
  const own = told && document.querySelector('[data-part=own-view]');
  return free(field) && (Boolean(own && seen(own)) || charts.some((chart) => {
    const svg = document.querySelector(`[data-chart=${chart}] .lab-svg`);
    return svg && seen(svg);
  }));
}"""


@pytest.mark.few(1)
@pytest.mark.parametrize("slug", SOME_LABS)
def test_a_main_control_and_a_chart_that_it_moves_share_the_screen(tour, slug):
    page = tour(LAB_PAGES[slug], viewport=DESK)
    page.wait_for_selector("lab-view.is-awake")
    page.evaluate("document.querySelector('lab-view').setParams = () => Promise.resolve(null)")  # looks, no sums
    spec = api.spec(slug)
    pairs = {p.name: sorted(moved_charts(spec, p)) for p in controls_of(slug)}
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        still(page)
        asked = spec.pinned if width < 800 else pairs  # on a telephone the other charts are a swipe away
        told = width < 800 and slug in TOLD_IN_WORDS
        apart = [name for name in asked if pairs[name] and not page.evaluate(IN_SIGHT, [name, pairs[name], told])]
        assert apart == [], f"{slug} at {width} x {height}: {apart}"


@pytest.mark.few(5)
@pytest.mark.parametrize("slug", LABS)
def test_nothing_is_empty_on_arrival(tour, slug):
    page = tour(LAB_PAGES[slug], viewport=DESK)
    text = page.locator(".lab-instrument").text_content()
    for empty in ("No data at these settings", "Press \u201c", "press Train"):
        assert empty not in text, empty
    shown = api.last_frame(slug)["scalars"]
    for output in api.spec(slug).outputs:
        place = page.locator(f"[data-output={output.name}]")
        assert place.locator("dd").inner_text() != "not defined", output.name
        known = np.isfinite(shown.get(output.name, {"value": np.nan})["value"])
        assert known or place.get_attribute("data-recorded") is not None, output.name


COVERED = """() => {
  const top = document.querySelector('.md-top');
  if (!top || top.hidden || !top.checkVisibility()) return null;
  const r = top.getBoundingClientRect();
  return [r.width, r.height, innerWidth - r.right, innerHeight - r.bottom];
}"""


@pytest.mark.few(2)
@pytest.mark.parametrize(("width", "height"), SIZES)
def test_back_to_top_is_a_small_icon_in_the_corner(tour, width, height):
    """Scrolled as hands do: down, then up a little, which brings the button."""
    page = tour(LAB_PAGES["lora"], viewport={"width": width, "height": height})
    page.mouse.move(width / 2, height - 40)
    page.mouse.wheel(0, 2500)
    page.wait_for_function("scrollY > 1500")
    page.mouse.wheel(0, -150)
    page.wait_for_function("!document.querySelector('.md-top').hidden")
    still(page)
    wide, high, right, bottom = page.evaluate(COVERED)
    assert wide <= 48 and high <= 48 and 0 <= right <= 24 and 0 <= bottom <= 24
    assert page.locator(".md-top").get_attribute("title") or page.locator(".md-top").inner_text().strip()
