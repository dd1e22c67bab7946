"""Distillation on a tiny random model: the cut student, what is kept of the teacher, arms, resume, figures, gate."""

from __future__ import annotations

import json
import math
import shutil

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.training.method_runs import CONFIGS, train
from training import cli
from training.methods import plan
from training.methods.callbacks import StepLog
from training.methods.configuration import load_config
from training.methods.distill import loss as distill_losses
from training.methods.distill import measure as distill_measure
from training.methods.distill import phases as distill_phases
from training.methods.distill import rows as distill_rows
from training.methods.distill import student
from training.methods.distill import trainer as student_trainer
from training.models import loading
from training.models.chat_template import Encoded
from training.models.shapes import architecture_of
from training.run.errors import BadInput
from training.run.folder import RunFolder

pytestmark = pytest.mark.drawn(8)

TINY = CONFIGS / "distill" / "tiny.yaml"


def tiny(*overrides):
    return load_config(TINY, overrides)


@pytest.fixture(scope="module")
def loaded():
    return loading.load_base(tiny().model)


@pytest.fixture(scope="module")
def encoded(loaded):
    return distill_rows.encode(tiny(), loaded.tokenizer, distill_rows.load_rows(tiny()).train)


# ---- the student ----
@given(st.integers(1, 40), st.integers(1, 40))
def test_kept_layers_hold_the_ends_and_rise(count, total):
    found = student.kept_layers(count, total)
    assert len(found) == min(count, total) and found == sorted(set(found)) and found[0] == 0
    assert found[-1] == total - 1 or len(found) == 1


@pytest.mark.parametrize("architecture", ["llama", "qwen2", "olmo2", "mistral"])
def test_a_student_of_all_layers_is_the_teacher_and_of_one_has_its_weights(architecture):
    teacher = loading.load_base(tiny(f"model.source=tiny-random:{architecture}").model).model
    ids = torch.arange(20)[None]
    assert torch.allclose(student.cut(teacher, 2)(input_ids=ids).logits, teacher(input_ids=ids).logits, atol=1e-5)
    one = student.cut(teacher, 1)
    assert one.config.num_hidden_layers == 1
    theirs = teacher.state_dict()
    assert all(torch.equal(value, theirs[name].float()) for name, value in one.state_dict().items())
    trained = {name for name, p in one.named_parameters() if p.requires_grad}
    assert trained and not any("embed" in name or "lm_head" in name for name in trained)


def test_the_plans_count_is_the_students(loaded):
    from training.models.shapes import shape_of

    size = plan.student_sizes(tiny(), shape_of("tiny-random:llama"))
    cut = student.cut(loaded.model, 1)
    assert size["parameters"] == sum(p.numel() for p in cut.parameters())
    assert size["trained"] == sum(p.numel() for p in cut.parameters() if p.requires_grad)
    assert size["teacher_bytes"] == 4 * sum(p.numel() for p in loaded.model.parameters())


# ---- what is kept of the teacher ----
def test_scores_from_kept_hidden_states_are_the_teachers_own(loaded, encoded):
    for row, kept in zip(encoded, student.states(loaded.model, encoded), strict=True):
        with torch.no_grad():
            whole = loaded.model(input_ids=torch.tensor([row.ids])).logits[0, student.predictors(row.labels)]
            assert torch.allclose(loaded.model.get_output_embeddings()(kept), whole, atol=1e-5)


