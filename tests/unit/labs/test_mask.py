"""The mask inspector: presets and challenges keep their word, hostile text is a sentence, planted faults by line."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labs_py import api, data, wire
from labs_py.core import chat_data, row_faults
from labs_py.labs.mask import examples, lab, pasted, spec, tasks, tokens
from tests import effort


def frame(**params):
    return api.last_frame("mask", params)


def scalar(name, **params):
    return frame(**params)["scalars"][name]["value"]


def found(**params):
    return [tuple(row[:2]) for row in json.loads(frame(**params)["texts"]["findings"])["listed"]]


def test_presets_keep_their_word():
    assert scalar("stops_trained") == scalar("answers") == 2
    assert scalar("stops_trained", rule="no_stop") == 0 == scalar("stops_trained", template="plain")
    assert scalar("trained_share", rule="all") == 1
    cut = frame(limit=53)["scalars"]
    assert [cut[name]["value"] for name in ("stops_trained", "lost_tokens", "lost_trained_tokens")] == [1, 2, 1]
    assert scalar("trained_tokens", limit=20) == 0 and "teaches nothing" in frame(limit=20)["texts"]["status"]
    assert scalar("tokens_per_stop") == 1 < scalar("tokens_per_stop", template="llama3")
    assert {code for _, code in found(template="plain")} >= {"no-stop-token"}


def test_the_shown_pieces_are_the_whole_text_and_the_counts_agree():
    shown = frame(ask=True)
    pieces = json.loads(shown["texts"]["pieces"])
    whole = "".join(piece[0] for piece in pieces)
    assert whole.startswith("<|im_start|>system\n") and whole.endswith("<|im_start|>assistant\n")
    assert shown["scalars"]["characters"]["value"] == len(whole)
    assert shown["scalars"]["trained_characters"]["value"] == sum(len(p[0]) for p in pieces if p[3])


def test_ids_labels_and_drawn_tokens_agree():
    shown = frame(limit=40)
    ids, labels = (shown["arrays"][name]["data"].tolist() for name in ("token_ids", "labels"))
    listed = json.loads(shown["texts"]["tokens"])["listed"]
    assert len(ids) == len(labels) == 40 == shown["scalars"]["tokens"]["value"] < len(listed)
    assert [token[1] for token in listed if token[7]] == ids
    assert [token[1] if token[6] else -100 for token in listed[:40]] == labels
    assert {token[4] for token in listed} == {"system", "user", "assistant"}
    stops = [token for token in listed if token[2] == "<|im_end|>" and token[4] == "assistant"]
    assert len(stops) == 2 and all(token[3] and token[6] for token in stops)


def test_a_long_row_is_drawn_by_its_ends_and_says_how_much_is_left_out():
    shown = json.loads(frame(chat="user: " + "7 " * 3000 + "\nassistant: Yes.")["texts"]["tokens"])
    assert len(shown["listed"]) == tokens.HEAD + tokens.TAIL and shown["left_out"] > 2000
    assert shown["listed"][-1][0] == len(shown["listed"]) + shown["left_out"] - 1


def test_before_the_tokenizer_is_here_the_pieces_stand_and_without_it_the_lab_says_so(monkeypatch):
    whole = frame()
    monkeypatch.setattr(data, "at_hand", lambda name: False)
    first, last = api.run("mask")
    assert first["texts"]["tokenizer"].endswith("no token is counted.") and last["texts"] == whole["texts"]
    assert not first["final"] and "tokens" not in first["texts"] and first["scalars"].items() < last["scalars"].items()
    tokens.forget()
    monkeypatch.setattr(data, "load", lambda name: (_ for _ in ()).throw(LookupError(name)))
    _, last = api.run("mask")
    said = [error["message"] for error in last["errors"] if error["param"] == "limit"]
    assert "could not be loaded" in said[0] and last["texts"]["pieces"] == whole["texts"]["pieces"]
    assert "not been loaded" in tasks._check_cut(0, api.spec("mask").defaults(), None).message
    tokens.forget()


def test_a_cut_within_a_character_keeps_the_whole_ones():
    chat = json.dumps([{"role": "user", "content": "\U000f0000" * 40}, {"role": "assistant", "content": "x"}])
    for limit in range(30, 50):
        shown = frame(chat=chat, limit=limit)
        for text, *_, kept in json.loads(shown["texts"]["pieces"]):
            assert 0 <= kept <= len(text)
        assert shown["scalars"]["tokens"]["value"] == limit


def test_signs_that_cannot_be_seen_are_named():
    assert tokens.visible(b" a\n\t") == "·a↵⇥" and tokens.visible("\u200b\u202e".encode()) == "U+200BU+202E"
    assert tokens.visible("🦙".encode()[:2]) == "0xF0 0x9F"


@pytest.fixture
def without_file(monkeypatch, tmp_path):
    monkeypatch.setattr(data, "FOLDER", str(tmp_path))
    monkeypatch.setattr(data, "_provided", {})
    lab.forget()
    yield
    lab.forget()


def test_without_the_tokenizer_a_first_frame_stands_and_the_last_says_so(without_file):
    first, last = list(api.run("mask", {}))
    assert not first["final"] and not first["errors"]
    assert last["final"] and "could not be loaded" in last["errors"][0]["message"]
    for shown in (first, last):
        assert "tokens" not in shown["scalars"] and shown["scalars"]["trained_characters"]["value"] > 0
        assert "196,822 bytes" in shown["texts"]["tokenizer"] and "tokens" not in shown["texts"]
    assert "not been loaded" in api.check("mask", "count", 1, {}, 3).message
    data.provide(tokens.FILE.name, b"no tokenizer")
    assert [shown["final"] for shown in api.run("mask", {})] == [True]
    assert "could not be loaded" in frame()["errors"][0]["message"]


def test_the_worker_is_told_what_to_fetch_between_two_frames(without_file, root):
    run = wire.Run("mask", "{}")
    assert run.advance() == "more" and run.needs == tokens.FILE.name and run.pack(False)
    wire.provide(run.needs, (root / "docs" / "data" / "labs" / "files" / run.needs).read_bytes())
    assert run.advance() == "done" and run.needs == "" and run.pack(True)
    assert json.loads(run.header)["scalars"]["tokens"]["value"] == 55


def test_edited_merging_is_what_the_lab_counts_with():
    before = scalar("tokens")
    try:
        api.replace("labs_py.core.byte_pairs:merge", "def merge(ids, merges):\n    return [*zip(ids, range(len(ids)))]")
        assert scalar("tokens") > 2 * before
    finally:
        api.restore()
    assert scalar("tokens") == before


@pytest.mark.parametrize(
    "text",
    ["", "\x00", "[" * 5000, "{}", "[]", "[1]", '[{"role": "x", "content": "y"}]', '[{"role": "user", "content": 3}]',
     '{"messages": [{"role": "user", "content": "a"}], "tools": 3}', "hello", "[" + "9" * 5000 + "]",
     '[{"role": "assistant", "content": null, "tool_calls": [3]}]',
     "[" * 200 + "]" * 200, '[{"role": ["user"], "content": "x"}]', '{"messages": null}',
     "\ud800" * 9],
)  # fmt: skip
def test_hostile_text_is_a_sentence(text):
    shown = frame(chat=text, rows=text, held_out=text)
    said = " ".join(error["message"] for error in shown["errors"])
    assert len(said) > 15 and shown["scalars"]["characters"]["value"] > 0
    api.to_json(shown)


ODD_VALUES = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers(-(10**400), 10**400) | st.text(max_size=12)
    | st.sampled_from(["user", "assistant", "system", "tool"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(
        st.sampled_from(["role", "content", "messages", "prompt", "completion", "tools", "tool_calls", "name",
                         "arguments", "function", "text"]), inner, max_size=4), max_leaves=14)  # fmt: skip
TURN = st.fixed_dictionaries({"role": st.sampled_from(["user", "assistant", "system", "tool"]), "content": ODD_VALUES},
                             optional={"tool_calls": ODD_VALUES})  # fmt: skip


@given(value=ODD_VALUES | st.lists(TURN, max_size=5), template=st.sampled_from([name for name, _ in spec.TEMPLATES]))
@effort.examples(100, 3000)
def test_any_json_is_read_or_named_and_never_raised(value, template):
    text = json.dumps(value)
    shown = frame(chat=text, rows=text, held_out=text, template=template)
    assert shown["scalars"]["characters"]["value"] > 0
    api.to_json(shown).encode()


@given(text=st.text(st.characters(codec=None, categories=["Cs", "Cc", "L", "P", "N"]), max_size=80), limit=ODD_VALUES)
@effort.examples(50, 1000)
def test_any_text_and_any_number_is_read_or_named_and_never_raised(text, limit):
    shown = frame(chat=text, rows=text, held_out=text, rows_file=text, limit=limit, template=limit, ask=limit)
    api.to_json(shown).encode()


def test_endless_values_are_named_without_being_written_out():
    nest = []
    for _ in range(5000):
        nest = [nest]
    for value in (10**5000, nest):
        said = [error["message"] for error in frame(limit=value, template=value, ask=value, chat=value)["errors"]]
        assert len(said) == 4 and all(len(sentence) < 200 for sentence in said)


def test_odd_characters_travel():
    shown = frame(chat='[{"role": "user", "content": "\\ud800 <b>"}]', rows='{"a": "\\ud800"}')
    assert not shown["errors"]
    api.to_json(shown).encode()


def test_a_key_that_stands_twice_is_said():
    turns, _, fault = pasted.read_chat('{"prompt": "a", "prompt": "b", "completion": "c"}')
    assert turns == [] and fault == "In this chat the key 'prompt' stands twice in one object; the example is used."


def test_a_refused_chat_says_why_and_plain_lines_are_read():
    assert "System role not supported" in frame(template="gemma")["errors"][0]["message"]
    shown = frame(chat="user: Hi\nand more\nassistant: <|im_end|>")
    assert not shown["errors"] and shown["scalars"]["answers"]["value"] == 1
    assert shown["scalars"]["injected"]["value"] == 1
    turns, tools, fault = pasted.read_chat('{"prompt": "a", "completion": "b", "tools": [{"name": "f"}]}')
    assert [turn["role"] for turn in turns] == ["user", "assistant"] and tools == [{"name": "f"}] and not fault


def test_the_example_reports_each_planted_fault():
    codes = ["bad-json", "missing-role", "role-order", "empty-turn", "prompt-only", "duplicate", "near-duplicate",
             "test-leak"]  # fmt: skip
    assert found() == list(zip(range(2, 10), codes, strict=True))


def numbered(n):
    asked = f"Question {n}: what is {n * 7919} and {n * 104729} and {n * 1299709} and {n * 15485863} together, please?"
    return examples.row(asked, f"It is {n}.")


CODES = ("bad-json", "missing-role", "role-order", "empty-turn", "prompt-only", "duplicate", "near-duplicate",
         "test-leak", "bad-encoding", "too-long", "huge-line", "no-stop-token", "two-answers")  # fmt: skip


def thirteen(line):
    """Ten thousand rows with one fault of each code, and (line, code) of each; ``line(n)`` is a sound row."""
    planted = examples.ROWS.split("\n")[1:9]
    planted += ['{"messages": "caf\U0010fee9"}', examples.row("Long " + "very many words " * 900, "x")]
    planted.append(examples.row("x" * 1_000_001, "y"))
    planted.append(json.dumps({"text": "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\nHello"}))
    sound = json.loads(examples.ROWS.split("\n")[0])
    sound["messages"][-1]["content"] = "Quite another answer."
    planted.append(json.dumps(sound))
    lines = [examples.ROWS.split("\n")[0], *(line(n) for n in range(2, 10_001))]
    places = [500 + 700 * i for i in range(len(planted))]
    for place, row in zip(places, planted, strict=True):
        lines[place - 1] = row
    return lines, list(zip(places, CODES, strict=True))


def test_thirteen_faults_in_ten_thousand_lines_by_line():
    lines, wanted = thirteen(numbered)
    assert found(rows_file="\n".join(lines)) == wanted and set(CODES) == set(row_faults.CODES)


def test_a_template_without_a_stop_is_reported_for_every_row_and_a_text_only_where_it_is_a_chat():
    assert found(rows=numbered(1), template="plain") == [(1, "no-stop-token")]
    texts = ["Plain words.", "<|im_start|>assistant\nHi<|im_end|>\n", "<start_of_turn>model\nHi", "a < b <|end|> c"]
    assert found(rows="\n".join(json.dumps({"text": text}) for text in texts)) == [(3, "no-stop-token")]


def patterned(n):
    """Rows of one pattern: seven words of ten are the same, and none is another's near-duplicate."""
    own = " ".join(str(n * prime) for prime in (7919, 104729, 1299709))
    return examples.row(
        f"Translate this sentence into French and keep all names, numbers and quotes in it: {own}", f"{n}"
    )


