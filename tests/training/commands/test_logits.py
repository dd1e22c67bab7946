"""The logits command: what its table says, and that a wrong wish is one line."""

from __future__ import annotations

import json
import math

import pytest

from training import cli

TINY = "model: tiny-random:llama\n"
GOOD = TINY + "prompts: [Two by two]\n"


def said(capsys, *told: str) -> str:
    """The one line that the command ends with."""
    assert cli.main(["logits", *told]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ") and error.count("\n") == 1, error
    return error


def table(tmp_path, config: str, *told: str) -> dict:
    file = tmp_path / "wish.yaml"
    file.write_text(config, encoding="utf-8")
    assert cli.main(["logits", "--config", str(file), "--out", str(tmp_path / "t.json"), *told]) == 0
    return json.loads((tmp_path / "t.json").read_text(encoding="utf-8"))


def test_the_table_says_what_its_words_say(tmp_path):
    found = table(
        tmp_path, GOOD + "temperatures: [1, 2.0, 5e-1]\nshared_prompts: [a, b]\nshared_top: 3\n", "--top", "5"
    )
    assert found["temperatures"] == [1, 2.0, 0.5] and isinstance(found["temperatures"][0], int)
    (one,), shared = found["prompts"], found["shared"]
    assert one["prompt"] == "Two by two" and len(one["top"]["ids"]) == 5 and len(shared["logits"]) == 2
    assert len(shared["ids"]) == 3
    listed = [math.exp(logit - one["logsumexp"][0]) for logit in one["top"]["logits"]]
    assert 0 < sum(listed) < 1
    assert table(tmp_path, GOOD)["temperatures"][:4] == [0.25, 0.5, 0.75, 1]


def test_a_file_of_prompts_has_one_a_line_whatever_the_line_holds(tmp_path):
    (tmp_path / "p.txt").write_bytes("\ufeffhello\r\n\r\none\u2028line\ntwo".encode())
    found = table(tmp_path, TINY, "--prompts", str(tmp_path / "p.txt"))
    assert [one["prompt"] for one in found["prompts"]] == ["hello", "one\u2028line", "two"]


@pytest.mark.parametrize(("text", "word"), [
    (b"5", "a mapping is expected"), (b"- {a: b}", "a mapping is expected"), (b"model: \xff", "UTF-8"),
    (b"1: 2\na: 3", "unknown key '1'"), (b"[" * 3000, "nested"), (b"top: 0x_", "not readable"),
    (b"model: a\nmodel: b", "twice"), (b"a: &a [*a]", "not readable"), (b"model: 5", "'model'"),
    (b"model: a\nprompts: 5", "'prompts'"), (b"model: a\nprompts: [1]", "'prompts[0]'"),
    (b"model: a\nprompts: {a: b}", "'prompts'"), (b'model: a\nprompts: ["\\ud800"]', "'prompts[0]'"),
    (b"model: a\nprompts: [a]\ntop: x", "'top'"), (b"model: a\nprompts: [a]\ntop: 0", "'top'"),
    (b"model: a\nprompts: [a]\nshared_top: -1", "'shared_top'"), (b"model: a\nprompts: [a]\nout: 5", "'out'"),
    (b"model: a\nprompts: [a]\nshared_prompts: abc", "'shared_prompts'"), (b"prompts: [a]", "needs a model"),
    *((b"model: a\nprompts: [a]\ntemperatures: " + given, "'temperatures")
      for given in (b"5", b"[.nan]", b"[.inf]", b"[0]", b"[-1]", b"[]", b"[a]", b"[true]", b"[1" + b"0" * 400 + b"]")),
    (GOOD.replace("Two by two", "''").encode(), "makes no token"),
])  # fmt: skip
def test_a_wrong_configuration_is_one_line(tmp_path, capsys, text, word):
    file = tmp_path / "wish.yaml"
    file.write_bytes(text)
    assert word in said(capsys, "--config", str(file))


@pytest.mark.parametrize(("text", "word"), [
    ("[" * 100_000, "nested deeper"), ("[" + "1" * 5000 + "]", "p.json"), ("{", "p.json:1"),
    ('{"a": "b"}', "list of texts"),
    ("[1]", "list of texts"), ('["\\ud800"]', "'prompts[0]'"), ('[""]', "makes no token"), ("[]", "needs a model"),
])  # fmt: skip
def test_a_wrong_file_of_prompts_is_one_line(tmp_path, capsys, text, word):
    file = tmp_path / "p.json"
    file.write_text(text)
    assert word in said(capsys, "--model", "tiny-random:llama", "--prompts", str(file))


@pytest.mark.parametrize("top", ["-3", "0"])
def test_a_count_below_one_is_one_line(tmp_path, capsys, top):
    (tmp_path / "p.txt").write_text("hello")
    told = ["--model", "tiny-random:llama", "--prompts", str(tmp_path / "p.txt")]
    assert "'top' must be at least 1" in said(capsys, *told, "--top", top)
