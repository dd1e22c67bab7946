"""Each fault's sign as a reader finds it: what its evidence shows, read from the text and nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable

from labs_py.core.clinic import evidence
from labs_py.core.clinic.findings import STOP_SIGN
from labs_py.core.clinic.patients import Patient
from labs_py.core.clinic.scores import KEPT_MARGIN

NOT_COUNTED = "not counted"
USUAL_RATE = 0.006
Table = tuple[tuple[str, ...], ...]
Look = Callable[[str], Table]


def looks(patient: Patient) -> Look:
    """A function that gives a piece of evidence's table, by the piece's name; each is worked out once."""
    seen: dict[str, Table] = {}

    def look(name: str) -> Table:
        if name not in seen:
            seen[name] = evidence.BY_NAME[name].look(patient).rows
        return seen[name]

    return look


def value(table: Table, name: str) -> str:
    """The second cell of the row that begins with a name."""
    return next(row[1] for row in table if row[0] == name)


def share(text: str) -> float:
    """A share such as "12 of 48" or "71%"."""
    if text.endswith("%"):
        return float(text[:-1]) / 100
    one, of = text.split(" of ")
    return int(one) / int(of)


def rate_times(look: Look) -> float:
    """The learning rate as a multiple of the usual one."""
    return float(value(look("settings"), "learning_rate")) / USUAL_RATE


def four_are_learnt(look: Look) -> bool:
    return float(look("overfit")[1][1]) < 0.1


def answers_end(look: Look) -> bool:
    return all(row[1].endswith(STOP_SIGN) for row in look("rows"))


def stop_is_a_label(look: Look) -> bool:
    return any(label == STOP_SIGN for _, _, label in look("mask"))


def labels_are(look: Look, places: int) -> bool:
    """Whether each counted label is the token so many places later."""
    tokens = [token for _, token, _ in look("mask")]
    counted = [(i, label) for i, (_, _, label) in enumerate(look("mask")) if label != NOT_COUNTED]
    within = [(i, label) for i, label in counted if i + places < len(tokens)]
    return bool(within) and all(tokens[i + places] == label for i, label in within)


def the_line_is_counted(look: Look) -> bool:
    met = [label for _, token, label in look("mask") if token.strip() == "met"]
    return bool(met) and NOT_COUNTED not in met


def the_last_word_has_no_label(look: Look) -> bool:
    """Whether the last label that is counted stands in the sequence as a token too, and nothing is counted after it."""
    table = look("mask")
    last = max(i for i, (_, _, label) in enumerate(table) if label != NOT_COUNTED)
    return last + 1 < len(table) and table[last + 1][1] == table[last][2]


def several_rows(look: Look) -> bool:
    return sum(token.strip() == ":" for _, token, _ in look("mask")) > 1  # each prompt has one


def right_note(line: str) -> str:
    """What a line asks for, read off its words."""
    places = {"river": "by the river", "wood": "in the wood", "mill": "near the mill", "hill": "on the hill"}
    place = next((name for name, words in places.items() if words in line), "well")
    found = re.search(r"met a (\w+)", re.sub(" +", " ", line))
    assert found, line
    return f"{found[1]} {place}"


def wrong_kinds(look: Look) -> set[str]:
    """The kinds of rows that the run mostly gets wrong, stop or not."""
    return {place for place, _, words in look("kinds") if share(words) < 0.5}


def pairs_are_swapped(look: Look) -> bool:
    rows = [row for row in look("rows") if len(row) == 3]
    return bool(rows) and all(right_note(prompt) in rejected and right_note(prompt) not in chosen
                              for prompt, chosen, rejected in rows)  # fmt: skip


def a_list_pays_most(look: Look) -> bool:
    best = {}
    for line, answer, reward in look("reward"):
        best[line] = max(best.get(line, (0.0, "")), (float(reward), answer))
    return bool(best) and all(len(answer.split()) > 2 for _, answer in best.values())


def teachers_errors(look: Look) -> bool:
    """Answers in the file are wrong on some kinds of lines, not on all, and the run gets these kinds wrong."""
    said = {right.split()[1] for _, _, right in look("labels")}
    return 0 < len(said) < len(look("kinds")) and said == wrong_kinds(look)


def shows(patient: Patient) -> dict[str, Callable[[Look], bool]]:
    """Name of each fault -> whether its sign can be seen in a patient."""
    assert patient.scores
    notes_are_right = patient.scores.fresh > 0.9  # it stands in the lab before any evidence
    return {
        "prompt-loss": the_line_is_counted,
        "no-stop": lambda look: not answers_end(look) and not stop_is_a_label(look),
        "pad-stop": lambda look: the_last_word_has_no_label(look) and not stop_is_a_label(look),
        "shifted": lambda look: labels_are(look, 2) and not labels_are(look, 1),
        "two-beginnings": lambda look: int(look("prompt")[1][2]) == int(look("prompt")[0][2]) + 1,
        "template": lambda look: look("prompt")[0][1].split()[-1] != look("prompt")[1][1].split()[-1],
        "rate-high": lambda look: rate_times(look) > 4 and not four_are_learnt(look),
        "rate-low": lambda look: rate_times(look) < 0.25 and not four_are_learnt(look),
        "few-rows": lambda look: int(value(look("settings"), "rows in the training file")) < 20,
        "leak": lambda look: int(look("overlap")[3][1]) > int(look("overlap")[2][1]) / 2,
        "packed": lambda look: several_rows(look) and value(look("settings"), "packing") == "on",
        "forgetting": lambda look: (
            notes_are_right and share(look("old")[0][1]) - share(look("old")[1][1]) > KEPT_MARGIN
        ),
        "loophole": a_list_pays_most,
        "swapped": pairs_are_swapped,
        "teacher": teachers_errors,
        "merged-twice": lambda look: share(look("merge")[1][1]) < share(look("merge")[0][1]) - 0.2,
    }
