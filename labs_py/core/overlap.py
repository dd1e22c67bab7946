"""How much of a test item stands in a training row, word run by word run."""

from __future__ import annotations

from collections.abc import Sequence

RUN = 8
LEAKED = 0.5


# fmt: off
# --8<-- [start:covered]
def covered_share(test: Sequence[str], train: Sequence[str], run: int = RUN) -> float:
    """Share of the test item's tokens that lie in a run of ``run`` tokens which the
    training row has as well.

    Source: Lambert et al. 2024 (arXiv 2411.15124), section 3.2;
    there an item counts as leaked above one half.

    Args:
        test, train: tokens, or words.
        run: length of a shared run; an item shorter than it is compared whole.
    """
    if not test:
        return 0.0
    run = min(run, len(test))
    known = {tuple(train[i : i + run]) for i in range(len(train) - run + 1)}
    covered = [False] * len(test)
    for start in range(len(test) - run + 1):
        if tuple(test[start : start + run]) in known:
            covered[start : start + run] = [True] * run
    return sum(covered) / len(test)


def is_leaked(
    test: Sequence[str], rows: Sequence[Sequence[str]], run: int = RUN
) -> bool:
    """Whether any single training row covers more than half of the item."""
    return any(covered_share(test, row, run) > LEAKED for row in rows)


# --8<-- [end:covered]
# fmt: on
