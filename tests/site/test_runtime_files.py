"""The files of the browser runtime are exactly what the manifest says, and come untouched from where they should."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "overrides" / "build"), str(ROOT / "tests" / "site")]

import built_runtime  # noqa: E402
import numpy_wheel  # noqa: E402
import runtime_labs  # noqa: E402

from labs_py import api  # noqa: E402
from tests.effort import EFFORT  # noqa: E402
from tests.site.lab_pages import SITE  # noqa: E402

PYODIDE = ROOT / "node_modules" / "pyodide"
CORE = ("pyodide_mjs", "pyodide_asm_mjs", "wasm")
FIRST = (*CORE, "stdlib", "numpy", "labs")
LABS = {f"lab:{slug}": slug for slug in api.list_labs()}
OTHERS = {f"lab:{name}" for name in runtime_labs.OTHERS}
ROLES = {*FIRST, *LABS, *OTHERS, "stdlib_rest", "numpy_rest", "labs_wheel", "lock"}


@pytest.fixture(scope="module")
def folder() -> Path:
    """The runtime of the built site where there is one, and else as the site would get it."""
    built = SITE / "assets" / "runtime"
    return built if built.exists() else built_runtime.build_runtime()


@pytest.fixture(scope="module")
def manifest(folder: Path) -> dict:
    return json.loads((folder / "manifest.json").read_text())


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def opened(folder: Path, manifest: dict, role: str) -> zipfile.ZipFile:
    """An archive of the runtime, or what is in a pack."""
    content = (folder / manifest["files"][role]["name"]).read_bytes()
    return zipfile.ZipFile(io.BytesIO(gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content))


def test_folder_holds_the_manifests_files_and_nothing_else(folder: Path, manifest: dict) -> None:
    assert set(manifest["files"]) == ROLES
    for entry in manifest["files"].values():
        path = folder / entry["name"]
        assert (path.stat().st_size, sha256(path)) == (entry["bytes"], entry["sha256"]), entry["name"]
    assert {p.name for p in folder.iterdir()} == {e["name"] for e in manifest["files"].values()} | {"manifest.json"}


def test_core_files_are_the_packages_bit_for_bit(folder: Path, manifest: dict) -> None:
    assert manifest["pyodide"] == json.loads((PYODIDE / "package.json").read_text())["version"]
    assert manifest["pyodide"] == json.loads((ROOT / "package.json").read_text())["dependencies"]["pyodide"]
    for role in CORE:
        name = manifest["files"][role]["name"]
        assert (folder / name).read_bytes() == (PYODIDE / name).read_bytes(), name


def test_numpy_is_the_wheel_that_pyodides_lock_names(manifest: dict) -> None:
    stock = json.loads((PYODIDE / "pyodide-lock.json").read_text())["packages"]["numpy"]
    assert (numpy_wheel.NAME, numpy_wheel.SHA256) == (stock["file_name"], stock["sha256"])
    assert manifest["numpy"] == stock["version"]
    wheel = numpy_wheel.fetch()
    assert sha256(wheel) == stock["sha256"]


def test_compiled_modules_of_numpy_are_untouched(folder: Path, manifest: dict) -> None:
    with zipfile.ZipFile(numpy_wheel.fetch()) as stock:
        for role in ("numpy", "numpy_rest"):
            with opened(folder, manifest, role) as cut:
                names = [name for name in cut.namelist() if name.endswith(".so")]
                assert names
                assert all(cut.read(name) == stock.read(name) for name in names)


def test_lock_is_cut_to_what_is_served(folder: Path, manifest: dict) -> None:
    lock = json.loads((folder / manifest["files"]["lock"]["name"]).read_text())
    assert lock == manifest["lock"]
    assert {name: package["sha256"] for name, package in lock["packages"].items()} == {
        "labs-py": manifest["files"]["labs_wheel"]["sha256"],
    }


def test_labs_wheel_carries_the_checkouts_sources(folder: Path, manifest: dict) -> None:
    with opened(folder, manifest, "labs_wheel") as wheel:
        carried = {name for name in wheel.namelist() if name.endswith(".py")}
        here = {str(p.relative_to(ROOT)) for p in (ROOT / "labs_py").rglob("*.py")}
        assert carried == here, "rebuild the site"
        assert all(wheel.read(name) == (ROOT / name).read_bytes() for name in here), "rebuild the site"
        cached = {name for name in wheel.namelist() if name.endswith(".cpython-314.pyc")}
        assert len(cached) == len(here)


ALONE = """
import json, sys
from labs_py import api
slug = sys.argv[1]
spec = api.spec(slug)
seen = set(api.last_frame(slug)["scalars"])
seen |= {api.draw(slug, challenge.name, 1).prompt for challenge in spec.challenges}
seen |= {api.source(name) for name in spec.code}
for name in spec.code:
    api.replace(name, api.source(name))
