"""What every task gives: rows to train and test on, a prompt, a parser with reasons, and a score."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from training.data import calls

Row = dict[str, Any]
Message = dict[str, str]


@dataclass(frozen=True)
class Extracted:
    """What a parser made of one answer.

    Attributes:
        value: the parsed answer, or None when it does not have the task's form.
        reason: "" when it has; else a short code with its place, such as ``wrong-type:quantity``.
    """

    value: Any
    reason: str = ""


@dataclass(frozen=True)
class Task:
    """One thing to teach. Subclasses give the rows and the score.

    Attributes:
        name: key in configs.
        title: a few words for reports.
        shape: what kind of task it is, in a sentence.
        system: the system turn under which every row stands.
        sets: names of the sets that ``rows`` knows, training set first.
        headline: the set whose score the gate reads.
        metrics: names that ``score`` gives, the headline metric first.
        max_new_tokens: longest answer worth generating.
        shots: the (message, answer) pairs of the few-shot prompt, constant so that their keys and values are shared.
        lesson: a long instruction for a teacher, in place of the system turn; "" where there is none.
        refusal: the one text that declines; "" where the task has none.
    """

    name: str
    title: str
    shape: str
    system: str
    sets: tuple[str, ...]
    headline: str
    metrics: tuple[str, ...]
    max_new_tokens: int
    shots: tuple[tuple[str, str], ...] = field(default=())
    lesson: str = ""
    refusal: str = ""

    def rows(self, set_name: str, count: int | None = None, seed: int = 0, variant: str = "default") -> list[Row]:
        """The rows of a set.

        Args:
            set_name: one of ``sets``.
            count: how many; the set's own size when None.
            seed: start of the random numbers of the sets that depend on one (training and its twin).
            variant: which version of the training data, for tasks that have several.

        Raises:
            ValueError: unknown set or variant.
        """
        raise self.unknown(set_name)

    def check_set(self, set_name: str, variant: str) -> None:
        """Check what ``rows`` is asked for, in a task with one version of its training data.

        Raises:
            ValueError: unknown set or variant.
        """
        if variant != "default":
            raise ValueError(f"unknown variant {variant!r}; this task has only 'default'")
        if set_name not in self.sets:
            raise self.unknown(set_name)

    def unknown(self, set_name: str) -> ValueError:
        """What is said of a set that the task does not have."""
        return ValueError(f"task {self.name} has no set {set_name!r}; it has {', '.join(self.sets)}")

    def extract(self, text: str) -> Extracted:
        """The answer in its strict form, or why it is not one."""
        value = text.strip()
        return Extracted(value) if value else Extracted(None, "empty")

    def verify(self, asked: str, text: str) -> str:
        """Why an answer cannot be right, judged without knowing the answer; "" when nothing speaks against it.

        A task with constraints that can be checked against the question ``asked`` says more than its form.
        """
        return self.extract(text).reason

    def score(self, text: str, target: str) -> dict[str, float]:
        """Each metric of one answer, from 0 to 1."""
        right = float(text.strip() == target.strip())
        return {"exact": right, "valid": float(bool(text.strip())), "content": right}

    def score_row(self, text: str, row: Row) -> dict[str, float]:
        """Each metric of one answer to a row; a score that reads the question overrides this."""
        return self.score(text, target(row))

    def target_fault(self, target: str) -> str:
        """Why nothing can be scored against an expected answer; "" when it has the task's form and is right itself."""
        reason = self.extract(target).reason
        if reason:
            return reason
        return "" if self.score(target, target)["exact"] == 1 else "wrong-by-its-own-score"

    def row(self, user: str, answer: str, **extra: Any) -> Row:
        """A training row under this task's system turn."""
        messages = [
            {"role": "system", "content": self.system},
            {"role": "user", "content": user},
            {"role": "assistant", "content": answer},
        ]
        return {"messages": messages, **extra}


def prompt(row: Row) -> list[Message]:
    """The turns up to the answer."""
    return row["messages"][:-1]


def target(row: Row) -> str:
    """The expected answer: the last assistant turn's text, and its tool calls, a JSON object each."""
    turn = row["messages"][-1]
    said = [turn["content"]] if turn.get("content") else []
    return "\n".join([*said, *(calls.as_text(call) for call in calls.of_turn(turn))])


def few_shot(task: Task, row: Row, shots: int) -> list[Message]:
    """The prompt with ``shots`` worked examples as earlier turns, between the system turn and the last user turn."""
    turns = prompt(row)
    if len(turns) > 1 and turns[0]["role"] == "system":
        system, rest = turns[:1], turns[1:]
    else:
        system, rest = [{"role": "system", "content": task.system}] if task.system else [], turns
    examples = [
        message
        for user, answer in task.shots[:shots]
        for message in ({"role": "user", "content": user}, {"role": "assistant", "content": answer})
    ]
    return [*system, *examples, *rest]


def taught(task: Task, row: Row) -> list[Message]:
    """The row's question under the task's long instruction, with all its worked examples."""
    turns = few_shot(task, row, len(task.shots))
    told = task.lesson or task.system
    spoken = [turn for turn in turns if turn["role"] != "system"]
    return [{"role": "system", "content": told}, *spoken] if told else turns
