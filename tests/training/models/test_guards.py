"""The traps table: each guard catches its trap, and without the guard the trap is really there.

Each test first runs with the guard replaced by nothing and shows the failure that nobody would see in the loss,
then with the guard and expects it to speak.
"""

from __future__ import annotations

import hashlib

import pytest
import torch

from tests.training.sample_rows import make_rows
from training.methods.sft.collator import AnswerCollator
from training.models import chat_template, guards, loading, tiny
from training.run import folder as run_folder
from training.run.errors import GuardFailed
from training.run.settings import LoraSettings, ModelSettings

SOURCE = ModelSettings(source="tiny-random:llama", revision=None, dtype="float32")
LORA = LoraSettings(r=4, lora_alpha=8)
NO_STOP = "{% for m in messages %}{{ m['role'] + ': ' + m['content'] + '\n' }}{% endfor %}"


def switch_off(monkeypatch, name, value=None):
    """Replace a guard by nothing."""
    monkeypatch.setattr(guards, name, lambda *_, **__: value)


def start_of_adapter(seed: int) -> str:
    """Hash of every A matrix of a fresh adapter."""
    made = loading.attach_new_adapter(loading.load_base(SOURCE), LORA, seed)
    parts = [p.detach().numpy().tobytes() for n, p in made.named_parameters() if "lora_A" in n]
    return hashlib.sha256(b"".join(parts)).hexdigest()


def test_seed_before_adapter(monkeypatch):
    with monkeypatch.context() as off:
        switch_off(off, "seed_before_adapter")
        assert start_of_adapter(3) != start_of_adapter(3)  # the trap: one seed, two starts
    assert start_of_adapter(3) == start_of_adapter(3)
    assert start_of_adapter(3) != start_of_adapter(4)


def test_trainable_count(monkeypatch):
    loaded = loading.load_base(SOURCE)
    made = loading.attach_new_adapter(loaded, LORA, 0)
    made.get_base_model().model.norm.weight.requires_grad_(True)  # trained by accident
    with pytest.raises(GuardFailed, match="trainable parameters"):
        guards.trainable_count(made, 4096)
    with monkeypatch.context() as off:
        switch_off(off, "trainable_count")
        guards.trainable_count(made, 4096)
        assert sum(p.numel() for p in made.parameters() if p.requires_grad) != 4096


def test_scale_rule(monkeypatch):
    """alpha / rank, not alpha: rank-stabilised scaling unasked would be another rule without anyone noticing."""
    from peft import LoraConfig

    class Stabilised(LoraConfig):
        def __init__(self, **kwargs):
            super().__init__(**{**kwargs, "use_rslora": True})

    monkeypatch.setattr("peft.LoraConfig", Stabilised)
    with monkeypatch.context() as off:
        switch_off(off, "scale_rule")
        made = loading.attach_new_adapter(loading.load_base(SOURCE), LORA, 0)
        scales = {
            s for m in made.modules() if isinstance(getattr(m, "scaling", None), dict) for s in m.scaling.values()
        }
        assert scales == {4.0}  # alpha / sqrt(rank), twice what the page says
    with pytest.raises(GuardFailed, match="which lora.lora_alpha"):
        loading.attach_new_adapter(loading.load_base(SOURCE), LORA, 0)


@pytest.mark.parametrize("content, words", [("", "no token would be trained on")])
def test_supervised_share(monkeypatch, content, words):
    labels = [-100, -100, -100]
    with pytest.raises(GuardFailed, match=words):
        guards.supervised_share(labels, "row 1")
    with pytest.raises(GuardFailed, match="the prompt too"):
        guards.supervised_share([1, 2, 3], "row 1")
    row = {"messages": [{"role": "user", "content": "hi"}]}  # no answer at all
    with pytest.raises(GuardFailed):
        chat_template.encode(tiny.tokenizer(), row, 100)
    switch_off(monkeypatch, "supervised_share")
    switch_off(monkeypatch, "stop_token_supervised")
    encoded = chat_template.encode(tiny.tokenizer(), row, 100)
    assert not any(x != -100 for x in encoded.labels)  # the trap: a row that teaches nothing


def test_stop_token_supervised(monkeypatch):
    tokenizer = tiny.tokenizer()
    tokenizer.chat_template = NO_STOP
    with pytest.raises(GuardFailed, match="no-stop-token"):
        chat_template.encode(tokenizer, make_rows(1)[0], 2048)
    switch_off(monkeypatch, "stop_token_supervised")
    encoded = chat_template.encode(tokenizer, make_rows(1)[0], 2048)
    assert not set(encoded.labels) & chat_template.stop_ids(tokenizer)  # the trap: nothing teaches it to stop


