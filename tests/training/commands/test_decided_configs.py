"""Configurations that the decision exports are accepted by the trainer unchanged, dry-run, smoke, and fit."""

from __future__ import annotations

import pytest

from labs_py.core import decision, starting_recipes
from labs_py.core.decision import Profile
from training import cli
from training.methods.configuration import load_config
from training.methods.memory_estimate import estimate
from training.models.shapes import shape_of

LEAVES = {
    "sft": Profile("behaviour", "poor", True, 400, False, "cpu"),
    "sft+rag": Profile("knowledge", "half", True, 1000, False, "cpu"),
    "dpo": Profile("preference", "half", True, 400, False, "cpu"),
    "grpo": Profile("reasoning", "half", True, 400, False, "cpu"),
    "distillation": Profile("cheaper", "half", True, 400, False, "cpu"),
    "embedding": Profile("retrieval", "half", True, 400, False, "cpu"),
}


def written(tmp_path, profile) -> str:
    path = tmp_path / "decided.yaml"
    path.write_text(decision.configuration(profile), encoding="utf-8")
    return str(path)


def test_every_tuning_plan_is_a_leaf_here_and_no_other_plan_exports():
    assert set(LEAVES) == set(decision.TUNING)
    for plan, profile in LEAVES.items():
        assert decision.decide(profile).plan == plan
    for rule in decision.RULES:
        if rule.plan not in decision.TUNING:
            assert rule.plan in ("test", "probe", "prompt", "rag", "collect")


@pytest.mark.few(3)
@pytest.mark.parametrize("plan", LEAVES)
def test_a_leaf_dry_runs_and_smokes_unchanged(tmp_path, capsys, plan):
    path, command = written(tmp_path, LEAVES[plan]), decision.command(LEAVES[plan])
    out = ["--config", path, "--out", str(tmp_path / "run")]
    assert cli.main([command, *out, "--dry-run"]) == 0 and not (tmp_path / "run").exists()
    assert cli.main([command, *out, "--smoke"]) in (0, 10, 11, 12)
    assert (tmp_path / "run" / "report.json").is_file()


@pytest.mark.parametrize("hardware", ["cpu", "16", "24", "80"])
@pytest.mark.parametrize("goal", ["behaviour", "preference", "reasoning", "cheaper"])
def test_an_exported_configuration_loads_and_fits(tmp_path, hardware, goal):
    path = tmp_path / "decided.yaml"
    path.write_text(decision.configuration(Profile(goal, "half", True, 400, False, hardware)))
    loaded = load_config(path)
    assert loaded.data.n_train == 400
    if hardware != "cpu":  # a tenth above the parts for what the allocator wastes
        assert estimate(loaded)["total_bytes"] * 1.1 < int(hardware) * 10**9


@pytest.mark.parametrize("hardware", ["cpu", "16", "24", "80"])
@pytest.mark.parametrize("rows", [60, 400, 5000, 50_000])
def test_it_begins_where_the_starting_recipes_do_and_says_why(tmp_path, hardware, rows):
    path, profile = tmp_path / "decided.yaml", Profile("behaviour", "half", True, rows, False, hardware)
    path.write_text(decision.configuration(profile), encoding="utf-8")
    made, start = load_config(path), decision.recipe(profile)
    parameters = shape_of(made.model.source).parameters
    assert start == starting_recipes.recipe(parameters, made.data.n_train, source=made.model.source)
    t = made.train
    assert (made.lora.r, made.lora.lora_alpha, made.lora.layers_to_transform) == (
        start.r, start.lora_alpha, start.layers_to_transform)  # fmt: skip
    assert (t.learning_rate, t.num_train_epochs) == (pytest.approx(start.learning_rate), start.num_train_epochs)
    assert t.per_device_train_batch_size * t.gradient_accumulation_steps == start.batch
    assert (made.data.replay_fraction, made.data.replay_chats) == (start.replay_fraction, start.replay_chats)
    assert all(why in path.read_text() for why in start.why.values())


def test_the_configuration_for_a_laptop_dry_runs(tmp_path, capsys):
    path = tmp_path / "decided.yaml"
    path.write_text(decision.configuration(Profile("behaviour", "poor", True, 60, False, "cpu")))
    assert cli.main(["sft", "--dry-run", "--config", str(path), "--out", str(tmp_path / "run")]) == 0
    assert "96 to train on" in capsys.readouterr().out  # 60 rows, 6 passages and 30 chats


def test_no_tuning_no_configuration():
    assert decision.configuration(Profile("behaviour", "fine", True, 60, False, "cpu")) == ""
