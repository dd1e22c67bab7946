"""Steps of LoRA in numpy against PEFT and torch.optim.AdamW, from the same start on the same rows."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="parity needs torch (make test sets it up)")
peft = pytest.importorskip("peft")
transformers = pytest.importorskip("transformers")

from labs_py.core.llama import adapter as lora  # noqa: E402
from labs_py.core.llama import chat, learning  # noqa: E402
from labs_py.core.llama import model as llama  # noqa: E402
from labs_py.labs.mask import tokens  # noqa: E402
from tests.parity.test_llama import KEPT, files, ours, prompt, theirs  # noqa: E402, F401
from tests.unit.core.llama_fixture import SMALL, random_model  # noqa: E402

RATE, DECAY, RANK, ALPHA = 2e-3, 0.01, 4, 8.0
PARTS = [name.rpartition(".")[2] for name in llama.MAPS]
Factors = dict[str, tuple[np.ndarray, np.ndarray]]


def small_rows() -> list[list[learning.Row]]:
    """Twenty batches of two rows of different lengths."""
    rng = np.random.default_rng(0)
    return [[learning.Row(rng.integers(0, 50, size).tolist(), first) for size, first in ((9, 4), (6, 0))]
            for _ in range(20)]  # fmt: skip


def as_torch(model: llama.Model, dtype: torch.dtype):
    """The same numbers in transformers' Llama."""
    s = model.shape
    config = transformers.LlamaConfig(
        vocab_size=s.vocabulary, hidden_size=s.width, num_hidden_layers=s.layers, num_attention_heads=s.heads,
        num_key_value_heads=s.key_heads, intermediate_size=s.inner, rms_norm_eps=s.epsilon, tie_word_embeddings=True,
        rope_parameters={"rope_theta": s.theta, "rope_type": "default"}, attn_implementation="eager",
    )  # fmt: skip
    made = transformers.LlamaForCausalLM(config).to(dtype)
    state = {f"model.{name}.weight": torch.from_numpy(np.array(w)).to(dtype) for name, w in model.weights.items()}
    made.load_state_dict(state, strict=False)
    made.tie_weights()
    return made


def with_adapter(base, start: lora.Adapter, layers: range, dtype: torch.dtype):
    """PEFT's LoRA with our start."""
    config = peft.LoraConfig(r=RANK, lora_alpha=ALPHA, target_modules=PARTS, bias="none", task_type="CAUSAL_LM",
                             layers_to_transform=list(layers))  # fmt: skip
    tuned = peft.get_peft_model(base, config, autocast_adapter_dtype=False)
    state = dict(tuned.named_parameters())
    with torch.no_grad():
        for name, pair in start.factors.items():
            for end, factor in zip("AB", pair, strict=True):
                own = state[f"{lora.BEFORE}{name}.lora_{end}.default.weight"]
                own.copy_(torch.from_numpy(factor).to(dtype))
    return tuned


def in_kind(adapter: lora.Adapter, kind: type) -> lora.Adapter:
    """The adapter in float32 or float64."""
    return lora.Adapter({n: (a.astype(kind), b.astype(kind)) for n, (a, b) in adapter.factors.items()}, adapter.scale)


def random_factors(adapter: lora.Adapter) -> lora.Adapter:
    """The adapter with a random B in place of zero."""
    rng = np.random.default_rng(0)
    factors = {n: (a, (rng.normal(size=b.shape) / 50).astype(a.dtype)) for n, (a, b) in adapter.factors.items()}
    return lora.Adapter(factors, adapter.scale)


def loss_of(tuned, rows: list[learning.Row]) -> torch.Tensor:
    """Mean cross-entropy of what a batch teaches."""
    total, loss = sum(row.learnt for row in rows), torch.zeros(())
    for row in rows:
        ids, first = torch.tensor([row.ids]), max(row.learnt_from, 1)
        logits = tuned(input_ids=ids).logits[0, first - 1 : -1]
        loss = loss + torch.nn.functional.cross_entropy(logits, ids[0, first:], reduction="sum") / total
    return loss