@pytest.mark.parametrize("temperature", [1.0, 2.0])
def test_top_k_keeps_a_lower_bound_that_is_exact_for_all_tokens(loaded, encoded, tmp_path, temperature):
    head = loaded.model.get_output_embeddings()
    values = {}
    for k in (0, 5, 10_000):
        config = tiny(f"distill.top_k={k}", f"distill.temperature={temperature}", "distill.alpha=0.7")
        run = RunFolder(tmp_path / str(k))
        run.path.mkdir()
        kept, size = student.teacher_targets(config, loaded.model, encoded, run)
        again, _ = student.teacher_targets(config, None if False else loaded.model, encoded, run)
        assert all(torch.equal(kept.kept[name], again.kept[name]) for name in kept.kept)
        assert size["positions"] == kept.starts[-1] and size["bytes"] > 0
        labels = torch.tensor(distill_rows.labels_of(encoded[0]))
        scores = torch.randn(len(labels), 259, generator=torch.Generator().manual_seed(0))
        values[k] = float(student_trainer.taught(scores, labels, kept.of(0), head, config.distill, 0.7))
    assert values[10_000] == pytest.approx(values[0], rel=1e-4) and values[5] < values[0]


def test_the_size_is_that_of_the_tensors(loaded, encoded, tmp_path):
    kept, size = student.teacher_targets(tiny(), loaded.model, encoded, RunFolder(tmp_path))
    positions = sum(len(row.ids) - 1 for row in encoded)
    assert size["bytes"] == positions * 32 * 4 and size["all_scores_bytes"] == positions * 259 * 4
    assert size["times_smaller"] == pytest.approx(259 / 32)


# ---- the loss ----
def test_the_loss_is_losses_own_at_the_labelled_places(loaded):
    head, settings = loaded.model.get_output_embeddings(), tiny("distill.temperature=2").distill
    generator = torch.Generator().manual_seed(1)
    hidden, scores = torch.randn(6, 32, generator=generator), torch.randn(6, 259, generator=generator)
    labels = torch.tensor([1, 2, 3, 4, 5, 6])
    with torch.no_grad():
        for alpha in (0.0, 0.5, 1.0):
            wanted = distill_losses.distillation_loss(scores, head(hidden), labels, 2.0, alpha, 0.0)
            found = student_trainer.taught(scores, labels, {"hidden": hidden}, head, settings, alpha)
            assert float(found) == pytest.approx(float(wanted))


def test_the_collator_lays_each_rows_targets_beside_its_labels(loaded, encoded, tmp_path):
    kept, _ = student.teacher_targets(tiny(), loaded.model, encoded, RunFolder(tmp_path))
    rows = [{"input_ids": encoded[i].ids, "labels": encoded[i].labels, "number": i} for i in (3, 1)]
    batch = student_trainer.TargetsCollator(kept)(rows)
    assert torch.equal(batch["targets"]["hidden"], torch.cat([kept.of(3)["hidden"], kept.of(1)["hidden"]]))
    following = batch["input_ids"][batch["rows"], batch["places"] + 1]
    assert torch.equal(following, batch["labels"])
    chat = Encoded([5, 6, 7, 8], [-100, -100, 7, 8])
    assert student.predictors(chat.labels) == [1, 2] and distill_rows.labels_of(chat) == [7, 8]


# ---- runs ----
def weights_of(run: RunFolder, arm: str) -> bytes:
    kept = run.path / "variants" / arm / "adapter"
    return ((kept if kept.is_dir() else run.adapter) / "model.safetensors").read_bytes()


def test_arms_start_alike_and_the_soft_one_comes_nearer_to_its_teacher(tmp_path, capsys):
    overrides = ["train.num_train_epochs=5", "train.save_steps=100", "train.learning_rate=1e-2", "data.n_heldout=6"]
    run, result, (config, loaded, rows) = train("distill", tmp_path / "run", overrides)
    arms = {arm: RunFolder(run.path / "variants" / arm) for arm in ("hard", "soft")}
    arms["soft"].adapter = run.adapter
    assert [e["step"] for e in arms["hard"].events("step")] == [e["step"] for e in arms["soft"].events("step")]
    found = distill_phases.scores(config, rows, loaded, loaded.model, arms, run)["text"]
    kl = found["kl"]["by_arm"]
    assert kl["soft"] < kl["before"] and kl["soft"] < kl["hard"]
    assert found["kl"]["gain"]["value"] == pytest.approx(kl["soft"] - kl["hard"])


