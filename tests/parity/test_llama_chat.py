"""Rows and scores of the real model's page are those of training: ids, labels, and what counts as right."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

torch = pytest.importorskip("torch", reason="parity needs torch (make test sets it up)")

from labs_py.core.llama import chat  # noqa: E402
from labs_py.labs.mask import tokens  # noqa: E402
from tests.effort import examples  # noqa: E402
from training.data.tasks import library_desk, registry  # noqa: E402
from training.data.tasks.base import target  # noqa: E402
from training.models import chat_template  # noqa: E402

TASKS = {"orders": registry.get("orders"), "library_desk": library_desk.TASK}
ROWS = {name: task.rows("shifted")[:20] for name, task in TASKS.items()}
FORM = target(ROWS["orders"][0])
CHANGES = ["", " ", "}", '"', ", ", "null", "3", "refund", "See you at the desk!", "I can only help with the library",
           "I can only help with the library.", "!", ".", "Sure. ", "\n"]  # fmt: skip


PLACES = st.integers(0, 19)


@pytest.mark.parametrize("name", TASKS)
@given(place=PLACES, other=PLACES, cut=st.integers(0, 90), added=st.sampled_from(CHANGES), where=st.booleans())
@examples(150, 2000)
def test_right_is_what_the_task_scores_as_exact(name, place, other, cut, added, where):
    wanted, said = target(ROWS[name][place]), target(ROWS[name][other])
    text = said[:cut] + added + said[cut:] if where else said[: len(said) - min(cut, 3)] + added
    assert chat.exact(name, text, wanted) == (TASKS[name].score(text, wanted)["exact"] == 1), text


@pytest.mark.parametrize("change", [{"quantity": True}, {"quantity": 1.0}, {"order": ""}, {"extra": 1}, {}])
def test_a_form_is_right_by_value_and_type(change):
    text = json.dumps(json.loads(FORM) | change)
    assert chat.exact("orders", text, FORM) == (TASKS["orders"].score(text, FORM)["exact"] == 1)


@pytest.mark.parametrize("text", ["[]", "3", '{"a": 1, "a": 1}', "[[]]", "{}", '"{}"', FORM * 2, "[" * 100_000])
def test_other_json_is_wrong(text):
    assert not chat.exact("orders", text, FORM)


def test_ids_and_what_is_learnt_are_those_of_training():
    from training.models.tokenizer import load_tokenizer
    from training.run.settings import ModelSettings

    theirs = load_tokenizer(ModelSettings(source="bundled:smollm2-135m-instruct", revision=None))
    chats = [row["messages"] for rows in ROWS.values() for row in rows[:6]]
    chats.append([{"role": "user", "content": "Hello?"}, {"role": "assistant", "content": "Yes."}])
    for messages in chats:
        found = chat.row(tokens.tokenizer(), messages, 999)
        wanted = chat_template.encode(theirs, {"messages": messages}, 999)
        count = len(found.ids)
        assert found.ids == wanted.ids[:count]
        learnt = [place for place, label in enumerate(wanted.labels) if label >= 0]
        assert learnt == list(range(found.learnt_from, count))
        asked = chat.ids(tokens.tokenizer(), chat.prompt_text(messages[:-1]))
        assert asked == chat_template.prompt_ids(theirs, messages[:-1])


def test_a_row_without_an_answer_or_too_long_is_refused_in_a_sentence():
    asked = {"role": "user", "content": "word " * 300}
    with pytest.raises(ValueError, match="question and an answer"):
        chat.row(tokens.tokenizer(), [asked], 256)
    with pytest.raises(ValueError, match="at most 256"):
        chat.row(tokens.tokenizer(), [asked, {"role": "assistant", "content": "yes"}], 256)
