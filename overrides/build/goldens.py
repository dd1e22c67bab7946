"""Record each lab's SPEC and default frame in docs/data/labs: ``goldens.py [--check] [slug ...]``.

The file serves three times: as the reference of native and browser results, as data for whoever wants the lab's
names, and as the record of what a change of the mathematics changed. ``--check`` writes nothing and exits 1 when a
recorded frame differs by more than the lab's tolerance, or a SPEC differs at all.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from labs_py import api  # noqa: E402

FOLDER = ROOT / "docs" / "data" / "labs"
DIGITS = 7
RECORDING_ERROR = 10.0 ** (1 - DIGITS)


def build_golden(slug: str) -> dict:
    """SPEC, default frame (arrays at 7 significant digits) and tolerances of a lab."""
    spec = api.spec(slug)
    frame = json.loads(api.to_json(api.last_frame(slug, dtype="float64"), digits=DIGITS))
    return {
        "spec": spec.to_json(),
        "frame": frame,
        "tolerance": {
            "scalars": spec.scalar_tolerance,
            "arrays": spec.array_tolerance,
            "rule": "scalars: |x - recorded| <= scalars * max(|recorded|, scale of the output); "
            f"arrays: |x - recorded| <= (arrays + {RECORDING_ERROR:g}) * largest recorded entry",
        },
        "made_by": "make goldens",
    }


def differences(slug: str, frame: dict, golden: dict) -> list[str]:
    """Sentences on how a frame (float64 lists) departs from a golden file's, by the rule in that file."""
    found = []
    recorded = golden["frame"]
    scales = {output["name"]: output["scale"] for output in golden["spec"]["outputs"]}
    for kind in ("scalars", "arrays"):
        if set(frame[kind]) != set(recorded[kind]):
            found.append(f"{slug}: {kind} are {sorted(frame[kind])}, recorded are {sorted(recorded[kind])}")
    for name in set(frame["scalars"]) & set(recorded["scalars"]):
        now, then = frame["scalars"][name]["value"], recorded["scalars"][name]["value"]
        scale = scales.get(name, 1.0)
        if isinstance(scale, str):
            scale = abs(recorded["scalars"][scale]["value"] or 0.0)
        if (now is None) != (then is None):
            found.append(f"{slug}: {name} is {now}, recorded is {then}")
        elif now is not None and abs(now - then) > golden["tolerance"]["scalars"] * max(abs(then), scale):
            found.append(f"{slug}: {name} is {now!r}, recorded is {then!r}")
    for name in set(frame["arrays"]) & set(recorded["arrays"]):
        found += array_differences(slug, name, frame["arrays"][name], recorded["arrays"][name], golden["tolerance"])
    return found


def array_differences(slug: str, name: str, now: dict, then: dict, tolerance: dict) -> list[str]:
    """As ``differences``, for one array."""
    if list(now["shape"]) != list(then["shape"]):
        return [f"{slug}: array {name} has shape {now['shape']}, recorded is {then['shape']}"]
    x, reference = np.array(now["data"], dtype=float), np.array(then["data"], dtype=float)
    if not reference.size:
        return []
    finite = np.isfinite(reference)
    if not np.array_equal(np.isfinite(x), finite):
        return [f"{slug}: array {name} has other entries that are not finite"]
    largest = np.abs(reference[finite]).max(initial=0.0)
    worst = np.abs(x[finite] - reference[finite]).max(initial=0.0)
    if worst > (tolerance["arrays"] + RECORDING_ERROR) * largest:
        return [f"{slug}: array {name} is off by {worst:.3g} where the largest entry is {largest:.3g}"]
    return []


def check_golden(slug: str) -> list[str]:
    """What is stale in a lab's golden file."""
    path = FOLDER / f"{slug}.json"
    if not path.exists():
        return [f"{slug}: {path.relative_to(ROOT)} does not exist"]
    golden, now = json.loads(path.read_text(encoding="utf-8")), build_golden(slug)
    found = differences(slug, now["frame"], golden)
    if golden["spec"] != now["spec"]:
        found.append(f"{slug}: the SPEC has changed")
    if golden["frame"]["texts"] != now["frame"]["texts"]:
        found.append(f"{slug}: the frame's texts have changed")
    return found


def main() -> int:
    """Write or check the golden files of the named labs, or of all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("slugs", nargs="*", help="labs (default: all)")
    parser.add_argument("--check", action="store_true", help="exit 1 when a file is stale; write nothing")
    arguments = parser.parse_args()
    slugs = arguments.slugs or api.list_labs()
    unknown = sorted(set(slugs) - set(api.list_labs()))
    if unknown:
        print(f"There is no lab called {', '.join(unknown)}.", file=sys.stderr)
        return 2
    if arguments.check:
        stale = [line for slug in slugs for line in check_golden(slug)]
        print("\n".join([*stale, "Run `make goldens` if the change is meant."]) if stale else "fresh", file=sys.stderr)
        return 1 if stale else 0
    FOLDER.mkdir(parents=True, exist_ok=True)
    for slug in slugs:
        text = json.dumps(build_golden(slug), ensure_ascii=False, separators=(",", ":"))
        (FOLDER / f"{slug}.json").write_text(text + "\n", encoding="utf-8")
        print(f"wrote docs/data/labs/{slug}.json ({len(text):,} characters)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
