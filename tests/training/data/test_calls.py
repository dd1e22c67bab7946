"""Calls of tools: trained and masked as the template writes them, and scored by what is called."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from tests.training.method_runs import CONFIGS
from tests.training.models import template_chats
from training.data import calls, own_rows
from training.data.calls import Call
from training.data.tasks import base, registry
from training.methods import overfit
from training.methods.configuration import load_config
from training.methods.planning import foresight
from training.models import chat_template, tiny
from training.models.guards import IGNORED
from training.models.rendering import template
from training.models.tokenizer import load_tokenizer
from training.run.errors import BadInput, GuardFailed
from training.run.settings import ModelSettings, TaskSettings
from training.serving.stations import Station

USER = {"role": "user", "content": "Is it open?"}
ASKED = {"name": "free_slots", "arguments": {"day": "tue", "n": 3}}
CALL = {"role": "assistant", "content": "",
        "tool_calls": [{"id": "abcdefghi", "type": "function", "function": ASKED}]}  # fmt: skip
ROW = {"messages": [USER, CALL], "tools": [template_chats.TOOL]}


WITHOUT_CALLS = {  # templates that write no call: these models are taught one in 'content', as the message says
    "cohere", "cohere2", "gemma", "gemma3", "idefics3", "lfm2", "llama3", "llava_next", "phi3", "phi3_5", "qwen2_5_vl",
    "smolvlm",
    "deepseek_r1_distill",  # writes a call where there is no 'content' at all, which transformers never hands on
    "deepseekv3",  # does not write the tools
    "diffusion_gemma",  # in the form of TRL with marks, which leave out what ends a call
}  # fmt: skip


def spoken(name: str) -> str | None:
    """The call as a template writes it and a model is read; None where the template refuses the row."""
    tokenizer = template_chats.tokenizer(name)
    try:
        made = chat_template.encode(tokenizer, ROW, 10**6)
    except (BadInput, GuardFailed):
        return None
    start, end = made.answer
    assert foresight.answer_tokens(tokenizer, ROW) == end - start
    return str(tokenizer.decode(made.ids[start:end], skip_special_tokens=True))


def test_a_call_is_read_from_the_text_of_every_template_that_writes_one() -> None:
    found = {name: calls.read(text) for name in template_chats.TEMPLATES if (text := spoken(name)) is not None}
    wrong = {name: read for name, read in found.items() if read != [Call("free_slots", {"day": "tue", "n": 3})]}
    assert wrong == {}
    refused = {name.removesuffix("_training") for name in template_chats.TEMPLATES if name not in found}
    assert refused == WITHOUT_CALLS


@pytest.mark.parametrize(("text", "found"), [
    ('{"name": "f", "arguments": "{\\"a\\": [1, {\\"b\\": 2}]}"}', [Call("f", {"a": [1, {"b": 2}]})]),
    ('[{"name": "f", "arguments": {}}, {"name": "g", "arguments": {"x": null}}]',
     [Call("f", {}), Call("g", {"x": None})]),
    ('{"type": "function", "function": {"name": "f", "arguments": {"a": "ä {"}}}', [Call("f", {"a": "ä {"})]),
    ('Let me see. {"name": "f", "parameters": {"a": 1}} Done.', [Call("f", {"a": 1})]),
    ("<function=f>\n<parameter=a>\ntwo\nlines\n</parameter>\n</function>", [Call("f", {"a": "two\nlines"})]),
    ('{"name": "f", "arguments": "no object"}', []), ('{"name": "f", "arguments": {"a": ', []),
    ('{"name": "Ann", "age": 3}', []), ("[1, 2]", []), ("[f(a=b)]", []), ("[f(", []), ("", []), ("{" * 5000, []),
])  # fmt: skip
def test_what_is_a_call_and_what_is_not(text: str, found: list[Call]) -> None:
    assert calls.read(text) == found


@pytest.mark.parametrize("arguments", [{"day": "tue", "n": 3}, '{"day": "tue", "n": 3}'])
def test_the_expected_answer_of_a_call_is_what_it_calls(arguments: Any) -> None:
    turn = {**CALL, "tool_calls": [{"type": "function", "function": {"name": "free_slots", "arguments": arguments}}]}
    expected = base.target({"messages": [USER, turn]})
    assert json.loads(expected) == ASKED
    assert base.target({"messages": [USER, {**turn, "content": "I look."}]}) == f"I look.\n{expected}"
    task = own_rows.of(TaskSettings(name="jsonl", scorer="tool_call"))
    written = '<tool_call>\n{"name": "free_slots", "arguments": {"n": 3, "day": "tue"}}\n</tool_call>'
    assert task.score_row(written, {"messages": [USER, turn]}) == {
        "exact": 1, "valid": 1, "content": 1, "field": 1}  # fmt: skip
    half = written.replace("tue", "wed")
    assert task.score_row(half, {"messages": [USER, turn]}) == {"exact": 0, "valid": 1, "content": 0, "field": 2 / 3}


def test_by_heart_means_the_same_call() -> None:
    answer = SimpleNamespace(text='<tool_call>{"name": "free_slots", "arguments": {"n": 3, "day": "tue"}}</tool_call>')
    assert overfit.same(answer, ROW)
    assert not overfit.same(SimpleNamespace(text="It is open."), ROW)


def test_the_tools_task_learns_call_and_sentence_and_nothing_else() -> None:
    config = load_config(CONFIGS / "sft" / "smollm2_tools.yaml")
    tokenizer = tiny.tokenizer()
    tokenizer.chat_template = template.text_of(str(config.model.chat_template))
    rows = registry.get("tools").rows("train", 40)
    called = [row for row in rows if len(row["messages"]) == 5]
    assert len(called) > 25
    for row in rows:
        made = chat_template.encode(tokenizer, row, 10**6)
        said, last = [], IGNORED
        for token, label in zip(made.ids, made.labels, strict=True):
            if label != IGNORED:
                said = [*said, []] if last == IGNORED else said
                said[-1].append(token)
            last = label
        texts = [tokenizer.decode(ids) for ids in said]
        assert texts[-1] == row["messages"][-1]["content"] + tiny.STOP
        assert [calls.read(text) for text in texts[:-1]] == [calls.of_turn(turn) for turn in row["messages"][2:-2]]
        assert made.left_out == {}
    ends = [len(row["messages"]) for row in registry.get("tools").rows("shifted")]
    assert {3, 5} == set(ends) and ends.count(3) > 60


def test_a_template_can_be_named_and_a_wrong_name_is_one_line(tmp_path) -> None:
    own = tmp_path / "own.jinja"
    own.write_text("{% for m in messages %}{{ m.content }}{% endfor %}", encoding="utf-8")
    settings = ModelSettings(source="tiny-random:llama", revision=None)
    for name, text in ((str(own), own.read_text()), ("qwen3", template_chats.text_of("qwen3"))):
        assert load_tokenizer(settings.replace(chat_template=name)).chat_template == text
    assert load_tokenizer(settings).chat_template == tiny.TEMPLATE
    for name in ("qwen9", str(tmp_path / "none.jinja"), ""):
        with pytest.raises(BadInput, match="model.chat_template: there is no template .*qwen2_5"):
            load_tokenizer(settings.replace(chat_template=name))


def test_port_asks_with_the_rows_tools() -> None:
    tokenizer = template_chats.tokenizer("qwen2_5")
    asked = Station("adapter", None, tokenizer, []).prompts([ROW])
    assert asked == [chat_template.prompt_ids(tokenizer, [USER], ROW["tools"])]
    assert "free_slots" in tokenizer.decode(asked[0])
