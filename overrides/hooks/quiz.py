"""Hook: the quiz fence. Its options open to an explanation without scripts; scripts add a record."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import yaml
from markdown import markdown as to_html

log = logging.getLogger("mkdocs.hooks.quiz")
BUILD = {"page": ""}
RIGHT, WRONG = "Right.", "Not quite."
MATHS = {"pymdownx.arithmatex": {"generic": True}}


def on_config(config):
    """Register the fence here: a name in mkdocs.yml would need this folder on the import path."""
    fences = config.mdx_configs.setdefault("pymdownx.superfences", {}).setdefault("custom_fences", [])
    fences.append({"name": "quiz", "class": "quiz", "format": quiz_fence})


def on_page_markdown(markdown, page, config, files):
    """Remember the page, for what a broken quiz says."""
    BUILD["page"] = page.file.src_uri


def _inline(text: str) -> str:
    """A line of Markdown as HTML without the paragraph around it."""
    html = to_html(str(text), extensions=["pymdownx.arithmatex"], extension_configs=MATHS)
    return html.removeprefix("<p>").removesuffix("</p>")


def _option(number: int, option: dict) -> str:
    right = bool(option["right"])
    return (
        f'<li><details class="s10-option" data-right="{str(right).lower()}" data-option="{number}">'
        f'<summary><span class="s10-option__letter" aria-hidden="true">{"ABCDEFGH"[number]}</span>'
        f"<span>{_inline(option['text'])}</span></summary>"
        f'<p class="s10-option__why"><strong>{RIGHT if right else WRONG}</strong> {_inline(option["why"])}</p>'
        "</details></li>"
    )


def check(questions: object) -> None:
    """Refuse a quiz that could not be answered or would not explain itself.

    Raises:
        ValueError: no question, an option without text, right or why, or not exactly one right option.
    """
    if not isinstance(questions, list) or not questions:
        raise ValueError("a quiz is a list of questions")
    for question in questions:
        options = question.get("options", [])
        if not question.get("question") or len(options) < 2:
            raise ValueError(f"a question needs a text and two options or more: {question}")
        for option in options:
            if not {"text", "right", "why"} <= option.keys():
                raise ValueError(f"an option needs text, right and why: {option}")
        if sum(bool(option["right"]) for option in options) != 1:
            raise ValueError(f"exactly one option is right in: {question['question']}")
    ids = list(numbers(questions))
    if len(set(ids)) < len(ids) or not all(isinstance(one, int) and one >= 0 for one in ids):
        raise ValueError(f"the ids of questions are whole numbers, each once: {ids}")


def numbers(questions: list[dict]) -> Iterator[int]:
    """Each question's number in the reader's record: its place, or its ``id`` where earlier questions moved away.

    A number that was given away once is not given again on the page: a stored answer would count for another question
    (overrides/assets/moved.js).
    """
    return (question.get("id", place) for place, question in enumerate(questions))


def quiz_fence(source, language, css_class, options, md, **kwargs) -> str:
    """Formatter for pymdownx.superfences."""
    try:
        questions = yaml.safe_load(source)
        check(questions)
    except (ValueError, yaml.YAMLError) as problem:
        log.warning("%s: quiz: %s", BUILD["page"], problem)
        return ""
    items = "".join(
        f'<li class="s10-question" data-question="{number}"><p>{_inline(question["question"])}</p>'
        f'<ol class="s10-options">{"".join(_option(*pair) for pair in enumerate(question["options"]))}</ol></li>'
        for number, question in zip(numbers(questions), questions, strict=True)
    )
    return (
        f'<div><quiz-set class="s10-quiz" data-questions="{len(questions)}"><p class="s10-quiz__how">Choose an answer '
        f'to see why it is right or wrong.</p><ol class="s10-questions">{items}</ol></quiz-set></div>'
    )
