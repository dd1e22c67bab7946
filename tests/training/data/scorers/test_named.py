"""Each scorer on answers that are right, nearly right and wrong; a reader's own function and what goes wrong in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from training.data.scorers import named
from training.run.errors import BadInput

# scorer, answer, expected, its exact score, its content
CASES = [
    ("exact", " Yes. ", "Yes.", 1, 1),
    ("exact", "yes", "Yes.", 0, 1),
    ("normalized_exact", "the Yes!", "yes", 1, 1),
    ("normalized_exact", "yes and no", "yes", 0, 0),
    ("normalized_exact", "?", "!", 0, 0),
    ("normalized_exact", "The capital of Italy is Rome.", "Rome", 0, 1),
    ("normalized_exact", "The capital of Italy is Jerome.", "Rome", 0, 0),
    ("normalized_exact", "So they say: ?", "!", 0, 0),
    ("exact", "The capital of Italy is Rome.", "Rome", 0, 1),
    ("exact", "Rome or Milan", "Rome", 0, 0),
    ("contains", "It is PARIS, I think", "paris", 1, 1),
    ("contains", "It is Rome", "Paris", 0, 0),
    ("json", '{"b": 2.0, "a": " x"}', '{"a": "x", "b": 2}', 1, 1),
    ("json", 'Here: {"a": "x", "b": 2}', '{"a": "x", "b": 2}', 0, 1),
    ("json", '```json\n{"a": "x"}\n```', '{"a": "x"}', 0, 1),
    ("json", '{"a": "x", "b": true}', '{"a": "x", "b": 1}', 0, 0),
    ("json", '{"a": "x", "c": 3}', '{"a": "x"}', 0, 0),
    ("json:a", '{"a": "x", "c": 3}', '{"a": "x", "b": 1}', 1, 1),
    ("json", "[1]", '{"a": 1}', 0, 0),
    ("number", "1,200.0", "1200", 1, 1),
    ("number", "$12", "12", 1, 1),
    ("number", "so it is 12.", "12", 0, 1),
    ("number", "\N{MINUS SIGN}3", "-3", 1, 1),
    ("number", "3.15", "3.14", 0, 0),
    ("number:0.01", "3.15", "3.14", 1, 1),
    ("number:1%", "101", "100", 1, 1),
    ("number:1%", "102", "100", 0, 0),
    ("regex", "on 3 May 2026", r"\d+ May", 1, 1),
    ("regex", "in May", r"\d+ May", 0, 0),
    (r"regex:#### (\d+)", "so #### 7, no: #### 42", "#### 42", 1, 1),
    (r"regex:#### (\d+)", "42", "#### 42", 0, 0),
    ("choice", "(B)", "B", 1, 1),
    (
        "tool_call",
        '<tool_call>\n{"name": "f", "arguments": {"a": 1}}\n</tool_call>',
        '{"name": "f", "arguments": {"a": 1}}',
        1,
        1,
    ),
    ("tool_call", '{"name": "f", "parameters": {"a": "1"}}', '{"name": "f", "arguments": {"a": 1}}', 0, 1),
    ("tool_call", '{"name": "g", "arguments": {"a": 1}}', '{"name": "f", "arguments": {"a": 1}}', 0, 0),
    ("tool_call", "It is open.", '{"name": "f", "arguments": {}}', 0, 0),
    ("tool_call", "it is open", "It is open.", 0, 1),
    ("tool_call", '{"name": "f", "arguments": {}}', "It is open.", 0, 0),
    ("choice", "The answer is C.", "C", 1, 1),
    ("choice", "Answer: D", "D", 1, 1),
    ("choice", "A dog", "B", 0, 0),
    ("choice:yes,no", "No, never.", "no", 1, 1),
    ("choice:yes,no", "yes or no", "no", 0, 0),
    ("choice:late,very late", "It is very late", "very late", 1, 1),
]


@pytest.mark.parametrize(("name", "answer", "expected", "exact", "content"), CASES)
def test_each_scorer(name: str, answer: str, expected: str, exact: float, content: float) -> None:
    scorer = named.scorer(name)
    found = scorer.score(answer, expected, [])
    assert (found["exact"], found["content"]) == (exact, content) and set(found) == set(scorer.metrics)
    assert not scorer.fault(expected) or name == "normalized_exact"


def test_the_fields_that_are_right_are_a_share() -> None:
    found = named.scorer("json").score('{"a": 1, "b": 2, "c": 4}', '{"a": 1, "b": 2, "c": 3, "d": 4}', [])
    assert found == {"exact": 0, "valid": 1, "content": 0, "field": 0.5}


@pytest.mark.parametrize(("name", "expected"), [("json", "yes"), ("number", "many"), ("choice", "dog"), ("regex", "("),
                                                ("choice:yes,no", "maybe")])  # fmt: skip
def test_an_expected_answer_that_cannot_be_scored_is_a_fault(name: str, expected: str) -> None:
    assert named.scorer(name).fault(expected)


@pytest.mark.parametrize("name", ["exactly", "", "number:", "number:x", "number:-1", "number:nan", "regex:(", "exact:1",
                                  "judge", "no.py:score"])  # fmt: skip
def test_a_scorer_that_is_none_is_one_line(name: str) -> None:
    with pytest.raises(BadInput, match=r"task\.scorer") as caught:
        named.scorer(name)
    assert "\n" not in str(caught.value)


def own(folder: Path, text: str) -> named.Scorer:
    """The scorer ``score`` of a file with this text."""
    (folder / "scorer.py").write_text(text)
    return named.scorer(f"{folder / 'scorer.py'}:score")


def test_a_function_of_ones_own_gives_a_number_or_several(tmp_path: Path) -> None:
    assert own(tmp_path, "def score(answer, expected): return answer == expected").score("a", "a", [])["exact"] == 1
    found = own(tmp_path, "def score(a, b, turns): return {'exact': 0.5, 'tone': len(turns) / 4}").score("a", "b", [{}])
    assert found == {"exact": 0.5, "tone": 0.25, "valid": 1, "content": 0.5}
    (tmp_path / "words.py").write_text("LIST = ['a']")
    beside = own(tmp_path, "from words import LIST\ndef score(answer, expected): return answer in LIST")
    assert beside.score("a", "b", [])["exact"] == 1


BROKEN = {
    "def score(answer, expected):\n    return 1 / 0": "scorer.py:2: ZeroDivisionError",
    "def score(answer, expected):\n    return b(answer)\n\ndef b(text):\n    return text.x": "scorer.py:5: Attri",
    "def score(answer, expected):\n    raise SystemExit(3)": "scorer.py:2: SystemExit",
    "def score(answer, expected):\n    return None": "score gave 'None'",
    "def score(answer, expected):\n    return float('nan')": "score gave 'nan'",
    "def score(answer, expected):\n    return 7": "score gave '7'",
    "def score(answer, expected):\n    return {'tone': 1}": "no 'exact'",
    "def score(answer):\n    return 1": "takes 1 arguments",
    "def score(a, b, c, d):\n    return 1": "takes 4 arguments",
    "def other(answer, expected):\n    return 1": "has no function 'score'",
    "score = 3": "has no function 'score'",
    "def score(answer, expected)\n    return 1": "scorer.py:1: SyntaxError",
    "import nothing_of_the_kind": "scorer.py:1: ModuleNotFoundError",
}


def test_a_function_that_fails_is_found_before_anything_is_trained(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="scorer.py:1: ZeroDivisionError"):
        own(tmp_path, "def score(answer, expected): return 1 / 0").fault("yes")


def test_the_figures_of_every_answer_have_the_same_names(tmp_path: Path) -> None:
    scorer = own(tmp_path, "def score(answer, expected): return {'exact': 1, answer: 1}")
    scorer.score("tone", "x", [])
    with pytest.raises(BadInput, match="the same names for every answer"):
        scorer.score("style", "x", [])


@pytest.mark.parametrize("text", BROKEN)
def test_what_goes_wrong_in_the_readers_file_is_said_as_theirs(text: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput) as caught:
        own(tmp_path, text).score("an answer", "yes", [])
    assert BROKEN[text] in str(caught.value) and "\n" not in str(caught.value) and "scorer.py" in str(caught.value)
