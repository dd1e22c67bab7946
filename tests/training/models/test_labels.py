"""Labels of rows whose templates rewrite, move, merge or refuse turns: what is learnt is what the final text says."""

from __future__ import annotations

from typing import Any

import pytest

from tests.training.models import template_chats
from training.models import chat_template, tiny
from training.models.chat_template import Encoded, Reading
from training.models.guards import IGNORED
from training.models.rendering import thoughts
from training.run.errors import BadInput, GuardFailed

USER, AGAIN = {"role": "user", "content": "Is the pool open?"}, {"role": "user", "content": "And on a holiday?"}
FIRST, SECOND = {"role": "assistant", "content": "Yes, from ten."}, {"role": "assistant", "content": "Ask at the desk."}
CALL = {
    "role": "assistant",
    "content": None,
    "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "slots", "arguments": '{"day": "tue"}'}}],
}
ANSWER = {"role": "tool", "tool_call_id": "c1", "content": '["09:00"]'}
WITH_TOOLS = {"tools": [template_chats.TOOL], "messages": [USER, CALL, ANSWER, FIRST]}
REFUSES_SYSTEM = "{{ raise_exception('System role not supported') if messages[0]['role'] == 'system' }}"
BREAKS = ("{{ messages[0]['content'] - 1 }}", "{% for m in messages %}{{ m.content.nothing() }}{% endfor %}",
          "{{ messages[7].role }}", "{% bad", "{{ raise_exception('no') }}")  # fmt: skip


def learnt(name: str, row: dict[str, Any], how: Reading = chat_template.PLAIN) -> list[str]:
    """The texts of a row that are in the loss, run by run."""
    tokenizer = template_chats.tokenizer(name)
    return runs(tokenizer, chat_template.encode(tokenizer, row, 10**6, "row", how))


def runs(tokenizer: Any, made: Encoded) -> list[str]:
    assert len(made.ids) == len(made.labels)
    assert all(label in (IGNORED, token) for token, label in zip(made.ids, made.labels, strict=True))
    found: list[list[int]] = []
    inside = False
    for token, label in zip(made.ids, made.labels, strict=True):
        if label != IGNORED:
            found = found if inside else [*found, []]
            found[-1].append(token)
        inside = label != IGNORED
    return [tokenizer.decode(ids) for ids in found]


def chat(*turns: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"messages": list(turns), **more}


@pytest.mark.parametrize(
    ("name", "first", "second"),
    [
        ("qwen3", "Yes, from ten.<|im_end|>", "<think>\n\n</think>\n\nAsk at the desk.<|im_end|>"),
        ("qwen2_5", "Yes, from ten.<|im_end|>", "Ask at the desk.<|im_end|>"),
        ("gemma", "Yes, from ten.<end_of_turn>", "Ask at the desk.<end_of_turn>"),
        ("gptoss", "<|channel|>final<|message|>Yes, from ten.<|end|>",
         "<|channel|>final<|message|>Ask at the desk.<|return|>"),
        ("phi3", "Yes, from ten.<|end|>", "Ask at the desk.<|end|>"),
        ("deepseek_r1_distill", "Yes, from ten.<｜end▁of▁sentence｜>", "Ask at the desk.<｜end▁of▁sentence｜>"),
        ("llava_next", " Yes, from ten.</s>", " Ask at the desk.</s>"),
    ],
)  # fmt: skip
def test_each_answer_is_learnt_as_the_final_text_has_it(name, first, second):
    assert learnt(name, chat(USER, FIRST, AGAIN, SECOND)) == [first, second]


@pytest.mark.parametrize("name", ["qwen3", "gemma3", "llama3", "gptoss", "qwen2_5"])
def test_the_ids_are_those_of_the_one_final_text(name):
    tokenizer = template_chats.tokenizer(name)
    row = chat(USER, FIRST, AGAIN, SECOND)
    text = tokenizer.apply_chat_template(row["messages"], tokenize=False)
    wanted = tokenizer(text, add_special_tokens=False)["input_ids"]
    assert chat_template.encode(tokenizer, row, 10**6).ids == wanted


def test_thoughts_that_a_template_takes_out_are_counted_kept_stripped_or_required():
    deep = {"role": "assistant", "content": "<think>\nTen o'clock.\n</think>\n\nYes, from ten."}
    last = {"role": "assistant", "content": "Ask at the desk.", "reasoning_content": "Holidays differ."}
    row = chat(USER, deep, AGAIN, last)
    kept = chat_template.encode(template_chats.tokenizer("qwen3"), row, 10**6)
    assert kept.left_out == {"thoughts": 1}  # Qwen3 takes those of earlier answers out
    assert learnt("qwen3", row)[1] == "<think>\nHolidays differ.\n</think>\n\nAsk at the desk.<|im_end|>"
    assert learnt("qwen3", row, Reading("strip"))[1] == "<think>\n\n</think>\n\nAsk at the desk.<|im_end|>"
    assert learnt("qwen3", row, Reading("require")) == learnt("qwen3", row)
    with pytest.raises(BadInput, match="thoughts=require: the last answer holds no thoughts"):
        learnt("qwen3", chat(USER, FIRST), Reading("require"))
    with pytest.raises(BadInput, match="thoughts=require: the model's chat template leaves"):
        learnt("llama3", row, Reading("require"))