def test_rows_of_one_pattern_cost_the_length_of_the_file_and_not_its_square(monkeypatch):
    compared = []
    most_common = chat_data.Counter.most_common
    monkeypatch.setattr(chat_data.Counter, "most_common", lambda self, n: compared.append(len(self)) or
                        most_common(self, n))  # fmt: skip
    lines = [patterned(n) for n in range(2000)]
    again = json.loads(patterned(990))["messages"][0]["content"].replace("Translate", "So translate")
    lines.append(examples.row(again, "another answer"))
    assert found(rows_file="\n".join(lines)) == [(2001, "near-duplicate")]
    assert max(compared) <= chat_data.BANDS * chat_data.MOST_IN_BAND


def test_lines_are_those_of_the_command(tmp_path):
    from training.data.check import check_file, read_lines

    text = "\ufeff" + examples.ROWS.replace("\n", "\r\n") + "\n\n" + "x" * 3
    file = tmp_path / "rows.jsonl"
    file.write_bytes(text.encode())
    assert list(pasted.read_lines(text))[:10] == [(n, line, len(line)) for n, line, _ in read_lines(file)][:10]
    turns = [[{"role": "user", "content": examples.LEAKED}]]
    command = [(finding.line, finding.code) for finding in check_file(file, turns)]
    assert found(rows=text, held_out=examples.LEAKED) == command


