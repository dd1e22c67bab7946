"""The Llama in numpy by itself: memory, packed weights, GGUF files, adapters, gradients. More is in tests/parity."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labs_py.core.llama import adapter as lora
from labs_py.core.llama import answer, blocks, gguf, learning
from labs_py.core.llama import model as llama
from tests.effort import examples
from tests.unit.core.llama_fixture import SMALL, gguf_bytes, random_model

MODEL = random_model()
TEXT = st.lists(st.integers(0, 49), min_size=1, max_size=8)


def logits_of(model: llama.Model, ids: list[int], linear: llama.Linear | None = None) -> np.ndarray:
    memory = llama.Memory.empty(model.shape, len(ids), np.float64)
    hidden = llama.hidden_states(llama.Pass(model, linear or llama.plain(model)), np.array(ids), memory)
    return llama.scores(model, hidden)


def random_adapter(rank: int = 3, layers: range = range(1, 3), seed: int = 1) -> lora.Adapter:
    """An adapter with both factors random, float64."""
    rng, made = np.random.default_rng(seed), lora.start(MODEL, layers, rank, 2.0 * rank, seed)
    return lora.Adapter({n: (a.astype(float), rng.normal(size=b.shape) / 5) for n, (a, b) in made.factors.items()}, 2.0)


@given(ids=st.lists(st.integers(0, 49), min_size=2, max_size=12), cut=st.integers(1, 11))
@examples(25, 300)
def test_memory_changes_nothing(ids, cut):
    cut = min(cut, len(ids) - 1)
    memory = llama.Memory.empty(SMALL, len(ids), np.float64)
    parts = [llama.hidden_states(llama.Pass(MODEL, llama.plain(MODEL)), np.array(part), memory)
             for part in (ids[:cut], ids[cut:])]  # fmt: skip
    assert np.allclose(llama.scores(MODEL, np.concatenate(parts)), logits_of(MODEL, ids), atol=1e-10)


def test_a_later_token_changes_nothing_before_it():
    assert np.allclose(logits_of(MODEL, [4, 8, 15, 16])[:3], logits_of(MODEL, [4, 8, 15, 23])[:3], atol=1e-12)


def test_a_turn_depends_on_the_distance_alone():
    rng = np.random.default_rng(0)
    q, k = rng.normal(size=(2, SMALL.head))
    turned = [[llama.turn(x[None], *llama.turns(SMALL, at, 1, np.dtype(float)))[0] for at in (3, 10)] for x in (q, k)]
    later = [llama.turn(x[None], *llama.turns(SMALL, at + 5, 1, np.dtype(float)))[0] for x, at in ((q, 3), (k, 10))]
    assert turned[0][0] @ turned[1][1] == pytest.approx(later[0] @ later[1])
    cos, sin = llama.turns(SMALL, 7, 1, np.dtype(float))
    assert np.allclose(llama.turn(llama.turn(q[None], cos, sin), cos, -sin), q)


@given(first=TEXT, second=TEXT)
@examples(20, 200)
def test_a_text_that_begins_like_the_last_is_read_on_from_there(first, second):
    writer = answer.Writer(MODEL, room=20)
    writer.memory = llama.Memory.empty(SMALL, 20, np.float64)
    for ids in (first, first + second, second):
        assert np.allclose(writer.logits(ids), logits_of(MODEL, ids)[-1], atol=1e-10)


def test_an_answer_is_the_likeliest_token_each_time_and_ends_with_the_stop():
    writer = answer.Writer(MODEL, room=30)
    found = [token.id for token in writer.greedy([1, 2, 3], [], 6)]
    for count, token in enumerate(found):
        assert int(logits_of(MODEL, [1, 2, 3, *found[:count]])[-1].argmax()) == token
    stop = found[2]
    assert [token.id for token in writer.greedy([1, 2, 3], [stop], 6)] == found[: found.index(stop) + 1]
    assert all(0 < token.probability <= 1 and token.lead >= 0 for token in writer.greedy([1, 2, 3], [], 3))
    with pytest.raises(ValueError, match="31 tokens"):
        writer.logits([1] * 31)


def packed(kind: str, rows: int, columns: int, seed: int = 0) -> blocks.Blocks:
    """Random packed weights, with steps that are numbers."""
    rng = np.random.default_rng(seed)
    data = rng.integers(0, 256, (rows, columns // 32, blocks.SIZES[kind]), np.uint8)
    halves = 2 if kind == "Q4_1" else 1
    steps = rng.normal(size=(rows, columns // 32, halves)).astype("<f2")
    data[..., : 2 * halves] = steps.view(np.uint8)
    return blocks.Blocks(kind, data.reshape(rows, -1))


@pytest.mark.parametrize("kind", blocks.SIZES)
def test_packed_weights_are_read_number_by_number(kind):
    matrix = packed(kind, 3, 64)
    assert matrix.shape == (3, 64)
    for row, column in [(0, 0), (1, 15), (2, 16), (0, 31), (1, 32), (2, 63)]:
        block = matrix.data[row].reshape(2, -1)[column // 32]
        step, at = float(block[:2].view("<f2")[0]), column % 32
        if kind == "Q8_0":
            expected = step * int(block[2:].view(np.int8)[at])
        else:
            byte = int(block[4 + at % 16])
            expected = step * (byte & 15 if at < 16 else byte >> 4) + float(block[2:4].view("<f2")[0])
        assert blocks.unpack(matrix, np.float64)[row, column] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("kind", blocks.SIZES)
def test_products_with_packed_weights_are_those_with_the_floats(kind):
    rng, matrix = np.random.default_rng(0), packed(kind, 64, 96)
    x, dy = rng.normal(size=(7, 96)), rng.normal(size=(7, 64))
    assert np.allclose(blocks.times(x, matrix), x @ blocks.unpack(matrix, np.float64).T)
    assert np.allclose(blocks.times_back(dy, matrix), dy @ blocks.unpack(matrix, np.float64))


def test_a_kernel_is_handed_few_rows_of_float32_and_no_others():
    class Kernel:
        calls: list = []

        def multiply(self, *given):
            self.calls.append(given[4:])

        def expand(self, *given):
            self.calls.append(given[3:])

    matrix = packed("Q4_1", 32, 64)
    blocks.use(Kernel(), quick=True)
    try:
        assert blocks.times(np.zeros((1, 64), np.float32), matrix).shape == (1, 32)
        blocks.unpack(matrix)
        blocks.times(np.zeros((1, 64)), matrix)
    finally:
        blocks.use(None)
    assert Kernel.calls == [(32, 64, 1), (64,)]


def small_file() -> bytes:
    """A GGUF file of the small shape but of width 32, queries and down-projections packed."""
    rng = np.random.default_rng(0)
    values = {"general.architecture": "llama", "llama.vocab_size": 40, "llama.embedding_length": 32,
              "llama.block_count": 1, "llama.attention.head_count": 4, "llama.attention.head_count_kv": 2,
              "llama.feed_forward_length": 64, "llama.rope.freq_base": 1000.0,
              "llama.attention.layer_norm_rms_epsilon": 1e-5}  # fmt: skip
    sizes = {"attn_q": (32, 32), "attn_k": (16, 32), "attn_v": (16, 32), "attn_output": (32, 32), "ffn_gate": (64, 32),
             "ffn_up": (64, 32), "ffn_down": (32, 64)}  # fmt: skip
    tensors = {f"blk.0.{n}.weight": (3, [c, r], packed("Q4_1", r, c).data.tobytes()) for n, (r, c) in sizes.items()}
    tensors["token_embd.weight"] = (8, [32, 40], packed("Q8_0", 40, 32).data.tobytes())
    for name in ("blk.0.attn_norm", "blk.0.ffn_norm", "output_norm"):
        tensors[f"{name}.weight"] = (0, [32], rng.normal(size=32).astype("<f4").tobytes())
    return gguf_bytes(values, tensors)


def test_a_gguf_file_becomes_a_model_and_its_pairs_stand_half_a_head_apart():
    content = small_file()
    model = gguf.load(content)
    assert model.shape == llama.Shape(40, 32, 1, 4, 2, 64, 1000.0, pytest.approx(1e-5))
    _, tensors = gguf.read(content)
    raw = blocks.unpack(tensors["blk.0.attn_q.weight"])
    ours = blocks.floats(model.weights["layers.0.self_attn.q_proj"])
    assert np.array_equal(ours[[0, 4, 1, 5]], raw[[0, 1, 2, 3]])  # heads of 8 rows: pair i is rows i and i + 4
    assert len(list(answer.Writer(model, room=9).greedy([1, 2], [], 4))) == 4


CONTENT = small_file()


@given(cut=st.integers(0, len(CONTENT)), place=st.integers(0, 900), byte=st.integers(0, 255))
@examples(150, 3000)
def test_a_damaged_file_is_refused_in_a_sentence(cut, place, byte):
    content = bytearray(CONTENT[:cut])
    if place < len(content):
        content[place] = byte
    try:
        gguf.load(bytes(content))
    except ValueError as error:
        assert str(error)


def test_strength_scales_the_update():
    adapter = random_adapter()
    for strength in (0.0, 0.5, 2.0):
        weights = {name: w + strength * adapter.update(name) if name in adapter.factors else w
                   for name, w in MODEL.weights.items()}  # fmt: skip
        merged = logits_of(llama.Model(SMALL, weights), [3, 1, 4])
        assert np.allclose(logits_of(MODEL, [3, 1, 4], lora.over(MODEL, adapter, strength)), merged, atol=1e-10)


def test_cutting_the_rank_is_the_best_that_can_be_done():
    adapter = random_adapter(rank=4)
    assert lora.at_rank(adapter, 2).rank == 2
    for name in adapter.factors:
        values = np.linalg.svd(adapter.update(name), compute_uv=False)
        missed = np.linalg.norm(adapter.update(name) - lora.at_rank(adapter, 2).update(name))
        assert missed == pytest.approx(np.sqrt((values[2:] ** 2).sum()))
        assert np.allclose(lora.at_rank(adapter, 9).update(name), adapter.update(name))


def test_a_packed_adapter_comes_back_within_half_a_step():
    adapter = random_adapter()
    found, about = lora.unpack(lora.pack(adapter, {"task": "orders"}))
    assert about == {"task": "orders"} and found.scale == adapter.scale
    for name, pair in adapter.factors.items():
        for rows, axis, mine in zip(pair, (1, 0), found.factors[name], strict=True):
            assert np.all(np.abs(mine - rows) <= np.abs(rows).max(axis, keepdims=True) / 127 * 0.51)
    with pytest.raises(ValueError, match="packed adapter"):
        lora.unpack(lora.peft_files(adapter)[0])


def test_pefts_files_come_back_as_they_were():
    adapter = random_adapter()
    content, config = lora.peft_files(adapter)
    found = lora.from_peft(content, config, MODEL)
    assert found.scale == adapter.scale and found.factors.keys() == adapter.factors.keys()
    assert json.loads(config)["target_modules"] == sorted(part.split(".")[1] for part in llama.MAPS)
    for name in adapter.factors:
        assert np.allclose(found.update(name), adapter.update(name), atol=1e-6)


@pytest.mark.parametrize(
    ("change", "says"),
    [({"peft_type": "IA3"}, "peft_type LORA"), ({"use_dora": True}, "use_dora"), (None, "not JSON")],
)
def test_an_adapter_of_another_kind_is_refused(change, says):
    content, config = lora.peft_files(random_adapter())
    text = "{" if change is None else json.dumps(json.loads(config) | change)
    with pytest.raises(ValueError, match=says):
        lora.from_peft(content, text, MODEL)


def test_an_adapter_of_another_model_is_refused():
    content, config = lora.peft_files(random_adapter())
    other = random_model(llama.Shape(50, 32, 3, 4, 2, 24))
    with pytest.raises(ValueError, match="does not fit this model"):
        lora.from_peft(content, config, other)
    lower = random_model(llama.Shape(50, 16, 1, 4, 2, 24))
    with pytest.raises(ValueError, match="no place for"):
        lora.from_peft(content, config, lower)


def test_gradients_are_those_of_small_differences():
    adapter = random_adapter()
    rows = [learning.Row([1, 2, 3, 4, 5], 2), learning.Row([7, 8, 9], 0)]
    _, gradients = learning.step(MODEL, adapter, rows)
    rng = np.random.default_rng(0)
    for name in adapter.factors:
        for factor, gradient in zip(adapter.factors[name], gradients[name], strict=True):
            at = tuple(rng.integers(0, size) for size in factor.shape)
            kept, losses = factor[at], []
            for move in (1e-5, -1e-5):
                factor[at] = kept + move
                losses.append(learning.step(MODEL, adapter, rows)[0])
            factor[at] = kept
            assert gradient[at] == pytest.approx((losses[0] - losses[1]) / 2e-5, abs=1e-7), name


def test_steps_lower_the_loss_and_leave_the_base_alone():
    adapter = lora.start(random_model(dtype=np.float32), range(1, 3), 2, 4.0, 0)
    model, before = random_model(dtype=np.float32), random_model(dtype=np.float32)
    rows, optimiser = [learning.Row([1, 2, 3, 4, 5], 2)], learning.AdamW(adapter)
    losses = []
    for _ in range(20):
        loss, gradients = learning.step(model, adapter, rows)
        optimiser.update(gradients, 0.02)
        losses.append(loss)
    assert losses[-1] < losses[0] / 2
    assert all(np.array_equal(before.weights[name], model.weights[name]) for name in model.weights)


def test_a_course_takes_each_row_once_before_any_comes_again():
    model = random_model(dtype=np.float32)
    rows = [learning.Row([i, i + 1, i + 2], 1) for i in range(5)]
    course = learning.Course(model, lora.start(model, range(2, 3), 1, 2.0, 0), rows, steps=5, rate=0.01, size=2)
    seen, whole = [], learning.in_pieces

    def noted(model, adapter, batch):
        seen.extend(row.ids[0] for row in batch)
        return whole(model, adapter, batch)

    learning.in_pieces = noted
    try:
        assert all(course.step() > 0 for _ in range(5))
    finally:
        learning.in_pieces = whole
    assert sorted(seen[:5]) == list(range(5)) and len(seen) == 10 and course.done == 5


def test_the_rate_rises_shortly_and_falls_to_nothing():
    shares = [learning.share_of_rate(step, 40) for step in range(41)]
    assert shares[0] == 0.5 and max(shares) == 1.0 and shares[40] == 0.0
    assert all(0 <= share <= 1 for share in shares) and shares[2:] == sorted(shares[2:], reverse=True)
    assert learning.share_of_rate(0, 1) == 1.0


def test_a_writer_that_forgot_reads_from_the_start():
    model = random_model(dtype=np.float32)
    writer = answer.Writer(model, room=9)
    writer.logits([1, 2, 3])
    writer.memory.keys += 1  # as if the kept part had been rounded otherwise
    writer.forget()
    assert np.array_equal(writer.logits([1, 2, 3]), answer.Writer(model, room=9).logits([1, 2, 3]))
