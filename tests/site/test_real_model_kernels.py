"""The real model's quick and float paths in the built runtime: against numpy's own pass over the same texts."""

from __future__ import annotations

import json

import pytest

pytest.importorskip("torch", reason="the rows come from training's own modules")

from labs_py.core.llama import chat  # noqa: E402
from labs_py.labs.mask import tokens  # noqa: E402
from tests.effort import EFFORT  # noqa: E402
from tests.site.real_model_runs import ROOT, beside_the_model  # noqa: E402
from training.data import replay  # noqa: E402
from training.data.tasks import registry  # noqa: E402

RECORD = json.loads((ROOT / "docs" / "data" / "real-model" / "record.json").read_text(encoding="utf-8"))
COMPARE = """
import numpy as np
from labs_py.core.llama import adapter as lora, answer, blocks
from labs_py.core.llama import model as llama
from labs_py.core.llama.one_token import OneToken
from labs_py.core.llama.model import Memory, Pass

def losses(logits, wanted):
    top = logits.max(-1, keepdims=True)
    right = np.take_along_axis(logits, wanted[..., None], -1)[..., 0]
    return (np.log(np.exp(logits - top).sum(-1)) + top[..., 0] - right).astype(float)

found = {}
for name, texts in given["texts"].items():
    linear = llama.plain(talk.model)
    if name in given["adapters"]:
        talk.add_adapter(name, b"".join(bytes(read(file)) for file in given["adapters"][name]))
        linear = lora.over(talk.model, talk.adapters[name])
    tally = {"n": 0, "quick": [0, 0.0], "exact": [0, 0.0], "loss": 0.0, "gap": [0.0, 0.0]}
    for ids in texts:
        talk.bring(kernel, False)
        memory = Memory.empty(talk.model.shape, len(ids))
        hidden = llama.hidden_states(Pass(talk.model, linear), np.array(ids[:-1]), memory)
        wanted = llama.scores(talk.model, hidden)
        learnt = np.array(ids[1:])
        tally["n"] += len(learnt)
        tally["loss"] += losses(wanted, learnt).sum()
        for place, way in enumerate(("quick", "exact")):
            talk.bring(kernel, way == "quick")
            one = OneToken(talk.model, Memory.empty(talk.model.shape, len(ids)), getattr(linear, "thin", {}))
            for at, token in enumerate(ids[:-1]):
                one.read(token)
                tally[way][0] += int(one.likeliest()[0] == wanted[at].argmax())
                tally[way][1] += float(losses(one.logits, learnt[at]))
                tally["gap"][place] = max(tally["gap"][place], float(np.abs(one.logits - wanted[at]).max()))
    found[name] = tally
json.dumps(found)
"""


def texts() -> dict[str, list[list[int]]]:
    """Token ids of held-out text by kind: passages that only measure, and held-out rows of both tasks, answers too."""
    tokenizer = tokens.tokenizer()
    found = {"general": [chat.ids(tokenizer, passage) for passage in replay.passages("measure")]}
    for name in ("orders", "library_desk"):
        rows = registry.get(name).rows("shifted")
        found[name] = [list(chat.row(tokenizer, row["messages"], 999).ids) for row in rows]
    longest = EFFORT.count(80, 10**6)  # a passage of general text has some hundred tokens
    return {kind: [text[:longest] for text in ids[: EFFORT.count(1, 10)]] for kind, ids in found.items()}


@pytest.mark.sampled
def test_the_quick_path_agrees_with_float32_on_held_out_text():
    """In at least 98% of next tokens, and the loss within 0.5%; the float path in all but near ties."""
    files = {entry["name"]: [f"docs/data/real-model/{file['name']}" for file in entry["files"]]
             for entry in RECORD["adapters"]}  # fmt: skip
    found = beside_the_model(COMPARE, {"texts": texts(), "adapters": files})
    print(json.dumps(found))
    for kind, tally in found.items():
        assert tally["n"] > 50
        assert tally["quick"][0] >= 0.98 * tally["n"], kind
        assert abs(tally["quick"][1] - tally["loss"]) <= 0.005 * tally["loss"], kind
        assert tally["exact"][0] >= 0.995 * tally["n"], kind
        assert tally["gap"][1] < 5e-3, kind
