"""Each built page has its Markdown beside it, without leftovers of the page's making; llms.txt lists them all."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "overrides" / "hooks"))

import registry  # noqa: E402

WRITTEN = [entry for entry in registry.entries(registry.load(ROOT / "docs")) if entry.ready]
LISTING = re.compile(r"^(?P<indent>[ >]*)(?P<mark>`{3,})[^\n]*\n.*?^(?P=indent)(?P=mark)$|`[^`\n]*`", re.S | re.M)
LINK = re.compile(r"\]\((?![a-z]+:)([^)#?\s]+)")
LEFTOVER = re.compile(r"\{\{|S10X?\w*X|</?[a-z][\w-]*(?:\s[^<>\n]*)?>")


def file_of(site: Path, entry: registry.Entry) -> Path:
    """The page's Markdown."""
    return site / f"{entry.address.strip('/')}.md"


@pytest.mark.parametrize("entry", WRITTEN, ids=lambda entry: entry.slug)
def test_each_page_has_its_markdown(site_dir: Path, entry: registry.Entry) -> None:
    file = file_of(site_dir, entry)
    text = file.read_text()
    assert re.search(r"^# \S", text, re.MULTILINE)
    prose = LISTING.sub("", text)
    assert not LEFTOVER.findall(prose)
    for target in LINK.findall(prose):
        assert (file.parent / target).resolve().exists(), target
    page = (site_dir / entry.address / "index.html").read_text()
    assert ">This page as Markdown</a>" in page


def test_the_list_for_models_leads_to_all_of_them(site_dir: Path) -> None:
    said = (site_dir / "llms.txt").read_text()
    listed = re.findall(r"^- \[[^\]]+\]\(([^)]+)\): \S", said, re.MULTILINE)
    files = [*(file_of(site_dir, entry) for entry in WRITTEN), site_dir / "SKILL.md"]
    assert [site_dir / place for place in listed] == files
    assert (site_dir / "SKILL.md").read_bytes() == (ROOT / "docs" / "SKILL.md").read_bytes()


def test_a_lab_is_there_as_text(site_dir: Path) -> None:
    text = (site_dir / "labs" / "lora.md").read_text()
    assert "- Rank r (`rank`): 8." in text and "**Challenges**" in text and "Eckart-Young bound: 0.361." in text
