"""Run the tests of every file that a page shows, and note versions and date in docs/data/ran-with.json.

``python overrides/build/ran_with.py`` runs them all; ``FILE ...`` only those files'. ``--list`` prints file and tests.
"""

from __future__ import annotations

import datetime
import importlib.metadata
import json
import platform
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "overrides" / "hooks"))

import ran_with  # noqa: E402

RECORD = ROOT / "docs" / "data" / "ran-with.json"
TRAINED_WITH = ("torch", "transformers", "peft", "trl")
PACKAGES = {"labs_py": ("numpy",), "training": TRAINED_WITH, "docs": TRAINED_WITH}
SCRIPTS, RUN_BY = "docs/data/scripts/", "tests/docs/test_own_data_scripts.py"  # the readers' short scripts
KINDS = {"labs_py": ("unit", "parity"), "training": ("training",)}  # folders of tests/ that mirror a package


def listed() -> list[str]:
    """Every file that some page takes a listing from."""
    pages = sorted((ROOT / "docs").rglob("*.md"))
    return sorted({file for page in pages for file in ran_with.listed_files(page.read_text(encoding="utf-8"))})


def names_module(text: str, file: str) -> bool:
    """Whether a test's text imports the module of ``file``, or its package when the module is one of several."""
    package, _, module = file.removesuffix(".py").replace("/", ".").rpartition(".")
    parent, _, name = package.rpartition(".")
    forms = [rf"from {package} import [^\n]*\b{module}\b", rf"from {package} import \([^)]*\b{module}\b",
             rf"{package}\.{module}\b"]  # fmt: skip
    if parent.startswith("training"):
        forms.append(rf"from {parent} import [^\n]*\b{name}\b")
        forms.append(rf"from {package} import registry\b")  # which finds its neighbours by name
    return any(re.search(form, text) for form in forms)


def mirrors(test: Path, file: str) -> bool:
    """Whether a test stands where the file's own test stands: ``training/run/jsonl.py`` -> ``run/test_jsonl.py``.

    A test of a whole folder counts for each of its files (``methods/test_dpo.py``), and one of the parity tests for
    the module of its name.
    """
    package, *folders, name = Path(file).with_suffix("").parts
    kind, *places = test.relative_to(ROOT / "tests").parts
    if kind not in KINDS[package]:
        return False
    own, whole = [*folders, f"test_{name}.py"], [*folders[:-1], f"test_{folders[-1]}.py"] if folders else None
    return places in (own, whole) or (kind == "parity" and places == own[-1:])


def tests_of(file: str) -> list[str]:
    """Test files that import the module, or stand where its own test stands, at any depth; a script's one test."""
    if file.startswith(SCRIPTS):
        return [RUN_BY]
    kinds = dict.fromkeys(kind for found in KINDS.values() for kind in found)
    found = [path for kind in kinds for path in sorted((ROOT / "tests" / kind).rglob("test_*.py"))]
    return [str(path.relative_to(ROOT)) for path in found
            if mirrors(path, file) or names_module(path.read_text(encoding="utf-8"), file)]  # fmt: skip


def main(wanted: list[str]) -> int:
    """Run, and record what passed."""
    files = [file for file in listed() if not wanted or file in wanted]
    tests = {file: tests_of(file) for file in files}
    untested = [file for file, found in tests.items() if not found]
    if untested:
        print("no test imports:", ", ".join(untested))
        return 1
    chosen = sorted({test for found in tests.values() for test in found})
    code = subprocess.call([sys.executable, "-m", "pytest", "-q", *chosen], cwd=ROOT)
    if code:
        return code
    record = json.loads(RECORD.read_text(encoding="utf-8")) if RECORD.exists() else {"files": {}}
    packages = sorted({name for names in PACKAGES.values() for name in names})
    record["versions"] = {"Python": platform.python_version(),
                          **{name: importlib.metadata.version(name).split("+")[0] for name in packages}}  # fmt: skip
    today = datetime.date.today().isoformat()
    for file in files:
        record["files"][file] = {"date": today, "packages": list(PACKAGES[file.split("/")[0]]), "tests": tests[file]}
    shown = set(listed())
    record["files"] = {file: entry for file, entry in sorted(record["files"].items()) if file in shown}
    RECORD.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    print(f"{len(files)} files, {len(chosen)} test files: {RECORD.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    if sys.argv[1:] == ["--list"]:
        print(json.dumps({file: tests_of(file) for file in listed()}, indent=1))
    else:
        raise SystemExit(main(sys.argv[1:]))
