"""Tuning by rewards on a tiny random model: groups, warm start, resume, and a reward that fails."""

from __future__ import annotations

import json
import math

import pytest
import torch

from tests.training.method_runs import CONFIGS, adapter_bytes, broken_off, resumed_is_straight, train
from training import cli
from training.data import rewards
from training.data.tasks.base import prompt
from training.evaluation import capability_retention, score
from training.methods import warm_start
from training.methods.configuration import load_config
from training.methods.grpo import rows as grpo_rows
from training.methods.grpo import train as grpo
from training.methods.planning import phase_memory
from training.models import loading
from training.models.chat_template import prompt_ids
from training.models.shapes import architecture_of
from training.run import machine
from training.run.errors import BadInput, GuardFailed
from training.run.folder import RunFolder

pytestmark = pytest.mark.drawn(8)

FEW = ["data.n_train=4", "data.n_heldout=2", "train.save_steps=1"]


def mass_of_letters(tuned, tokenizer, rows) -> float:
    """Probability that the next token is a letter or a space, over the questions: exact, without sampling."""
    wanted = [i for i in range(len(tokenizer)) if (c := tokenizer.decode([i])).isalpha() or c == " "]
    prompts = [prompt_ids(tokenizer, prompt(row)) for row in rows]
    with torch.no_grad():
        each = [tuned(input_ids=torch.tensor([ids])).logits[0, -1].softmax(-1)[wanted].sum() for ids in prompts]
    return float(sum(each)) / len(each)


def test_what_is_rewarded_becomes_likelier_and_the_opposite_less_likely(tmp_path, monkeypatch):
    """A tiny random model's scores are nearly flat, so the exact probability is looked at and not a sampled reward."""
    monkeypatch.setitem(rewards.REWARDS, "no_letters", lambda answer, target: 1 - rewards.plain_letters(answer, target))
    walk = ["grpo.num_generations=8", "train.per_device_train_batch_size=16", "train.max_steps=12",
            "train.learning_rate=0.1",
            "train.lr_scheduler_type=constant_with_warmup", "train.save_steps=100"]  # fmt: skip
    _, against, _ = train("grpo", tmp_path / "against", [*walk, "grpo.reward=no_letters"])
    run, result, (config, loaded, rows) = train("grpo", tmp_path / "run", walk)
    base = loading.load_base(config.model).model
    low, middle, high = (mass_of_letters(m, loaded.tokenizer, rows.train) for m in (against.model, base, result.model))
    assert low + 0.003 < middle < high - 0.003, (low, middle, high)
    grpo.measure_more(config, rows, loaded, result.model, run)
    found = run.read()["group"]
    assert 0 < found["reward"]["last"] < 1 and found["unscored_answers"] == 0
    assert {"entropy", "frac_reward_zero_std", "completions/mean_length"} <= set(found)
    again = loading.attach_adapter(loading.load_base(config.model).model, run.adapter)
    ids = torch.arange(30)[None]
    assert torch.equal(again(input_ids=ids).logits, result.model(input_ids=ids).logits)


def test_equal_rewards_teach_nothing_and_that_is_said(tmp_path, monkeypatch):
    monkeypatch.setitem(rewards.REWARDS, "flat", lambda answer, target: 1.0)
    with pytest.raises(GuardFailed, match="same reward.*warm_start_rows"):
        train("grpo", tmp_path / "run", [*FEW, "grpo.reward=flat", "train.max_steps=2"])
    events = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    assert [e["loss"] for e in events if e["event"] == "step"] == [0.0, 0.0]


@pytest.fixture
def last_letter(monkeypatch):
    """A reward that differs from answer to answer even for noise."""
    monkeypatch.setitem(rewards.REWARDS, "noise", lambda answer, target: (sum(map(ord, answer)) % 7) / 7)


@pytest.mark.few(1)
@pytest.mark.parametrize("extra", [["grpo.beta=0.04"], ["grpo.loss_type=dr_grpo", "grpo.warm_start_rows=4"]])
def test_resumed_is_straight(tmp_path, last_letter, extra):
    resumed_is_straight(
        "grpo", tmp_path, [*FEW, "data.n_train=6", "train.num_train_epochs=1", "grpo.reward=noise", *extra], 2
    )


def test_the_seed_decides(tmp_path, last_letter):
    overrides = [*FEW, "grpo.reward=noise", "train.max_steps=2"]
    first = adapter_bytes(train("grpo", tmp_path / "a", overrides)[0])
    assert first == adapter_bytes(train("grpo", tmp_path / "b", overrides)[0])
    assert first != adapter_bytes(train("grpo", tmp_path / "c", [*overrides, "train.seed=1"])[0])


