"""Chats drawn at random, written in each form and kind of file, come back as the same turns; nothing is lost unsaid."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.effort import examples
from tests.training.data.forms.written import CHAT_FORMS, FILES, TEXTS, Turns, chats, lines
from training.data.forms import files
from training.data.forms.convert import Converted, convert, mapping_of
from training.run.errors import BadInput


def converted(folder: Path, rows: list[dict], kind: str = "JSONL", mapping: dict[str, str] | None = None) -> Converted:
    """What becomes of rows that are written into a file of that kind."""
    name, write = FILES[kind]
    path = folder / name
    path.write_bytes(write(rows))
    return convert(files.read(path), "rows", mapping)


@pytest.mark.parametrize("form", CHAT_FORMS)
@examples(12, 200)
@given(drawn=st.lists(chats(), min_size=1, max_size=3))
def test_the_same_turns_come_back_from_each_form(form: str, drawn: list[Turns], tmp_path_factory) -> None:
    made = converted(tmp_path_factory.mktemp("form"), [CHAT_FORMS[form](turns) for turns in drawn])
    assert [row["messages"] for row in made.rows] == drawn and not made.left_out
    assert len({row["id"] for row in made.rows}) == len(drawn)


@pytest.mark.parametrize("kind", FILES)
@examples(10, 200)
@given(drawn=st.lists(st.tuples(TEXTS, TEXTS), min_size=2, max_size=4))
def test_the_same_texts_come_back_from_each_kind_of_file(kind: str, drawn: list, tmp_path_factory) -> None:
    made = converted(tmp_path_factory.mktemp("kind"), [{"question": q, "answer": a} for q, a in drawn], kind)
    assert [tuple(turn["content"] for turn in row["messages"]) for row in made.rows] == drawn
    assert made.keys == {"prompt": "question", "completion": "answer"}


@examples(15, 200)
@given(shared=chats(rounds=2), question=TEXTS, better=TEXTS, worse=TEXTS)
def test_pairs_come_back_with_and_without_a_prompt(shared: Turns, question: str, better: str, worse: str,
                                                    tmp_path_factory) -> None:  # fmt: skip
    asked = [*shared, {"role": "user", "content": question}]
    sides = {side: {"role": "assistant", "content": text} for side, text in (("chosen", better), ("rejected", worse))}
    wanted = {"prompt": asked, "chosen": better, "rejected": worse}
    written = [
        {"chosen": [*asked, sides["chosen"]], "rejected": [*asked, sides["rejected"]]},
        {"prompt": question, "chosen": [*asked, sides["chosen"]], "rejected": [*asked, sides["rejected"]]},
        {"prompt": asked, "chosen": better, "rejected": worse},
        {"prompt": asked, "chosen": [sides["chosen"]], "rejected": [sides["rejected"]]},
        {"input": {"messages": asked}, "preferred_output": [sides["chosen"]],
         "non_preferred_output": [sides["rejected"]]},
    ]  # fmt: skip
    made = converted(tmp_path_factory.mktemp("pairs"), written)
    if better.strip() == worse.strip():
        assert made.left_out["equal-answers"].count == len(written)
        return
    assert [{name: row[name] for name in wanted} for row in made.rows] == [wanted] * len(written)


def test_a_pair_written_out_as_text_is_parted_at_its_last_answer(tmp_path: Path) -> None:
    begun = "\n\nHuman: Is it open?\n\nAssistant: Yes.\n\nHuman: Until when?\n\nAssistant: "
    made = converted(tmp_path, [{"chosen": begun + "Until six.", "rejected": begun + "No idea."}])
    assert [turn["content"] for turn in made.rows[0]["prompt"]] == ["Is it open?", "Yes.", "Until when?"]
    assert (made.rows[0]["chosen"], made.rows[0]["rejected"]) == ("Until six.", "No idea.")


@pytest.mark.parametrize(("row", "wanted"), [
    ({"anchor": "a?", "positive": "b"}, [("a?", "b", None)]),
    ({"query": "a?", "pos": ["b", "c"], "neg": ["d"]}, [("a?", "b", "d"), ("a?", "c", "d")]),
    ({"query": "a?", "positive": "b", "negatives": ["c", "d"]}, [("a?", "b", "c"), ("a?", "b", "d")]),
    ({"query": "a?", "positive_passages": [{"title": "T", "text": "b"}], "negative_passages": []},
     [("a?", "T\nb", None)]),
    ({"query": "a?", "passages": {"passage_text": ["b", "c"], "is_selected": [0, 1]}}, [("a?", "c", "b")]),
    ({"sentence1": "a", "sentence2": "b", "score": 4.5}, [("a", "b", None)]),
])  # fmt: skip
def test_passages_of_each_form(row: dict, wanted: list, tmp_path: Path) -> None:
    made = converted(tmp_path, [row])
    assert [(one["anchor"], one["positive"], one.get("negative")) for one in made.rows] == wanted


def test_sentences_that_are_not_alike_are_left_out_by_the_scale_of_the_file(tmp_path: Path) -> None:
    for scale in (1, 5):
        rows = [{"sentence1": f"a{n}", "sentence2": f"b{n}", "score": n * scale / 10} for n in range(11)]
        made = converted(tmp_path, rows)
        assert [row["anchor"] for row in made.rows] == ["a8", "a9", "a10"]
        assert (made.left_out["not-alike"].count, made.left_out["not-alike"].line) == (8, 1)


def test_calls_of_tools_keep_their_arguments_and_the_tools(tmp_path: Path) -> None:
    tool = {"type": "function", "function": {"name": "find", "parameters": {"type": "object", "properties": {}}}}
    call = {"name": "find", "arguments": {"where": "shed"}}
    openai = {"messages": [{"role": "user", "content": "Where?"},
                           {"role": "assistant", "content": None, "tool_calls": [{"id": "c1", "type": "function",
                            "function": {"name": "find", "arguments": '{"where": "shed"}'}}]},
                           {"role": "tool", "tool_call_id": "c1", "content": "on a hook"},
                           {"role": "assistant", "content": "On a hook.", "weight": 1}], "tools": [tool]}  # fmt: skip
    sharegpt = {"conversations": [{"from": "human", "value": "Where?"},
                                  {"from": "function_call", "value": json.dumps(call)},
                                  {"from": "observation", "value": "on a hook"},
                                  {"from": "gpt", "value": "On a hook."}], "tools": '[{"name": "find"}]'}  # fmt: skip
    one, other = converted(tmp_path, [openai, sharegpt]).rows
    for row in (one, other):
        assert [turn["role"] for turn in row["messages"]] == ["user", "assistant", "tool", "assistant"]
        assert row["messages"][1]["tool_calls"][0]["function"] == call
        assert row["tools"][0]["function"]["name"] == "find"


def test_what_is_left_out_is_counted_by_reason_with_its_first_line(tmp_path: Path) -> None:
    good = {"prompt": "Is it open?", "completion": "Yes."}
    bad = [{"prompt": "Is it open?", "completion": " "}, {"prompt": "x", "completion": "No.", "label": False},
           {"messages": [{"role": "narrator", "content": "Once"}]}, {"messages": [{"role": "user", "content": "x"}]},
           {"prompt": "Still empty?", "completion": ""}, {"chosen": "a", "rejected": "b", "prompt": "c"}, {"other": 1},
           {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": "x"}]}]}]  # fmt: skip
    path = tmp_path / "rows.jsonl"
    path.write_text(lines([good, *bad]) + '\n{"prompt": \n{"prompt": "caf\\ud800", "completion": "x"}\n')
    made = convert(files.read(path), "rows")
    assert [row["messages"][0]["content"] for row in made.rows] == ["Is it open?"]
    assert {code: (left.count, left.line) for code, left in made.left_out.items()} == {
        "empty-turn": (2, 2), "wrong-answer": (1, 3), "missing-role": (1, 4), "prompt-only": (1, 5),
        "another-form": (1, 7), "unknown-form": (1, 8), "not-text": (1, 9), "bad-json": (1, 10),
        "bad-encoding": (1, 11)}  # fmt: skip


def test_a_quotation_mark_that_is_never_closed_does_not_swallow_the_rest_unsaid(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text('question,answer\none?,1\ntwo?,"2\nthree?,3\nfour?,4,5\n')
    made = convert(files.read(path), "rows")
    assert len(made.rows) == 1 and made.left_out["bad-csv"].line == 3


def test_bytes_of_an_older_encoding_are_read_and_single_bad_ones_left_out(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes("question,answer\nWo ist das Café?,Über dem Fluß\n".encode("cp1252"))
    source = files.read(path)
    assert "Windows-1252" in source.kind
    assert convert(source, "rows").rows[0]["messages"][1]["content"] == "Über dem Fluß"
    path.write_bytes("question,answer\nWo ist das Café?,Über\n".encode() + b"Caf\xe9?,ja\n")
    made = convert(files.read(path), "rows")
    assert len(made.rows) == 1 and made.left_out["bad-encoding"].line == 3


def test_columns_of_any_name_are_told_by_map_and_reached_into(tmp_path: Path) -> None:
    rows = [{"Frage": "Wo?", "Antwort": {"text": "Hier."}, "nr": 3}]
    with pytest.raises(BadInput, match="Frage, Antwort, nr.*--map"):
        converted(tmp_path, rows)
    mapping = mapping_of(["prompt=Frage", "completion=Antwort.text", "id=nr"])
    assert converted(tmp_path, rows, mapping=mapping).rows == [
        {"id": "3", "messages": [{"role": "user", "content": "Wo?"}, {"role": "assistant", "content": "Hier."}]}
    ]  # fmt: skip


@pytest.mark.parametrize("word", ["prompt", "=x", "prompt=", "colour=x", "prompt=nowhere"])
def test_a_wrong_map_is_one_line(word: str) -> None:
    with pytest.raises(BadInput, match="--map") as caught:
        mapping_of([word], ["question", "answer"])
    assert "\n" not in str(caught.value)


def test_a_map_written_the_other_way_round_is_turned_in_the_answer() -> None:
    with pytest.raises(BadInput, match="did you mean prompt=Artikel. the part comes first"):
        mapping_of(["Artikel=prompt"], ["Artikel", "Code"])


def test_ids_are_kept_and_each_row_has_its_own(tmp_path: Path) -> None:
    rows = [{"id": name, "prompt": f"q{n}", "completion": "a"} for n, name in enumerate(["x", "x", 7, None])]
    made = converted(tmp_path, rows)
    assert [row["id"] for row in made.rows] == ["x", "rows-2", "7", "rows-4"] and "id" in made.notes[0]


def test_what_has_no_place_in_our_form_is_named(tmp_path: Path) -> None:
    rows = [{"prompt": f"q{n}", "completion": "a", "source": "web", "date": "" if n else "today"} for n in range(3)]
    assert converted(tmp_path, rows).not_carried == {"source": 3, "date": 1}
