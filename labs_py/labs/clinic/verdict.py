"""What the clinic says of a named cause and of a repair."""

from __future__ import annotations

from labs_py.core.clinic import evidence, rows, scores
from labs_py.core.clinic.causes import BY_NAME, Cause
from labs_py.core.clinic.patients import Treatment

NONE = "none"


def labels(names: list[str]) -> str:
    """Names of evidence as a reader knows them: "A", "A and B", "A, B and C"."""
    said = [f"\u201c{evidence.BY_NAME[name].label}\u201d" for name in names]
    return said[0] if len(said) == 1 else f"{', '.join(said[:-1])} and {said[-1]}"


def apart(guess: Cause, cause: Cause) -> list[str]:
    """The evidence that tells two causes apart: what shows the guessed one, then what shows the true one."""
    return list(dict.fromkeys([*guess.told_by, *cause.told_by]))


def on_cause(cause: Cause, guess: str, paid: list[str]) -> tuple[str, str]:
    """("none" | "right" | "wrong", a sentence or two) on the named cause."""
    if guess == NONE:
        return NONE, "No cause is named yet."
    if guess == cause.name:
        seen = [name for name in cause.told_by if name in paid]
        how = f" You saw it in {labels(seen)}." if seen else f" It shows in {labels(list(cause.told_by))}."
        return "right", f"The cause is right: {cause.label[0].lower()}{cause.label[1:]}.{how}"
    named = BY_NAME[guess]
    tests = apart(named, cause)
    unseen = [name for name in tests if name not in paid]
    left = f" You have not looked at {labels(unseen)}." if unseen else " You have seen all of it: read it again."
    return "wrong", f"Not the cause. If this were the cause, {named.sign} Told apart by {labels(tests)}.{left}"


def on_repair(treatment: Treatment) -> tuple[str, str]:
    """("works" | "same" | "fails", a sentence or two) on the run done again."""
    now, healthy = treatment.scores, treatment.healthy
    assert now and healthy
    low, high = scores.difference(now, healthy)
    of = f"{now.fresh:.0%} of {rows.TESTED} fresh rows right, a healthy run has {healthy.fresh:.0%}. "
    ends = " and ".join(f"{100 * end:+.1f}".replace("-", "\u2212") for end in (low, high))
    of += f"On these rows the difference lies between {ends} points"
    if not treatment.changes:
        return "same", f"This repair changes nothing: the run does that already. {of}."
    if treatment.works:
        return "works", f"The repair works: {of}."
    if high >= 0:
        return "fails", f"The notes are right, old stories are not: {now.kept:.0%} (healthy run: {healthy.kept:.0%})."
    return "fails", f"The repair does not work: {of}."
