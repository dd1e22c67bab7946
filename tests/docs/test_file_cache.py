"""A damaged file of the cache costs its making and nothing else: no figure, card or number comes out of it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.checkout import ROOT

sys.path.insert(0, str(ROOT / "overrides" / "hooks"))
sys.path.append(str(ROOT / "overrides" / "build"))  # last: both folders have a figures.py

import figures  # noqa: E402
import kept  # noqa: E402
import social_cards  # noqa: E402

from overrides.figures.kit.figure import Chart, Series  # noqa: E402

ICON = '<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"><path d="M0 0h8v8z"/></svg>'


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, and nothing remembered of another."""
    monkeypatch.setenv("STAGE10_CACHE", str(tmp_path))
    for remembered in (kept.folder, social_cards.font):
        remembered.cache_clear()
    yield tmp_path
    for remembered in (kept.folder, social_cards.font):
        remembered.cache_clear()


def drawn() -> dict:
    """One chart."""
    return figures.drawn([Chart("line", [Series("a", [1.0, 2.0])], "step", "loss").drawn("c", "C", "two points")])


MAKERS = {
    "figures/*.kept": drawn,
    "cards/*.kept": lambda: social_cards.png(ICON),
    "cards/*.ttf": lambda: (social_cards.font.cache_clear(), social_cards.font().read_bytes())[1],
    "frames/*/*.kept": lambda: kept.kept("a", lambda: {"loss": 0.12345}),
}


def cut(content: bytes) -> bytes:
    return content[: len(content) // 2]


def other(content: bytes) -> bytes:
    """One digit or bit is another; the file can still be read."""
    return content.replace(b"2345", b"9345", 1) if b"2345" in content else content[:40] + b"7" + content[41:]


@pytest.mark.parametrize("damage", [cut, other, lambda _: b""], ids=["cut", "other", "empty"])
@pytest.mark.parametrize("pattern", MAKERS)
def test_what_is_damaged_is_made_anew(cache: Path, pattern: str, damage) -> None:
    made = MAKERS[pattern]()
    [file] = cache.glob(pattern)
    whole = file.read_bytes()
    file.write_bytes(damage(whole))
    assert damage(whole) != whole and MAKERS[pattern]() == made
    assert file.read_bytes() == whole and [*file.parent.glob(f"{file.name}?*")] == []


def test_a_folder_in_a_file_s_place_is_said(cache: Path) -> None:
    MAKERS["cards/*.kept"]()
    [file] = cache.glob("cards/*.kept")
    file.unlink()
    file.mkdir()
    with pytest.raises(IsADirectoryError):
        MAKERS["cards/*.kept"]()
    assert [one for one in file.parent.iterdir() if one.is_file() and one.suffix != ".ttf"] == []
