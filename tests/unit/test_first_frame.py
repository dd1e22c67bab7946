"""The first frame in the HTML is what the lab's code computes, and changes with it; recorded results are fresh."""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
import subprocess
import sys
from html import unescape
from pathlib import Path

import pytest

from labs_py import api

ROOT = Path(__file__).resolve().parents[2]
OUTPUT = re.compile(r'data-output="([^"]*)" data-value="([^"]*)"')
PAINT = """
import sys
sys.path[:0] = [".", "overrides/hooks"]
import labs
print(labs.painted(frozenset(["lora"]))["lora"])
"""


def paint(root: Path) -> str:
    done = subprocess.run([sys.executable, "-c", PAINT], cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@pytest.fixture(scope="module")
def painted() -> str:
    return paint(ROOT)


def test_the_html_holds_the_exact_values_of_native_compute(painted):
    shown = dict(OUTPUT.findall(painted))
    scalars = api.last_frame("lora")["scalars"]
    assert set(shown) == {output.name for output in api.spec("lora").outputs}
    assert {name: float(shown[name]) for name in scalars} == {name: s["value"] for name, s in scalars.items()}
    params = json.loads(unescape(re.search(r'data-params="([^"]*)"', painted)[1]))
    assert params == api.spec("lora").defaults()


def test_the_html_is_small_and_complete(painted):
    for chart in api.spec("lora").charts:
        assert f'data-chart="{chart.name}"' in painted
    for challenge in api.spec("lora").challenges:
        assert f'data-challenge="{challenge.name}" data-result="untried"' in painted
    for param in api.spec("lora").params:
        assert painted.count(f' name="{param.name}"') == (0 if param.name == "train" else 1), param.name
    assert len(painted) < 220_000


def test_an_edit_of_compute_changes_the_html(tmp_path, painted):
    for name in ("labs_py", "overrides"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "node_modules").symlink_to(ROOT / "node_modules")
    module = tmp_path / "labs_py" / "core" / "lora.py"
    text = module.read_text(encoding="utf-8")
    head = re.search(r"def relative_error\(.*?\).*?:\n", text, re.DOTALL)[0]
    module.write_text(text.replace(head, f"{head}    return 0.123\n"), encoding="utf-8")
    edited = dict(OUTPUT.findall(paint(tmp_path)))
    assert edited["relative_error"] == "0.123" != dict(OUTPUT.findall(painted))["relative_error"]


def load_goldens():
    spec = importlib.util.spec_from_file_location("goldens", ROOT / "overrides" / "build" / "goldens.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("slug", api.list_labs())
def test_recorded_results_are_fresh(slug):
    assert load_goldens().check_golden(slug) == []


def test_a_stale_recording_is_noticed():
    goldens = load_goldens()
    golden = goldens.build_golden("lora")
    frame = json.loads(json.dumps(golden["frame"]))
    assert goldens.differences("lora", frame, golden) == []
    frame["scalars"]["relative_error"]["value"] *= 1 + 1e-6
    frame["arrays"]["singular_values"]["data"][0] *= 1.001
    assert len(goldens.differences("lora", frame, golden)) == 2