def theirs_after(tuned, batches: list[list[learning.Row]], scale: float, rates: list[float] | None = None,
                 decay: float = DECAY) -> tuple[list[float], dict[str, np.ndarray]]:  # fmt: skip
    """Loss by step, and each map's update at the end, of torch's own steps."""
    moving = [p for p in tuned.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(moving, lr=RATE, betas=(0.9, 0.95), weight_decay=decay)
    losses = []
    for rows, rate in zip(batches, rates or [RATE] * len(batches), strict=True):
        optimiser.param_groups[0]["lr"] = rate
        loss = loss_of(tuned, rows)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(moving, 1.0)
        optimiser.step()
        losses.append(loss.item())
    state = {k: v.detach().numpy() for k, v in tuned.named_parameters() if "lora_" in k}
    names = {k.removeprefix(lora.BEFORE).partition(".lora_")[0] for k in state}
    ends = [".lora_A.default.weight", ".lora_B.default.weight"]
    return losses, {n: scale * np.matmul(*(state[f"{lora.BEFORE}{n}{end}"] for end in reversed(ends))) for n in names}


def check(model: llama.Model, start: lora.Adapter, base, layers: range, batches, dtype, within: float) -> None:
    """Losses by step within 1e-3, the update of each map within a share of its length."""
    tuned = with_adapter(base, start, layers, dtype)
    wanted, updates = theirs_after(tuned, batches, start.scale)
    optimiser, losses = learning.AdamW(start, (0.9, 0.95), DECAY, 1.0), []
    for rows in batches:
        loss, gradients = learning.step(model, start, rows)
        optimiser.update(gradients, RATE)
        losses.append(loss)
    assert losses == pytest.approx(wanted, abs=1e-3)
    assert updates.keys() == start.factors.keys()
    for name, update in updates.items():
        missed = np.linalg.norm(start.update(name) - update) / np.linalg.norm(update)
        assert missed < within, (name, missed)


@pytest.mark.parametrize(("kind", "within"), [(np.float32, 1e-3), (np.float64, 1e-6)])
def test_twenty_steps_of_a_small_llama_are_pefts(kind, within):
    dtype, layers = torch.float32 if kind is np.float32 else torch.float64, range(1, 3)
    model = random_model(dtype=kind)
    start = lora.start(model, layers, RANK, ALPHA, seed=3)
    start = in_kind(start, kind)
    check(model, start, as_torch(model, dtype), layers, small_rows(), dtype, within)
    assert SMALL.heads != SMALL.key_heads  # grouped queries are in it


LINES = [("Name two fruits.", "Pears and plums."), ("What is a lever?", "A bar on a hinge."),
         ("Say good night.", "Sleep well!"), ("Who mends shoes?", "A cobbler does.")]  # fmt: skip


def real_rows() -> list[learning.Row]:
    """Short chats as rows; only the answers are learnt."""
    chats = [[("system", "Be short."), ("user", question), ("assistant", reply)] for question, reply in LINES]
    return [chat.row(tokens.tokenizer(), [{"role": role, "content": text} for role, text in turns], 99)
            for turns in chats]  # fmt: skip


def test_gradients_of_smollm2_are_torchs(ours, theirs):  # noqa: F811
    """Of both factors, B random so that neither gradient is zero; four upper layers keep the test short."""
    layers, rows = range(26, 30), real_rows()[:2]
    start = random_factors(lora.start(ours, layers, RANK, ALPHA, seed=0))
    tuned = with_adapter(theirs, start, layers, torch.float32)
    wanted = loss_of(tuned, rows)
    wanted.backward()
    loss, gradients = learning.step(ours, start, rows)
    assert loss == pytest.approx(wanted.item(), abs=1e-4)
    state = dict(tuned.named_parameters())
    for name, pair in gradients.items():
        for end, gradient in zip("AB", pair, strict=True):
            right = state[f"{lora.BEFORE}{name}.lora_{end}.default.weight"].grad.numpy()
            assert np.linalg.norm(gradient - right) < 1e-3 * np.linalg.norm(right), (name, end)


@pytest.mark.long
def test_twenty_steps_of_smollm2_from_the_tenth_layer_are_pefts(ours):  # noqa: F811
    """In float64: Adam divides by a gradient's own size, so in float32 what is all but zero may turn its sign."""
    base = transformers.AutoModelForCausalLM.from_pretrained(KEPT, dtype=torch.float64)
    model, layers, rows = llama.as_floats(ours, np.float64), range(10, 30), real_rows()
    start = in_kind(lora.start(model, layers, RANK, ALPHA, seed=0), np.float64)
    check(model, start, base, layers, [rows[i % 4 :][:2] for i in range(20)], torch.float64, 1e-6)


def test_what_we_write_peft_reads(tmp_path, ours, theirs):  # noqa: F811
    """The two files of a random adapter, loaded by PEFT: the same scores."""
    start = lora.start(ours, range(20, 30), RANK, ALPHA, seed=0)
    adapter = random_factors(start)
    content, config = lora.peft_files(adapter)
    (tmp_path / "adapter_model.safetensors").write_bytes(content)
    (tmp_path / "adapter_config.json").write_text(config)
    base = transformers.AutoModelForCausalLM.from_pretrained(KEPT, dtype=torch.float32)
    tuned = peft.PeftModel.from_pretrained(base, tmp_path).eval()
    ids = prompt(LINES[0][0])
    with torch.inference_mode():
        wanted = tuned(input_ids=torch.tensor([ids])).logits[0].numpy()
    memory = llama.Memory.empty(ours.shape, len(ids))
    hidden = llama.hidden_states(llama.Pass(ours, lora.over(ours, adapter)), np.array(ids), memory)
    assert np.abs(llama.scores(ours, hidden) - wanted).max() < 2e-3
