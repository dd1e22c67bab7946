"""The labs say the same in the reader's tab as natively: frames by the SPEC's tolerances, challenges word for word.

Node runs the built, pruned runtime, started by the boot module of the page's worker; no browser is needed.
"""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "overrides" / "build"), str(ROOT / "tests" / "site")]

import built_runtime  # noqa: E402
import goldens  # noqa: E402
import lab_requests  # noqa: E402

from labs_py import api  # noqa: E402
from labs_py.spec import Challenge, LabSpec, Param  # noqa: E402
from tests.effort import EFFORT  # noqa: E402

pytestmark = pytest.mark.sampled

DRAWS = EFFORT.count(1, 4)
CHALLENGE_SEEDS = range(EFFORT.count(1, 3))
ANSWERS: list[Any] = [None, "1", "8", "0.5", "1e9", "words"]
ROUND_OFF = 1e-6  # an array whose largest entry is below this holds rounding only, and is compared on this scale
LABS = api.list_labs()


def drawn_value(p: Param, rng: random.Random) -> Any:
    """A legal value of a parameter; what a reader types or picks keeps its default."""
    if p.kind == "choice":
        return rng.choice([value for value, _ in p.choices])
    if p.kind == "seed":
        return rng.randrange(1000)
    if p.kind == "switch" and p.name != "train":
        return rng.random() < 0.5
    if p.kind != "range":
        return p.default
    if p.step is None or p.scale == "log":
        return float(f"{p.min * (p.max / p.min) ** rng.random():.4g}") if p.min > 0 else p.default
    return p.min + p.step * rng.randint(0, round((p.max - p.min) / p.step))


def drawn_params(spec: LabSpec, count: int) -> list[dict[str, Any]]:
    """Parameter sets that no one has picked by hand, the same on every run."""
    rng = random.Random(spec.slug)
    return [{p.name: drawn_value(p, rng) for p in spec.params} for _ in range(count)]


def drawn_challenges(slug: str) -> list[Challenge]:
    """Three of a lab's challenges in make test, all of them in make test-long."""
    return EFFORT.some(api.spec(slug).challenges, 3, of=slug)


def requests_of(slug: str) -> list[dict[str, Any]]:
    """Defaults, drawn settings, a short live run, and its challenges at several seeds."""
    spec = api.spec(slug)
    settings = [{}, *drawn_params(spec, DRAWS)]
    if spec.run_label:
        settings.append({"train": True} | {p.name: 20 for p in spec.params if p.name == "steps"})
    frames = [{"slug": slug, "params": params} for params in settings]
    challenges = [
        {
            "slug": slug,
            "challenge": challenge.name,
            "seed": seed,
            "answers": [value for value, _ in challenge.choices] or ANSWERS,
        }
        for challenge in drawn_challenges(slug)
        for seed in CHALLENGE_SEEDS
    ]
    return frames + challenges


@pytest.fixture(scope="module")
def answers() -> dict[str, list[tuple[dict, dict, dict]]]:
    """slug -> (request, native answer, Pyodide's answer), from one start of the runtime for all labs."""
    asked = [request for slug in LABS for request in requests_of(slug)]
    given = built_runtime.run_in_pyodide(asked)
    api.restore()  # both sides start with nothing remembered, so that the frames on the way count alike
    rows: dict[str, list[tuple[dict, dict, dict]]] = {slug: [] for slug in LABS}
    for request, inside in zip(asked, given, strict=True):
        native = json.loads(json.dumps(lab_requests.answer(request)))
        rows[request["slug"]].append((request, native, inside))
    return rows


def scalar_differences(spec: LabSpec, native: dict, inside: dict) -> list[str]:
    """The comparison rule: |x - reference| <= tolerance * max(|reference|, the SPEC's scale)."""
    scales = {output.name: output.scale for output in spec.outputs}
    assert set(native) == set(inside)
    found = []
    for name, item in native.items():
        reference, x = item["value"], inside[name]["value"]
        scale = scales.get(name, 1.0)
        if isinstance(scale, str):
            scale = abs(native[scale]["value"] or 0.0)
        if (reference is None) != (x is None):
            found.append(f"{name}: {x} inside, {reference} natively")
        elif reference is not None and abs(x - reference) > spec.scalar_tolerance * max(abs(reference), scale):
            found.append(f"{name}: {x!r} inside, {reference!r} natively")
    return found


def array_differences(spec: LabSpec, native: dict, inside: dict) -> list[str]:
    """Each array within the SPEC's share of its largest entry, with the same shape and the same gaps."""
    assert set(native) == set(inside)
    found = []
    for name, item in native.items():
        assert item["shape"] == inside[name]["shape"], name
        reference, x = (np.array(side["data"], dtype=float) for side in (item, inside[name]))
        finite = np.isfinite(reference)
        assert np.array_equal(finite, np.isfinite(x)), f"{name}: other gaps"
        scale = max(np.abs(reference[finite]).max(initial=0.0), ROUND_OFF)
        worst = np.abs(x[finite] - reference[finite]).max(initial=0.0)
        if worst > spec.array_tolerance * scale:
            found.append(f"{name}: off by {worst:.3g} on a scale of {scale:.3g}")
    return found


@pytest.mark.parametrize("slug", LABS)
def test_frames_agree_with_native_ones(slug: str, answers: dict) -> None:
    spec = api.spec(slug)
    wrong = []
    for request, native, inside in answers[slug]:
        if "challenge" in request:
            continue
        assert "failure" not in native and "failure" not in inside, (request, native, inside)
        assert native["frames"] == inside["frames"], request
        before, after = native["frame"], inside["frame"]
        assert before["params"] == after["params"]
        assert before["errors"] == after["errors"]
        found = scalar_differences(spec, before["scalars"], after["scalars"])
        found += array_differences(spec, before["arrays"], after["arrays"])
        wrong += [f"{request['params']}: {sentence}" for sentence in found]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("slug", LABS)
def test_challenges_agree_word_for_word(slug: str, answers: dict) -> None:
    rows = [row for row in answers[slug] if "challenge" in row[0]]
    assert len(rows) == len(drawn_challenges(slug)) * len(CHALLENGE_SEEDS)
    for request, native, inside in rows:
        assert "failure" not in native, (request, native)
        assert native == inside, request


@pytest.mark.parametrize("slug", LABS)
def test_recorded_frame_agrees_with_both(slug: str, answers: dict) -> None:
    golden = json.loads((ROOT / "docs" / "data" / "labs" / f"{slug}.json").read_text())
    _, native, inside = answers[slug][0]
    for side in (native, inside):
        assert goldens.differences(slug, side["frame"], golden) == []


def test_a_wrong_number_would_be_seen(answers: dict) -> None:
    """The comparison can fail: one scalar and one entry, moved by a hundred times the tolerance."""
    slug = LABS[0]
    spec = api.spec(slug)
    _, native, _ = answers[slug][0]
    moved = json.loads(json.dumps(native["frame"]))
    scalar = next(name for name, item in moved["scalars"].items() if item["value"])
    scale = max(abs(item["value"] or 0.0) for item in moved["scalars"].values()) + 1.0
    moved["scalars"][scalar]["value"] += 100 * spec.scalar_tolerance * scale
    array = next(name for name, item in moved["arrays"].items() if any(item["data"]))
    largest = max(abs(x) for x in moved["arrays"][array]["data"] if x is not None)
    moved["arrays"][array]["data"][0] += 100 * spec.array_tolerance * largest
    assert len(scalar_differences(spec, native["frame"]["scalars"], moved["scalars"])) == 1
    assert len(array_differences(spec, native["frame"]["arrays"], moved["arrays"])) == 1