def test_pad_and_stop_are_one_token(monkeypatch):
    """Masking where the id equals pad would hide the stop token from the loss and from attention."""
    tokenizer = tiny.tokenizer()
    assert tokenizer.pad_token_id == tokenizer.eos_token_id
    rows = [chat_template.encode(tokenizer, r, 2048) for r in make_rows(4)]
    rows = [{"input_ids": r.ids, "labels": r.labels} for r in rows]
    collate = AnswerCollator(tokenizer.pad_token_id, share_prefix=False)
    batch = collate(rows)
    stops = [  # a line break of the template's stands behind the stop token
        (r["input_ids"][-2], int(m.sum()) == len(r["input_ids"]))
        for r, m in zip(rows, batch["attention_mask"], strict=True)
    ]
    assert all(token == tokenizer.eos_token_id and whole for token, whole in stops)
    assert [int((row == tokenizer.eos_token_id).sum()) for row in batch["labels"]] == [1] * 4
    by_id = (batch["input_ids"] != tokenizer.pad_token_id).long()  # the trap: the common shortcut
    assert all(int(a.sum()) < len(r["input_ids"]) for a, r in zip(by_id, rows, strict=True))
    with monkeypatch.context() as off:  # without the guard every pad would count as a real token
        off.setattr(guards, "mask_by_length", lambda length, width: [1] * width)
        assert int(collate(rows)["attention_mask"].sum()) > sum(len(r["input_ids"]) for r in rows)


def test_all_masked_micro_batch(monkeypatch):
    nothing = torch.zeros(()), torch.tensor(0)
    assert float(nothing[0] / guards.label_count(nothing[1])) == 0.0
    monkeypatch.setattr(guards, "label_count", lambda count: count)
    assert torch.isnan(nothing[0] / guards.label_count(nothing[1]))  # the trap: one such batch ends the run


def test_adapter_loaded(monkeypatch, tmp_path):
    fresh = loading.attach_new_adapter(loading.load_base(SOURCE), LORA, 0)
    fresh.save_pretrained(tmp_path / "untrained")
    with pytest.raises(GuardFailed, match="changes nothing"):
        loading.attach_adapter(loading.load_base(SOURCE).model, tmp_path / "untrained")
    ids = torch.arange(20)[None]
    with monkeypatch.context() as off:
        switch_off(off, "adapter_loaded")
        tuned = loading.attach_adapter(loading.load_base(SOURCE).model, tmp_path / "untrained")
        with torch.no_grad():  # the trap: it answers like the base, and nothing says so
            assert torch.equal(tuned(input_ids=ids).logits, loading.load_base(SOURCE).model(input_ids=ids).logits)


def test_adapter_moved(monkeypatch):
    fresh = loading.attach_new_adapter(loading.load_base(SOURCE), LORA, 0)
    with pytest.raises(GuardFailed, match="still zero"):
        guards.adapter_moved(fresh)
    switch_off(monkeypatch, "adapter_moved")
    guards.adapter_moved(fresh)
    assert not any(bool(p.any()) for n, p in fresh.named_parameters() if "lora_B" in n)


def test_merge_equal(monkeypatch, tmp_path):
    from training.commands import merge

    tuned = loading.attach_new_adapter(loading.load_base(SOURCE), LORA, 0)
    for name, parameter in tuned.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter.data, std=0.05)
    tuned.save_pretrained(tmp_path / "adapter")
    plain, _, difference = merge.merge(SOURCE, tmp_path / "adapter")
    assert difference < 1e-5
    honest = loading.merged

    def rounded(peft_model):  # merging in bfloat16, as happens when the base is held so
        return honest(peft_model).bfloat16().float()

    monkeypatch.setattr(loading, "merged", rounded)
    with pytest.raises(GuardFailed, match="merging changed the logits"):
        merge.merge(SOURCE, tmp_path / "adapter")
    monkeypatch.setattr(guards, "merge_equal", lambda a, b, tolerance: float((a - b).abs().max() / a.abs().max()))
    assert merge.merge(SOURCE, tmp_path / "adapter")[2] > merge.TOLERANCE  # the trap: another model is shipped


def test_loss_finite(monkeypatch):
    with pytest.raises(GuardFailed, match="step 3"):
        guards.loss_finite(float("nan"), 3)
    guards.loss_finite(1.0, 3)


def test_same_settings_and_base(tmp_path):
    with pytest.raises(GuardFailed, match="other settings"):
        run_folder.same_settings("a" * 64, "b" * 64, tmp_path)
    (tmp_path / "stage10.json").write_text('{"model": {"source": "tiny-random:llama"}}')
    guards.same_base(tmp_path, "tiny-random:llama")
    with pytest.raises(GuardFailed, match="was trained on"):
        guards.same_base(tmp_path, "tiny-random:qwen2")
