"""``data show``: a row as training encodes it, or one line that says why it is refused."""

from __future__ import annotations

import json

import pytest

from tests.training.models import template_chats
from training import cli
from training.commands.data import show
from training.models import chat_template

CHAT = [{"role": "user", "content": "Is the pool open?"}, {"role": "assistant", "content": "Yes, from ten."}]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A model's folder with no more than the tokenizer's files."""
    path = tmp_path_factory.mktemp("qwen3")
    template_chats.tokenizer("qwen3").save_pretrained(path)
    return path


def file_of(tmp_path, *rows):
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


def shown(capsys, *words) -> tuple[int, str, str]:
    code = cli.main(["data", "show", *map(str, words)])
    return code, *capsys.readouterr()


def test_it_prints_what_training_encodes(tmp_path, folder, capsys):
    row = {"messages": [*CHAT, {"role": "user", "content": "Now?", "mood": "calm"}, CHAT[1]], "source": "desk"}
    code, out, _ = shown(capsys, file_of(tmp_path, {"messages": CHAT}, row), "--row", 2, "--json", "--model", folder)
    found = json.loads(out)
    made = chat_template.encode(template_chats.tokenizer("qwen3"), row, 10**6)
    assert code == 0 and (found["ids"], found["labels"]) == (made.ids, made.labels)
    assert len(found["tokens"]) == len(made.ids) and "".join(found["tokens"]).count("Yes, from ten.<|im_end|>") == 2
    assert found["left_out"] == {"keys": 1, "columns": 1}


def test_without_colours_what_is_learnt_stands_in_brackets(tmp_path, folder, capsys):
    code, out, err = shown(capsys, file_of(tmp_path, {"messages": CHAT}), "--model", folder)
    assert code == 0 and "assistant\n[<think>\n\n</think>\n\nYes, from ten.<|im_end|>]\n" in out
    assert "of them in the loss" in err and "\x1b" not in out
    assert show.marked(["a", "b", "c"], [False, True, False], True) == "a\x1b[1;32mb\x1b[0mc"


def test_a_text_that_is_cut_is_counted(tmp_path, capsys):
    tiny = "training/configs/sft/tiny.yaml"
    code, out, _ = shown(capsys, file_of(tmp_path, {"text": "word " * 3000}), "--json", "--config", tiny)
    found = json.loads(out)
    assert code == 0 and found["left_out"] == {"truncated_tokens": 15000 - len(found["ids"])}


@pytest.mark.parametrize(
    ("rows", "words", "what"),
    [
        ([{"messages": CHAT}], ["--row", 2], "there is no row 2; the file has 1"),
        ([{"messages": CHAT}], ["--row", 0], "--row is 0; give 1"),
        ([{"messages": CHAT[:1]}], [], "rows.jsonl:1: prompt-only"),
        ([{"messages": [*CHAT, *CHAT[1:]]}], [], "rows.jsonl:1: role-order"),
        ([{"messages": [CHAT[0], {**CHAT[1], "weight": 2}]}], [], "rows.jsonl:1: turn 2 has 'weight' 2"),
        ([{"messages": CHAT}], ["--model", "tests"], "tests: no tokenizer can be read"),
    ],
)
def test_a_refused_row_is_one_line(tmp_path, folder, capsys, rows, words, what):
    model = [] if "--model" in words else ["--model", folder]
    code, out, err = shown(capsys, file_of(tmp_path, *rows), *words, *model)
    assert code == 2 and not out and what in err and err.count("\n") == 1
