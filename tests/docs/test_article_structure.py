"""The articles keep one order, their length and the parts that a reader counts on; so do the field reports.

The rung on RLHF, DPO and GRPO asks which method to take; its two parts are the articles.
"""

from __future__ import annotations

import datetime
import re
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "overrides" / "hooks"))

from orphans import QUIZ, prose_of  # noqa: E402

DOCS = ROOT / "docs"
PARTS = ["preference-tuning", "reinforcement-learning"]  # of the rung rlhf-dpo-grpo
LADDER = [
    *"when-to-fine-tune supervised-fine-tuning lora-and-qlora".split(), *PARTS,
    *"distillation embedding-fine-tuning data-and-tooling".split(),
]  # fmt: skip
RUNG = DOCS / "articles" / "10-fine-tuning" / "rlhf-dpo-grpo.md"
TOPICS = DOCS / "articles" / "10-fine-tuning" / "topics-2026.md"
ARTICLES = [DOCS / "articles" / "10-fine-tuning" / f"{name}.md" for name in LADDER]
REPORTS = [
    *(DOCS / "articles" / "10-fine-tuning" / f"{name}-field-report.md" for name in ("phi-3", "llama-3")),
    DOCS / "articles" / "07-modern-llms" / "deepseek-r1-field-report.md",
]
BRIDGES = sorted(
    path for path in (DOCS / "articles").glob("*/index.md") if path.parent.name != "10-fine-tuning"
)  # fmt: skip
HANDS_ON = [
    DOCS / f"{name}.md"
    for name in ("build/12-finetune", "ship/16-next", "ship/17-distillation", "case-studies/05-distilled-bot",
                 "exercise", "articles/07-modern-llms/reasoning-models", "articles/10-fine-tuning/ship-it")
]  # fmt: skip
IN_ORDER = (
    "The question", "The idea", ".*(first|picture|sees it)", "The mathematics", "The code", "A real run",
    "Failure modes", "Exercises", "Check yourself", "What to read next",
)  # fmt: skip
FRONT = "title description outcomes minutes_read minutes_hands_on level prerequisites hardware artefact as_of one_thing"


def parts(path: Path) -> tuple[dict, str]:
    """Front matter and body."""
    header, body = path.read_text(encoding="utf-8")[4:].split("\n---\n", 1)
    return yaml.safe_load(header), body


def unfolded(body: str) -> str:
    """What everybody reads: without folded notes, solutions and self-checks."""
    return re.sub(r"^( *)\?\?\?.*\n(?:(?:\1 {4}.*)?\n)*", "", QUIZ.sub("", body), flags=re.MULTILINE)


def main_words(body: str) -> int:
    """Words of what everybody reads, without listings."""
    return len(re.findall(r"[^\W\d_]+(?:['’-][^\W\d_]+)*", prose_of(unfolded(body))))


def listing_lines(body: str) -> int:
    """Lines of code that a reader looks through: short files whole, sections as they are marked."""
    total = 0
    for file, section in re.findall(r'^ *--8<-- "([^":]+\.py)(?::([^"]+))?"', unfolded(body), re.MULTILINE):
        text = (ROOT / file).read_text(encoding="utf-8")
        if section:
            text = re.split(rf"--8<-- \[(?:start|end):{section}\]", text)[1]
        total += text.count("\n")
    return total


def pictures(body: str) -> int:
    """Figures, pictures of labs and drawings of a page."""
    return len(re.findall(r"^\{\{ (?:figure|lab_picture)\(", body, re.MULTILINE)) + body.count("<svg ")


def name_of(path: Path) -> str:
    return path.stem if path.stem != "index" else path.parent.name


@pytest.mark.parametrize("path", ARTICLES, ids=name_of)
def test_the_parts_come_in_one_order(path: Path):
    headings = re.findall(r"^## (.+)$", parts(path)[1], re.MULTILINE)
    expected, found = list(IN_ORDER), []
    if "each loss as code" in " ".join(headings):  # there the code stands beside each derivation
        expected.remove("The code")
    for heading in headings:
        if expected and re.match(expected[0], heading):
            found.append(expected.pop(0))
    assert not expected, f"missing or out of order: {expected}; the headings are {headings}"


