"""The build of the site fails on a warning, with the very flags that ``make site-build`` uses."""

from __future__ import annotations

import importlib.util
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

# By its file: "site" is also a module of the standard library.
BUILD = Path(__file__).resolve().parents[2] / "overrides" / "build" / "site.py"


@pytest.mark.parametrize(("words", "succeeds"), [("All is well.", True), ("[nowhere](missing.md)", False)])
def test_a_warning_fails_the_build(tmp_path, words, succeeds):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "index.md").write_text(f"# A page\n\n{words}\n")
    (tmp_path / "mkdocs.yml").write_text("site_name: tiny\n")
    flags = runpy.run_path(str(BUILD))["PAGES"]
    command = [sys.executable, *flags, "-f", str(tmp_path / "mkdocs.yml"), "--site-dir", str(tmp_path / "out")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode == 0) == succeeds, done.stderr


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """The build's module over a checkout of its own; ``built`` counts what it built."""
    spec = importlib.util.spec_from_file_location("site_under_test", BUILD)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "CACHE", tmp_path / ".cache")
    monkeypatch.setattr(module, "INPUTS", ("docs",))
    monkeypatch.setattr(sys, "argv", ["site.py", "--out", str(tmp_path / "site")])
    (tmp_path / "docs").mkdir()
    module.built = []

    def build(out: Path) -> None:
        module.built.append(out)
        (out / "page").mkdir(parents=True, exist_ok=True)
        (out / "index.html").write_text("front")
        (out / "page" / "index.html").write_text("page")

    monkeypatch.setattr(module, "build", build)
    return module


def test_a_site_that_stands_is_not_built_again(site) -> None:
    assert [site.main() for _ in range(3)] == [0, 0, 0]
    assert len(site.built) == 1


@pytest.mark.parametrize(
    "damage", ["one page gone", "one page altered", "all gone", "stamp damaged", "an input changed"]
)
def test_a_site_that_lacks_something_is_built_again(site, damage: str) -> None:
    site.main()
    match damage:
        case "one page gone":
            (site.ROOT / "site" / "page" / "index.html").unlink()
        case "one page altered":
            (site.ROOT / "site" / "page" / "index.html").write_text("")
        case "all gone":
            shutil.rmtree(site.ROOT / "site")
        case "stamp damaged":
            (site.CACHE / "site-key").write_bytes(b"\xff\x00")
        case "an input changed":
            (site.ROOT / "docs" / "new.md").write_text("new")
    assert site.main() == 0
    assert len(site.built) == 2
    assert site.main() == 0 and len(site.built) == 2


def test_a_cache_that_cannot_be_made_is_one_line(site, capsys: pytest.CaptureFixture[str]) -> None:
    site.CACHE.write_text("a file in its place")
    assert site.main() == 3
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_a_node_that_is_gone_is_not_asked(site) -> None:
    stamps = site.ROOT / ".venv" / "stage10-stamps"
    stamps.mkdir(parents=True)
    (stamps / "node").write_bytes(b"/nowhere/\xffnode")
    assert site.node() == "node"
