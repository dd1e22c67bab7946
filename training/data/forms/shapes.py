"""The forms that rows come in: told by their keys, and each written in ours.

Ours are ``{"messages"}`` for chats, ``{"prompt", "chosen", "rejected"}`` for pairs, ``{"anchor", "positive"}`` with or
without ``"negative"`` for passages, and ``{"text"}``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from training.data.forms import turns as chat
from training.data.forms.turns import Unfit

Row = dict[str, Any]
CHAT, PAIRS, PASSAGES, TEXT = "chats", "pairs", "passages", "text"
LISTS_OF_TURNS = ("messages", "conversations", "conversation", "dialog", "dialogue", "turns", "chat", "contents")
SYSTEMS = ("system", "system_prompt", "system_message", "systeminstruction", "system_instruction")
PROMPTS = ("prompt", "question", "query", "instruction", "input", "user", "problem", "request", "source")
ANSWERS = ("completion", "answer", "response", "output", "target", "assistant", "reply", "solution", "label")
CHOSEN = ("chosen", "chosen_response", "response_chosen", "preferred", "better", "preferred_output")
REJECTED = ("rejected", "rejected_response", "response_rejected", "dispreferred", "worse", "non_preferred_output")
ANCHORS = ("anchor", "query", "question", "sentence1", "sentence_1", "text1")
POSITIVES = ("positive", "positives", "pos", "positive_passages", "passages", "passage", "sentence2", "sentence_2",
             "text2")  # fmt: skip
NEGATIVES = ("negative", "negatives", "neg", "negative_passages", "hard_negatives", "hard_negative")
SCORES = ("score", "similarity", "similarity_score", "label")
TOOLS = ("tools", "functions")
MARKS = ("label", "kto_tag")  # of an answer: true where it is a good one
ALIKE = 0.8  # of the largest score: sentences this much alike are a question and its passage
HUMAN = re.compile(r"(?:^|\n\n)(Human|Assistant):[ \t]?")


@dataclass(frozen=True)
class Form:
    """One form of rows.

    Attributes:
        name: for messages.
        family: what it becomes: chats, pairs, passages or text.
        keys: of a row, which of its columns the form reads; None where it is not of this form.
        rows: our rows of one of theirs; raises ``Unfit``.
    """

    name: str
    family: str
    keys: Callable[[Row], dict[str, str] | None]
    rows: Callable[[Row, dict[str, str]], list[Row]]


def first(row: Collection[str], names: Collection[str]) -> str:
    """The first of the names that is a key, whatever its case; "" for none."""
    folded = {str(key).strip().lower().replace(" ", "_").replace("-", "_"): key for key in row}
    return next((folded[name] for name in names if name in folded), "")


def _picked(row: Row, **wanted: Collection[str]) -> dict[str, str]:
    found = {part: first(row, names) for part, names in wanted.items()}
    return {part: key for part, key in found.items() if key}


# ---- chats ----
def _messages_keys(row: Row) -> dict[str, str] | None:
    found = _picked(row, messages=LISTS_OF_TURNS, system=SYSTEMS, tools=TOOLS)
    if "messages" not in found:
        return None
    value = row[found["messages"]]
    return found if isinstance(value, list) or chat.is_turns(value) else None


def _keyed(word: str) -> Callable[[Row], dict[str, str] | None]:
    """Keys of a row whose turns name their speaker under ``word``."""

    def keys(row: Row) -> dict[str, str] | None:
        found = _messages_keys(row)
        value = chat.unwritten(row[found["messages"]]) if found and isinstance(row[found["messages"]], str) else (
            row[found["messages"]] if found else None)  # fmt: skip
        turns = value if isinstance(value, list) else []
        return found if any(isinstance(turn, dict) and word in turn for turn in turns) else None

    return keys


def _openai_keys(row: Row) -> dict[str, str] | None:
    found = _messages_keys(row)
    if found is None or found["messages"] != "messages":
        return None
    turns = row["messages"] if isinstance(row["messages"], list) else []
    special = {"tools", "functions", "parallel_tool_calls"} & set(row) or any(
        isinstance(turn, dict) and {"weight", "tool_calls", "function_call"} & set(turn) for turn in turns)  # fmt: skip
    return {**found, **_picked(row, parallel=("parallel_tool_calls",))} if special else None


def _messages_rows(row: Row, keys: dict[str, str]) -> list[Row]:
    turns = chat.turns_of(row[keys["messages"]], keys["messages"])
    if turns[0]["role"] != "system":
        turns = [*_system(row, keys), *turns]
    written: Row = {"messages": chat.check(turns)}
    tools = row.get(keys.get("tools", ""))
    if tools and tools not in ("[]", "null"):
        written["tools"] = chat.tools_of(tools)
    if keys.get("parallel") and row[keys["parallel"]] is False:
        written["parallel_tool_calls"] = False
    return [written]


def _alpaca_keys(row: Row) -> dict[str, str] | None:
    found = _picked(row, instruction=("instruction",), input=("input", "context"), output=("output", "response"),
                    system=SYSTEMS, history=("history",))  # fmt: skip
    return found if {"instruction", "output"} <= set(found) else None


def _alpaca_rows(row: Row, keys: dict[str, str]) -> list[Row]:
    asked = _instructed(row, keys["instruction"], keys.get("input", ""))
    earlier = []
    for pair in row.get(keys.get("history", "")) or []:
        if not isinstance(pair, (list, tuple)) or len(pair) != 2:
            raise Unfit("missing-role", "'history' holds something that is no pair of a question and its answer")
        earlier += [{"role": "user", "content": pair[0]}, {"role": "assistant", "content": pair[1]}]
    answer = chat.text_of(row[keys["output"]], keys["output"])
    turns = [*_system(row, keys), *earlier, {"role": "user", "content": asked},
             {"role": "assistant", "content": answer}]  # fmt: skip
    return [{"messages": chat.check(turns)}]


def _instructed(row: Row, instruction: str, input_key: str) -> str:
    """An instruction with its input below it, or either alone."""
    said, more = row[instruction], row.get(input_key)
    if not isinstance(more, str) or not more.strip():
        return chat.text_of(said, instruction)
    return f"{chat.text_of(said, instruction)}\n\n{more}" if said not in (None, "") else more


def _system(row: Row, keys: dict[str, str]) -> list[dict[str, Any]]:
    name = keys.get("system", "")
    return chat.system_of(row.get(name), name)


def _prompt_keys(row: Row) -> dict[str, str] | None:
    found = _picked(row, prompt=PROMPTS, completion=ANSWERS, system=SYSTEMS, tools=TOOLS)
    if "prompt" not in found and "completion" in found and (text := first(row, ("text",))):
        found["prompt"] = text
    return found if {"prompt", "completion"} <= set(found) and found["prompt"] != found["completion"] else None


def _marked_keys(row: Row) -> dict[str, str] | None:
    """Keys of answers that are marked right or wrong (KTO): only the right ones may be learnt from."""
    found = _picked(row, label=MARKS)
    mark = row.get(found.get("label", ""))
    if not isinstance(mark, bool) and str(mark).strip().lower() not in ("true", "false"):
        return None
    asked = _messages_keys(row) or _picked(row, prompt=("prompt",), completion=("completion",))
    return {**asked, **found} if "messages" in asked or len(asked) == 2 else None


def _marked_rows(row: Row, keys: dict[str, str]) -> list[Row]:
    if str(row[keys["label"]]).strip().lower() == "false":
        raise Unfit("wrong-answer", "the answer is marked false, so nothing should learn to write it")
    return _messages_rows(row, keys) if "messages" in keys else _prompt_rows(row, keys)


def _prompt_rows(row: Row, keys: dict[str, str]) -> list[Row]:
    asked, answered = row[keys["prompt"]], row[keys["completion"]]
    turns = _asked(asked, keys["prompt"])
    if answered is None and turns[-1]["role"] == "assistant":
        return [{"messages": chat.check(turns)}]  # the answer stands at the end of the prompt
    turns += chat.turns_of(answered, keys["completion"]) if chat.is_turns(answered) else [
        {"role": "assistant", "content": chat.text_of(_only(answered), keys["completion"])}]  # fmt: skip
    if turns[0]["role"] != "system":
        turns = [*_system(row, keys), *turns]
    tools = row.get(keys.get("tools", ""))
    return [{"messages": chat.check(turns), **({"tools": chat.tools_of(tools)} if tools else {})}]


def _asked(value: Any, name: str) -> list[dict[str, Any]]:
    """The turns of a prompt: a text, or turns."""
    if chat.is_turns(value):
        return chat.turns_of(value, name)
    return [{"role": "user", "content": chat.text_of(value, name)}]


def _only(value: Any) -> Any:
    """The one text of a list of one, as some sets write their answers."""
    return value[0] if isinstance(value, list) and len(value) == 1 and isinstance(value[0], str) else value


# ---- pairs ----
def _preference_keys(row: Row) -> dict[str, str] | None:
    if not {"preferred_output", "non_preferred_output"} <= set(row):
        return None
    return _picked(row, prompt=("input", "prompt"), chosen=CHOSEN, rejected=REJECTED)


def _preference_rows(row: Row, keys: dict[str, str]) -> list[Row]:
    given = row.get(keys.get("prompt", ""))
    asked = given.get("messages") if isinstance(given, dict) else given
    inner = {"prompt": asked, "chosen": row[keys["chosen"]], "rejected": row[keys["rejected"]]}
    return _pair_rows(inner, {name: name for name in inner})


def _pair_keys(row: Row) -> dict[str, str] | None:
    found = _picked(row, prompt=(*PROMPTS, *LISTS_OF_TURNS), chosen=CHOSEN, rejected=REJECTED, system=SYSTEMS,
                    tools=TOOLS)  # fmt: skip
    if found.get("prompt") == "instruction":
        found.update(_picked(row, input=("input", "context")))
    return found if {"chosen", "rejected"} <= set(found) else None


def _pair_rows(row: Row, keys: dict[str, str]) -> list[Row]:
    sides = [_side(row[keys[side]], keys[side]) for side in ("chosen", "rejected")]
    shared = 0
    while shared < min(map(len, sides)) - 1 and sides[0][shared] == sides[1][shared]:
        shared += 1
    given = row.get(keys.get("prompt", ""))
    if keys.get("input"):
        given = _instructed(row, keys["prompt"], keys["input"])
    asked = _asked(given, keys["prompt"]) if given not in (None, "", []) else []
    if asked and asked[-1]["role"] == "assistant" and keys["prompt"] in LISTS_OF_TURNS:
        asked = []  # the chosen conversation once more, as some sets have it
    said = sides[0][:shared]
    if said and asked and said[-len(asked) :] != asked and asked[-len(said) :] != said:
        raise Unfit("two-prompts", "'prompt' and the beginning of 'chosen' are two different conversations")
    asked = max(asked, said, key=len)
    if not asked:
        raise Unfit("missing-prompt", "there is no prompt, and the two answers have no beginning in common")
    if asked[0]["role"] != "system":
        asked = [*_system(row, keys), *asked]
    answers = {}
    for name, side in zip(("chosen", "rejected"), sides, strict=True):
        rest = side[shared:]
        if len(rest) != 1 or rest[0]["role"] != "assistant" or "tool_calls" in rest[0]:
            raise Unfit("role-order", f"'{name}' holds more than one answer after what both sides begin with")
        answers[name] = chat.text_of(rest[0]["content"], name)
    if answers["chosen"].strip() == answers["rejected"].strip():
        raise Unfit("equal-answers", "chosen and rejected are the same: nothing is preferred")
    chat.check([*asked, {"role": "assistant", "content": answers["chosen"]}])
    tools = row.get(keys.get("tools", ""))
    return [{"prompt": asked, **answers, **({"tools": chat.tools_of(tools)} if tools else {})}]


def _side(value: Any, name: str) -> list[dict[str, Any]]:
    """One side of a pair as turns: of a list, of a conversation written out as text, or of the answer alone."""
    if chat.is_turns(value):
        return chat.turns_of(value, name)
    value = _only(value)
    if isinstance(value, str) and value.lstrip().startswith("Human:") and "\n\nAssistant:" in value:
        parts = HUMAN.split("\n\n" + value.strip())
        return [{"role": chat.ROLE_OF[{"Human": "human", "Assistant": "assistant"}[who]], "content": said.strip()}
                for who, said in zip(parts[1::2], parts[2::2], strict=True)]  # fmt: skip
    return [{"role": "assistant", "content": chat.text_of(value, name)}]


# ---- passages ----
def _passage_keys(row: Row) -> dict[str, str] | None:
    found = _picked(row, anchor=ANCHORS, positive=POSITIVES, negative=NEGATIVES)
    answered = first(row, [name for name in ANSWERS if name not in SCORES])
    if not {"anchor", "positive"} <= set(found) or (answered and found["positive"].lower().startswith("passage")):
        return None  # a question about a passage, with its answer, is a chat
    return {**found, **_picked(row, score=SCORES)} if "2" in found["positive"] else found


def _passage_rows(row: Row, keys: dict[str, str]) -> list[Row]:
    anchor = chat.text_of(row[keys["anchor"]], keys["anchor"])
    if keys.get("score") and float(row.get("largest score", 1)) > 0:
        _alike(row[keys["score"]], keys["score"], float(row.get("largest score", 1)))
    right, wrong = _passages(row[keys["positive"]], keys["positive"])
    if keys.get("negative"):
        wrong = [*wrong, *_passages(row[keys["negative"]], keys["negative"])[0]]
    if not right:
        raise Unfit("missing-positive", "there is no passage that answers")
    count = max(len(right), len(wrong))
    return [{"anchor": anchor, "positive": right[place % len(right)],
             **({"negative": wrong[place % len(wrong)]} if wrong else {})} for place in range(count)]  # fmt: skip


def _alike(value: Any, name: str, largest: float) -> None:
    try:
        score = float(value)
    except (TypeError, ValueError):
        raise Unfit("bad-score", f"'{name}' is {str(value)[:30]!r} and no number") from None
    if not score >= ALIKE * largest:
        raise Unfit("not-alike", f"'{name}' is below {ALIKE * largest:g}: the two sentences are not alike enough for a"
                    " question and its passage")  # fmt: skip


def _passages(value: Any, name: str) -> tuple[list[str], list[str]]:
    """The passages that answer and those that do not, of a text, a list, or a list with marks."""
    if isinstance(value, str) and value.strip()[:1] in ("[", "{"):
        value = chat.unwritten(value)
    if isinstance(value, dict) and isinstance(value.get("passage_text"), list):
        marks = value.get("is_selected") or [1] * len(value["passage_text"])
        value = [{"text": text, "is_selected": mark} for text, mark in zip(value["passage_text"], marks, strict=False)]
    right: list[str] = []
    wrong: list[str] = []
    for passage in value if isinstance(value, list) else [value]:
        if isinstance(passage, dict):
            mark = next((passage[key] for key in ("is_selected", "label", "relevant") if key in passage), 1)
            title, text = passage.get("title"), passage.get("text") or passage.get("passage") or passage.get("contents")
            text = f"{title}\n{text}" if isinstance(title, str) and title.strip() and isinstance(text, str) else text
        else:
            mark, text = 1, passage
        (right if mark not in (0, False, "0") else wrong).append(chat.text_of(text, name))
    return right, wrong


# ---- text ----
def _text_keys(row: Row) -> dict[str, str] | None:
    if first(row, ("role", "parent_id")):
        return None  # one turn of a conversation, the others in other rows
    return _picked(row, text=("text",)) or None


def _text_rows(row: Row, keys: dict[str, str]) -> list[Row]:
    return [{"text": chat.text_of(row[keys["text"]], keys["text"])}]


FORMS = (
    Form("OpenAI's preference form (input, preferred_output, non_preferred_output)", PAIRS, _preference_keys,
         _preference_rows),
    Form("pairs of chosen and rejected", PAIRS, _pair_keys, _pair_rows),
    Form("answers with a mark (KTO)", CHAT, _marked_keys, _marked_rows),
    Form("ShareGPT conversations (from, value)", CHAT, _keyed("from"), _messages_rows),
    Form("OpenAI's fine-tuning form (messages with weights or tools)", CHAT, _openai_keys, _messages_rows),
    Form("messages", CHAT, _messages_keys, _messages_rows),
    Form("alpaca (instruction, input, output)", CHAT, _alpaca_keys, _alpaca_rows),
    Form("questions with passages", PASSAGES, _passage_keys, _passage_rows),
    Form("prompt and completion", CHAT, _prompt_keys, _prompt_rows),
    Form("text", TEXT, _text_keys, _text_rows),
)  # fmt: skip


def form_of(row: Row) -> tuple[Form, dict[str, str]] | None:
    """The form of a row and which of its keys are read; None for no known form."""
    for form in FORMS:
        keys = form.keys(row)
        if keys is not None:
            return form, keys
    return None