def test_the_warm_start_is_done_once(tmp_path, last_letter):
    overrides = [*FEW, "grpo.reward=noise", "grpo.warm_start_rows=4", "train.max_steps=3"]
    run = broken_off("grpo", tmp_path / "run", overrides, 2)
    warm = (run.path / warm_start.WARM / "adapter" / "adapter_model.safetensors").read_bytes()
    again = train("grpo", tmp_path / "run", overrides, resume=run.last_checkpoint())[0]
    assert (run.path / warm_start.WARM / "adapter" / "adapter_model.safetensors").read_bytes() == warm
    assert again.read()["train"]["steps"] == 3


def test_answers_are_drawn_after_a_warm_start_in_bfloat16(tmp_path, last_letter):
    """The supervised walk lets autocast fit activations to the float32 adapter; sampling has no autocast."""
    overrides = [*FEW, "model.dtype=bfloat16", "grpo.reward=noise", "grpo.warm_start_rows=4", "train.max_steps=1"]
    assert train("grpo", tmp_path / "run", overrides)[0].read()["train"]["steps"] == 1


def test_what_the_warm_start_brings_alone_is_scored_and_is_a_control(tmp_path, last_letter, monkeypatch):
    overrides = [*FEW, "grpo.reward=noise", "grpo.warm_start_rows=4", "grpo.warm_start_rate=0.01",
                 "train.max_steps=1", "evaluate.max_new_tokens=4"]  # fmt: skip
    run, result, (config, loaded, rows) = train("grpo", tmp_path / "run", overrides)
    seen, ids = [], torch.arange(30)[None]
    monkeypatch.setattr(score, "measure", lambda tuned, *rest: seen.append((rest[3], tuned(input_ids=ids).logits)))
    tuned = result.model(input_ids=ids).logits
    warm_start.measure_alone(config, rows, loaded, result.model, run)
    alone = loading.attach_adapter(loading.load_base(config.model).model, run.path / warm_start.WARM / "adapter")
    assert seen[0][0] == "warm_start" and torch.equal(seen[0][1], alone(input_ids=ids).logits)
    assert not torch.equal(seen[0][1], tuned) and torch.equal(result.model(input_ids=ids).logits, tuned)
    assert warm_start.measure_alone(config, rows, loaded, result.model, RunFolder(tmp_path / "cold")) is None
    whole = loading.load_base(config.model).model  # no adapter anywhere, as where every weight is trained
    assert warm_start.measure_alone(config, rows, loaded, whole, RunFolder(tmp_path / "cold")) is None


def test_answers_that_cannot_be_scored_are_named_and_the_run_goes_on(tmp_path, monkeypatch):
    calls = []

    def fickle(answer: str, target: str) -> float:
        calls.append(answer)
        if len(calls) % 8 == 3:
            raise KeyError("schema")
        return math.nan if len(calls) % 8 == 5 else (len(calls) % 3) / 3

    monkeypatch.setitem(rewards.REWARDS, "fickle", fickle)
    run, result, _ = train("grpo", tmp_path / "run", [*FEW, "grpo.reward=fickle", "train.max_steps=2"])
    problems = run.events("reward-problem")
    assert [p["step"] for p in problems] == [1, 1, 2, 2]
    assert all(p["sample"].startswith("train-") for p in problems)
    assert "KeyError" in problems[0]["message"] and "nan" in problems[1]["message"]
    assert all(math.isfinite(x) for x in run.read()["train"]["loss"])
    assert all(torch.isfinite(p).all() for p in result.model.parameters())
    assert any(p.any() for n, p in result.model.named_parameters() if "lora_B" in n)  # the others taught something


def test_an_answer_that_one_of_several_rewards_cannot_score_counts_for_nothing(tmp_path, capsys):
    def odd(answer, target):
        return 1 / 0 if answer == "b" else 0.5

    run = RunFolder(tmp_path)
    judge = grpo.RewardFunction({"plain_letters": rewards.plain_letters, "odd": odd}, run)
    found = judge(["a", "b", "c"], ["7"] * 3, ["x", "y", "z"])
    assert found[0] == found[2] == 1.5 and math.isnan(found[1])  # and not 1, as if the answer were the worst
    assert [(p["reward"], p["sample"]) for p in run.events("reward-problem")] == [("odd", "y")]
    assert "reward odd: 1 of 3 answers of step 1 could not be scored; sample y" in capsys.readouterr().err
    with pytest.raises(GuardFailed, match="1 of 1 answers"):
        judge(["b"], ["7"], ["y"])


def test_a_reward_that_scores_nothing_stops_the_run_in_a_line(tmp_path, monkeypatch):
    monkeypatch.setitem(rewards.REWARDS, "broken", lambda answer, target: 1 / 0)
    with pytest.raises(GuardFailed, match="reward broken: 8 of 8 answers of step 1.*sample train-.*ZeroDivisionError"):
        train("grpo", tmp_path / "run", [*FEW, "grpo.reward=broken"])


