"""The site's own pages as passages: plain text, in sections, each with the address that a citation links to."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from training.run.errors import BadInput

DOCS = Path(__file__).resolve().parents[3] / "docs"
LEFT_OUT = ("reference/changelog", "reference/sources", "reference/contributing", "case-studies/05-distilled-bot")
PASSAGE_WORDS = 140
FENCE = re.compile(r"^( *)(```|~~~).*?^\1\2\s*$", re.MULTILINE | re.DOTALL)
COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
NOT_TEXT = re.compile(r"\{\{\s*(?:figure|lab_picture)\([^\n]*?\)\s*\}\}|^ *--8<-- [^\n]*$", re.MULTILINE)
NUMBER = re.compile(r"\{\{\s*(?:measured|computed)\(.*?\)\s*\}\}", re.DOTALL)
CITATION = re.compile(r"\s*\{\{\s*cite\(.*?\)\s*\}\}", re.DOTALL)
GAP = "\u2026"  # stands where the page prints a measured or computed number


@dataclass(frozen=True)
class Passage:
    """A few paragraphs of one section.

    Attributes:
        page: slug, as in ``labs/lora``.
        anchor: of the section; empty above the first one.
        title: of the page.
        heading: of the section.
        text: plain text.
    """

    page: str
    anchor: str
    title: str
    heading: str
    text: str

    @property
    def address(self) -> str:
        """``page#anchor``, the form in which citations and the question set name a place."""
        return f"{self.page}#{self.anchor}" if self.anchor else self.page


def passages_of(slug: str, markdown: str) -> list[Passage]:
    """Cut one page into passages, each inside one section."""
    body = FENCE.sub("", COMMENT.sub("", re.sub(r"\A---\n.*?\n---\n", "", markdown, flags=re.DOTALL)))
    body = NOT_TEXT.sub("", body)
    parts = re.split(r"^(#{1,3}) +(.+?)\s*$", body, flags=re.MULTILINE)
    title, heading, anchor, taken, found = slug, "", "", set(), []
    for level, name, text in zip(["", *parts[1::3]], ["", *parts[2::3]], [parts[0], *parts[3::3]], strict=True):
        if name:
            heading, anchor = plain(name), _unique(slugify(plain(name)), taken)
            title = heading if level == "#" else title
        found += [Passage(slug, anchor, title, heading, chunk) for chunk in _chunks(text)]
    return found


def read_site(docs: Path = DOCS) -> list[Passage]:
    """All passages of the site's pages.

    Raises:
        BadInput: when there are none, or one is not UTF-8.
    """
    found: list[Passage] = []
    for file in sorted(docs.rglob("*.md")):
        slug = file.relative_to(docs).with_suffix("").as_posix()
        try:
            text = file.read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            raise BadInput(f"{file}: not readable as UTF-8 (byte {error.start + 1}); save the page as UTF-8") from None
        if slug not in LEFT_OUT and not re.search(r"\A---\n(?:.*\n)*?status: coming\n", text):
            found += passages_of(slug.removesuffix("/index"), text)
    if not found:
        raise BadInput(f"{docs}: no page to answer from")
    return found


def plain(markdown: str) -> str:
    """Text without marks; a number that the page prints from a record becomes an ellipsis."""
    text = NUMBER.sub(GAP, CITATION.sub("", markdown))
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", text)
    text = re.sub(r"^\s*(?:[!?]{3}\+?\s+\S+(?:\s+\"([^\"]*)\")?)", lambda m: m[1] or "", text, flags=re.MULTILINE)
    text = re.sub(r"^\s*\|?[\s:|-]*-{3}[\s:|-]*$", "", text, flags=re.MULTILINE)
    text = re.sub(r"^\s*\|(.*)\|\s*$", lambda m: _row(m[1]), text, flags=re.MULTILINE)
    text = re.sub(r"<[a-zA-Z/][^>]*>", "", text)
    text = re.sub(r"\*\*|(?<![\w*])\*(?=\S)|(?<=\S)\*(?![\w*])|`", "", text)
    return re.sub(r"\s+", " ", text).strip()


def slugify(heading: str) -> str:
    """The anchor that the site's Markdown gives a heading."""
    ascii_only = unicodedata.normalize("NFKD", heading).encode("ascii", "ignore").decode()
    return re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", ascii_only).strip().lower())


def sentences(text: str) -> list[str]:
    """Sentences of plain text."""
    return [part.strip() for part in re.split(r"(?<=[.!?:])\s+(?=[A-Z\"(\[])", text) if part.strip()]


def _row(cells: str) -> str:
    return "; ".join(cell.strip() for cell in cells.split("|") if cell.strip()) + "."


def _unique(anchor: str, taken: set[str]) -> str:
    name, number = anchor, 0
    while name in taken:
        number += 1
        name = f"{anchor}_{number}"
    taken.add(name)
    return name


def _chunks(text: str) -> list[str]:
    chunks, current = [], []
    for paragraph in re.split(r"\n\s*\n", text):
        words = plain(paragraph)
        if not re.search(r"[A-Za-z]{3}", words):
            continue
        if current and sum(len(part.split()) for part in current) + len(words.split()) > PASSAGE_WORDS:
            chunks.append(" ".join(current))
            current = []
        current.append(words)
    return chunks + ([" ".join(current)] if current else [])
