"""The one door to the labs, and what passes through it to a page."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labs_py import api, wire
from tests.unit import lab_fixture

SLUG = lab_fixture.NAME


@pytest.fixture(autouse=True)
def lab(monkeypatch):
    return lab_fixture.install(monkeypatch)


def test_an_unknown_lab_is_named_with_those_there_are():
    with pytest.raises(KeyError, match="there are: .*fixture"):
        api.spec("nonsense")


def test_frames_have_the_shape_of_the_interface():
    frames = list(api.run(SLUG, {"train": True, "size": 5}))
    assert [frame["final"] for frame in frames] == [False] * 4 + [True]
    assert [frame["progress"]["done"] for frame in frames] == [1, 2, 3, 4, 5]
    last = frames[-1]
    assert last["params"]["size"] == 5
    assert last["scalars"]["twice"] == {"value": 4.0, "unit": ""}
    assert last["arrays"]["matrix"]["shape"] == [2, 3] and last["arrays"]["matrix"]["data"].dtype == np.float32
    assert {"param": "words", "message": "Too odd."} in last["errors"]
    assert "error:words" not in last["texts"]


def test_last_frame_is_the_final_one():
    frame = api.last_frame(SLUG, {"train": True}, dtype="float64")
    assert frame["final"] and frame["arrays"]["y"]["data"][0] == 4.0
    assert frame["arrays"]["y"]["data"].dtype == np.float64


def test_json_says_null_for_what_is_not_a_number():
    data = json.loads(api.to_json(api.last_frame(SLUG)))
    assert data["scalars"]["broken"]["value"] is None and data["scalars"]["twice"]["value"] == 4.0


def test_a_packed_frame_is_a_header_and_one_flat_array():
    run = wire.Run(SLUG, '{"train": true, "size": 6}')
    states = [run.advance() for _ in range(5)]
    assert states == ["more"] * 4 + ["done"]
    assert run.pack(True)
    header = json.loads(run.header)
    matrix, y = header["arrays"]["matrix"], header["arrays"]["y"]
    assert run.numbers.dtype == np.float32 and run.numbers.size == 12
    assert run.numbers[y["offset"] : y["offset"] + y["length"]].tolist() == [4, 5, 6, 7, 8, 9]
    assert matrix["shape"] == [2, 3] and matrix["length"] == 6
    assert header["scalars"]["broken"]["value"] is None and header["final"] is True


def ask(call, /, **arguments):
    return json.loads(wire.call(call, json.dumps(arguments)))


def test_an_edited_function_is_used_until_ours_is_put_back():
    name = "labs_py.labs.fixture.lab:double"
    assert ask("replace", name=name, text="def double(x):\n    return 3 * x\n") == {"ok": True, "value": None}
    assert api.last_frame(SLUG)["scalars"]["twice"]["value"] == 6.0
    assert ask("restore", name=name)["ok"]
    assert api.last_frame(SLUG)["scalars"]["twice"]["value"] == 4.0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("def double(x):\n    return (\n", "Your version of double cannot be read: line"),
        ("y = 3\n", "must define a function called double"),
        ("1 / 0\n", "raised ZeroDivisionError in line 1"),
    ],
)
def test_an_edit_that_cannot_work_is_refused_in_a_sentence(text, words):
    answer = ask("replace", name="labs_py.labs.fixture.lab:double", text=text)
    assert not answer["ok"] and words in answer["error"]["message"]
    assert api.last_frame(SLUG)["scalars"]["twice"]["value"] == 4.0


def test_an_edit_that_fails_while_running_names_its_line():
    ask("replace", name="labs_py.labs.fixture.lab:double", text="def double(x):\n    y = x\n    return y / 0\n")
    run = wire.Run(SLUG, "{}")
    assert run.advance() == "failed"
    failure = json.loads(run.failure)
    assert failure["yours"] == "double" and failure["line"] == 3 and "ZeroDivisionError" in failure["message"]


@pytest.mark.parametrize(
    "body", ["return None", "return 'x'", "return [1, 2]", "raise SystemExit(3)", "raise KeyboardInterrupt"]
)
def test_whatever_an_edit_gives_back_the_sentence_says_whose_code_it_is(body):
    ask("replace", name="labs_py.labs.fixture.lab:double", text=f"def double(x):\n    {body}\n")
    run = wire.Run(SLUG, "{}")
    assert run.advance() == "failed" or not run.pack(True)
    failure = json.loads(run.failure)
    assert failure["yours"] == "double" and "our version of double" in failure["message"]
    ask("restore", name="labs_py.labs.fixture.lab:double")
    assert wire.Run(SLUG, "{}").advance() == "done"


def test_an_edit_reaches_those_who_took_the_function_by_name_and_so_does_ours_again():
    name = "labs_py.core.power:mcnemar"
    before = api.last_frame("evidence")["scalars"]["p_value"]["value"]
    for value in (0.123, 0.321):
        assert ask("replace", name=name, text=f"def mcnemar(gained, lost):\n    return {value}\n")["ok"]
        assert api.last_frame("evidence")["scalars"]["p_value"]["value"] == value
    assert ask("restore", name=name)["ok"]
    assert api.last_frame("evidence")["scalars"]["p_value"]["value"] == before


def test_an_edit_that_ends_python_while_it_is_read_is_refused():
    answer = ask("replace", name="labs_py.labs.fixture.lab:double", text="raise SystemExit(1)\n")
    assert not answer["ok"] and "SystemExit" in answer["error"]["message"] and api.edited() == []


def test_an_edit_that_gives_no_result_is_a_sentence_too(lab, monkeypatch):
    monkeypatch.setattr(lab, "compute", lambda params: iter(["not a result"]))
    run = wire.Run(SLUG, "{}")
    assert run.advance() == "done" and not run.pack(True)
    assert "AttributeError" in json.loads(run.failure)["message"]


def test_only_the_labs_own_code_can_be_read_or_replaced():
    assert not ask("source", name="os:system")["ok"]
    assert not ask("replace", name="os:getcwd", text="def getcwd(): return ''")["ok"]


def test_a_challenge_is_the_same_for_the_same_seed():
    assert ask("draw", slug=SLUG, challenge="set-rank", seed=3) == ask("draw", slug=SLUG, challenge="set-rank", seed=3)
    right = ask("check", slug=SLUG, challenge="set-rank", seed=3, params={"rank": 4}, answer=None)
    wrong = ask("check", slug=SLUG, challenge="set-rank", seed=3, params={"rank": 5}, answer=None)
    assert right["value"]["result"] == "right" and wrong["value"]["result"] == "wrong"


junk = st.none() | st.text(max_size=20) | st.floats() | st.booleans() | st.lists(st.integers(), max_size=2)


@given(st.integers(0, 2**31 - 1), junk)
def test_no_answer_makes_a_real_challenge_raise(seed, answer):
    for challenge in api.spec("lora").challenges:
        verdict = api.check("lora", challenge.name, seed % 1000, {}, answer)
        assert verdict.result in ("right", "wrong") and verdict.message