@pytest.mark.few(2)
@pytest.mark.parametrize(("arms", "killed_after"), [
    ("hard, soft", [[1], [1, 2, 3, 4, 1]]),
    ("soft, on_policy", [[1], [1, 2, 3, 4, 1], [1, 2, 3, 4, 1, 2, 1]]),
])  # fmt: skip
def test_resumed_is_straight_in_each_arm(tmp_path, arms, killed_after):
    """Broken off once in each arm, and in each half of the on-policy one."""
    few = [
        "train.save_steps=1",
        "train.max_steps=4",
        f"distill.variants=[{arms}]",
        "distill.max_new_tokens=4",
        "data.n_train=4",
    ]
    straight = train("distill", tmp_path / "straight", few)[0]

    class Kill(Exception):
        pass

    honest, saves = StepLog.on_save, []

    def on_save(self, args, state, control, **rest):
        honest(self, args, state, control, **rest)
        saves.append(state.global_step)
        if saves in killed_after:
            raise Kill

    StepLog.on_save = on_save
    try:
        for _ in killed_after:
            with pytest.raises(Kill):
                train("distill", tmp_path / "stopped", few, resume="again" if saves else None)
    finally:
        StepLog.on_save = honest
    again = train("distill", tmp_path / "stopped", few, resume="again")[0]
    assert saves == killed_after[-1]
    first, second = arms.split(", ")
    for arm in (first, second):
        assert weights_of(again, arm) == weights_of(straight, arm)
    assert weights_of(again, first) != weights_of(again, second)
    assert not list(again.path.glob("arms/*/checkpoints"))


def test_the_teachers_text_and_the_students_own(tmp_path):
    overrides = [
        "distill.variants=[hard, sequence, on_policy]",
        "train.max_steps=2",
        "train.save_steps=1",
        "distill.max_new_tokens=6",
        "data.n_train=4",
    ]
    run, result, _ = train("distill", tmp_path / "run", overrides)
    written = [json.loads(line) for line in (run.path / distill_rows.WRITTEN).read_text().splitlines()]
    assert len(written) == 4 and all(row["text"] for row in written)
    own = RunFolder(run.path / "variants" / "on_policy")
    assert own.read()["train"]["steps"] == 1 == RunFolder(own.path / "first-half").read()["train"]["steps"]
    assert result.model(input_ids=torch.arange(5)[None]).logits.isfinite().all()
    shutil.rmtree(run.adapter)
    report = own.read()
    del report["train"]
    own.report.write_text(json.dumps(report))
    before = [e["loss"] for e in own.events("step")]
    train("distill", run.path, overrides, resume="again")
    assert [e["loss"] for e in own.events("step")] == before and math.isfinite(before[-1])


@pytest.mark.parametrize("overrides", [
    ["distill.variants=[hard]"], ["distill.variants=[hard, hard]"], ["distill.variants=[hard, loud]"],
    ["lora={rank: 4, alpha: 8}"], ["distill.top_k=4", "distill.beta=0.5"], ["data.train_file=rows.jsonl"],
])  # fmt: skip
def test_settings_that_do_not_fit_are_one_line(overrides):
    with pytest.raises(BadInput) as caught:
        distill_rows.load_rows(tiny(*overrides))
    assert "\n" not in str(caught.value)


def test_a_files_faults_are_named_by_line(tmp_path):
    file = tmp_path / "rows.jsonl"
    file.write_text('{"prompt": "a", "completion": "b"}\n{"prompt": "a"\n')
    with pytest.raises(BadInput, match=f"{file}:2: bad-json"):
        distill_rows.load_rows(tiny("distill.rows=task", "task=shift_notes", f"data.train_file={file}"))