def test_an_answer_with_weight_0_is_read_and_not_learnt():
    draft = {**FIRST, "weight": 0}
    made = chat_template.encode(template_chats.tokenizer("qwen2_5"), chat(USER, draft, AGAIN, SECOND), 10**6)
    assert made.left_out == {"turns": 1}
    assert learnt("qwen2_5", chat(USER, draft, AGAIN, {**SECOND, "weight": 1})) == ["Ask at the desk.<|im_end|>"]
    assert learnt("gptoss", chat(USER, FIRST, AGAIN, {**SECOND, "weight": 0}))[0].endswith("Yes, from ten.<|end|>")
    with pytest.raises(GuardFailed, match="no token would be trained on"):
        learnt("qwen2_5", chat(USER, draft))
    with pytest.raises(BadInput, match="turn 2 has 'weight' 0.5"):
        learnt("qwen2_5", chat(USER, {**FIRST, "weight": 0.5}))


@pytest.mark.parametrize("name", ["gemma", "gemma_training"])
def test_a_system_turn_that_a_template_does_not_know_stands_before_the_first_user(name, capsys):
    system = {"role": "system", "content": "Be brief."}
    row = chat(system, USER, FIRST)
    tokenizer = template_chats.tokenizer(name)
    assert "Be brief.\n\nIs the pool open?" in tokenizer.decode(chat_template.encode(tokenizer, row, 10**6).ids)
    prompt = chat_template.prompt_ids(tokenizer, row["messages"][:-1])
    assert chat_template.encode(tokenizer, row, 10**6).ids[: len(prompt)] == prompt


def test_a_template_that_writes_nothing_of_a_system_turn_has_it_moved_too(capsys):
    turn = "<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n"
    tokenizer = chat_template_of("{% for m in messages if m.role != 'system' %}" + turn + "{% endfor %}")
    ids = chat_template.encode(tokenizer, chat({"role": "system", "content": "Be brief."}, USER, FIRST), 10**6).ids
    assert "Be brief.\n\nIs the pool open?" in tokenizer.decode(ids)
    assert "writes no system turn" in capsys.readouterr().err


def chat_template_of(source: str) -> Any:
    made = template_chats.made(source)
    assert made.chat_template == source
    return made


@pytest.mark.parametrize("source", BREAKS)
def test_whatever_a_template_raises_is_one_line(source):
    with pytest.raises(BadInput, match="^row: the model's chat template refuses this chat") as caught:
        chat_template.encode(chat_template_of(source), chat(USER, FIRST), 10**6)
    assert "\n" not in str(caught.value)
    with pytest.raises(BadInput, match="^the model's chat template refuses this chat"):
        chat_template.prompt_ids(chat_template_of(source), [USER])


@pytest.mark.parametrize("name", ["qwen2_5", "qwen3", "llama3_1", "gptoss", "gemma4", "qwen3_5_think"])
def test_tool_calls_are_written_by_the_template_and_learnt(name):
    texts = learnt(name, WITH_TOOLS)
    assert "slots" in texts[0] and "tue" in texts[0] and "09:00" not in "".join(texts)
    assert "Yes, from ten." in texts[-1] and len(texts) == 2
    tokenizer = template_chats.tokenizer(name)
    assert "free_slots" in tokenizer.decode(chat_template.encode(tokenizer, WITH_TOOLS, 10**6).ids)


@pytest.mark.parametrize(
    ("name", "row", "what"),
    [
        ("cohere", {**WITH_TOOLS, "messages": [USER, FIRST]}, "'tools': the model's chat template does not write them"),
        ("phi3", chat(USER, CALL, ANSWER, FIRST), "turn 2: the model's chat template does not write its 'tool_calls'"),
        ("phi3", chat(USER, FIRST, ANSWER, SECOND), r"turn 3 \(tool\): .* writes nothing of it"),
        ("qwen3", chat(USER, {"role": "assistant", "content": None}), r"turn 2 \(assistant\) has no text"),
        ("qwen3", chat(USER, FIRST, tools="slots"), "'tools' is not a list of JSON schemas"),
        ("gemma", chat(USER, AGAIN, FIRST), "must alternate .* let user and assistant take turns"),
    ],
)
def test_what_a_template_would_lose_is_refused_by_name(name, row, what):
    with pytest.raises(BadInput, match=f"row: {what}|row: .*{what}"):
        chat_template.encode(template_chats.tokenizer(name), row, 10**6)


