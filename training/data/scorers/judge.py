"""A judge at an OpenAI-compatible endpoint: which of two answers is better, asked in both orders.

An answer wins when it is called better in either place, and ties when the two verdicts part: a judge that always names
the first answer ties everything.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.data.scorers.named import Question, Scorer
from training.run import jsonl, machine
from training.run.endpoint import address, chat_call
from training.run.errors import BadInput, LackingResource

VERDICT = re.compile(r"\b(A|B|TIE)\b")
WIN, TIE, LOSS = 1.0, 0.5, 0.0
TRIES, WAIT_S, TIMEOUT_S = 3, 1.0, 120.0
PROMPT = """You compare two answers to the same question. {criterion}

Question:
{question}

Answer A:
{first}

Answer B:
{second}

Which answer is better? Reply with one word: A, B or TIE."""
CRITERION = "Judge by what the question asks for; length and politeness do not count."
Ask = Callable[[str], str]


@dataclass(frozen=True)
class Label:
    """A verdict of the reader's on two answers: ``a``, ``b`` or ``tie``."""

    question: str
    first: str
    second: str
    label: str


def endpoint(url: str, model: str, key_from: str = "OPENAI_API_KEY") -> Ask:
    """A call of ``URL/chat/completions`` that gives the reply's text; the same prompt is asked once.

    Args:
        url: such as http://127.0.0.1:8000/v1.
        model: its name there.
        key_from: environment variable with the key.

    Raises:
        BadInput: the address is none.
        LackingResource: later, when a call fails; one line.
    """
    if address.fault(url):
        raise BadInput(f"task.judge.url: {url!r} is no address; write it as in http://127.0.0.1:8000/v1")
    if machine.offline() and not chat_call.is_loopback(url):
        raise LackingResource(f"task.judge.url: {chat_call.shown(url)} is another machine, and STAGE10_OFFLINE is set")
    known: dict[str, str] = {}

    def ask(prompt: str) -> str:
        if prompt not in known:
            known[prompt] = _reply(url, model, prompt, key_from)
        return known[prompt]

    return ask


def _reply(url: str, model: str, prompt: str, key_from: str) -> str:
    body = {"model": model, "messages": [{"role": "user", "content": prompt}], "temperature": 0, "max_tokens": 16}
    shown, reason = chat_call.shown(url), ""
    for tried in range(1, TRIES + 1):
        try:
            return chat_call.complete(url, body, key_from, TIMEOUT_S).text
        except chat_call.NoCompletion:
            raise LackingResource(f"task.judge.url: {shown} sent something that is no chat completion") from None
        except chat_call.Refused as error:
            raise LackingResource(f"task.judge.url: {shown} refuses the call ({error}); look at task.judge.model and"
                                  " the key") from None  # fmt: skip
        except chat_call.NoAnswer as error:
            reason = str(error)
        if tried < TRIES:
            time.sleep(WAIT_S * tried)
    raise LackingResource(f"task.judge.url: {shown} does not answer ({reason}); start it, then resume the run")


def compare(ask: Ask, question: str, one: str, other: str, criterion: str = CRITERION) -> float:
    """1 when ``one`` is the better answer in both orders, 0 when ``other`` is, 0.5 for everything else."""
    if one.strip() == other.strip():
        return TIE
    said = [verdict(ask(PROMPT.format(criterion=criterion, question=question, first=first, second=second)))
            for first, second in ((one, other), (other, one))]  # fmt: skip
    votes = Counter([{"A": "one", "B": "other"}.get(said[0], "tie"), {"A": "other", "B": "one"}.get(said[1], "tie")])
    return WIN if votes["one"] == 2 else LOSS if votes["other"] == 2 else TIE


def verdict(text: str) -> str:
    """A, B or TIE of a judge's reply; TIE for one that names none or both."""
    named = set(VERDICT.findall(text.upper()))
    return named.pop() if len(named) == 1 else "TIE"


def scorer(ask: Ask, criterion: str = CRITERION) -> Scorer:
    """An answer against the row's own: ``exact`` is 1 where it is better, 0.5 for a tie, 0 where it is worse."""

    def score(answer: str, expected: str, question: Question) -> dict[str, float]:
        won = compare(ask, question_text(question), answer, expected, criterion) if answer.strip() else LOSS
        return {"exact": won, "valid": float(bool(answer.strip())), "content": won, "tie": float(won == TIE)}

    return Scorer("judge", score, lambda expected: "" if expected.strip() else "it is empty",
                  ("exact", "valid", "content", "tie"))  # fmt: skip


def question_text(turns: Question) -> str:
    """A conversation as the judge reads it."""
    if len(turns) == 1:
        return str(turns[0]["content"])
    return "\n".join(f"{turn['role']}: {turn['content']}" for turn in turns)


# ---- the reader's own labels ----
def read_labels(path: str | Path) -> list[Label]:
    """Labels of a JSONL file of ``{"prompt", "a", "b", "label": "a" | "b" | "tie"}``.

    Raises:
        BadInput: a line is none of these.
    """
    found = []
    for number, row in enumerate(jsonl.read(path), 1):
        texts = [row.get(name) for name in ("prompt", "a", "b")]
        label = str(row.get("label")).strip().lower()
        if not all(isinstance(text, str) and text.strip() for text in texts) or label not in ("a", "b", "tie"):
            raise BadInput(f"{path}:{number}: a label is {{\"prompt\", \"a\", \"b\", \"label\"}} with the label a, b or"
                           " tie")  # fmt: skip
        question, first, second = map(str, texts)
        found.append(Label(question, first, second, label))
    if not found:
        raise BadInput(f"{path}: there is no label in this file")
    return found


def agreement(ask: Ask, labels: list[Label], criterion: str = CRITERION) -> dict[str, Any]:
    """How often the judge says what the reader says.

    Returns:
        {"n", "agreement", "kappa", "ties": share that the judge ties}; kappa is Cohen's, None where one side always
        says the same.
    """
    pairs = [({1.0: "a", 0.0: "b"}.get(compare(ask, one.question, one.first, one.second, criterion), "tie"), one.label)
             for one in labels]  # fmt: skip
    n = len(pairs)
    seen = sum(said == wanted for said, wanted in pairs) / n
    shares = [Counter(side) for side in zip(*pairs, strict=True)]
    chance = sum(shares[0][name] * shares[1][name] for name in ("a", "b", "tie")) / n**2
    return {"n": n, "agreement": seen, "kappa": None if chance == 1 else (seen - chance) / (1 - chance),
            "ties": shares[0]["tie"] / n}  # fmt: skip


def agreement_line(found: dict[str, Any]) -> str:
    """One line for the screen and the report."""
    kappa = "" if found["kappa"] is None else f", Cohen's kappa {found['kappa']:.2f}"
    return (f"the judge agrees with {found['agreement']:.0%} of your {found['n']} labels{kappa}; it ties"
            f" {found['ties']:.0%}")  # fmt: skip
