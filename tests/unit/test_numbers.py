"""Numbers as people write them: in Python, in the page, in links, answers and pasted lines, all alike."""

from __future__ import annotations

import json
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from labs_py import api, numbers
from labs_py.labs.evidence import tasks
from labs_py.spec import validate
from tests.effort import examples
from tests.unit import lab_fixture
from tests.unit.test_lab_scripts import ROOT, node, read_links

WRITTEN = [
    ("0,55", [0.55], False),
    ("0.55", [0.55], False),
    (",5", [0.5], False),
    ("49%", [49.0], True),
    ("49 %", [49.0], True),
    ("0,5 per cent", [0.5], True),
    ("1 000", [1000.0], False),
    ("1\u202f000\u202f000", [1e6], False),
    ("1'000", [1000.0], False),
    ("1_000", [1000.0], False),
    ("1 234,5", [1234.5], False),
    ("1,234.5", [1234.5], False),
    ("1.234,5", [1234.5], False),
    ("1,306,000", [1306000.0], False),
    ("1.306.000", [1306000.0], False),
    ("1,306", [1306.0, 1.306], False),
    ("0,306", [0.306], False),
    ("1.306", [1.306], False),
    ("1e-3", [0.001], False),
    ("1E-3", [0.001], False),
    ("1,5e-3", [0.0015], False),
    ("2·10⁻³", [0.002], False),
    ("2 x 10^-3", [0.002], False),
    ("2*10**3", [2000.0], False),
    ("10⁶", [1e6], False),
    ("1/3", [1 / 3], False),
    ("−3", [-3.0], False),
    ("- 3,5", [-3.5], False),
    ("+2", [2.0], False),
    *((text, [], False) for text in ("", "  ", "many", "1 5", "1,5,7", "0x10", "Infinity", "1e999", "nan", "1..2",
                                     "5,", "1/0", "--1", "٣", "1e", "e5")),
]  # fmt: skip

READ = """
import { readFileSync } from "node:fs";
const { readings } = await import("./overrides/labs/numbers.js");
console.log(JSON.stringify(JSON.parse(readFileSync(0, "utf8")).map((text) => readings(text))));
"""


def in_the_page(texts: list[str]) -> list[tuple[list[float], bool]]:
    done = subprocess.run([node(), "--input-type=module", "-e", READ], cwd=ROOT, input=json.dumps(texts),
                          capture_output=True, text=True)  # fmt: skip
    assert done.returncode == 0, done.stderr
    return [(found["values"], found["percent"]) for found in json.loads(done.stdout)]


def test_each_writing_is_read_as_meant_in_python_and_in_the_page() -> None:
    page = in_the_page([text for text, _, _ in WRITTEN])
    for (text, values, percent), read in zip(WRITTEN, page, strict=True):
        assert numbers.readings(text) == (values, percent), text
        assert read == (values, percent), text


def test_python_and_the_page_agree_on_texts_that_nobody_thought_of() -> None:
    texts: list[str] = []

    @given(st.lists(st.sampled_from("0123456789 ,.'_-+eE/%·x^⁻³⁶−\u00a0a"), max_size=9).map("".join))
    @examples(150, 3000)
    def collect(text: str) -> None:
        texts.append(text)

    collect()
    for text, (values, percent) in zip(texts, in_the_page(texts), strict=True):
        ours, theirs = numbers.readings(text), values
        assert ours[1] == percent and ours[0] == pytest.approx(theirs, rel=1e-15), text


@pytest.mark.parametrize(
    "text, share, words",
    [("0,55", 0.55, ""), ("49%", 0.5, "between"), ("30", 0.3, "read as 30%"), ("30%", 0.3, ""), ("3e-1", 0.3, ""),
     ("1", 1.0, ""), ("7,6", 0.1, "between"), ("many", 0.25, "not a number"), ("400", 1.0, "above the largest")],
)  # fmt: skip
def test_a_share_in_a_link_is_read_as_meant(text: str, share: float, words: str) -> None:
    params, errors = validate(lab_fixture.SPEC, {"share": text})
    assert params["share"] == share and (words in errors[0]["message"] if words else not errors), errors
    link = read_links(lab_fixture.SPEC, ["?share=" + text.replace("%", "%25")])[0]
    assert link["params"]["share"] == share and bool(link["messages"]) == bool(words), link


def test_what_can_mean_two_things_is_decided_by_the_bounds_or_asked_back() -> None:
    params, errors = validate(api.spec("evidence"), {"n": "1,306", "reference": "1,000"})
    assert params["n"] == 1306 and params["reference"] == 70.0
    assert [error["param"] for error in errors] == ["reference"] and "can be 1000 or 1;" in errors[0]["message"]


@pytest.mark.parametrize("written", ["{:.4f}", "{:.3e}", "{:.2f}%"])
def test_an_answer_is_checked_as_it_was_meant(written: str) -> None:
    right = api.check("evidence", "split", 3, {}, 0.0)  # the message of a wrong one
    assert right.result == "wrong"
    gained, lost = tasks._split_of(3)
    p = stats.binomtest(gained, gained + lost).pvalue
    text = written.format(100 * p if "%" in written else p)
    for form in (text, text.replace(".", ",")):
        assert api.check("evidence", "split", 3, {}, form).result == "right", form


@pytest.mark.parametrize(
    "line, words",
    [("73 71 76", ["73", "71", "76"]), ("73,71,76", ["73", "71", "76"]), ("73, 71, 76", ["73", "71", "76"]),
     ("73,5 71,2", ["73.5", "71.2"]), ("73,5; 71", ["73.5", "71"]), ("0,1", ["0", "1"]), ("0,5;1", ["0.5", "1"]),
     ("0.5,1", ["0.5", "1"]), ("right wrong", ["right", "wrong"])],
)  # fmt: skip
def test_commas_divide_numbers_or_stand_between_them(line: str, words: list[str]) -> None:
    assert numbers.apart(line) == words


def test_pasted_scores_with_decimal_commas_are_two_scores_and_not_four() -> None:
    frame = api.last_frame("evidence", {"seed_scores": "73,5 71,5", "results": "0,5 1\n1 0,25\n"})
    assert frame["scalars"]["seed_mean"]["value"] == 72.5
    assert frame["scalars"]["items"]["value"] == 2 and frame["scalars"]["base_score"]["value"] == 0.75