@pytest.mark.parametrize(("override", "word"), [
    ("grpo.num_generations=3", "groups of 3"), ("grpo.reward=nonsense", "no reward 'nonsense'"),
    ("lora=null", "needs an adapter"),
    ("grpo.generation_batch_size=6", "whole groups of 4"), ("grpo.generation_batch_size=12", "whole batches of 8"),
    ("data.replay_fraction=0.5", "has no reward"),
    ("train.gradient_accumulation_steps=16", "answers to 32 are drawn at once, so no step would be taken"),
])  # fmt: skip
def test_settings_that_do_not_fit_are_refused(tmp_path, override, word):
    with pytest.raises(BadInput, match=word):
        train("grpo", tmp_path / "run", [*FEW, override])


@pytest.mark.parametrize("file", sorted(p.name for p in (CONFIGS / "grpo").glob("qwen*.yaml")))
def test_a_step_of_a_large_run_compares_many_questions_and_trl_takes_its_settings(tmp_path, file, monkeypatch):
    devices = 1 if "80gb" in file else 4
    monkeypatch.setattr(machine, "process_count", lambda: devices)
    config = load_config(CONFIGS / "grpo" / file, ["model.dtype=float32"])
    assert grpo_rows.groups_of_a_step(config) == 16
    grpo_rows.need_whole_draws(config)
    found = grpo.trainer_arguments(config, config.data.n_train, "float32", RunFolder(tmp_path))
    assert (found.vllm_gpu_memory_utilization, found.vllm_max_model_length, found.generation_batch_size) == (
        0.3, config.train.max_length + config.grpo.max_completion_length, 128)  # fmt: skip
    plain = config.replace(grpo=config.grpo.replace(generation_batch_size=None, vllm_max_model_length=None))
    usual = grpo.trainer_arguments(plain, config.data.n_train, "float32", RunFolder(tmp_path))
    assert usual.generation_batch_size == 128 // devices  # of this one process
    assert usual.vllm_max_model_length == found.vllm_max_model_length
    drawn = phase_memory.drawing_of(config, phase_memory.Asking(1, 100, 80))
    assert drawn == phase_memory.Asking(128 // devices, 100, config.grpo.max_completion_length)
    with_vllm = config.replace(grpo=config.grpo.replace(use_vllm=True))
    assert phase_memory.drawing_of(with_vllm, phase_memory.Asking(1, 100, 80)) is None


def test_few_groups_in_a_step_are_said(capsys):
    settings = ["model.source=tiny-random:llama", *FEW]
    grpo_rows.load_rows(load_config(CONFIGS / "grpo" / "tiny.yaml", settings))
    assert "compares the answers to 2 questions" in capsys.readouterr().err
    grpo_rows.load_rows(load_config(CONFIGS / "grpo" / "tiny.yaml", [*settings, "train.gradient_accumulation_steps=2"]))
    assert "compares the answers" not in capsys.readouterr().err


@pytest.mark.few(2)
@pytest.mark.parametrize("file", sorted(p.name for p in (CONFIGS / "grpo").glob("*_*.yaml")))
def test_every_configuration_trains_a_tiny_model_of_its_architecture(tmp_path, file):
    architecture = architecture_of(load_config(CONFIGS / "grpo" / file).model.source)
    small = ["model.revision=null", "model.dtype=float32", "model.quantization=none", "train.optim=adamw_torch_fused",
             *FEW,
             "train.max_steps=1", "train.per_device_train_batch_size=4", "train.gradient_accumulation_steps=1",
             "grpo.num_generations=2", "grpo.generation_batch_size=null", "grpo.max_completion_length=4",
             "grpo.warm_start_rows=2"]  # fmt: skip
    run = train("grpo", tmp_path / "run", small, architecture=architecture, file=file)[0]
    assert run.read()["train"]["steps"] == 1


def test_the_command_goes_all_the_way(tmp_path, monkeypatch, capsys):
    honest = capability_retention.measure
    monkeypatch.setattr(
        capability_retention, "measure", lambda *args, **kwargs: honest(*args, **{**kwargs, "quick": True})
    )
    command = ["grpo", "--config", str(CONFIGS / "grpo" / "tiny.yaml"), "train.max_steps=1", "data.n_heldout=2",
               "evaluate.max_new_tokens=4", "probe.n=2", "grpo.warm_start_rows=2"]  # fmt: skip
    assert cli.main([*command, "--out", str(tmp_path / "run")]) == 11
    report = json.loads((tmp_path / "run" / "report.json").read_text())
    assert report["run"]["status"] == "smoke" and "reward" in report["group"]
    exact = report["eval"]["shifted"]["exact"]
    assert "warm_start" in exact["ci95"] and exact["gain"]["against"] == "warm_start"  # of equals the stricter control
    assert "warm start alone" in (tmp_path / "run" / "report.html").read_text()
    assert cli.main([*command, "--dry-run"]) == 0
    assert "steps" in capsys.readouterr().out
