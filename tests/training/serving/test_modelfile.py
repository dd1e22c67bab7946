"""Ollama's Modelfile: its turns render as the chat template does, its stops and its system turn are the run's."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.training.serving.made_runs import make_run
from training.cli import main
from training.models import tiny
from training.run.errors import BadInput
from training.serving import modelfile

GEMMA = (
    "{{ bos_token }}{% if messages[0]['role'] == 'system' %}{% set first = messages[0]['content'] + '\n\n' %}"
    "{% set loop_messages = messages[1:] %}{% else %}{% set first = '' %}{% set loop_messages = messages %}{% endif %}"
    "{% for message in loop_messages %}"
    "<start_of_turn>{{ 'model' if message['role'] == 'assistant' else message['role'] }}\n"
    "{{ first if loop.first else '' }}{{ message['content'] | trim }}<end_of_turn>\n{% endfor %}"
    "{% if add_generation_prompt %}<start_of_turn>model\n{% endif %}"
)
WITHOUT_SYSTEM = (
    "{% for message in messages %}{% if message['role'] == 'system' %}{{ raise_exception('no system') }}{% endif %}"
    "[{{ message['role'] }}]{{ message['content'] }}<|im_end|>{% endfor %}"
    "{% if add_generation_prompt %}[assistant]{% endif %}"
)
WITH_DEFAULT = (
    "{% if messages[0]['role'] != 'system' %}{{ '<|im_start|>system\nBe kind.<|im_end|>\n' }}{% endif %}"
    + tiny.TEMPLATE
)
COUNTING = (
    "{% for message in messages %}{{ loop.index }}{{ message['role'] }}{{ message['content'] }}<|im_end|>{% endfor %}"
)


def go(text: str, messages: list[dict[str, str]]) -> str:
    """What Ollama's template gives, by the few words of Go that ours are made of."""
    body = re.fullmatch(
        r"(.*)\{\{ range \$i, \$turn := \.Messages \}\}(.*)\{\{ end \}\}\{\{ end \}\}(.*)", text, re.DOTALL
    )
    assert body
    cases = re.split(r"\{\{ (?:else )?if eq \$turn\.Role \"(\w+)\" \}\}", body[2])[1:]
    branches = dict(zip(cases[::2], cases[1::2], strict=True))
    condition = re.compile(
        r"\{\{ if or \(ne \$i 1\) \(ne \(index \$\.Messages 0\)\.Role \"system\"\) \}\}(.*?)\{\{ end \}\}", re.DOTALL
    )
    done = body[1]
    for at, turn in enumerate(messages):
        shown = at != 1 or messages[0]["role"] != "system"
        branch = condition.sub(lambda found, shown=shown: found[1] if shown else "", branches[turn["role"]])
        done += branch.replace("{{ $turn.Content }}", turn["content"])
    return done + body[3]


@pytest.mark.parametrize("template", [tiny.TEMPLATE, GEMMA, WITHOUT_SYSTEM, WITH_DEFAULT])
def test_ollamas_template_says_what_the_chat_template_says(template: str) -> None:
    tokenizer: Any = tiny.tokenizer()
    tokenizer.chat_template = template
    turns = modelfile.turns_of(tokenizer)
    chat = [{"role": role, "content": f"{role}, {role}"} for role in ("system", "user", "assistant", "user")]
    for messages in (chat, chat[:2], chat[1:]):
        if (messages[0]["role"] == "system" and template == WITHOUT_SYSTEM) or (
            messages[0]["role"] != "system" and template == WITH_DEFAULT  # Ollama gets the run's system turn
        ):
            continue
        expected = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        assert go(modelfile.template(turns), messages) == expected == turns.rendered(messages)


def test_a_template_whose_turns_depend_on_one_another_is_refused() -> None:
    tokenizer: Any = tiny.tokenizer()
    tokenizer.chat_template = COUNTING
    with pytest.raises(BadInput, match="--to gguf"):
        modelfile.turns_of(tokenizer)


def test_the_folder_has_all_that_ollama_needs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = make_run(tmp_path, "llama")
    assert main(["export", str(run), "--to", "ollama", "--out", str(tmp_path / "out"), "--quantization", "Q8_0"]) == 0
    assert "ollama create" in capsys.readouterr().out
    said = (tmp_path / "out" / "Modelfile").read_text()
    assert said.startswith("FROM ./model.gguf\n") and (tmp_path / "out" / "model.gguf").is_file()
    assert 'PARAMETER stop "<|im_end|>"' in said and "PARAMETER temperature 0" in said
    assert 'SYSTEM """Turn the customer message' in said
    assert main(["export", str(run), "--to", "ollama", "--adapter-only", "--out", str(tmp_path / "alone")]) == 0
    said = (tmp_path / "alone" / "Modelfile").read_text()
    assert "FROM ./base.gguf\nADAPTER ./adapter.gguf" in said and (tmp_path / "alone" / "adapter.gguf").is_file()
