"""Each figure in prose is measured, computed or cited, or excused by name; the rest are orphans and fail.

``python -m pytest tests/docs/test_every_number_has_an_owner.py -s`` prints the whole list with each figure's owner.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "overrides" / "hooks"))

from orphans import Claim, claims_of, exceptions  # noqa: E402

DOCS = ROOT / "docs"


def all_claims() -> list[Claim]:
    """Every figure of every page."""
    allowed = exceptions(DOCS)
    return [
        claim
        for path in sorted(DOCS.rglob("*.md"))
        for claim in claims_of(path.read_text(encoding="utf-8"), str(path.relative_to(DOCS)), allowed)
    ]


def test_no_figure_is_an_orphan():
    claims = all_claims()
    for claim in claims:
        print(f"{claim.page}: {claim.figure!r}: {claim.owner or 'ORPHAN'}")
    orphans = [f"{claim.page}: {claim.figure!r} in: {claim.sentence[:160]}" for claim in claims if not claim.owner]
    assert not orphans, "figures without an owner (use a macro, or name an exception):\n" + "\n".join(orphans)


def test_there_are_owned_numbers_to_check():
    owners = Counter(claim.owner.split(":")[0] for claim in all_claims())
    assert owners["computed"] >= 3 and owners["cite"] >= 2


@pytest.mark.parametrize("entry", exceptions(DOCS), ids=lambda entry: entry["name"])
def test_each_exception_has_a_reason_and_matches_no_plain_result(entry: dict):
    assert len(entry["reason"]) > 20
    for result in ("accuracy rose to 84.3", "It takes 17 minutes", "a gain of 12 points", "about 3,456 examples"):
        assert not entry["regex"].search(result), f"{entry['name']} would let '{result}' pass without an owner"


@pytest.mark.parametrize(
    ("text", "orphans"),
    [
        ("It rose to 84.3% on the test.", ["84.3%"]),
        ('It rose to 84.3% on the test {{ cite("a", "§1") }}.', []),
        ('It rose {{ cite("a", "§1") }}. Then it fell to 12.', ["12"]),
        ("A 7B model at rank 8.", []),
        ('--8<-- "a/listing.md"\n\nIt is <a href="x">so</a>.', []),
        ("`x = 12` and $y = 13$ and [a](b-14.md).", []),
        ("```text\n99\n```\n\nIt took 15 minutes.", ["15"]),
        ("| a | 41.5 |\n| - | - |\n| b | 3 |", ["41.5", "3"]),
        ("---\ndescription: Saves 40 hours.\n---\n# T", ["40"]),
        ('{{ computed("x") }} of 88 cases.', ["88"]),
    ],
)
def test_the_walk_finds_orphans(text: str, orphans: list[str]):
    found = [claim.figure for claim in claims_of(text, "x.md", exceptions(DOCS)) if not claim.owner]
    assert found == orphans
