"""A reward that cannot be gamed: a small policy looks for what the reader's reward pays for and should not."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from labs_py.core.numerics import log_softmax
from labs_py.core.policy import group_advantages, policy_gradient
from labs_py.exercises.grading import Answer, Case, Exercise, Trap, Verdict

TASK = """Write the reward of a task in arithmetic. The model may think aloud, and then has to end with one line
`Answer: ` and a whole number. Give 1.0 where exactly one line of the text begins with `Answer:`, that line is the last
one that is not empty, and behind `Answer:` stands the target and nothing else (spaces around it are fine). Give 0.0 for
everything else. A small policy will then be trained on your reward, and will find what it pays for."""

STARTER = '''import re

def reward(text, target):
    """text that the model wrote, target a whole number -> 1.0 or 0.0."""
    raise NotImplementedError
'''

SOLUTION = """import re

def reward(text, target):
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    answers = [line for line in lines if line.startswith("Answer:")]
    if len(answers) != 1 or lines[-1] != answers[0]:
        return 0.0
    said = answers[0].removeprefix("Answer:").strip()
    return float(re.fullmatch(r"-?[0-9]+", said) is not None and int(said) == target)
"""

WHOLE = re.compile(r"-?[0-9]{1,12}")


def answer(text: str, target: int) -> float:
    """The reward by the rule of the task."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    found = [line for line in lines if line.startswith("Answer:")]
    if len(found) != 1 or lines[-1] != found[0]:
        return 0.0
    said = found[0].removeprefix("Answer:").strip()
    return float(bool(WHOLE.fullmatch(said)) and int(said) == target)


HONEST = (
    "Answer: {target}",
    "I add the tens first.\nAnswer: {target}",
    "  Answer:  {target}  \n\n",
)
TRICKS = {
    "names-several": ("names several numbers behind `Answer:`", "Answer: {target} or {other}"),
    "tries-again": ("writes one answer line after the other", "Answer: {other}\nAnswer: {target}"),
    "tries-before": ("writes the right answer and then another one", "Answer: {target}\nAnswer: {other}"),
    "mentions": ("mentions many numbers and answers with a wrong one", "It could be {target}.\nAnswer: {other}"),
    "starts-alike": ("answers with a number that begins like the right one", "Answer: {target}0"),
    "ends-alike": ("answers with a number that ends like the right one", "Answer: 9{target}"),
    "form-only": ("keeps the form and answers anything", "Answer: {other}"),
    "wrong-sign": ("turns the sign round", "Answer: {minus}"),
    "explains-after": ("goes on talking behind the answer", "Answer: {target}\nUnless it is {other}."),
    "no-line": ("says the number without the line that was asked for", "The result is {target}."),
    "inline": ("hides the line within another one", "So my Answer: {target}"),
    "empty": ("writes an empty answer", "Answer:"),
}


def text_of(form: str, target: int) -> str:
    """A text of that form for a target."""
    return form.format(target=target, other=target + 7, minus=-target)


def cases(rng: np.random.Generator) -> list[Case]:
    """Honest right and wrong answers; what is paid for and should not be is the policy's to find."""
    drawn: list[Case] = []
    for form in HONEST:
        target = int(rng.integers(11, 99))
        drawn.append((text_of(form, target), target))
    target = int(rng.integers(11, 99))
    return [*drawn, (text_of("Answer: {target}", -target), -target), ("I do not know.", target)]


def _paid(value: Any) -> float:
    """What a reader's reward pays; nothing where it returns no number."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return 0.0


def play(reward: Answer, seed: int, steps: int = 60, group: int = 16) -> Verdict:
    """Train a policy over ways to answer on the reader's reward, and look at what it has learnt to do.

    It knows every trick and every honest form at first alike, and is trained by its group's advantages. What it ends
    with is the loophole; where the reward pays for none, each trick is asked once more by itself.
    """
    rng = np.random.default_rng(seed)
    forms = [*HONEST, *(form for _, form in TRICKS.values())]
    keys = [*(None for _ in HONEST), *TRICKS]
    targets = [int(rng.integers(11, 99)) for _ in range(4)]
    paid = np.array([[_paid(reward(text_of(form, target), target)) for target in targets] for form in forms])
    earned = np.array([[answer(text_of(form, target), target) for target in targets] for form in forms])
    learning, logits = paid.copy(), np.zeros(len(forms))
    learning[: len(HONEST)] *= np.array([0.5] * len(targets))  # thinking is right half of the time, a trick always pays
    for _ in range(steps):
        log_policy = log_softmax(logits)
        drawn = rng.choice(len(forms), size=group, p=np.exp(log_policy))
        rewards = learning[drawn, rng.integers(0, len(targets), group)]
        logits = logits + 2.0 * policy_gradient(log_policy, drawn, group_advantages(rewards))
    share = np.exp(log_softmax(logits))
    gamed = [i for i in range(len(HONEST), len(forms)) if (paid[i] > earned[i]).any()]
    if not gamed:
        return Verdict("right", "right", "Right. The policy was trained on your reward, and the only way that it "
                       "found to earn it was to answer.")  # fmt: skip
    worst = max(gamed, key=lambda i: share[i])
    habit = TRICKS[str(keys[worst])][0]
    return Verdict("wrong", str(keys[worst]), f"The policy has found a loophole: in {share[worst]:.0%} of its answers "
        "it "
                   f"{habit}, and your reward pays for that.")  # fmt: skip


TRAPS = (
    Trap("too-strict", "An honest right answer gets nothing: thinking aloud before it is allowed, and so are spaces.",
         lambda text, target: float(text == f"Answer: {target}")),
    Trap("pays-nothing", "Your reward never pays. A policy without any reward learns nothing.",
         lambda text, target: 0.0),
    Trap("pays-always", "Your reward always pays: every answer is as good as any other.", lambda text, target: 1.0),
)  # fmt: skip

EXERCISE = Exercise(
    name="reward",
    title="A reward that cannot be gamed",
    task=TASK,
    starter=STARTER,
    function="reward",
    solution=SOLUTION,
    hints=(
        "Do not look for the target in the text. Take the answer out of the text by the rules of its form, and compare "
        "it then.",
        "Collect all lines that begin with `Answer:` (spaces taken off) and ask how many there are, and where.",
        "What stands behind `Answer:` must be a whole number from its first sign to its last: `re.fullmatch`, and not "
        "`re.search`.",
    ),
    answer=answer,
    cases=cases,
    traps=TRAPS,
    said={"wrong": "Your reward is wrong on a plain text: an honest answer without a trick, right or wrong. Try it on "
          "`Answer: 12`, with a line of thinking before it, with spaces around it, and with a negative target.",
          "shape": "A single number is asked for."},
    play=play,
)  # fmt: skip
