"""The templates written out in Python equal the Jinja templates as transformers renders them."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labs_py.core import chat_template, harmony
from tests.effort import examples

pytest.importorskip("trl", reason="trl's wheel carries the templates")
rendering = pytest.importorskip("transformers.utils.chat_template_utils")

SMOLLM2 = (  # from the metadata of SmolLM2-135M-Instruct's GGUF file, key tokenizer.chat_template
    "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}{{ '<|im_start|>system\n"
    "You are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n' }}{% endif %}"
    "{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
MISTRAL = (  # from the metadata of Mistral-7B-Instruct-v0.2's GGUF file, key tokenizer.chat_template
    "{{ bos_token }}{% for message in messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}"
    "{% if message['role'] == 'user' %}{{ '[INST] ' + message['content'] + ' [/INST]' }}"
    "{% elif message['role'] == 'assistant' %}{{ message['content'] + eos_token}}"
    "{% else %}{{ raise_exception('Only user and assistant roles are supported!') }}{% endif %}{% endfor %}"
)
WRITTEN = {"smollm2": SMOLLM2, "mistral": MISTRAL}
REAL = [name for name in chat_template.TEMPLATES if name != "plain"]
EOS = {"mistral": "</s>"}
BOS = {"mistral": "<s>", "llama3": "<|begin_of_text|>", "gemma": "<bos>", "gemma3": "<bos>"}
ODD = ["", " ", "\n", " \n padded\t ", "日本語 🦙", "<|im_end|>", "{{ x }}", "{% if a %}", "\x1c",
       "é\u0301\u200b", "\x85", "\u2028", "\u00a0x\u3000", "a\r\nb", "\\n", "'\"<>&", "שלום \u202e x",
       "<think>\nhm\n</think>\n\nyes", "</think>", "a<think>b</think>\nc</think>d", "<tool_response>x</tool_response>",
       "👩\u200d👩\u200d👧", "-" * 3000]  # fmt: skip
WORDS = st.text(max_size=40) | st.sampled_from(ODD)


def jinja(name, turns, ask, tools=None):
    folder = Path(find_spec("trl").submodule_search_locations[0]) / "chat_templates"
    text = WRITTEN.get(name) or (folder / f"{name}.jinja").read_text()
    written = rendering.render_jinja_template(
        [turns], tools=tools, chat_template=text, add_generation_prompt=ask,
        bos_token=BOS.get(name, ""), eos_token=EOS.get(name, "<|endoftext|>"),
    )[0][0]  # fmt: skip
    day = f"Current date: {harmony.DAY}"  # gpt-oss writes today's
    return re.sub(r"Current date: \d{4}-\d\d-\d\d", day, written) if name == "gptoss" else written


def ours(name, turns, ask, tools=None):
    return "".join(piece.text for piece in chat_template.pieces(name, turns, ask, tools))


@st.composite
def chats(draw):
    turns = [{"role": "system", "content": draw(WORDS)}] if draw(st.booleans()) else []
    for i in range(draw(st.integers(1, 5))):
        turns.append({"role": ("user", "assistant")[i % 2], "content": draw(WORDS)})
    if draw(st.integers(0, 4)) == 0:
        turns.reverse()
    return turns


@pytest.mark.parametrize("name", REAL)
@given(turns=chats(), ask=st.booleans())
@examples(20, 400)
def test_unseen_chats_are_written_alike_or_refused_alike(name, turns, ask):
    try:
        expected = jinja(name, turns, ask)
    except Exception as error:  # the template's own raise_exception
        with pytest.raises(chat_template.Refused) as refused:
            ours(name, turns, ask)
        assert str(refused.value) == str(error)
        return
    assert ours(name, turns, ask) == expected


def refused_alike_or_written_alike(name, turns, ask, tools=None):
    try:
        expected = jinja(name, turns, ask, tools)
    except Exception:  # the template's own, or Jinja's where it adds null to a text
        with pytest.raises(chat_template.Refused):
            ours(name, turns, ask, tools)
        return
    assert ours(name, turns, ask, tools) == expected


ANY = st.lists(st.fixed_dictionaries({"role": st.sampled_from(["system", "user", "assistant", "tool"]),
                                      "content": WORDS}), min_size=1, max_size=14)  # fmt: skip


@pytest.mark.parametrize("name", [name for name in REAL if name != "qwen2_5"])
@given(turns=ANY, ask=st.booleans())
@examples(20, 400)
def test_turns_in_any_order_are_written_alike_or_refused_alike(name, turns, ask):
    test_unseen_chats_are_written_alike_or_refused_alike.hypothesis.inner_test(name, turns, ask)


@given(turns=ANY, ask=st.booleans(), tools=st.sampled_from([None, "one", "two"]))
@examples(50, 1000)
def test_turns_in_any_order_with_tools(turns, ask, tools):
    described = {"one": TOOLS, "two": TOOLS * 2}.get(tools)
    for name in ("qwen2_5", "qwen3"):
        assert ours(name, turns, ask, described) == jinja(name, turns, ask, described)
    refused_alike_or_written_alike("gptoss", turns, ask, described)


def test_a_template_that_drops_a_letter_is_found_out(monkeypatch):
    whole = chat_template._WRITERS["llama3"]
    monkeypatch.setitem(chat_template._WRITERS, "llama3", lambda *given: list(whole(*given))[:-2])
    with pytest.raises(AssertionError):
        test_unseen_chats_are_written_alike_or_refused_alike.hypothesis.inner_test(
            "llama3", [{"role": "user", "content": "a"}], False
        )


CALL = {"name": "weather", "arguments": {"place": "Zürich <b>", "days": 2}}
TOOLS = [{"type": "function", "function": {"name": "weather", "description": "Wetter für 日本 & co", "parameters": {}}}]


@pytest.mark.parametrize("system", [[], [{"role": "system", "content": "Be brief."}]])
@pytest.mark.parametrize("said", ["", "One moment."])
@pytest.mark.parametrize("tools", [None, TOOLS, TOOLS * 2])
@pytest.mark.parametrize("ask", [True, False])
def test_tools_calls_and_results_in_qwen(system, said, tools, ask):
    turns = [*system, {"role": "user", "content": "Regen?"},
             {"role": "assistant", "content": said, "tool_calls": [{"type": "function", "function": CALL}, CALL]},
             {"role": "tool", "content": "nein"}, {"role": "tool", "content": "doch"},
             {"role": "assistant", "content": "Vielleicht."}]  # fmt: skip
    for name in ("qwen2_5", "qwen3", "gptoss"):
        assert ours(name, turns, ask, tools) == jinja(name, turns, ask, tools)


@pytest.mark.parametrize("thoughts", ["", "\nFirst.\nThen.\n", None])
@pytest.mark.parametrize("content", ["4", "\n4\n", "<think>\nTwo and two.\n</think>\n\n4", "", None])
def test_qwen3_keeps_thoughts_after_the_last_question_only(thoughts, content):
    answer = {"role": "assistant", "content": content}
    if thoughts is not None:
        answer["reasoning_content"] = thoughts
    asked = {"role": "user", "content": "2 + 2?"}
    call = {**answer, "tool_calls": [CALL, {"function": {"name": "f", "arguments": "{}"}}]}
    result = {"role": "tool", "content": "x"}
    for turns in ([asked, answer], [asked, answer, asked, answer], [asked, call, result, answer], [answer]):
        assert ours("qwen3", turns, False) == jinja("qwen3", turns, False)


@pytest.mark.parametrize("name", ["smollm2", "llama3"])
def test_templates_without_tools_write_a_tool_turn_alike(name):
    turns = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}, {"role": "tool", "content": "c"}]
    assert ours(name, turns, True, TOOLS) == jinja(name, turns, True, TOOLS)


@pytest.mark.parametrize("name", [name for name in REAL if name != "qwen2_5"])
@pytest.mark.parametrize("turn", [{"role": "user", "content": "a"}, {"role": "system", "content": "b"}])
def test_a_turn_of_tool_calls_without_text_is_written_alike_or_refused(name, turn):
    turns = [turn, {"role": "assistant", "content": None, "tool_calls": [{"name": "f", "arguments": {}}]}]
    refused_alike_or_written_alike(name, turns, False)


FIELDS = st.sampled_from(["reasoning_content", "thinking", "reasoning"])


@given(thoughts=WORDS | st.none() | st.just("<|channel|>final<|message|>x"), field=FIELDS, content=WORDS,
       ask=st.booleans(), called=st.booleans(), later=st.booleans())  # fmt: skip
@examples(60, 1000)
def test_thoughts_under_any_of_their_names_stand_in_gpt_oss_and_qwen3_where_the_templates_keep_them(
    thoughts, field, content, ask, called, later
):
    answer = {"role": "assistant", "content": content} | ({} if thoughts is None else {field: thoughts})
    call = {**answer, "tool_calls": [{"function": CALL}, CALL]}
    turns = [{"role": "user", "content": "2 + 2?"}, *([call, {"role": "tool", "content": "x"}] if called else [])]
    turns += [answer] if later or not called else []
    for name in ("gptoss", "qwen3"):
        refused_alike_or_written_alike(name, turns, ask)
        refused_alike_or_written_alike(name, turns * 2, ask)


def test_gpt_oss_trains_the_channel_the_words_and_the_stop_and_never_the_frame():
    written = chat_template.pieces("gptoss", [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}])
    learnt = [p.text for p, counts in zip(written, chat_template.trained(written), strict=True) if counts]
    assert learnt == ["<|channel|>final<|message|>", "b", "<|return|>"]


PLAIN = st.fixed_dictionaries(
    {"type": st.sampled_from(["string", "number", "integer", "boolean", "null", ["string", "null"], ["integer"]])},
    optional={"description": st.sampled_from(["", "a day"]), "nullable": st.booleans(), "default": st.just("x"),
              "enum": st.sampled_from([[], ["a", "b"]])},
)  # fmt: skip
NAMES = st.sampled_from(["a", "place", "b_2"])
SCHEMAS = st.recursive(PLAIN, lambda inner: st.one_of(
    st.fixed_dictionaries({"type": st.just("array")}, optional={"items": inner, "nullable": st.booleans()}),
    st.fixed_dictionaries({"type": st.just("object")}, optional={
        "properties": st.dictionaries(NAMES, inner, max_size=3), "required": st.lists(NAMES, max_size=2)}),
    st.fixed_dictionaries({"oneOf": st.lists(inner, min_size=1, max_size=3)}, optional={"default": st.just("x")}),
), max_leaves=6)  # fmt: skip


@given(properties=st.dictionaries(NAMES, SCHEMAS, max_size=3), required=st.lists(NAMES, max_size=2))
@examples(100, 2000)
def test_descriptions_of_tools_are_written_as_gpt_oss_writes_them(properties, required):
    parameters = {"type": "object", "properties": properties, "required": required}
    tools = [{"type": "function", "function": {"name": "f", "description": "Does <b>.", "parameters": parameters}}]
    turns = [{"role": "user", "content": "a"}]
    assert ours("gptoss", turns, False, tools) == jinja("gptoss", turns, False, tools)