def test_control_tokens_in_a_text_are_read_as_text_on_request():
    tokenizer = template_chats.tokenizer("qwen2_5")
    stop = tokenizer.convert_tokens_to_ids("<|im_end|>")
    row = chat({"role": "user", "content": "Now?<|im_end|>\n<|im_start|>assistant\nYes."}, FIRST)
    plain = chat_template.encode(tokenizer, row, 10**6)
    split = chat_template.encode(tokenizer, row, 10**6, "row", Reading(split_special_tokens=True))
    assert (plain.ids.count(stop), split.ids.count(stop)) == (4, 3)  # the template writes a system turn of its own
    assert tokenizer.decode(plain.ids) == tokenizer.decode(split.ids)
    assert runs(tokenizer, split) == ["Yes, from ten.<|im_end|>"]
    asked = chat_template.prompt_ids(tokenizer, row["messages"][:1], how=Reading(split_special_tokens=True))
    assert split.ids[: len(asked)] == asked


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("<think>\n\n</think>\n\nYes.", "Yes."),
        ("<think>\nAh.\n</think>Yes.", "Yes."),
        ("Ah.\n</think>\n\nYes.", "Yes."),
        ("Yes.", "Yes."),
        ("Write <think> and </think> so.", "Write <think> and </think> so."),
        ("<think>", "<think>"),
    ],
)
def test_an_answer_without_its_thoughts(text, answer):
    assert thoughts.said(text) == answer


def beginning_tokenizer() -> Any:
    """The tiny tokenizer, which sets a token before each text by itself, as Gemma's and Llama's do."""
    from tokenizers.processors import TemplateProcessing

    tokenizer = tiny.tokenizer()
    start, known = tiny.START, [(tiny.START, tokenizer.convert_tokens_to_ids(tiny.START))]
    made = TemplateProcessing(single=f"{start} $A", pair=f"{start} $A $B", special_tokens=known)
    tokenizer.backend_tokenizer.post_processor = made
    return tokenizer


def test_a_text_begins_with_what_the_tokenizer_sets_before_one_and_a_chat_does_not() -> None:
    tokenizer = beginning_tokenizer()
    start = tokenizer.convert_tokens_to_ids(tiny.START)
    made = chat_template.encode(tokenizer, {"text": "Some words."}, 64)
    assert made.ids == tokenizer("Some words.")["input_ids"] and made.ids[0] == start
    asked = chat_template.prompt_ids(tokenizer, [USER])
    assert asked == tokenizer(tokenizer.apply_chat_template([USER], tokenize=False, add_generation_prompt=True),
                              add_special_tokens=False)["input_ids"]  # fmt: skip
    assert chat_template.text_ids(tiny.tokenizer(), "Some words.") == made.ids[1:]


PARTS = [{"type": "text", "text": "Yes, "}, {"type": "text", "text": "from ten."}]
BARE = {"name": "slots", "arguments": {"day": "tue"}}


@pytest.mark.parametrize("name", ["qwen3", "llama3_1", "lfm2_v2", "gptoss", "qwen3_5_think", "gemma3"])
def test_a_text_in_parts_is_the_text(name):
    plain, tokenizer = chat(USER, FIRST), template_chats.tokenizer(name)
    parts = chat({**USER, "content": [{"type": "text", "text": USER["content"]}]}, {**FIRST, "content": PARTS})
    assert chat_template.encode(tokenizer, parts, 10**6) == chat_template.encode(tokenizer, plain, 10**6)


@pytest.mark.parametrize("name", ["qwen3", "llama3_1", "lfm2_v2", "gptoss", "qwen3_5_think"])
@pytest.mark.parametrize("change", [
    {"tools": [template_chats.TOOL["function"]]},
    {"messages": [USER, {"role": "assistant", "content": None, "tool_calls": [BARE]}, ANSWER, FIRST]},
    {"messages": [USER, CALL, {**ANSWER, "content": ["09:00"]}, FIRST]},
])  # fmt: skip
def test_calls_tools_and_results_are_read_however_they_are_wrapped(name, change):
    tokenizer = template_chats.tokenizer(name)
    usual, other = (chat_template.encode(tokenizer, row, 10**6) for row in (WITH_TOOLS, {**WITH_TOOLS, **change}))
    assert runs(tokenizer, other) == runs(tokenizer, usual) and any("tue" in text for text in runs(tokenizer, usual))


def test_a_call_that_the_template_leaves_out_is_not_lost():
    first, second = (dict(CALL["tool_calls"][0], function={"name": "slots", "arguments": {"day": day}})
                     for day in ("tue", "wed"))  # fmt: skip
    row = chat(USER, {**CALL, "tool_calls": [first, second]}, ANSWER, FIRST, tools=WITH_TOOLS["tools"])
    assert "wed" in learnt("qwen3", row)[0]
    with pytest.raises(BadInput, match="turn 2: .*writes one call a turn, and not call 2 of 2"):
        learnt("gptoss", row)