@pytest.mark.parametrize("path", ARTICLES, ids=name_of)
def test_an_article_has_its_length_its_listings_and_its_card(path: Path):
    front, body = parts(path)
    words = main_words(body)
    assert words <= (2500 if "## On your own data" in body else 3500), f"{words} words of prose"
    assert len(re.findall(r'^ *--8<-- "[^"]+\.py:', body, re.MULTILINE)) >= 3
    assert not set(FRONT.split()) - front.keys()
    assert isinstance(front["as_of"], datetime.date)


def test_the_minutes_are_honest():
    """200 words and 30 lines of code a minute, within two minutes, on each page that has its own-data section."""
    for path in ARTICLES:
        front, body = parts(path)
        honest = main_words(body) / 200 + listing_lines(body) / 30
        if "## On your own data" in body:
            assert abs(front["minutes_read"] - honest) <= 2, f"{path.stem}: {honest:.1f} minutes"


@pytest.mark.parametrize("path", [*REPORTS, *HANDS_ON], ids=name_of)
def test_reports_and_hands_on_pages_keep_their_length(path: Path):
    front, body = parts(path)
    words = main_words(body)
    assert words <= 2500, f"{words} words of prose"
    assert abs(front["minutes_read"] - words / 200 - listing_lines(body) / 30) <= 2


@pytest.mark.parametrize("path", [*ARTICLES, TOPICS, *REPORTS, *HANDS_ON], ids=name_of)
def test_a_page_that_explains_shows_at_least_two_pictures(path: Path):
    assert pictures(parts(path)[1]) >= 2


def test_the_picture_of_a_lab_stands_in_an_article_that_it_goes_with():
    groups = yaml.safe_load((DOCS / "reference" / "pages.yml").read_text(encoding="utf-8"))
    practised = {page["practise"].removeprefix("labs/") for group in groups for page in group["pages"]
                 if "practise" in page}  # fmt: skip
    bodies = [parts(path)[1] for path in ARTICLES]
    shown = {slug for body in bodies for slug in re.findall(r'^\{\{ lab_picture\("([\w-]+)"', body, re.MULTILINE)}
    assert len(practised) >= 5 and practised <= shown, f"no article shows the picture of {sorted(practised - shown)}"


@pytest.mark.parametrize("path", ARTICLES, ids=name_of)
def test_an_article_asks_to_predict_and_to_find_an_error_and_hides_its_solutions(path: Path):
    body = parts(path)[1]
    assert "!!! predict" in body
    assert re.search(r"\*\*Find the (other )?error", body)
    exercises = body.split("\n## Exercises\n", 1)[1].split("\n## ", 1)[0]
    asked = len(re.findall(r"^(?:\d+\. |\*\*)", exercises, re.MULTILINE))
    assert asked >= 3 and exercises.count('??? example "Solution"') == asked


def test_a_rung_of_two_parts_is_short_and_leads_into_both():
    front, body = parts(RUNG)
    headings = re.findall(r"^## (.+)$", body, re.MULTILINE)
    assert headings == ["The question", "The idea", "See it first", "Which one?", "Check yourself", "What to read next"]
    assert main_words(body) <= 900 and pictures(body) >= 1 and not set(FRONT.split()) - front.keys()
    question = body.split("\n## The idea\n")[0]
    assert all(f"({name}.md)" in question for name in PARTS)


@pytest.mark.parametrize("path", [*ARTICLES, RUNG, *REPORTS, *BRIDGES], ids=name_of)
def test_a_self_check_has_five_questions_that_explain_every_answer(path: Path):
    [quiz] = QUIZ.findall(parts(path)[1])
    questions = yaml.safe_load(quiz)
    assert len(questions) == 5
    for question in questions:
        assert len(question["options"]) >= 3
        assert all(len(option["why"].split()) >= 3 for option in question["options"]), question["question"]
    places = [[bool(option["right"]) for option in question["options"]].index(True) for question in questions]
    assert len(set(places)) > 1, "the right answer always stands at the same place"


@pytest.mark.parametrize("path", REPORTS, ids=name_of)
def test_a_field_report_keeps_its_frame(path: Path):
    front, body = parts(path)
    wanted = [
        "What was released", "What the paper says, claim by claim", "What it measured", "What is still confidential",
        "What a curriculum reader should take", "A small replication", "Check yourself",
    ]  # fmt: skip
    headings = re.findall(r"^## (.+)$", body, re.MULTILINE)
    assert [heading for heading in headings if heading in wanted] == wanted
    assert "!!! inference" in body and "!!! silence" in body and front["as_of"]
