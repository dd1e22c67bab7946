"""The reward model on a tiny random model: pairs, head, training, resume, figures, gate, faults of a file."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.effort import examples
from tests.training.method_runs import CONFIGS, adapter_bytes, resumed_is_straight, train
from training import cli
from training.data.tasks import shift_notes
from training.data.tasks.base import target
from training.data.tasks.registry import get
from training.methods.configuration import load_config
from training.methods.reward import loss as reward_losses
from training.methods.reward import measure as reward_measure
from training.methods.reward import pairs as reward_pairs
from training.methods.reward import train as reward
from training.models import loading
from training.models.chat_template import stop_ids
from training.models.shapes import architecture_of
from training.run.errors import BadInput, GuardFailed
from training.run.folder import RunFolder

REFERENCE = "Anna delivered 12 crates of apples to dock 3 at 9:40."


def tiny(*overrides):
    return load_config(CONFIGS / "reward" / "tiny.yaml", overrides)


# ---- pairs ----
def test_the_better_answer_wins_by_rule_and_half_the_kinds_have_equal_length():
    rows = reward_pairs.load_rows(tiny("data.n_train=80", "data.n_heldout=80"))
    for pairs in (rows.train, *rows.heldout.values()):
        assert len(pairs) == 80 and {pair["kind"] for pair in pairs} == set(reward_pairs.SPOILERS)
        for pair in pairs:
            better, worse = (shift_notes.rule_score(pair[side], pair["chosen"]) for side in ("chosen", "rejected"))
            assert better == 1.0 > worse + 0.1, pair
            same = len(pair["chosen"].split()) == len(pair["rejected"].split())
            assert same == (pair["kind"] in reward_pairs.SAME_LENGTH)
    assert not {p["chosen"] for p in rows.train} & {p["chosen"] for p in rows.heldout["shifted"]}


def test_the_same_seed_gives_the_same_pairs():
    first, again, other = (reward_pairs.load_rows(tiny(f"data.seed={seed}")) for seed in (0, 0, 1))
    assert first.train == again.train and first.sha256 == again.sha256 != other.sha256


def test_noise_turns_that_share_of_the_training_choices_and_no_held_out_one():
    plain, noisy = (reward_pairs.load_rows(tiny("data.n_train=40", f"reward.label_noise={x}")) for x in (0, 0.25))
    turned = [a["chosen"] == b["rejected"] for a, b in zip(plain.train, noisy.train, strict=True)]
    assert sum(turned) == 10 and plain.heldout == noisy.heldout


@pytest.mark.parametrize("overrides", [
    ["reward.kinds=[backwards]"], ["reward.kinds=[]"], ["task=sums"], ["data.replay_fraction=0.1"],
    ["reward.pairs=file"], ["data.n_train=1", "reward.kinds=[wrong]"],
])  # fmt: skip
def test_settings_that_do_not_fit_are_one_line(overrides):
    with pytest.raises(BadInput) as caught:
        reward_pairs.load_rows(tiny(*overrides))
    assert "\n" not in str(caught.value)


def test_files_of_pairs_are_read_and_their_faults_named_by_line(tmp_path):
    good = [{"prompt": f"How many, {i}?", "chosen": "Two.", "rejected": "Many, I would say."} for i in range(6)]
    both = []
    for name, part in (("train", good[:4]), ("test", good[4:])):
        both.append(tmp_path / f"{name}.jsonl")
        both[-1].write_text("".join(json.dumps(row) + "\n" for row in part))
    told = ["task=jsonl", "reward.pairs=file", f"data.train_file={both[0]}", f"data.heldout_files={{test: {both[1]}}}"]
    rows = reward_pairs.load_rows(tiny(*told))
    assert rows.n == {"train": 4, "test": 2} and rows.train[0]["chosen"] == "Two."
    with open(both[0], "a") as stream:
        stream.write('{"prompt": "x", "chosen": "y"}\n' + json.dumps(good[5]) + "\n")
    with pytest.raises(BadInput) as caught:
        reward_pairs.load_rows(tiny(*told))
    lines = str(caught.value).splitlines()
    assert lines[0].startswith(f"{both[0]}:5: missing-answer") and lines[1].startswith(f"{both[0]}:6: test-leak")


def test_a_pair_that_is_too_long_is_named_by_line_before_anything_runs(tmp_path):
    both = [tmp_path / f"{name}.jsonl" for name in ("train", "test")]
    for file in both:
        row = {"prompt": file.name, "chosen": "Two.", "rejected": "Many."}
        file.write_text(json.dumps(row) + "\n" + json.dumps({**row, "id": "my-id", "chosen": "two " * 900}) + "\n")
    told = ["task=jsonl", "reward.pairs=file", f"data.train_file={both[0]}", f"data.heldout_files={{test: {both[1]}}}"]
    with pytest.raises(BadInput, match=rf"^{both[0]}:2: too-long: 'chosen'"):
        config = tiny(*told, "train.max_length=900")
        reward_pairs.load_rows(config, loading.load_base(config.model).tokenizer)


@pytest.mark.parametrize("name, value", [("train_file", "rows.jsonl"), ("heldout_files", "{test: rows.jsonl}")])
def test_written_pairs_are_of_the_tasks_own_rows(name, value):
    with pytest.raises(BadInput, match=f"^data.{name}: synthetic pairs .* reward.pairs to file"):
        reward_pairs.load_rows(tiny(f"data.{name}={value}"))


# ---- head ----
@pytest.mark.parametrize("architecture", ["llama", "qwen2", "olmo2", "mistral"])
def test_a_reward_is_the_head_on_the_stop_tokens_state_whatever_stands_beside(architecture):
    loaded = loading.load_base(tiny(f"model.source=tiny-random:{architecture}").model)
    scorer = reward.scorer(loaded, 3)
    assert reward.pad_apart(loaded.tokenizer) not in stop_ids(loaded.tokenizer)
    stop = loaded.tokenizer.eos_token_id
    rows = [[5, 6, 7, stop], [9, stop], [5, 6, 7, 8, 9, 10, 11, stop]]
    found = reward.rewards(scorer, rows, reward.pad_apart(loaded.tokenizer))
    for ids, value in zip(rows, found, strict=True):
        with torch.no_grad():
            hidden = loaded.model.base_model(input_ids=torch.tensor([ids])).last_hidden_state[0, -1]
        assert value == pytest.approx(float(hidden @ scorer.score.weight[0].detach()), rel=1e-4, abs=1e-6)
    again, other = (reward.scorer(loaded, seed).score.weight for seed in (3, 4))
    assert torch.equal(again, scorer.score.weight) and not torch.equal(other, again)


def test_a_reward_that_is_no_number_is_refused():
    loaded = loading.load_base(tiny().model)
    scorer = reward.scorer(loaded, 0)
    scorer.score.weight.data.fill_(float("nan"))
    with pytest.raises(GuardFailed, match="not a number"):
        reward.rewards(scorer, [[5, 6]], 0)


# ---- training ----
def test_training_raises_the_better_answers_and_the_folder_holds_the_model(tmp_path):
    run, result, (config, loaded, rows) = train(
        "reward", tmp_path / "run", ["train.num_train_epochs=6", "reward.kinds=[long_winded]"]
    )
    facts = run.read()["train"]
    assert facts["loss"][0] == pytest.approx(
        float(reward_losses.reward_model_loss(torch.zeros(4), torch.zeros(4))), abs=0.05
    )
    assert facts["loss"][-1] < facts["loss"][0] - 0.1
    assert run.events("method")[-1]["margin"] > 0.1
    fresh = reward.attach(config, loading.load_base(config.model), run)
    pairs = rows.heldout["shifted"]
    shipped, trained = (np.array(reward.measured_rewards(config, loaded, m, pairs)) for m in (fresh, result.model))
    assert np.allclose(shipped, trained, atol=1e-6) and np.std(trained) > 0.01
    with pytest.raises(BadInput, match="lora"):
        train("reward", tmp_path / "whole", ["lora=null"])


def test_in_training_too_the_stop_tokens_state_is_read(tmp_path):
    """The trainer's own padding would be the stop token, and the reward that of the word before it."""
    run, result, (config, loaded, rows) = train("reward", tmp_path / "run", ["train.max_steps=1"])
    assert result.model.get_base_model().config.pad_token_id == reward.pad_apart(loaded.tokenizer)


