"""Pairs of a better and a worse answer: read from a file, checked line by line, encoded.

A file holds one pair per line: ``{"prompt": text or turns, "chosen": text, "rejected": text}``. Where chosen and
rejected are whole chats, as in most public sets, what they have in common is the prompt.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labs_py.core import chat_data
from training.data import splits
from training.data.check import CONTROL, Finding, TokenRules, Warned, control_tokens, read_lines
from training.models import chat_template
from training.run.errors import BadInput, GuardFailed
from training.run.settings import Config

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


def encode_pairs(tokenizer: PreTrainedTokenizerBase, pairs: list[dict], longest: int,
                 how: chat_template.Reading = chat_template.PLAIN) -> list[dict[str, list[int]]]:  # fmt: skip
    """Token ids of question, better and worse answer; both answers end with the stop token.

    Args:
        tokenizer: with a chat template.
        pairs: with ``prompt``, ``chosen``, ``rejected`` and, where there are some, ``tools``.
        longest: tokens of a question with its answer.
        how: how the texts are read.

    Raises:
        BadInput: the pairs that are too long, a line each.
    """
    found, faults = [], []
    for place, pair in enumerate(pairs, 1):
        sides: dict[str, Any] = {}
        for side in SIDES:
            where = f"pair {pair.get('id', place)}, {side}"
            try:
                whole = encoded_side(tokenizer, pair, side, longest, where, how)
            except BadInput as error:
                faults.append(str(error))
                continue
            # only the last answer is compared, whatever was said before it
            start, end = whole.answer
            sides["prompt_ids"], sides[f"{side}_ids"] = whole.ids[:start], whole.ids[start:end]
        found.append(sides)
    splits.raise_faults(faults, "raise train.max_length, or shorten or drop these pairs")
    return found


SIDES = ("chosen", "rejected")
Pair = dict[str, Any]


# ---- files ----
def token_rules(config: Config, tokenizer: PreTrainedTokenizerBase | None) -> TokenRules | None:
    """The rules that need a tokenizer, with the run's longest row; None without one."""
    if tokenizer is None:
        return None
    return TokenRules(tokenizer, config.train.max_length, chat_template.reading(config))


def parsed_lines(path: str | Path) -> Iterator[tuple[int, dict[str, Any], chat_data.Fault | None]]:
    """Number, row and fault of each line that holds something; the row is empty where there is a fault."""
    for number, line, length in read_lines(path):
        row, fault = chat_data.parse_line(line)
        if fault is not None and fault.code == "huge-line":
            fault = chat_data.Fault(fault.code, f"{length:,} bytes; at most {chat_data.HUGE_LINE_BYTES:,} are read")
        yield number, row or {}, fault


def check_pairs(path: str | Path, system: str = "", keys: Collection[str] = (),
                rules: TokenRules | None = None) -> Iterator[Finding | Pair]:  # fmt: skip
    """Every pair of a file, or in its place what is wrong with the line; before a repeated pair a warning.

    Args:
        path: JSONL file.
        system: system turn of prompts that have none.
        keys: ``chat_data.prompt_key`` of the held-out questions.
        rules: the tokenizer's rules, or None to leave them out.
    """
    name, seen = str(path), {}
    for number, row, fault in parsed_lines(path):
        found = fault or _fault(row, system)
        if isinstance(found, chat_data.Fault):
            yield Finding(name, number, found.code, found.message)
            continue
        key = chat_data.prompt_key(found["prompt"])
        same, turned = ((key, *(found[side] for side in order)) for order in (SIDES, SIDES[::-1]))
        if key in keys:
            yield Finding(name, number, "test-leak", "this question also stands in a held-out set")
        elif turned in seen:
            yield Finding(name, number, "contradiction", f"line {seen[turned]} prefers these two answers the other way")
        elif wrong := _token_fault(found, rules):
            yield Finding(name, number, wrong.code, wrong.message)
        else:
            yield from (Finding(name, number, held.code, held.message, opinion=True)
                        for held in _control_tokens(found, rules))  # fmt: skip
            if same in seen:
                yield Finding(name, number, "duplicate", f"the same pair as line {seen[same]}")
            seen.setdefault(same, number)
            yield {**found, "id": str(row.get("id", f"line-{number}"))}


def _fault(row: dict[str, Any], system: str) -> Pair | chat_data.Fault:
    """The pair that a row holds, or why it holds none."""
    whole = _with_prompt(row)
    if isinstance(whole, chat_data.Fault):
        return whole
    row, answers = whole, {}
    for side in SIDES:
        answer = row.get(side)
        if isinstance(answer, list) and len(answer) == 1 and isinstance(answer[0], dict):
            answer = answer[0].get("content") if answer[0].get("role") == "assistant" else None
        if not isinstance(answer, str):
            return chat_data.Fault("missing-answer", f"'{side}' must be a text (or a list of one assistant turn)")
        if not answer.strip():
            return chat_data.Fault("empty-turn", f"'{side}' is empty")
        answers[side] = answer
    if answers["chosen"].strip() == answers["rejected"].strip():
        return chat_data.Fault("equal-answers", "chosen and rejected are the same: nothing is preferred")
    turns = asked_turns(row, system)
    if isinstance(turns, chat_data.Fault):
        return turns
    if system and turns[0]["role"] != "system":
        turns = [{"role": "system", "content": system}, *turns]
    return {"prompt": turns, **answers, **({"tools": row["tools"]} if row.get("tools") else {})}


