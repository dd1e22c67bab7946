"""Hook: each figure in prose is measured, computed or cited, or excused by name; an orphan fails a strict build.

The exceptions stand in docs/reference/number-exceptions.yml; a site without that list is not walked.
"""

from __future__ import annotations

import logging
import re
import sys
from dataclasses import dataclass
from pathlib import Path

import yaml

sys.path[:0] = [str(Path(__file__).parent)] if str(Path(__file__).parent) not in sys.path else []

import macros  # noqa: E402

log = logging.getLogger("mkdocs.hooks.orphans")
BUILD = {"exceptions": []}
FIGURE = re.compile(
    r"(?<![\w&#])[−+-]?\d[\d,.\u202f]*(?<![,.])(?:\s?(?:%|(?:×|x|[kMGT]?B|ms|s|h|min)\b))?|\b\w*\d\w*\b"
)
NOT_PROSE = (
    re.compile(r"<!--.*?-->", re.DOTALL),
    re.compile(r"\$\$.*?\$\$|(?<!\\)\$[^$\n]+\$", re.DOTALL),  # formulas: symbols and constants of a definition
    re.compile(r"\]\([^)\s]*\)"),  # where a link leads
    re.compile(r"^--8<--.*$|^;--8<--.*$", re.MULTILINE),  # before tags: its < would begin one
    re.compile(r"<[^>]+>"),
    re.compile(r"\{[:#.][^}]*\}"),  # attributes
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


def exceptions(docs: Path) -> list[dict]:
    """The named exceptions of a docs folder, with compiled patterns; empty when it keeps no list."""
    file = docs / "reference" / "number-exceptions.yml"
    listed = (yaml.safe_load(file.read_text(encoding="utf-8")) or []) if file.is_file() else []
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


def on_config(config):
    """Read the exceptions once per build."""
    BUILD["exceptions"] = exceptions(Path(config.docs_dir))


def on_page_markdown(markdown, page, config, files):
    """Report every figure of a written page that nobody answers for."""
    if not BUILD["exceptions"] or page.file.generated_by is not None:
        return
    for claim in claims_of(page.file.content_string, page.file.src_uri, BUILD["exceptions"]):
        if not claim.owner:
            log.warning("%s: the figure '%s' has no owner (use measured, computed or cite, or name an exception): %s",
                        claim.page, claim.figure, claim.sentence[:160])  # fmt: skip
