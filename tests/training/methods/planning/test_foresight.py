"""What can be foreseen to be lost or to fail is said before the first step, with a count."""

from __future__ import annotations

import json

import pytest
import torch

from tests.training.method_runs import CONFIGS
from training.cli import main
from training.data.splits import Splits
from training.methods.configuration import load_config
from training.methods.planning import foresight
from training.models import tiny
from training.models.loading import LoadedModel
from training.models.structure.positions import Positions, positions_of
from training.run.errors import BadInput

TINY = CONFIGS / "sft" / "tiny.yaml"


def chat(question: str, answer: str) -> dict:
    return {"messages": [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]}


def loaded(architecture: str = "llama", **attributes) -> LoadedModel:
    model, tokenizer = tiny.model(architecture)
    for name, value in attributes.items():
        setattr(model.config, name, value)
    return LoadedModel(model, tokenizer, "float32", {})


def seen(rows: Splits, capsys, *overrides: str, model: LoadedModel | None = None) -> list[str]:
    foresight.look_ahead(load_config(TINY, list(overrides)), model or loaded(), rows)
    return [line.strip() for line in capsys.readouterr().err.splitlines()]


def splits(train: list[dict], **heldout: list[dict]) -> Splits:
    return Splits(train, heldout, "", {})


SHORT = [chat(f"number {n}", str(n)) for n in range(4)]


def test_nothing_to_say_is_nothing_said(capsys):
    assert seen(splits(SHORT, test=SHORT), capsys) == []


@pytest.mark.parametrize("long", [1, 3, 6])
def test_references_that_no_answer_can_reach_are_counted(capsys, long):
    rows = [chat(f"letter {n}", "x" * (90 if n < long else 5)) for n in range(6)]
    (said,) = seen(splits(SHORT, test=rows), capsys, "evaluate.max_new_tokens=80")
    assert said.startswith(f"warning: {long} of 6 answers of test are longer than evaluate.max_new_tokens=80")
    assert said.endswith("set evaluate.max_new_tokens=91")
    assert not seen(splits(SHORT, test=rows), capsys, "evaluate.max_new_tokens=91")


def test_answers_over_the_completion_length_are_counted(capsys):
    config = load_config(CONFIGS / "grpo" / "tiny.yaml", ["grpo.max_completion_length=20"])
    foresight.look_ahead(config, loaded(), splits([chat("a", "y" * 30), chat("b", "y")]))
    assert "1 of 2 answers of train are longer than grpo.max_completion_length=20" in capsys.readouterr().err


def test_cut_texts_are_counted(capsys):
    rows = [{"text": "z" * length} for length in (10, 70, 200)]
    (said,) = seen(splits(rows), capsys, "train.max_length=64")
    assert said.startswith("warning: 2 of 3 texts are longer than train.max_length=64") and "200 tokens" in said


def test_texts_of_a_file_have_no_stop_token_and_that_is_said(tmp_path, capsys):
    said = seen(splits([{"text": "abc"}] * 3), capsys, f"data.train_file={tmp_path}", "task=jsonl")
    assert said == ["3 rows are plain text: they are learned as they stand, without a stop token after them"]


def test_rows_beyond_the_models_positions_are_counted_or_refused(capsys):
    rows = splits([*SHORT, chat("a " * 60, "b")])
    (said,) = seen(rows, capsys, model=loaded(max_position_embeddings=100))
    assert said.startswith("warning: 1 of 5 rows are longer than the model's 100 positions (max_position_embeddings;")
    with pytest.raises(BadInput, match="train.max_length: 1 of 5 rows are longer .* set it to 100"):
        foresight.beyond_positions(load_config(TINY), Positions(100, True), [50, 60, 70, 80, 150])


def test_learned_positions_are_seen():
    from transformers import GPT2Config, GPT2LMHeadModel, OPTConfig, OPTForCausalLM

    with torch.device("meta"):
        gpt2 = GPT2LMHeadModel(GPT2Config(n_positions=77, n_layer=1))
        opt = OPTForCausalLM(OPTConfig(max_position_embeddings=88, num_hidden_layers=1))
    assert positions_of(gpt2) == Positions(77, True) and positions_of(opt) == Positions(88, True)
    assert positions_of(loaded().model) == Positions(tiny.POSITIONS, False)


@pytest.mark.parametrize("command", ["train", "sft"])
def test_a_rate_of_zero_is_refused_before_the_first_step(tmp_path, capsys, command):
    given = ["train.learning_rate=0", "data.n_train=4", "data.n_heldout=2", "--out", str(tmp_path / "run")]
    assert main([command, "--config", str(TINY), *given]) == 2
    assert "train.learning_rate: at 0 no step changes anything" in capsys.readouterr().err


def test_added_tokens_without_a_row_are_said_and_a_row_that_holds_one_is_refused(capsys):
    model = loaded()
    model.tokenizer.add_tokens(["<ticket>", "</ticket>"])
    (said,) = seen(splits(SHORT), capsys, model=model)
    assert said.startswith("warning: 2 tokens of the tokenizer, such as '<ticket>', have no row")
    with pytest.raises(BadInput, match="model.source: 1 rows hold tokens such as '</ticket>'"):
        foresight.look_ahead(load_config(TINY), model, splits([*SHORT, chat("</ticket>", "a")]))


def test_it_is_said_before_anything_is_asked(tmp_path, capsys):
    for name, answer in (("train", "short"), ("test", "long " * 40)):
        lines = [json.dumps(chat(f"{name} {n}", answer + str(n))) for n in range(4)]
        (tmp_path / f"{name}.jsonl").write_text("\n".join(lines))
    given = [
        "task=jsonl",
        f"data.train_file={tmp_path}/train.jsonl",
        f"data.heldout_files={{test: {tmp_path}/test.jsonl}}",
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("training.evaluation.probe.ask", lambda *_: (_ for _ in ()).throw(BadInput("asked")))
        assert main(["train", "--config", str(TINY), *given, "--out", str(tmp_path / "run")]) == 2
    said = capsys.readouterr().err
    assert said.index("4 of 4 answers of test are longer than evaluate.max_new_tokens") < said.index("asked")
