"""What the page of the real model shows is what its own functions compute; the adapters' files are whole and small."""

from __future__ import annotations

import hashlib
import json

import pytest

pytest.importorskip("torch", reason="the bundled model is converted by torch (make test sets it up)")

from safetensors.numpy import load_file  # noqa: E402

from labs_py.core.llama import adapter as lora  # noqa: E402
from labs_py.core.llama import answer  # noqa: E402
from labs_py.core.llama import general as knowledge  # noqa: E402
from labs_py.core.llama import model as llama  # noqa: E402
from labs_py.core.llama.pieces import whole  # noqa: E402
from training.data import replay_chats  # noqa: E402
from training.models import bundled  # noqa: E402
from training.run import machine  # noqa: E402
from training.site_records import real_model  # noqa: E402

pytestmark = pytest.mark.drawn(5)

RECORD = json.loads((real_model.FOLDER / "record.json").read_text(encoding="utf-8"))
KEPT = machine.cache_dir() / "models" / f"{bundled.NAME}-{bundled.WHEEL_SHA256[:8]}"
NAMES = [entry["name"] for entry in RECORD["adapters"]]


def packed(name: str) -> lora.Adapter:
    """A committed adapter out of its parts."""
    [entry] = [entry for entry in RECORD["adapters"] if entry["name"] == name]
    return lora.unpack(b"".join((real_model.FOLDER / file["name"]).read_bytes() for file in entry["files"]))[0]


@pytest.fixture(scope="module")
def model() -> llama.Model:
    if not KEPT.is_dir():
        pytest.fail("the bundled model is not in the cache: make test fetches it")
    weights = load_file(KEPT / "model.safetensors")
    return llama.Model(llama.Shape(), {k.removeprefix("model.").removesuffix(".weight"): w for k, w in weights.items()})


@pytest.mark.parametrize("entry", RECORD["adapters"], ids=NAMES)
def test_an_adapters_files_are_those_of_the_record_and_small(entry):
    for file in entry["files"]:
        content = (real_model.FOLDER / file["name"]).read_bytes()
        assert len(content) == file["bytes"] <= 700_000
        assert hashlib.sha256(content).hexdigest() == file["sha256"]
    assert sum(file["bytes"] for file in entry["files"]) <= 2_000_000
    assert packed(entry["name"]).rank == entry["rank"] <= real_model.RANK


def test_no_file_lies_there_that_nobody_names():
    named = {file["name"] for entry in RECORD["adapters"] for file in entry["files"]}
    assert {path.name for path in real_model.FOLDER.glob("*.bin")} == named


@pytest.mark.parametrize("name", NAMES)
def test_tasks_are_the_tasks_of_training(name):
    assert RECORD["tasks"][name] == real_model.of_task(name)


def test_what_measures_is_not_what_is_mixed_in():
    general = RECORD["general"]
    assert general == real_model.general()
    assert general["passage"] not in general["replay"] and len(set(general["replay"])) == real_model.MIXED


def test_no_question_that_is_mixed_in_is_one_by_which_the_page_measures(monkeypatch):
    """A question that is asked later would have been learnt by heart."""
    mixed = [(turns[0]["content"], turns[1]["content"]) for turns in RECORD["general"]["chats"]]
    assert len({question for question, _ in mixed}) == real_model.CHATS
    assert set(mixed) <= set(replay_chats.chats())
    assert not {question for question, _ in mixed} & {*RECORD["questions"], *dict(RECORD["general"]["questions"])}
    monkeypatch.setattr(real_model, "GENERAL", ((mixed[0][0], ""),))
    monkeypatch.setattr(real_model, "QUESTIONS", (mixed[1][0],))
    left = [turns[0]["content"] for turns in real_model.ordinary_chats()]
    assert len(left) == real_model.CHATS and not {mixed[0][0], mixed[1][0]} & set(left)


@pytest.mark.long
@pytest.mark.parametrize(("question", "word"), RECORD["general"]["questions"])
def test_the_base_model_has_the_general_questions_right(model, question, word):
    turns = [{"role": "user", "content": question}]
    said = whole(knowledge.written(answer.Writer(model), real_model.texts(), turns, knowledge.SHORT))
    assert knowledge.names(said, word), said


def check_answer(model: llama.Model, told: dict) -> None:
    """Both answers of a record come out again, token by token, each with its probability."""
    tokenizer = real_model.texts()
    for side, linear in (("base", None), ("tuned", lora.over(model, packed(told["adapter"])))):
        found = real_model.listed(tokenizer, real_model.written(answer.Writer(model, linear), tokenizer, told["turns"]))
        assert [text for text, _ in found] == [text for text, _ in told[side]]
        for (_, mine), (_, recorded) in zip(found, told[side], strict=True):
            assert mine == pytest.approx(recorded, abs=2e-3)


@pytest.mark.parametrize("name", NAMES)
def test_the_first_recorded_answers_come_out_again(model, name):
    check_answer(model, next(told for told in RECORD["answers"] if told["adapter"] == name))


@pytest.mark.long
@pytest.mark.parametrize("place", range(len(RECORD["answers"])))
def test_every_recorded_answer_comes_out_again(model, place):
    check_answer(model, RECORD["answers"][place])


@pytest.mark.long
@pytest.mark.parametrize("entry", RECORD["adapters"], ids=NAMES)
def test_the_small_file_keeps_its_score(model, entry):
    right = real_model.count_right(model, real_model.texts(), entry["name"], packed(entry["name"]))
    assert right == entry["score"]["packed"]


def test_the_check_on_loading_is_the_models_own_answer(model):
    first = real_model.written(answer.Writer(model), real_model.texts(), RECORD["check"]["turns"])
    assert [token.id for token in first[: real_model.CHECK]] == RECORD["check"]["ids"]
