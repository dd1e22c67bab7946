"""Each figure in prose is measured, computed or cited, or excused by name; the rest are orphans and fail.

``python -m pytest tests/docs/test_every_number_has_an_owner.py -s`` prints the whole list with each figure's owner.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "overrides" / "hooks"))

import macros  # noqa: E402

DOCS = ROOT / "docs"
FIGURE = re.compile(
    r"(?<![\w&#])[−+-]?\d[\d,.\u202f]*(?<![,.])(?:\s?(?:%|(?:×|x|[kMGT]?B|ms|s|h|min)\b))?|\b\w*\d\w*\b"
)
NOT_PROSE = (
    re.compile(r"<!--.*?-->", re.DOTALL),
    re.compile(r"\$\$.*?\$\$|(?<!\\)\$[^$\n]+\$", re.DOTALL),  # formulas: symbols and constants of a definition
    re.compile(r"\]\([^)\s]*\)"),  # where a link leads
    re.compile(r"<[^>]+>"),
    re.compile(r"\{[:#.][^}]*\}"),  # attributes
    re.compile(r"^--8<--.*$|^;--8<--.*$", re.MULTILINE),
    re.compile(r"https?://\S+"),
)
SENTENCE_END = re.compile(r"(?<=[.!?:;])\s+(?=[A-Z\[*\"'(])|\n\s*\n|\n(?=\s*(?:[-*+|]|\d+\.) ?)|\n(?=#)")
QUIZ = re.compile(r"^```+ ?quiz\n(.*?)^```+$", re.DOTALL | re.MULTILINE)
QUIZ_REASON = "exception: self-checks set their own figures, and explain each"
OWNER_MARK = {"measured": "\u0001", "computed": "\u0002", "cite": "\u0003"}


@dataclass(frozen=True)
class Claim:
    """One figure in prose: where it stands, the sentence around it, and who answers for it."""

    page: str
    figure: str
    sentence: str
    owner: str


def exceptions() -> list[dict]:
    """The named exceptions, with compiled patterns."""
    listed = yaml.safe_load((DOCS / "reference" / "number-exceptions.yml").read_text(encoding="utf-8"))
    return [{**entry, "regex": re.compile(entry["pattern"])} for entry in listed]


def prose_of(text: str) -> str:
    """The page's words: front matter's sentences and the body without code, formulas and addresses."""
    header, body = "", text
    if text.startswith("---\n"):
        raw, body = text[4:].split("\n---\n", 1)
        meta = yaml.safe_load(raw) or {}
        said = [meta.get("description"), meta.get("one_thing"), meta.get("artefact"), *(meta.get("outcomes") or [])]
        header = "\n\n".join(str(sentence) for sentence in said if sentence) + "\n\n"
    kept = list(body)
    for start, end in macros.code_spans(body):
        kept[start:end] = [" " if letter != "\n" else "\n" for letter in body[start:end]]
    prose = header + macros.replace("".join(kept), lambda call, _: OWNER_MARK.get(getattr(call, "name", ""), " "))
    for pattern in NOT_PROSE:
        prose = pattern.sub(lambda found: " " * 1 if "\n" not in found[0] else "\n", prose)
    return prose


def claims_of(text: str, page: str, allowed: list[dict]) -> list[Claim]:
    """Every figure of a page with its owner; owner "" marks an orphan."""
    found = [
        Claim(page, figure[0], quiz[0][:40], QUIZ_REASON)
        for quiz in QUIZ.finditer(text)
        for figure in FIGURE.finditer(quiz[1])
    ]
    for sentence in SENTENCE_END.split(prose_of(QUIZ.sub("", text))):
        found += [Claim(page, mark, sentence, name) for name, mark in OWNER_MARK.items() if mark in sentence]
        excused = [
            (match.span(), entry["name"])
            for entry in allowed
            if page in entry.get("pages", [page])
            for match in entry["regex"].finditer(sentence.strip())
        ]
        for figure in FIGURE.finditer(sentence.strip()):
            by_name = [name for (start, end), name in excused if start <= figure.start() and figure.end() <= end]
            by_name += [name for (start, end), name in excused if start < figure.end() and figure.start() < end]
            cited = "cite" if OWNER_MARK["cite"] in sentence else ""
            owner = f"exception: {by_name[0]}" if by_name else cited
            found.append(Claim(page, figure[0], " ".join(sentence.split()), owner))
    return found


def all_claims() -> list[Claim]:
    """Every figure of every page."""
    allowed = exceptions()
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


@pytest.mark.parametrize("entry", exceptions(), ids=lambda entry: entry["name"])
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
        ("`x = 12` and $y = 13$ and [a](b-14.md).", []),
        ("```text\n99\n```\n\nIt took 15 minutes.", ["15"]),
        ("| a | 41.5 |\n| - | - |\n| b | 3 |", ["41.5", "3"]),
        ("---\ndescription: Saves 40 hours.\n---\n# T", ["40"]),
        ('{{ computed("x") }} of 88 cases.', ["88"]),
    ],
)
def test_the_walk_finds_orphans(text: str, orphans: list[str]):
    found = [claim.figure for claim in claims_of(text, "x.md", exceptions()) if not claim.owner]
    assert found == orphans