@pytest.mark.few(2)
@pytest.mark.parametrize("file", sorted(p.name for p in (CONFIGS / "distill").glob("*.yaml") if p.name != "tiny.yaml"))
def test_every_configuration_teaches_a_tiny_student_of_its_architecture(tmp_path, file):
    whole = load_config(CONFIGS / "distill" / file)
    few = ["model.revision=null", "model.dtype=float32", "model.quantization=none", "train.optim=adamw_torch_fused",
           "data.n_train=2", "data.n_heldout=1", "train.max_steps=2", "train.per_device_train_batch_size=2",
           "train.gradient_accumulation_steps=1",
           "train.max_length=4096", "distill.max_new_tokens=4", "evaluate.max_new_tokens=4",
           "distill.teacher_adapter=null",
           "train.gradient_checkpointing=false"]  # fmt: skip
    if whole.distill.rows == "text":
        few.append("train.max_length=24")
    run = train("distill", tmp_path / "run", few, architecture=architecture_of(whole.model.source), file=file)[0]
    assert {p.name for p in (run.path / "variants").iterdir()} == set(whole.distill.variants)


# ---- figures ----
def items(**arms):
    return {arm: {"next_token": values, "agreement": values, "cross_entropy": [2.0] * 40, "kl": kl, "tokens": [50] * 40}
            for arm, (values, kl) in arms.items()}  # fmt: skip


def verdict(hard, soft, kl=0.5):
    found = distill_measure.compare(items(before=([0.1] * 40, [2.0] * 40), hard=(hard, [1.0] * 40),
                                           soft=(soft, [kl] * 40)), "hard", "soft")  # fmt: skip
    return distill_measure.gate({"text": found}, tiny()), found


def test_the_gate_judges_the_arm_against_its_control():
    low, high = list(np.linspace(0.2, 0.4, 40)), list(np.linspace(0.3, 0.5, 40))
    found, block = verdict(low, high)
    assert found["verdict"] == "ship" and "+10.0 points" in found["sentence"] and "hard" in found["sentence"]
    assert verdict(high, low)[0]["verdict"] == "no gain"
    assert verdict(low, high, kl=1.2)[0]["verdict"] == "gain with regression"
    assert any("hard 30.0%, soft 40.0%" in line for line in distill_measure.lines({"text": block}))
    table = distill_measure.tables({"text": block}, {"hard": 3.0, "soft": 4.0})[0]
    assert table["head"] == ["figure", "before", "hard", "soft"] and table["rows"][-1][1:] == ["–", "3", "4"]


def test_the_teacher_agrees_with_itself(loaded, encoded):
    said = student.states(loaded.model, encoded)
    found = distill_measure.by_row(loaded.model, encoded, said, loaded.model.get_output_embeddings())
    assert found["agreement"] == [1.0] * len(encoded) and max(map(abs, found["kl"])) < 1e-6


# ---- the command ----
def test_the_command_goes_all_the_way_and_goes_on(tmp_path, capsys):
    command = ["distill", "--config", str(TINY), "train.max_steps=3"]
    code = cli.main([*command, "--out", str(tmp_path / "run")])
    folder = RunFolder(tmp_path / "run")
    report = folder.read()
    assert code == report["gate"]["exit_code"] and report["run"]["status"] == "smoke"
    assert set(report["eval"]["text"]) == {"next_token", "agreement"} and report["distill"]["nats"]["text"]["kl"]
    assert report["teacher"]["times_smaller"] > 1 and "Ways of teaching" in folder.html.read_text()
    steps = len(folder.events("step"))
    assert steps == 3 and cli.main(["distill", "--resume", str(tmp_path / "run")]) == code
    assert folder.read()["eval"] == report["eval"] and len(folder.events("step")) == steps
    assert cli.main([*command, "--dry-run"]) == 0
    task = ["distill.rows=task", "task=sums", "evaluate.max_new_tokens=4", "train.max_length=512", "data.n_heldout=2"]
    assert cli.main([*command, *task, "--out", str(tmp_path / "task")]) in (11, 12)
    assert "exact" in RunFolder(tmp_path / "task").read()["eval"]["shifted"]
    capsys.readouterr()
    assert cli.main(["distill", "--config", str(CONFIGS / "sft" / "tiny.yaml")]) == 2
    assert "method is sft, not distill" in capsys.readouterr().err