api.restore()
print(json.dumps({"labs": api.list_labs(), "seen": len(seen)}))
"""


@pytest.mark.parametrize("slug", LABS.values())
def test_a_lab_lives_on_what_travels_for_it(folder: Path, manifest: dict, slug: str, tmp_path: Path) -> None:
    """Its pack and the shared one, nothing else of labs_py: a frame, its tasks, its code, an edit and back."""
    for role in ("labs", f"lab:{slug}"):
        with opened(folder, manifest, role) as pack:
            pack.extractall(tmp_path)
            sources = [name for name in pack.namelist() if name.endswith(".py")]
            assert all(pack.read(name) == (ROOT / name).read_bytes() for name in sources), "rebuild the site"
            texts = [name for name in pack.namelist() if name.endswith(".json")]
            assert len(pack.namelist()) == 2 * len(sources) + len(texts), "each source with its bytecode, and texts"
    data = tmp_path / "docs" / "data" / "labs"
    data.mkdir(parents=True)
    (data / "files").symlink_to(ROOT / "docs" / "data" / "labs" / "files")
    done = subprocess.run(
        [sys.executable, "-c", ALONE, slug],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert json.loads(done.stdout)["labs"] == [slug]


def test_one_labs_page_carries_no_other_lab(folder: Path, manifest: dict) -> None:
    with opened(folder, manifest, "lab:lora") as pack:
        modules = {name for name in pack.namelist() if name.startswith("labs_py/labs/") and name.endswith(".py")}
    assert "labs_py/labs/lora/lab.py" in modules
    assert all(name.startswith("labs_py/labs/lora/") for name in modules)


HAS = """import importlib, numpy.random
def has(name):
  try: importlib.import_module(name); return 'yes'
  except ModuleNotFoundError: return 'no'
names = ['argparse', 'statistics', 'numpy.fft', 'numpy.polynomial', 'asyncio.streams', 'labs_py.api']
' '.join(map(has, names))"""
STOOD_IN = """import asyncio, socket, subprocess, pyodide._package_loader as loader, numpy._typing as hints
found = [asyncio.run.__module__, asyncio.StreamReader, socket.socket, subprocess.Popen]
f'{found[0]} {found[1].__name__} {found[2].__name__} {found[3].__name__}' \\
    + f' {loader.SITE_PACKAGES.name} {hints.NDArray[float].__origin__.__name__}'"""
MEDIAN = "import numpy as np; np.unique([2, 1, 2]); str(np.median([3, 1, 2]))"
MASKED = "import numpy as np; np.unique([1]); str(np.ma.masked_array([1, 2, 4], [0, 1, 0]).sum())"
LEGACY = "import numpy as np; f'{np.random.RandomState(1).rand():.6f} {np.random.default_rng(1).random():.6f}'"
PRUNED = [(MEDIAN, "2.0"), (HAS, "no no no no no yes")]
WHOLE = [
    (STOOD_IN, "asyncio.runners StreamReader socket Popen site-packages ndarray"),
    (MASKED, "5"),
    (LEGACY, "0.417022 0.511822"),
    (HAS, "yes yes yes yes yes yes"),
]


def asked_in_turn(*texts: str) -> str:
    """Python that runs texts one after the other, each with names of its own, and gives their values, a line each."""
    return f"from pyodide.code import eval_code; '\\n'.join(eval_code(text, {{}}) for text in {list(texts)!r})"


@pytest.mark.sampled
@pytest.mark.parametrize("options, cases", [((), PRUNED), (("--full",), WHOLE)], ids=["pruned", "full"])
def test_pruned_library_says_when_something_is_not_there_and_the_full_one_brings_it(options, cases) -> None:
    """In one start of the runtime; ``make test-long`` asks each in a start of its own."""
    if EFFORT.full:
        found = [built_runtime.run_node("", *options, "--python", text).strip() for text, _ in cases]
    else:
        found = built_runtime.run_node("", *options, "--python", asked_in_turn(*dict(cases))).strip().splitlines()
    assert found == [answer for _, answer in cases]


def test_shown_code_has_its_source_and_tracebacks_their_lines() -> None:
    ask = "import inspect, labs_py.spec as s\n"
    ask += "inspect.getsource(s.validate).splitlines()[0] + ' ' + s.validate.__code__.co_filename"
    answer = built_runtime.run_node("", "--python", ask)
    assert answer.startswith("def validate(") and answer.strip().endswith("/site-packages/labs_py/spec.py")


def fetch_numpy(cache: Path, offline: bool) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "STAGE10_CACHE": str(cache), "STAGE10_OFFLINE": "1" if offline else "0"}
    command = [sys.executable, str(ROOT / "overrides" / "build" / "numpy_wheel.py")]
    return subprocess.run(command, env=environment, capture_output=True, text=True)


def test_offline_without_the_wheel_is_one_line_that_names_it(tmp_path: Path) -> None:
    done = fetch_numpy(tmp_path, offline=True)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1 and numpy_wheel.NAME in done.stderr
    assert "STAGE10_OFFLINE" in done.stderr and "Traceback" not in done.stderr


def test_a_damaged_wheel_in_the_cache_is_not_taken(tmp_path: Path) -> None:
    kept = tmp_path / "wheels" / numpy_wheel.NAME
    kept.parent.mkdir()
    kept.write_bytes(b"half a whe")
    done = fetch_numpy(tmp_path, offline=True)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    shutil.copy(numpy_wheel.fetch(), kept)
    assert fetch_numpy(tmp_path, offline=True).stdout.strip() == str(kept)


def test_a_cache_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    done = fetch_numpy(tmp_path / "file", offline=False)
    assert done.returncode == 1 and done.stderr.count("\n") == 1 and "Traceback" not in done.stderr