@pytest.mark.parametrize("shared", [10, 50, 90])
def test_signatures_agree_as_often_as_the_sets_overlap(shared):
    agreed = []
    for pair in range(60):
        words = [f"{pair} run {i}" for i in range(200 - shared)]
        one, other = set(words[:100]), set(words[100 - shared :])
        agreed.append(np.mean(chat_data.signature(one) == chat_data.signature(other)))
    assert np.mean(agreed) == pytest.approx(shared / (200 - shared), abs=0.03)


def test_held_out_rows_are_read_in_every_shape():
    given = 'A bare one?\n{"prompt": "B is asked"}\n' + examples.row("C", "d") + '\n{"messages": [{"role": "user"}]}'
    assert pasted.questions(given) == {"a bare one", "b is asked", "c"}


@pytest.mark.parametrize("seed", range(8))
def test_challenges_know_right_from_wrong(seed):
    words, truth = tasks._answer_of(seed), tasks._count_of(seed)
    assert api.check("mask", "count", seed, {}, truth).result == "right"
    assert "stop token" in api.check("mask", "count", seed, {}, truth - 1).message
    assert "characters" in api.check("mask", "count", seed, {}, len(words) + 10).message
    task = api.draw("mask", "cut", seed)
    place = tasks._cut_of(seed)
    for limit, result in ((place, "right"), (place - 1, "wrong"), (place + 1, "wrong")):
        assert api.check("mask", "cut", seed, {**task.params, "limit": limit}).result == result
    assert scalar("stops_trained", **{**task.params, "limit": place}) == 2
    assert scalar("stops_trained", **{**task.params, "limit": place - 1}) == 1
    assert api.check("mask", "refused", seed, {}, "gemma").result == "right"
    assert api.check("mask", "refused", seed, {}, "gemma3").result == "wrong"
