"""Faults of the table of symptoms that no other test plants whole: each is put into a run, and the check names it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

from tests.training.evaluation.test_gate_and_probe import CONFIG as GATED  # noqa: E402
from tests.training.evaluation.test_gate_and_probe import report  # noqa: E402
from tests.training.methods.test_overfit import TINY, rows_file  # noqa: E402
from tests.training.sample_rows import make_rows  # noqa: E402
from training.cli import main  # noqa: E402
from training.evaluation import capability_retention, gate  # noqa: E402
from training.methods.sft.collator import AnswerCollator  # noqa: E402
from training.models import chat_template, tiny  # noqa: E402
from training.models.guards import IGNORED  # noqa: E402
from training.run.errors import NO_GAIN, GuardFailed  # noqa: E402

TRAINED = SimpleNamespace(train=SimpleNamespace(per_device_train_batch_size=4),
                          evaluate=SimpleNamespace(per_device_eval_batch_size=4, refusals=False))  # fmt: skip


def overfit(folder: Path, *settings: str) -> int:
    """``train --overfit 4`` on four short rows; its exit code."""
    mine = ["task=jsonl", f"data.train_file={rows_file(folder)}", "--overfit", "4", "lora=null", *settings]
    return main(["train", "--config", TINY, *mine, "--out", str(folder / "run")])


def test_a_template_that_marks_the_prompt_as_the_models_is_refused() -> None:
    """The loss would count the prompt."""
    tokenizer = tiny.tokenizer()
    row = make_rows(1)[0]
    assert IGNORED in chat_template.encode(tokenizer, row, 2048).labels
    tokenizer.chat_template = "{% generation %}" + tokenizer.chat_template + "{% endgeneration %}"
    with pytest.raises(GuardFailed, match="the prompt too"):
        chat_template.encode(tokenizer, row, 2048)


def test_labels_that_are_shifted_twice_are_learnt_and_not_repeated(
    tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    collate = AnswerCollator.__call__

    def shifted(self: AnswerCollator, rows: list[dict]) -> dict:
        batch = collate(self, rows)
        batch["labels"] = torch.cat([batch["labels"][:, 1:], torch.full_like(batch["labels"][:, :1], IGNORED)], 1)
        return batch

    monkeypatch.setattr(AnswerCollator, "__call__", shifted)
    assert overfit(tmp_path) == NO_GAIN
    said = capsys.readouterr().out
    assert "not learnt: 0 of 4" in said and "the loss is low, and yet row" in said


def test_a_rate_that_is_far_too_high_is_named(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    assert overfit(tmp_path, "train.learning_rate=1") == NO_GAIN
    assert "train.learning_rate 1 is too high" in capsys.readouterr().out


def test_a_model_that_forgot_is_a_gain_with_regression() -> None:
    """Weights that have learnt one sentence by heart predict general text worse, and the gate says so."""
    model, tokenizer = tiny.model("llama")
    before = capability_retention.measure(model.eval(), tokenizer, TRAINED, "base", quick=True)
    ids = torch.tensor([tokenizer("The note is: mouse, mill.")["input_ids"]])
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-2)
    for _ in range(40):
        model(input_ids=ids, labels=ids).loss.backward()
        optimiser.step()
        optimiser.zero_grad()
    after = capability_retention.measure(model.eval(), tokenizer, TRAINED, "tuned", quick=True)
    healthy, ill = (capability_retention.combine(before, arm) for arm in (before, after))
    assert gate.judge(report() | {"regression": healthy}, GATED)["verdict"] == "ship"
    found = gate.judge(report() | {"regression": ill}, GATED)
    assert found["verdict"] == "gain with regression" and "cross-entropy" in found["sentence"]