def test_resumed_is_straight(tmp_path):
    resumed_is_straight("reward", tmp_path, [], 3)


def test_the_seed_decides(tmp_path):
    runs = [train("reward", tmp_path / str(i), ["train.max_steps=2", f"train.seed={seed}"])[0]
            for i, seed in enumerate((0, 0, 1))]  # fmt: skip
    first, again, other = map(adapter_bytes, runs)
    assert first == again != other


@pytest.mark.few(2)
@pytest.mark.parametrize("file", sorted(p.name for p in (CONFIGS / "reward").glob("*.yaml") if p.name != "tiny.yaml"))
def test_every_configuration_trains_a_tiny_model_of_its_architecture(tmp_path, file):
    whole = load_config(CONFIGS / "reward" / file)
    few = ["model.revision=null", "model.dtype=float32", "model.quantization=none", "train.optim=adamw_torch_fused",
           "data.n_train=4", "data.n_heldout=4", "train.max_steps=2", "train.per_device_train_batch_size=2",
           "train.gradient_accumulation_steps=1",
           "train.max_length=4096"]  # fmt: skip
    run = train("reward", tmp_path / "run", few, architecture=architecture_of(whole.model.source), file=file)[0]
    assert run.read()["train"]["steps"] == 2


# ---- figures ----
def pair(words: int, other: int, kind: str = "long_winded") -> dict:
    return {"chosen": "x " * words, "rejected": "x " * other, "kind": kind}


