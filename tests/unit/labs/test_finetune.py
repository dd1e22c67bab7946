"""The fine-tuning lab: a short run learns, a stopped one goes on to the same end, the two mistakes show."""

from __future__ import annotations

import base64
import hashlib
import json

import numpy as np
import pytest

from labs_py import api, data
from labs_py.core import tensor_file, tiny_gpt
from labs_py.labs.finetune import lab, tiny_model

SHORT = {"train": True, "steps": 20}


@pytest.fixture(autouse=True)
def fresh():
    yield
    lab.forget()


def scalars(frame) -> dict[str, float]:
    return {name: item["value"] for name, item in frame["scalars"].items()}


def test_the_file_is_the_one_that_the_spec_names():
    content = data.load(tiny_model.FILE.name)
    assert hashlib.sha256(content).hexdigest() == tiny_model.FILE.sha256
    assert len(content) == tiny_model.FILE.size


def test_twenty_steps_teach_the_question_and_the_adapter_comes_along():
    frame = api.last_frame("finetune", SHORT, dtype="float64")
    found = scalars(frame)
    assert found["exact_before"] < 0.1 and found["exact"] > 0.3
    assert found["trainable"] == tiny_gpt.count_adapter(tiny_model.load().shape, 4)
    losses = frame["arrays"]["loss"]["data"]
    assert len(losses) == 20 and losses[-5:].mean() < losses[:5].mean() / 4
    tensors, about = tensor_file.read(base64.b64decode(frame["texts"]["adapter"]))
    assert about == {"rank": "4", "alpha": "8", "seed": "0"}
    assert sum(t.size for t in tensors.values()) == found["trainable"]


def test_a_stopped_run_goes_on_and_ends_where_a_straight_one_does():
    straight = api.last_frame("finetune", SHORT, dtype="float64")
    lab.forget()
    stopped = api.run("finetune", SHORT, dtype="float64")
    for _ in range(9):
        next(stopped)
    stopped.close()
    rest = list(api.run("finetune", SHORT, dtype="float64"))
    assert len(rest[0]["arrays"]["loss"]["data"]) > 1
    assert np.array_equal(rest[-1]["arrays"]["loss"]["data"], straight["arrays"]["loss"]["data"])
    assert rest[-1]["texts"]["adapter"] == straight["texts"]["adapter"]


def test_a_run_under_other_settings_starts_anew():
    stopped = api.run("finetune", SHORT)
    for _ in range(5):
        next(stopped)
    first = next(iter(api.run("finetune", SHORT | {"rank": 2})))
    assert len(first["arrays"]["loss"]["data"]) == 1


def test_without_the_stop_token_all_weights_know_the_words_and_talk_on():
    found = scalars(api.last_frame("finetune", SHORT | {"method": "full", "with_stop": False}))
    assert found["words"] > 0.3 and found["exact"] < 0.1


def test_all_weights_forget_more_than_an_adapter_does():
    adapter, full = (scalars(api.last_frame("finetune", SHORT | {"method": m}))["old_loss"] for m in ("lora", "full"))
    assert full > 2 * adapter


def test_a_loss_on_everything_learns_the_answer_later():
    masked, everything = (scalars(api.last_frame("finetune", SHORT | {"mask_prompt": m}))["exact"] for m in (1, 0))
    assert everything < masked / 2


def test_a_rate_that_is_far_too_high_is_survived():
    frame = api.last_frame("finetune", {"train": True, "steps": 40, "learning_rate": 0.1, "method": "full"})
    assert scalars(frame)["exact"] < 0.1


def test_what_one_pass_says_is_what_writing_word_by_word_says():
    base = tiny_model.load()
    run = next(iter(api.run("finetune", {})))
    merged = base.weights
    written = tiny_gpt.answer(base.shape, merged, [p for p, _ in base.unseen[:16]])
    right = tiny_model._right(base, merged, base.unseen[:16])
    assert [bool(r.all()) for r in right] == [w == wanted for w, (_, wanted) in zip(written, base.unseen, strict=False)]
    assert json.loads(run["texts"]["samples"])[0]["before"]


def test_a_missing_or_damaged_file_is_one_sentence(monkeypatch):
    monkeypatch.setitem(data._provided, tiny_model.FILE.name, b"\0" * 20)
    lab.forget()
    frame = api.last_frame("finetune", SHORT)
    assert "damaged" in frame["errors"][0]["message"]
    assert scalars(frame)["trainable"] == 9216


@pytest.mark.parametrize("seed", range(6))
def test_the_adapter_is_counted_as_its_tensors_are(seed: int):
    task = api.draw("finetune", "count", seed)
    adapter = tiny_gpt.start_adapter(tiny_gpt.Shape(), task.params["rank"], 0)
    right = sum(t.size for t in adapter.values())
    assert api.check("finetune", "count", seed, {}, right).result == "right"
    assert "two of each" in api.check("finetune", "count", seed, {}, right / 2).message
    assert api.check("finetune", "count", seed, {}, "words").result == "wrong"


@pytest.mark.parametrize(("seed", "fault"), [(0, "stop"), (1, "mask"), (2, "rate")])
def test_each_fault_has_its_name(seed: int, fault: str):
    for answer in ("stop", "mask", "rate"):
        assert (api.check("finetune", "fault", seed, {}, answer).result == "right") == (answer == fault)
