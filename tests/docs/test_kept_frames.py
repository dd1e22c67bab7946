"""What the labs compute for the pages is kept until labs_py changes, and a damaged file only costs the computation."""

from __future__ import annotations

import sys

import pytest

from tests.checkout import ROOT

sys.path.insert(0, str(ROOT / "overrides" / "build"))

import kept  # noqa: E402


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    """A cache and a labs_py of the test's own."""
    source = tmp_path / "labs_py" / "one.py"
    source.parent.mkdir()
    source.write_text("A = 1\n")
    monkeypatch.setenv("STAGE10_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(kept, "ROOT", tmp_path)
    monkeypatch.setattr(kept, "INPUTS", (source.parent,))
    kept.folder.cache_clear()
    yield source
    kept.folder.cache_clear()


def counted(value=0.1 + 0.2):
    """A function that notes each call, and its notes."""
    calls: list[int] = []
    return (lambda: calls.append(1) or value), calls


def test_a_value_is_computed_once_and_comes_back_exactly():
    make, calls = counted({"x": [0.1 + 0.2, None, "é"]})
    assert [kept.kept("a", make), kept.kept("a", make)] == [make(), make()]
    assert len(calls) == 3  # once for the cache, twice for the comparison
    assert kept.kept("b", make) and len(calls) == 4


def test_changed_code_computes_anew(own_cache):
    make, calls = counted()
    kept.kept("a", make)
    own_cache.write_text("A = 2\n")
    kept.folder.cache_clear()
    kept.kept("a", make)
    assert len(calls) == 2


def test_a_damaged_file_is_computed_anew():
    make, calls = counted()
    kept.kept("a", make)
    [file] = kept.folder().iterdir()
    file.write_bytes(b'{"x": \xff')
    assert kept.kept("a", make) == 0.1 + 0.2 and len(calls) == 2


def test_what_json_would_change_is_not_kept():
    make, calls = counted((1, 2))
    assert [kept.kept_if_plain("a", make), kept.kept_if_plain("a", make)] == [(1, 2), (1, 2)] and len(calls) == 2


def test_only_the_newest_states_stay(own_cache):
    for number in range(kept.STATES + 2):
        own_cache.write_text(f"A = {number}\n")
        kept.folder.cache_clear()
        kept.kept("a", lambda: 1)
    assert len(list(kept.folder().parent.iterdir())) == kept.STATES
