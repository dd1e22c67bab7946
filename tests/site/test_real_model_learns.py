"""Training in Chromium: twenty steps are PEFT's and torch's; a dozen typed rows of a made-up form are learnt."""

from __future__ import annotations

import base64
import json
import re

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="parity needs torch (make test sets it up)")
peft = pytest.importorskip("peft")
transformers = pytest.importorskip("transformers")

from playwright.sync_api import expect  # noqa: E402

from labs_py.core.llama import adapter as lora  # noqa: E402
from labs_py.core.llama import chat, learning  # noqa: E402
from labs_py.core.llama import model as llama  # noqa: E402
from labs_py.labs.mask import tokens  # noqa: E402
from tests.parity.llama_answers import KEPT  # noqa: E402
from tests.parity.test_llama import files, ours  # noqa: E402, F401
from tests.parity.test_llama_learning import LINES, RANK, in_kind, theirs_after, with_adapter  # noqa: E402
from tests.site.real_model_page import RECORD, model, part, ready, request  # noqa: E402, F401

STEPS, RATE, LAYERS, STOP = 20, 1e-3, range(10, 30), 2


def row_of(messages: list[dict[str, str]]) -> learning.Row:
    return chat.row(tokens.tokenizer(), messages, 256)


def drawn(rows: list[learning.Row], seed: int = 0) -> list[list[learning.Row]]:
    """Batches of two in the order in which the tab draws them."""
    rng = np.random.default_rng(seed)
    order = [place for _ in range(STEPS) for place in rng.permutation(len(rows)).tolist()]
    return [[rows[place] for place in order[2 * step : 2 * step + 2]] for step in range(STEPS)]


def distances(updates: dict[str, np.ndarray], exact: dict[str, np.ndarray]) -> dict[int, float]:
    """How far the update of each layer is from the exact one, as a share of the exact one's length (Frobenius)."""
    found = {}
    for layer in LAYERS:
        names = [f"layers.{layer}.{part}" for part in llama.MAPS]
        missed, length = (np.sqrt(sum(np.square(given[name]).sum() for name in names))
                          for given in ({name: updates[name] - exact[name] for name in names}, exact))  # fmt: skip
        found[layer] = float(missed / length)
    return found


@pytest.mark.long
def test_twenty_steps_in_the_tab_are_pefts_and_torchs(model, ours, tmp_path):  # noqa: F811
    """Loss by step within 1e-3 of torch's; the update of each layer as near to torch's in float64 as float32 can be.

    Adam divides a gradient by its own size, and B starts at zero. So an entry whose gradient is rounding alone moves by
    a whole step, up or down, and two runs in float32 part by more than their rounding: torch's own from torch's own in
    float64, too. Both are measured from there. Each layer of the tab's may lie 1e-3 away, or twice as far as torch's
    own in its worst layer, whichever is more. That the formulas are the same is shown in float64, to 1e-6, by
    tests/parity/test_llama_learning.py.
    """
    chats = [[{"role": "user", "content": ask}, {"role": "assistant", "content": said}] for ask, said in LINES]
    settings = {"rank": RANK, "steps": STEPS, "rate": RATE, "seed": 0}
    message = {"type": "learn", "rows": [{"messages": turns} for turns in chats], "settings": settings}
    told = request(model, message, "learnt", "step", "files")["found"]
    losses = [step["loss"] for step in told if step["type"] == "step"]
    last = [found for found in told if found["type"] == "files"][-1]
    found = lora.from_peft(base64.b64decode(last["weights"]), last["config"], ours)

    start = lora.start(ours, LAYERS, RANK, 2.0 * RANK, 0)
    rates = [RATE * learning.share_of_rate(step, STEPS) for step in range(STEPS)]
    batches, updates = drawn([row_of(turns) for turns in chats]), {}
    for kind, dtype in ((np.float32, torch.float32), (np.float64, torch.float64)):
        base = transformers.AutoModelForCausalLM.from_pretrained(KEPT, dtype=dtype)
        tuned = with_adapter(base, in_kind(start, kind), LAYERS, dtype)
        wanted, updates[kind] = theirs_after(tuned, batches, start.scale, rates, 0.0)
        assert losses == pytest.approx(wanted, abs=1e-3)
    exact = updates[np.float64]
    mine = distances({name: found.update(name) for name in exact}, exact)
    torchs = distances(updates[np.float32], exact)
    for layer in LAYERS:
        print(f"layer {layer}: tab {mine[layer]:.2e}, torch in float32 {torchs[layer]:.2e}")
    within = max(1e-3, 2 * max(torchs.values()))
    assert all(missed <= within for missed in mine.values()), (within, mine)


LEARNT = [("lamp", 12), ("kettle", 4), ("window", 31), ("printer", 7), ("door", 18), ("heater", 25), ("chair", 9),
          ("sink", 40), ("clock", 2), ("fan", 16), ("shelf", 33), ("blind", 21)]  # fmt: skip
HELD = [("tap", 14), ("desk", 5), ("phone", 38), ("mirror", 22), ("carpet", 11), ("toaster", 3), ("radiator", 29),
        ("bulb", 17), ("screen", 8), ("lock", 36)]  # fmt: skip


def asked(thing: str, room: int) -> str:
    return f"The {thing} in room {room} is broken."


def form(thing: str, room: int) -> str:
    return f"#{room} | {thing} | repair"


def typed(pairs: list[tuple[str, int]]) -> str:
    return "\n".join(f"{asked(*pair)} => {form(*pair)}" for pair in pairs)


@pytest.mark.long
def test_a_dozen_rows_of_a_made_up_form_are_learnt_and_taken_home(model, tmp_path):  # noqa: F811
    """The base fails on ten held-out rows, the model trained here gets eight; it keeps to the gate; PEFT agrees."""
    part(model, "own-rows").fill(typed(LEARNT))
    part(model, "held-rows").fill(typed(HELD))
    part(model, "train").click()
    expect(part(model, "forgot")).to_contain_text("On a passage of general text", timeout=3_600_000)
    ready(model)
    said = part(model, "forgot").inner_text()
    print(said)
    before, after = map(int, re.search(r"answers (\d+) word for word, yours (\d+)", said).groups())
    assert before == 0 and after >= 8
    assert "within the gate's margin" in said

    kept = []
    with model.expect_download(predicate=lambda download: kept.append(download) or len(kept) == 2):
        part(model, "download").click()
    for download in kept:
        download.save_as(tmp_path / download.suggested_filename)
    held = [[{"role": role, "content": text} for role, text in zip(("user", "assistant"), pair, strict=True)]
            for pair in ((asked(*given), form(*given)) for given in HELD)]  # fmt: skip
    asked_of = {**RECORD["general"], "held": held}
    message = {"type": "measure", "writer": "tuned", "asked": asked_of}
    [measured] = request(model, message, "measured", "measured")["found"]
    answers = measured["found"]["held"]
    base = transformers.AutoModelForCausalLM.from_pretrained(KEPT, dtype=torch.float32)
    tuned = peft.PeftModel.from_pretrained(base, tmp_path).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(KEPT)
    for (thing, room), (answer, _) in zip(HELD, answers, strict=True):
        ids = chat.ids(tokens.tokenizer(), chat.prompt_text([{"role": "user", "content": asked(thing, room)}]))
        made = tuned.generate(input_ids=torch.tensor([ids]), max_new_tokens=64, do_sample=False, pad_token_id=STOP)
        assert tokenizer.decode(made[0, len(ids) :], skip_special_tokens=True).strip() == answer
    assert json.loads((tmp_path / "adapter_config.json").read_text())["r"] == 8
