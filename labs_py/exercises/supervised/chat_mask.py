"""A conversation in the ChatML form, and which of its characters count in the loss."""

from __future__ import annotations

import numpy as np

from labs_py.core.chat_template import pieces, trained
from labs_py.exercises.grading import Answer, Case, Exercise, Trap

TASK = """Write a conversation in the ChatML form, and say which characters count in the loss. Each turn is
`<|im_start|>`, the role, a line break, the content, `<|im_end|>` and a line break. What counts is what the model has
to write itself: the content of each assistant turn and the mark that ends it. Return the text, and a list with a 1 or
a 0 for each of its characters."""

STARTER = '''def render(turns):
    """turns [{"role": ..., "content": ...}, ...] -> text, list of 0 and 1 as long as the text."""
    raise NotImplementedError
'''

SOLUTION = """def render(turns):
    text, counts = "", []
    for turn in turns:
        head, tail = f"<|im_start|>{turn['role']}\\n", f"{turn['content']}<|im_end|>"
        text += head + tail + "\\n"
        own = turn["role"] == "assistant"
        counts += [0] * len(head) + [int(own)] * len(tail) + [0]
    return text, counts
"""

WORDS = ("cats", "rain", "two loaves", "Tuesday", "a < b", "thanks", "send it back", "no", "three")
Turns = list[dict[str, str]]


def answer(turns: Turns) -> tuple[str, list[int]]:
    """Text and mask, by the template and the rule that training uses."""
    written = pieces("smollm2", turns)
    counted = trained(written)
    mask = [int(counts) for piece, counts in zip(written, counted, strict=True) for _ in piece.text]
    return "".join(piece.text for piece in written), mask


def cases(rng: np.random.Generator) -> list[Case]:
    """Conversations of one answer and of several, all with a system turn."""
    drawn: list[Case] = []
    for answers in (1, 2, 3):
        turns = [{"role": "system", "content": str(rng.choice(WORDS))}]
        for _ in range(answers):
            turns += [{"role": role, "content": str(rng.choice(WORDS))} for role in ("user", "assistant")]
        drawn.append((turns,))
    return drawn


def _written(roles: tuple[str, ...] = ("assistant",), head: bool = False, content: bool = True, stop: bool = True,
             after: bool = False, last: bool = False, end: str = "\n", gap: str = "\n") -> Answer:  # fmt: skip
    """A rendering in which the named parts count."""

    def render(turns: Turns) -> tuple[str, list[int]]:
        text, counts = "", []
        for place, turn in enumerate(turns):
            own = turn["role"] in roles and (not last or place == len(turns) - 1)
            parts = ((f"<|im_start|>{turn['role']}{gap}", head), (turn["content"], content), ("<|im_end|>", stop),
                     (end, after))  # fmt: skip
            for part, wanted in parts:
                text += part
                counts += [int(own and wanted)] * len(part)
        return text, counts

    return render


ALL = ("system", "user", "assistant")
TRAPS = (
    Trap("no-stop", "The mark that ends an answer does not count in your code. A model that is never taught to stop "
         "goes on writing.", _written(stop=False)),
    Trap("head-counts", "The opening of an answer counts in your code. The server writes it; the model only goes on "
         "from there.", _written(head=True)),
    Trap("head-counts", "The opening of an answer counts in your code. The server writes it; the model only goes on "
         "from there.", _written(head=True, after=True)),
    Trap("break-counts", "The line break after an answer counts in your code. The model has stopped before it.",
         _written(after=True)),
    Trap("last-only", "Only the last answer counts in your code. The earlier ones are answers, too.",
         _written(last=True)),
    Trap("all-turns", "The questions count in your code. The model would learn to write the user's part.",
         _written(ALL)),
    Trap("all-turns", "The questions count in your code. The model would learn to write the user's part.",
         _written(ALL, head=True, after=True)),
    Trap("user-counts", "You count the user's turns in place of the assistant's.", _written(("user",))),
    Trap("no-break", "A line break is missing behind a turn. A template is exact: one character less and the model "
         "sees a text that it was not trained on.", _written(end="")),
    Trap("no-break", "A line break is missing behind the role. A template is exact: one character less and the model "
         "sees a text that it was not trained on.", _written(gap="")),
    Trap("no-break", "Behind the role stands a line break, and not a space.", _written(gap=" ")),
)  # fmt: skip

EXERCISE = Exercise(
    name="chat-mask",
    title="A chat template and its mask",
    task=TASK,
    starter=STARTER,
    function="render",
    solution=SOLUTION,
    hints=(
        "Build text and mask side by side: whatever you add to the text, add as many entries to the mask.",
        "Cut each turn into three: what opens it, what the speaker writes, and what follows. Only the middle part can "
        "count.",
        "The mark that ends a turn belongs to the middle part: whoever speaks has to write it. The line break after it "
        "does not.",
    ),
    answer=answer,
    cases=cases,
    traps=TRAPS,
    said={"shape": "The mask has not one entry for each character of the text.",
          "wrong": "Text or mask are wrong. Print the text of a single turn and compare it with the task, sign by "
          "sign."},
)  # fmt: skip
