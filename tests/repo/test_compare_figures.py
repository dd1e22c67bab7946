"""The comparison of two built sites sees a changed figure and nothing else."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def compare(root: Path):
    spec = importlib.util.spec_from_file_location("compare_figures", root / "overrides/build/compare_figures.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_changed_figure_is_named_by_page(compare, tmp_path: Path, capsys) -> None:
    for site, gain in (("old", "+17"), ("new", "+18")):
        (tmp_path / site).mkdir()
        (tmp_path / site / "a.html").write_text(f"<p>gain <b>{gain}</b> of 1,024, 3.5%</p><pre>x = {gain}9</pre>")
        (tmp_path / site / "b.html").write_text(f"<p class='{site}'>0.05 nats</p><script>{gain}</script>")
    assert compare.main([str(tmp_path / "old"), str(tmp_path / "new")]) == 1
    said = capsys.readouterr().out
    assert "a.html: gone {'+17': 1}, come {'+18': 1}" in said and "b.html" not in said
    assert compare.main([str(tmp_path / "old"), str(tmp_path / "old")]) == 0


def test_what_counts_as_a_figure(compare) -> None:
    html = "<p>0.31 to 31.1%, \u22120.109 nats, 1.5e-3, SmolLM2, p95; n = 200.</p>"
    assert set(compare.figures(html)) == {"0.31", "31.1%", "\u22120.109", "1.5e-3", "200"}
