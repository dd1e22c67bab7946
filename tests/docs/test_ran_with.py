"""The note under each listing: every listed file has tests that ran with the pinned versions."""

from __future__ import annotations

import datetime
import importlib.util
import json
import logging
import re
import sys
from pathlib import Path
from types import SimpleNamespace

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "overrides" / "hooks")]

import ran_with  # noqa: E402

RECORD = json.loads((ROOT / "docs" / "data" / "ran-with.json").read_text(encoding="utf-8"))
SPEC = importlib.util.spec_from_file_location("ran_with_builder", ROOT / "overrides" / "build" / "ran_with.py")
builder = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(builder)
PAGE = SimpleNamespace(file=SimpleNamespace(src_uri="a/page.md"))
LISTING = '```python\n--8<-- "labs_py/core/evidence.py:wilson"\n```\n'


def written(markdown: str, record: dict) -> str:
    """What the hook makes of a page with this record."""
    ran_with.RECORD.clear()
    ran_with.RECORD.update(record)
    return ran_with.on_page_markdown(markdown, PAGE, None, None)


def test_every_listed_file_was_run_by_tests_that_exist():
    pages = sorted((ROOT / "docs").rglob("*.md"))
    listed = {file for page in pages for file in ran_with.listed_files(page.read_text(encoding="utf-8"))}
    assert len(listed) >= 8
    missing = sorted(listed - set(RECORD["files"]))
    assert not missing, f"no record of a run: python overrides/build/ran_with.py {' '.join(missing)}"
    for file in listed:
        entry = RECORD["files"][file]
        assert datetime.date.fromisoformat(entry["date"]) >= datetime.date(2026, 11, 23)
        assert entry["tests"] and all((ROOT / test).is_file() for test in entry["tests"]), file


def test_the_versions_are_the_pinned_ones():
    pins = dict(re.findall(r"^([\w-]+)==([\w.]+)", (ROOT / "requirements" / "train.txt").read_text(), re.MULTILINE))
    for name, version in RECORD["versions"].items():
        if name != "Python":
            assert version == pins[name], f"{name}: run python overrides/build/ran_with.py again"


def test_a_listing_gets_its_note_with_file_versions_and_date():
    text = written(f"Before.\n\n{LISTING}\nAfter.\n", RECORD)
    note = text.split("```\n\n", 1)[1].split("\n{: .s10-ran-with }")[0]
    assert note.startswith("`labs_py/core/evidence.py`; its tests ran with Python 3.")
    assert f"numpy {RECORD['versions']['numpy']} on " in note and note.endswith("2026")
    assert "torch" not in note


def test_an_indented_listing_keeps_its_place_and_other_fences_are_left_alone():
    indented = "".join(f"    {line}\n" for line in LISTING.splitlines())
    assert "\n    {: .s10-ran-with }" in written(f'??? example "Solution"\n\n{indented}', RECORD)
    plain = '```bash\nls\n```\n\n```quiz\n- question: "?"\n```\n'
    assert written(plain, RECORD) == plain


def test_a_listing_without_a_record_is_reported(caplog):
    with caplog.at_level(logging.WARNING):
        written(LISTING, {"versions": {}, "files": {"another.py": {}}})
    assert "a/page.md: no record of a run for the listing from 'labs_py/core/evidence.py'" in caplog.text


def test_a_test_is_found_where_it_mirrors_its_file_at_any_depth():
    found = {file: builder.tests_of(file) for file in ("training/run/jsonl.py", "training/methods/grpo/loss.py",
                                                       "labs_py/core/distill.py")}  # fmt: skip
    assert "tests/training/methods/test_grpo.py" in found["training/methods/grpo/loss.py"]  # stands for its folder
    assert "tests/training/run/test_folder.py" in found["training/run/jsonl.py"]  # imports it
    assert "tests/unit/core/test_distill.py" in found["labs_py/core/distill.py"]
    assert "tests/training/methods/test_distill.py" not in found["labs_py/core/distill.py"]  # the name alone


def test_a_readers_script_is_run_by_the_one_test_of_all_scripts():
    assert builder.tests_of("docs/data/scripts/supervised-fine-tuning.py") == ["tests/docs/test_own_data_scripts.py"]
