"""What a piece of evidence shows: a table with a note. The tests of the clinic that look at rows and tokens."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass

import numpy as np

from labs_py.core import tiny_gpt, tiny_story
from labs_py.core.clinic import notes, rows
from labs_py.core.clinic.patients import Patient

STOP_SIGN = "■"
WRITTEN_BY = {"people": "people", "teacher": "a teacher model", "reward": "the best of four by a reward"}


@dataclass(frozen=True)
class Finding:
    """A table: its column heads, its rows, and a sentence that reads it without judging."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""

    def to_json(self) -> dict:
        """As plain data for the page."""
        return asdict(self)


def signs(text: str) -> str:
    """Text with its beginning and stop tokens as signs."""
    return text.replace(tiny_story.END, STOP_SIGN)


def settings(patient: Patient) -> Finding:
    """The run's configuration as a practitioner has it; what no file of settings would say is left out."""
    s = patient.run.settings
    table = {
        "method": "LoRA" if s.pairs == "none" else "LoRA, DPO plus cross-entropy on the chosen answers",
        "r": s.rank,
        "lora_alpha": 2 * s.rank,
        "learning_rate": s.learning_rate,
        "max_steps": s.steps,
        "per_device_train_batch_size": s.batch,
        "rows in the training file": len(patient.run.file),
        "answers written by": WRITTEN_BY[s.answers],
        "packing": "on" if s.packed else "off",
        "pad token, stop token": "0, 0",
        "seed": patient.number,
    }
    return Finding(("Setting", "Value"), tuple((name, str(value)) for name, value in table.items()))


def ten_rows(patient: Patient) -> Finding:
    """Rows from the start of the training file, as the model gets them."""
    run = patient.run
    decode, shown = run.base.vocabulary.decode, []
    for row in run.file[:10]:
        prompt, answer = rows.ids(run.base, run.settings, row, row.answer)
        rejected = (decode(rows.ids(run.base, run.settings, row, row.rejected)[1]),) if row.rejected else ()
        shown.append(tuple(signs(text) for text in (decode(prompt), decode(answer), *rejected)))
    pairs = run.settings.pairs != "none"
    head = ("Prompt", "Chosen", "Rejected") if pairs else ("Prompt", "Answer")
    return Finding(head, tuple(shown), f"{STOP_SIGN} is the token that begins a prompt and ends an answer.")


def mask(patient: Patient) -> Finding:
    """The first sequence of a batch, token by token, with its label."""
    run, word = patient.run, patient.run.base.vocabulary.tokens
    tokens, targets = rows.batch(run.base, run.settings, run.file[:4])
    last = int(np.flatnonzero(targets[0] != tiny_gpt.IGNORED)[-1]) + 3
    listed = [
        (str(place), signs(word[token]), "not counted" if target == tiny_gpt.IGNORED else signs(word[target]))
        for place, (token, target) in enumerate(zip(tokens[0][:last].tolist(), targets[0][:last].tolist(), strict=True))
    ]
    counted = int((targets[0] != tiny_gpt.IGNORED).sum())
    note = f"{counted} tokens of this sequence are in the loss. The label is what the model is to write next."
    return Finding(("Place", "Token", "Label"), tuple(listed), note)


def prompts(patient: Patient) -> Finding:
    """One line in the template of training and in the template of use."""
    run = patient.run
    row = rows.fresh(run.settings, patient.number)[0]
    decode = run.base.vocabulary.decode
    trained, _ = rows.ids(run.base, run.settings, row, "")
    used, _ = rows.asked(run.base, run.settings, row)
    listed = (
        ("training", signs(decode(trained)), str(len(trained))),
        ("use", signs(decode(used)), str(len(used))),
    )
    return Finding(("In", "Prompt", "Tokens"), listed, "The same line, in training and in use.")


def overlap(patient: Patient) -> Finding:
    """Rows that stand in both sets, and rows that repeat within one."""
    trained = [row.text for row in patient.run.file]
    test = [row.text for row in rows.test(patient.run.settings, patient.number)]
    both = sum(text in set(trained) for text in test)
    more = sum(n - 1 for n in Counter(trained).values())
    listed = (
        ("rows in the training file", str(len(trained))),
        ("of these, copies of an earlier row", str(more)),
        ("rows in the test", str(len(test))),
        ("of these, also in the training file", str(both)),
    )
    return Finding(("Counted", "Rows"), listed)


def labels(patient: Patient) -> Finding:
    """Training answers held against the rule, as somebody would who reads them."""
    file = patient.run.file
    wrong = [row for row in file if row.answer != notes.right(row.line)]
    listed = tuple((row.text, row.answer, notes.right(row.line)) for row in wrong[:6])
    what = "chosen answers" if patient.run.settings.pairs != "none" else "answers"
    note = f"{len(file) - len(wrong)} of {len(file)} {what} agree with the line."
    note += " Some of the wrong ones are listed." * bool(wrong)
    return Finding(("Line", "Answer in the file", "What the line says"), listed, note)


def reward(patient: Patient) -> Finding:
    """What the reward gives to four answers, for two lines."""
    s = patient.run.settings
    if s.answers != "reward":
        return Finding(("Answer", "Reward"), (), "This run has no reward.")
    give = notes.loose_reward if s.reward == "loose" else notes.exact_reward
    listed = [
        (line.text, answer, f"{give(line, answer):.2f}")
        for line in notes.lines(2, 10 * patient.number + 3, s.code)
        for answer in notes.candidates(line)
    ]
    head = ("Line", "Answer", "Reward")
    return Finding(head, tuple(listed), "The run was trained on the answer with the highest reward of the four.")