def _with_prompt(row: dict[str, Any]) -> dict[str, Any] | chat_data.Fault:
    """A row whose two sides are whole chats as one with a prompt and two answers; any other row as it is."""
    chosen, rejected = row.get("chosen"), row.get("rejected")
    if not isinstance(chosen, list) or not isinstance(rejected, list):
        return row
    if not all(isinstance(turn, dict) for turn in (*chosen, *rejected)):
        return row
    if "prompt" in row and len(chosen) == len(rejected) == 1:
        return row
    shared = 0
    while shared < min(len(chosen), len(rejected)) - 1 and _same(chosen[shared], rejected[shared]):
        shared += 1
    if len(chosen) != shared + 1 or len(rejected) != shared + 1:
        return chat_data.Fault("no-common-prompt", f"chosen and rejected part at turn {shared + 1}, and more than one"
                               " turn follows; the last turn alone may differ")  # fmt: skip
    if not shared:
        return chat_data.Fault("missing-prompt", "chosen and rejected are one turn each and the row has no 'prompt'")
    beginning, prompt = chosen[:shared], row.get("prompt")
    asked = [turn.get("content") for turn in beginning if turn.get("role") == "user"]
    last = prompt[-1] if isinstance(prompt, list) and prompt else prompt
    if prompt and (not asked or (last.get("content") if isinstance(last, dict) else last) != asked[-1]):
        return chat_data.Fault("no-common-prompt", "'prompt' is not the question that chosen and rejected begin with")
    return {**row, "prompt": beginning, "chosen": chosen[shared:], "rejected": rejected[shared:]}


def _same(turn: dict[str, Any], other: dict[str, Any]) -> bool:
    return all(turn.get(key) == other.get(key) for key in ("role", "content", "tool_calls"))


def asked_turns(row: dict[str, Any], system: str = "") -> list[dict[str, Any]] | chat_data.Fault:
    """The turns of a row's ``prompt``, which ask for an answer, or why they don't."""
    prompt = row.get("prompt")
    if not isinstance(prompt, (str, list)):
        return chat_data.Fault(
            "missing-prompt", "'prompt' must be a text, or a list of turns that ends with the user's"
        )
    # with an answer in its place the whole order can be checked
    turns = chat_data.turns_of({"prompt": prompt, "completion": "-"}, system)
    fault = next(iter(chat_data.check_turns(turns)), None)
    if (
        fault
        and fault.code == "role-order"
        and isinstance(prompt, list)
        and (not prompt or prompt[-1]["role"] != "user")
    ):
        return chat_data.Fault("role-order", "'prompt' must end with a turn of the user")
    return fault or (turns or [])[:-1]


def _control_tokens(pair: Pair, rules: TokenRules | None) -> list[chat_data.Fault]:
    """Control tokens inside the pair's texts: in an answer a fault where the tokenizer is known."""
    controls = CONTROL if rules is None else rules.controls
    return [fault for side in SIDES for fault in control_tokens(turns_with(pair, side), controls, rules is not None)]


def _token_fault(pair: Pair, rules: TokenRules | None) -> chat_data.Fault | None:
    """What is wrong with a pair once the template has written it out as the trainer will."""
    if rules is None:
        return None
    held = next((fault for fault in _control_tokens(pair, rules) if not isinstance(fault, Warned)), None)
    if held is not None:
        return held
    for side in SIDES:
        try:
            ids = encoded_side(rules.tokenizer, pair, side, sys.maxsize, side, rules.reading).ids
        except GuardFailed as error:
            return chat_data.Fault("no-stop-token", str(error).removeprefix(f"{side}: no-stop-token: "))
        except BadInput as error:
            return chat_data.Fault("template", str(error))
        if rules.max_tokens is not None and len(ids) > rules.max_tokens:
            return chat_data.Fault("too-long", f"'{side}' makes {len(ids)} tokens with its question, at most"
                                               f" {rules.max_tokens} (train.max_length)")  # fmt: skip
    return None


def encoded_side(tokenizer: PreTrainedTokenizerBase, pair: Pair, side: str, longest: int, where: str,
                 how: chat_template.Reading) -> chat_template.Encoded:  # fmt: skip
    """Question and one of the two answers as the trainer sees them; raises as ``template.encode``."""
    row = {"messages": turns_with(pair, side), "tools": pair.get("tools")}
    return chat_template.encode(tokenizer, row, longest, where, how)


def turns_with(pair: Pair, side: str) -> list[dict[str, Any]]:
    """The pair's question with one of its answers."""
    return [*pair["prompt"], {"role": "assistant", "content": pair[side]}]


def read_pairs(path: str | Path, system: str = "", keys: Collection[str] = (),
               rules: TokenRules | None = None) -> list[Pair]:  # fmt: skip
    """The pairs of a file; arguments as in ``check_pairs``.

    Raises:
        BadInput: one line per fault, as ``file:line: CODE: message``.
    """
    found = list(check_pairs(path, system, keys, rules))
    splits.refuse_or_warn(item for item in found if isinstance(item, Finding))
    pairs = [item for item in found if not isinstance(item, Finding)]
    if not pairs:
        raise BadInput(f"{path}: there is no pair in this file")
    return pairs
