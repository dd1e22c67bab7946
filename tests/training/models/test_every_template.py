"""All chat templates that TRL ships, with drawn chats: no wrong label, no traceback, and few refusals."""

from __future__ import annotations

import random
import re
from collections import Counter
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from transformers.utils.chat_template_utils import render_jinja_template

from tests.effort import EFFORT
from tests.training.models import template_chats as chats
from training.models import chat_template
from training.models.chat_template import Encoded
from training.models.guards import IGNORED
from training.models.rendering.template import fitted, written
from training.models.rendering.tokens import tokenise
from training.run.errors import TrainingError

pytestmark = pytest.mark.sampled
SAMPLE, FULL = 4, 150  # chats for each template
LABELLED = 0.95
OPEN = {"glm4moe": "<|user|>"}  # ends an answer by the token that opens the next turn, and leaves the last one open
# TRL marks neither what ends a call there, nor what an answer begins with where the prompt does not write it
NOT_MARKED = {"diffusion_gemma": ("<|tool_response>", "<|turn>model\n")}


def drawn(count: int) -> list[dict[str, Any]]:
    """Many chats, the same ones every time; hypothesis begins with the simplest."""
    found: list[dict[str, Any]] = []

    @settings(max_examples=count, database=None, phases=[Phase.generate], deadline=None,
              suppress_health_check=list(HealthCheck))  # fmt: skip
    @seed(11)
    @given(chats.chats())
    def draw(row: dict[str, Any]) -> None:
        found.append(row)

    draw()
    return found


POOL = drawn(EFFORT.count(60, FULL))


def some(name: str) -> list[dict[str, Any]]:
    return POOL if EFFORT.full else random.Random(name).sample(POOL, SAMPLE)


def renders(name: str, row: dict[str, Any]) -> bool:
    """Whether the template itself writes the row, its tools too where it has some."""
    tokenizer = chats.tokenizer(name)
    try:
        whole = tokenizer.apply_chat_template(row["messages"], tools=row.get("tools"), tokenize=False)
    except Exception:  # as templates please
        return False
    return not row.get("tools") or "free_slots" in whole and "Free slots of a day." in whole


def texts_of(turn: dict[str, Any]) -> str:
    calls = [call["function"]["arguments"]["day"] for call in turn.get("tool_calls", ())]
    return "\n".join([turn["content"] or "", turn.get("reasoning_content", ""), *calls])


def opening(tokenizer: Any) -> str:
    """What the prompt writes after the user's words: the opening of an answer."""
    asked = fitted(tokenizer, [{"role": "user", "content": "Where to?"}])
    return written(tokenizer, asked, ask=True).rpartition("Where to?")[2]


def texts(made: Encoded, tokenizer: Any) -> str:
    return tokenizer.decode([i for i, label in zip(made.ids, made.labels, strict=True) if label != IGNORED])


def test_no_wrong_label_no_traceback_and_few_refusals(record_property):
    reasons: Counter[str] = Counter()
    rendered = labelled = 0
    for name in chats.TEMPLATES:
        tokenizer = chats.tokenizer(name)
        for row in some(name):
            counts = renders(name, row)
            rendered += counts
            try:
                made = chat_template.encode(tokenizer, row, 10**9)
            except TrainingError as error:  # and nothing else
                assert "\n" not in str(error)
                reasons[re.sub(r"\d+", "N", str(error))[:60]] += counts
                continue
            labelled += counts
            need_right(name, row, made)
    record_property("refusals", dict(reasons))
    assert labelled >= LABELLED * rendered, reasons.most_common(9)


def need_right(name: str, row: dict[str, Any], made: Encoded) -> None:
    """The ids are those of the final text; labels are ids, hold each answer's words and nobody else's."""
    tokenizer = chats.tokenizer(name)
    chat = fitted(tokenizer, row["messages"], row.get("tools"))
    text = written(tokenizer, chat, ask=False) + OPEN.get(name, "")
    assert made.ids == tokenizer(text, add_special_tokens=False)["input_ids"]
    assert len(made.ids) == len(made.labels)
    assert all(label in (IGNORED, token) for token, label in zip(made.ids, made.labels, strict=True))
    learnt = texts(made, tokenizer)
    for turn in row["messages"]:
        if turn["role"] == "assistant" and turn["content"] and not made.left_out.get("texts"):
            assert turn["content"].rpartition("</think>")[2].strip() in learnt
        words = (turn["content"] or "").strip()
        answers = "".join(texts_of(other) for other in row["messages"] if other["role"] == "assistant")
        if turn["role"] != "assistant" and len(words) > 9 and words not in answers:
            assert words not in learnt


@pytest.mark.few(10)
@pytest.mark.parametrize("name", [n.removesuffix("_training") for n in chats.TEMPLATES if n.endswith("_training")])
def test_the_labels_are_those_of_trls_generation_marks(name):
    tokenizer, compared = chats.tokenizer(name), 0
    for row in some(name):
        try:
            made = chat_template.encode(tokenizer, row, 10**9)
        except TrainingError:
            continue
        chat = fitted(tokenizer, row["messages"], row.get("tools"))
        text = written(tokenizer, chat, ask=False) + OPEN.get(name, "")
        given_marks: dict[str, Any] = {"tools": chat.tools, "chat_template": chats.text_of(f"{name}_training"),
                                       **tokenizer.special_tokens_map}  # fmt: skip
        try:
            other, marks = render_jinja_template([chat.messages], return_assistant_tokens_mask=True, **given_marks)
        except Exception:  # their template may refuse what the model's own writes
            continue
        if other[0] != text:
            continue
        compared += 1
        ours = {i for i, label in enumerate(made.labels) if label != IGNORED}
        tokens = tokenise(tokenizer, text)
        theirs = {i for start, end in marks[0] for i in tokens.within(start, end)}
        stops = chat_template.stop_ids(tokenizer)
        given = opening(tokenizer)
        more = [i for i in sorted(theirs - ours)
                if made.ids[i] not in stops and tokenizer.decode([made.ids[i]]) not in given]  # fmt: skip
        # they also grade the line break after the token that ends a turn, and what the prompt opens an answer with
        assert not "".join(tokenizer.decode([made.ids[i]]) for i in more).strip()
        alone = tokenizer.decode([made.ids[i] for i in sorted(ours - theirs)])
        for word in NOT_MARKED.get(name, ()):
            alone = alone.replace(word, "")
        assert alone == ""
    assert compared or not EFFORT.full
