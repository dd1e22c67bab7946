"""Who answers: a shared beginning changes nothing, draws stay with their row, an endpoint is asked patiently."""

from __future__ import annotations

import sys
import types

import pytest

from tests.training.stack.fake_teacher import FakeTeacher
from training.data.tasks import base as task_base
from training.data.tasks import registry as tasks
from training.models import chat_template, generate, loading
from training.models.tiny import ARCHITECTURES
from training.run.endpoint import chat_call
from training.run.errors import LackingResource
from training.run.settings import ModelSettings
from training.stack import completion_clients, shared_prefix
from training.stack.distill import command
from training.stack.distill.settings import load as load_config

TASK = tasks.get("delivery_log")
TINY = command.DEFAULT.with_name("distill-tiny.yaml")


def tiny(architecture: str = "llama"):
    return loading.load_base(ModelSettings(source=f"tiny-random:{architecture}", revision=None, dtype="float32"))


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_shared_beginning_gives_the_same_answers(architecture):
    loaded = tiny(architecture)
    prompts = [chat_template.prompt_ids(loaded.tokenizer, task_base.taught(TASK, row)) for row in TASK.rows("train", 6)]
    before = loaded.model.config._attn_implementation
    written, chances = shared_prefix.write(loaded.model, prompts, 12, {2}, shared_prefix.likeliest)
    assert loaded.model.config._attn_implementation == before
    plain = generate.greedy(loaded.model, loaded.tokenizer, prompts, 12, {2})
    assert [loaded.tokenizer.decode([t for t in row if t != 2], skip_special_tokens=True) for row in written] == [
        one.text for one in plain]  # fmt: skip
    _sure(loaded, prompts[0], written[0], chances[0])


def _sure(loaded, prompt, tokens, chances):
    """The log-probabilities are those of one plain pass."""
    import torch

    with torch.inference_mode():
        logits = loaded.model(torch.tensor([prompt + tokens])).logits[0, len(prompt) - 1 : -1]
    expected = logits.log_softmax(-1).gather(1, torch.tensor(tokens)[:, None])[:, 0]
    assert torch.allclose(expected, torch.tensor(chances), atol=1e-4)


def test_a_draw_depends_on_its_seed_and_not_on_its_neighbours():
    asker = completion_clients.of_model(tiny(), 8)
    prompts = [task_base.taught(TASK, row) for row in TASK.rows("train", 5)]
    together = dict(asker.ask(prompts, [1, 2, 3, 4, 5], 1.0, 10))
    alone = {at: dict(asker.ask([prompts[at]], [at + 1], 1.0, 10))[0] for at in range(5)}
    assert [together[at].text for at in range(5)] == [alone[at].text for at in range(5)]
    other = dict(asker.ask(prompts, [11, 12, 13, 14, 15], 1.0, 10))
    assert [r.text for r in other.values()] != [r.text for r in together.values()]
    assert all(0 <= r.confidence <= 1 and r.tokens_in > 500 for r in together.values())


def endpoint(teacher, batch: int = 2):
    given = ["teacher.kind=endpoint", "teacher.model=m", f"teacher.url={teacher.url}", f"teacher.batch={batch}"]
    return completion_clients.teacher_of(load_config(TINY, given), None)


def test_a_busy_endpoint_is_asked_again_and_a_failed_call_does_not_lose_the_others(monkeypatch):
    monkeypatch.setattr(chat_call, "FIRST_WAIT_S", 0.01)
    notes = [row["messages"][1]["content"] for row in TASK.rows("train", 4)]
    teacher = FakeTeacher(lambda note, count: 503 if note == notes[0] and count < 3 else
                          500 if note == notes[1] else ("fine", "stop"))  # fmt: skip
    try:
        got, prompts = {}, [[{"role": "user", "content": note}] for note in notes]
        with pytest.raises(LackingResource, match="does not answer"):
            for at, reply in endpoint(teacher).ask(prompts, [1, 2, 3, 4], 0.5, 8):
                got[at] = reply
        assert sorted(got) == [0, 2, 3] and got[0].tokens_in == 100 and got[0].finished
        assert teacher.notes[notes[1]] == 3
    finally:
        teacher.close()


def test_vllm_is_asked_in_one_call_and_named_where_it_is_missing(monkeypatch):
    config = load_config(TINY, ["teacher.kind=vllm", "teacher.model=m"])
    monkeypatch.setitem(sys.modules, "vllm", None)
    with pytest.raises(LackingResource, match="vllm is not installed"):
        completion_clients.teacher_of(config, None)
    seen = []

    class LLM:
        def __init__(self, name, revision):
            self.name = name

        def chat(self, prompts, wishes, use_tqdm):
            seen.append([wish.seed for wish in wishes])
            one = types.SimpleNamespace(text=" yes ", token_ids=[1, 2], finish_reason="length")
            return [types.SimpleNamespace(outputs=[one], prompt_token_ids=[1, 2, 3]) for _ in prompts]

    fake = types.SimpleNamespace(LLM=LLM, SamplingParams=lambda **wish: types.SimpleNamespace(**wish))
    monkeypatch.setitem(sys.modules, "vllm", fake)
    found = list(completion_clients.teacher_of(config, None).ask([[], []], [7, 8], 0.5, 9))
    assert seen == [[7, 8]] and found[1] == (1, completion_clients.Reply("yes", 3, 2, False))
