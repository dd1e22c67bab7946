"""What may not be published stops the build, and says where it is."""

from __future__ import annotations

import json

import pytest


@pytest.mark.few(6)
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{{ measured("nowhere", "a.b") }}', "index.md:3: no recorded run 'nowhere'"),
        ('{{ measured("good", "eval.task.f1.tuned") }}', "no value at 'eval.task.f1.tuned'"),
        ('{{ measured("good", "run.command") }}', "is not a number"),
        ('{{ computed("no_such_fact") }}', "index.md:3: no fact 'no_such_fact'"),
        ('{{ computed("full_tuning_bytes", parametres=7) }}', "fact 'full_tuning_bytes'"),
        ('{{ cite("nobody1999", "§1") }}', "index.md:3: no source 'nobody1999'"),
        ('{{ cite("somebody2020", " ") }}', "cited without a place"),
        ('{{ meassured("good", "x") }}', "unknown macro 'meassured'"),
        ('{{ cite("somebody2020", place) }}', "not Python literals"),
        ("[a page](nowhere.md)", "nowhere.md"),
        ("[a part](second.md#no-part)", "no-part"),
        ("[a part](#no-part)", "no-part"),
        ("![a picture](nowhere.png)", "nowhere.png"),
        ('--8<-- "labs_py/core/nowhere.py:part"', "nowhere.py"),
        ('--8<-- "labs_py/core/facts.py:nopart"', "nopart"),
        ("$\\frac{1}{$", "KaTeX"),
    ],
)
def test_the_build_stops_and_says_why(tiny, text: str, said: str):
    try:
        built = tiny(f"# Front\n\n{text}\n")
        problems = built.problems
    except Exception as error:  # the snippets extension raises its own kind
        problems = [str(error)]
    assert any(said in problem for problem in problems), problems


def test_a_cancelled_run_is_not_quoted(tiny, run_record):
    cancelled = {**run_record, "run": {**run_record["run"], "status": "cancelled"}}
    built = tiny(
        '# Front\n\n{{ measured("cut", "eval.task.exact.tuned") }}',
        files={"data/runs/cut.json": json.dumps(cancelled)},
    )
    assert any("only main runs are quoted" in problem for problem in built.problems)


def test_a_number_without_provenance_is_refused(tiny):
    built = tiny(
        '# Front\n\n{{ measured("bare", "value") }}',
        files={"data/runs/bare.json": '{"run": {"command": "x"}, "environment": {}, "value": 3}'},
    )
    assert any("does not say its run.commit" in problem for problem in built.problems)


def test_a_macro_in_a_heading_is_refused(tiny):
    built = tiny('# Front\n\n## With {{ computed("full_tuning_bytes", parameters=1) }}\n')
    assert any("heading" in problem for problem in built.problems)


@pytest.mark.parametrize(
    "quiz",
    [
        "- question: Which?\n  options:\n    - {text: a, right: true, why: yes it is}",
        "- question: Which?\n  options:\n    - {text: a, right: true, why: x}\n    - {text: b, right: true, why: y}",
        "- question: Which?\n  options:\n    - {text: a, right: true}\n    - {text: b, right: false, why: y}",
    ],
)
def test_a_quiz_that_does_not_explain_itself_is_refused(tiny, quiz: str):
    problems = tiny(f"# Front\n\n```quiz\n{quiz}\n```\n").problems
    assert any(problem.startswith("index.md: quiz: ") and "option" in problem for problem in problems)


def test_a_sound_page_builds_without_a_word(tiny):
    built = tiny('# Front\n\nHalf {{ measured("good", "eval.task.exact.tuned", format="percent") }}.\n')
    assert built.problems == []


EXCEPTIONS = '- {name: sizes, pattern: "\\\\b\\\\d+B\\\\b", reason: "a class of models, not a measurement"}\n'


@pytest.mark.parametrize(
    ("sentence", "orphans"),
    [
        ("Accuracy rose to 84.3%.", ["84.3%"]),
        ('Accuracy rose to 84.3% {{ cite("somebody2020", "Table 2") }}.', []),
        ("A 7B model.", []),
    ],
)
def test_a_figure_without_an_owner_stops_the_build(tiny, sentence: str, orphans: list[str]):
    built = tiny(f"# Front\n\n{sentence}\n", files={"reference/number-exceptions.yml": EXCEPTIONS})
    found = [problem for problem in built.problems if "has no owner" in problem]
    assert len(found) == len(orphans) and all(figure in line for figure, line in zip(orphans, found, strict=True))
    assert bool(built.problems) == bool(orphans)