def test_the_length_rule_learns_what_length_can_tell_and_no_more():
    pairs = [pair(10, 30), pair(10, 4), pair(11, 25), pair(9, 3)] * 5 + [pair(10, 10)] * 20
    typical, weights = reward_measure.fit_length_rule(pairs)
    points = reward_measure.right(reward_measure.length_features(pairs, typical) @ weights)
    assert typical == 10 and points[:20].tolist() == [1.0] * 20 and points[20:].tolist() == [0.5] * 20


@examples(25, 500)
@given(st.lists(st.floats(-50, 50), min_size=1, max_size=40))
def test_calibration_figures_stay_in_their_bounds(values):
    found = reward_measure.calibration(np.array(values))
    assert 0 <= found["error"] <= 1 and 0 <= found["brier"] <= 1 and found["log_loss"] >= 0
    assert sum(b["n"] for b in found["bins"]) == len(values)


def test_a_model_that_is_as_sure_as_right_has_no_calibration_error():
    sure = np.log(0.8 / 0.2)
    assert reward_measure.calibration(np.array([sure] * 8 + [-sure] * 2))["error"] == pytest.approx(0)
    assert reward_measure.calibration(np.array([-sure] * 10))["error"] == pytest.approx(0.8)


def gate_of(tuned, n=60):
    pairs = [pair(10, 30)] * n + [pair(10, 10, "wrong")] * n
    rule = reward_measure.fit_length_rule(pairs)
    found = {"shifted": reward_measure.judge_set(pairs, tuned(n), [(0.1, 0.0), (0.0, 0.1)] * n, rule)}
    return found, reward_measure.gate(found, tiny())


def test_the_gate_wants_more_than_length():
    found, verdict = gate_of(lambda n: [(3.0, 0.0)] * 2 * n)
    assert verdict["verdict"] == "ship" and verdict["exit_code"] == 0
    assert found["shifted"]["pair_accuracy"]["length_only"] == pytest.approx(0.75)
    assert found["shifted"]["pair_accuracy"]["gain"]["against"] == "length_only"
    length_only = gate_of(lambda n: [(3.0, 0.0)] * n + [(3.0, 0.0), (0.0, 3.0)] * (n // 2))[1]
    assert length_only["verdict"] == "no gain"
    unsure = gate_of(lambda n: [(0.01, 0.0)] * 2 * n)[1]
    assert unsure["verdict"] == "gain with regression" and "calibration" in str(unsure["checks"])
    assert any("right on 100.0%" in line for line in reward_measure.lines(found))
    assert {t["title"] for t in reward_measure.tables(found)} >= {"Held-out pairs told right"}


def test_length_correlation_of_a_reward_that_is_length():
    pairs = [pair(10, 30), pair(5, 8)]
    assert reward_measure.length_correlation(pairs, [(10, 30), (5, 8)]) == pytest.approx(1)
    assert reward_measure.length_correlation(pairs, [(1, 1), (1, 1)]) is None


def test_one_spoilt_answer_of_each_kind():
    import random

    references = [target(row) for row in get("shift_notes").rows("train", 20)]
    for spoil in (reward_pairs.vague, reward_pairs.wrong):
        text = spoil(REFERENCE, references, random.Random(0))
        assert text != REFERENCE and len(text.split()) == len(REFERENCE.split())


# ---- the command ----
def test_the_command_goes_all_the_way_and_goes_on(tmp_path, capsys):
    command = ["reward", "--config", str(CONFIGS / "reward" / "tiny.yaml")]
    code = cli.main([*command, "--out", str(tmp_path / "run")])
    folder = RunFolder(tmp_path / "run")
    report = folder.read()
    assert code == report["gate"]["exit_code"] and report["run"]["status"] == "smoke"
    assert set(report["eval"]) == {"iid", "shifted"} and "Held-out pairs told right" in folder.html.read_text()
    assert len(folder.predictions.read_text().splitlines()) == 16
    assert cli.main(["reward", "--resume", str(tmp_path / "run")]) == code
    again = folder.read()
    assert again["eval"] == report["eval"] and again["train"]["seconds"] == report["train"]["seconds"]
    assert cli.main([*command, "--dry-run"]) == 0
    capsys.readouterr()
    assert cli.main(["reward", "--config", str(CONFIGS / "sft" / "tiny.yaml")]) == 2
    assert "method is sft, not reward" in capsys.readouterr().err
    assert cli.main([*command, "reward.kind=[wrong]"]) == 2
    assert "did you mean 'kinds'" in capsys.readouterr().err
