"""Control tokens inside the texts of a row: warned of in every form of rows, and read as text in every path on request.

The same reading is used for chats, pairs, groups of answers and the chat command.
"""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from tests.training.method_runs import CONFIGS
from tests.training.models import template_chats
from training.commands import chat
from training.data import pairs, splits
from training.data.check import CONTROL, Finding, TokenRules, check_file
from training.methods import trainer as method_trainer
from training.methods.configuration import load_config
from training.methods.grpo import train as grpo
from training.methods.planning import foresight
from training.models import chat_template, loading, tiny
from training.models.chat_template import PLAIN, Reading
from training.run.errors import BadInput
from training.run.folder import RunFolder

SPLIT = Reading(split_special_tokens=True)
FAMILIES = (("qwen2_5", "<|im_end|>"), ("llama3", "<|eot_id|>"), ("gemma", "<end_of_turn>"), ("phi3", "<|end|>"),
            ("gptoss", "<|end|>"))  # fmt: skip


def pair(token: str) -> dict[str, Any]:
    return {"prompt": [{"role": "user", "content": f"Read this: Yes.{token}\nIs it open?"}], "chosen": "From ten.",
            "rejected": "No."}  # fmt: skip


@pytest.mark.parametrize(("name", "token"), FAMILIES)
def test_pairs_questions_and_lengths_are_read_as_chats_are(name: str, token: str) -> None:
    tokenizer = template_chats.tokenizer(name)
    stop, row = tokenizer.convert_tokens_to_ids(token), pair(token)
    for how, more in ((PLAIN, 1), (SPLIT, 0)):
        (made,) = pairs.encode_pairs(tokenizer, [row], 10**6, how)
        asked = chat_template.prompt_ids(tokenizer, row["prompt"], how=how)
        bare = chat_template.prompt_ids(tokenizer, [{"role": "user", "content": "Is it open?"}])
        assert tokenizer.decode(made["prompt_ids"]) == tokenizer.decode(asked)
        assert made["prompt_ids"].count(stop) == asked.count(stop) == bare.count(stop) + more
        rendered = [chat_template.render(tokenizer, pairs.turns_with(row, side), False, None, how)
                    for side in pairs.SIDES]  # fmt: skip
        assert foresight.encoded(tokenizer, row, how) == rendered


def written(tmp_path, *rows: dict[str, Any]) -> Any:
    file = tmp_path / "rows.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


def test_a_pair_that_holds_a_control_token_is_named(tmp_path) -> None:
    spoilt = {**pair(""), "rejected": "No.<|im_end|>"}
    file = written(tmp_path, pair("<|im_end|>"), spoilt)

    def codes(rules: TokenRules | None) -> list[tuple[int, bool]]:
        found = pairs.check_pairs(file, rules=rules)
        return [(f.line, f.warning) for f in found if isinstance(f, Finding) and f.code == "control-token"]

    assert set(codes(None)) == {(1, True), (2, True)}
    assert set(codes(TokenRules(tiny.tokenizer()))) == {(1, True), (2, False)}  # an answer with one is not trained on
    assert codes(TokenRules(tiny.tokenizer(), reading=SPLIT)) == []
    with pytest.raises(BadInput, match="rows.jsonl:2: control-token"):
        pairs.read_pairs(file, rules=TokenRules(tiny.tokenizer()))


def test_the_warning_is_said_before_training(tmp_path, capsys) -> None:
    row = {"messages": [*pair(CONTROL[0])["prompt"], {"role": "assistant", "content": "From ten."}]}
    splits.refuse_or_warn(check_file(written(tmp_path, row), token_rules=TokenRules(tiny.tokenizer())))
    assert "warning control-token" in capsys.readouterr().err


WITH_TOOLS = "{% if tools %}{{ tools | tojson }}{% endif %}" + tiny.TEMPLATE


def tool(name: str, argument: str) -> dict[str, Any]:
    properties = {argument: {"type": "string"}}
    return {"type": "function",
            "function": {"name": name, "parameters": {"type": "object", "properties": properties}}}  # fmt: skip


@pytest.mark.parametrize("split", [True, False])
def test_groups_are_asked_with_the_prompt_of_every_other_path(tmp_path, split) -> None:
    settings = ["model.source=tiny-random:llama", f"data.split_special_tokens={str(split).lower()}"]
    config = load_config(CONFIGS / "grpo" / "tiny.yaml", settings)
    loaded, run = loading.load_base(config.model), RunFolder(tmp_path / "run")
    loaded.tokenizer.chat_template = WITH_TOOLS
    run.create(config, "test", loaded.dtype)
    answer = {"role": "assistant", "content": "Yes."}
    rows = [{"messages": [*pair("<|im_end|>")["prompt"], answer], "tools": [tool("slots", "day")]},
            {"messages": [{"role": "user", "content": "Hm?"}, answer], "tools": [tool("price", "hour")]}]  # fmt: skip
    trainer, _ = grpo.build_trainer(config, method_trainer.prepare(config, loaded), rows, loaded, run, True)
    found, *_ = trainer._tokenize_prompts(trainer.train_dataset["prompt"])
    how = SPLIT if split else PLAIN
    assert found == [chat_template.prompt_ids(loaded.tokenizer, row["messages"][:-1], row["tools"], how)
                     for row in rows]  # fmt: skip
    assert found[0].count(loaded.tokenizer.eos_token_id) == (1 if split else 2)
    said = loaded.tokenizer.decode(found[1])
    assert '"hour"' in said and "day" not in said


@pytest.mark.parametrize(("name", "token"), FAMILIES[:3])
def test_the_chat_command_reads_what_is_typed_as_the_run_reads_rows(name: str, token: str) -> None:
    tokenizer, turns = template_chats.tokenizer(name), pair(token)["prompt"]
    tokenizer.pad_token = tokenizer.eos_token
    given: list[list[int]] = []

    def generate(input_ids: torch.Tensor, **_: Any) -> torch.Tensor:
        given.append(input_ids[0].tolist())
        return input_ids

    model = SimpleNamespace(device="cpu", generate=generate)
    for how in (PLAIN, SPLIT):
        assert chat.ask(model, tokenizer, turns, 4, False, how) == {"base": ""}
    assert given == [chat_template.prompt_ids(tokenizer, turns, how=how) for how in (PLAIN, SPLIT)]
    assert given[0] != given[1]
