"""The challenges of the LoRA Lab: drawn by seed, checked in Python, each wrong answer told apart.

The two that read numbers off shapes stand in ``counting_tasks``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from labs_py.core import lora
from labs_py.labs.lora import decomposition
from labs_py.labs.lora.counting_tasks import BUDGET, SAME_SCALE
from labs_py.spec import Challenge, Task, Verdict

GOAL = 0.95
SOURCE_NAMES = {"planted": "planted rank plus noise", "power_law": "power law", "noise": "full-rank noise"}


def _right(message: str) -> Verdict:
    return Verdict("right", message)


def _wrong(message: str) -> Verdict:
    return Verdict("wrong", message)


def _draw_smallest_rank(seed: int) -> Task:
    rng = np.random.default_rng([seed, 101])
    params: dict[str, Any] = {"size": int(rng.integers(48, 81)), "seed": int(rng.integers(1000)), "rank": 1}
    if rng.integers(2):
        params |= {"source": "power_law", "decay": round(float(rng.integers(10, 25)) * 0.05, 2)}
    else:
        params |= {
            "source": "planted",
            "planted_rank": int(rng.integers(4, 13)),
            "noise": round(float(rng.integers(3, 9)) * 0.05, 2),
        }
    prompt = (
        f"This task sets the lab to an update of size {params['size']} ({SOURCE_NAMES[params['source']]}). Leave the "
        "update as it is and move the rank to the smallest one that keeps at least 95% of the energy."
    )
    return Task(prompt, params)


def _check_smallest_rank(seed: int, params: dict[str, Any], answer: Any) -> Verdict:
    task = _draw_smallest_rank(seed).params
    if any(params[name] != value for name, value in task.items() if name != "rank"):
        return _wrong("This is another update than the one that was set. Draw the task again and move only the rank.")
    values = decomposition.decomposed(params).values
    kept, rank = lora.energy_kept(values), params["rank"]
    smallest = _first_rank(kept >= GOAL)
    if rank == smallest:
        return _right(f"Rank {rank} keeps {kept[rank]:.2%}; rank {rank - 1} keeps {kept[rank - 1]:.2%}.")
    if rank == _first_rank(np.concatenate([[0.0], np.cumsum(values)]) >= GOAL * values.sum()):
        return _wrong("That is 95% of the plain sum of the singular values. Energy is the sum of their squares.")
    if rank == _first_rank(lora.eckart_young_bounds(values) <= 1 - GOAL):
        return _wrong("That is where the error falls to 5%. Keeping 95% of the energy leaves an error of √0.05: 22%.")
    if rank < smallest:
        return _wrong(f"Rank {rank} keeps {kept[rank]:.2%}, below 95%. Read the cumulative curve, not the gap.")
    return _wrong(f"Rank {rank} keeps {kept[rank]:.2%}: enough, but a smaller rank is enough too.")


def _first_rank(reached: np.ndarray) -> int:
    """First index at which the curve over rank 0, 1, ... is reached."""
    return int(np.argmax(reached))


def _hopeless(seed: int) -> tuple[int, int]:
    """The size, and the share of the energy in per cent that rank 8 must stay below."""
    rng = np.random.default_rng([seed, 102])
    return int(rng.integers(60, 81)), int(rng.integers(17, 24))


def _draw_hopeless(seed: int) -> Task:
    size, share = _hopeless(seed)
    prompt = (
        f"At size {size}, show an update for which rank 8 is hopeless: it keeps less than {share}% of the energy. "
        "Full-rank noise would be too easy: do it with the power law."
    )
    return Task(prompt, {"source": "power_law", "decay": 2.0, "size": size, "rank": 8})


def _check_hopeless(seed: int, params: dict[str, Any], answer: Any) -> Verdict:
    size, share = _hopeless(seed)
    if params["size"] != size:
        return _wrong(f"The size must stay {size}: a larger matrix makes rank 8 look worse by itself.")
    if params["rank"] != 8:
        return _wrong("The rank must be 8. Lowering the rank makes the rank hopeless, not the spectrum.")
    if params["source"] == "noise":
        return _wrong("Pure noise is the easy way out. Use the power law: structure can be hopeless too.")
    if params["source"] != "power_law":
        return _wrong("A planted rank ends somewhere, and from there on rank is enough. Use the power law.")
    kept = lora.energy_kept(decomposition.decomposed(params).values)[8]
    if kept < share / 100:
        return _right(f"Rank 8 keeps {kept:.1%}. A flat spectrum is what defeats a low rank, whatever made it flat.")
    if params["decay"] >= 1:
        return _wrong(f"Rank 8 keeps {kept:.1%}. A strong decay makes the spectrum steep, which helps rank 8.")
    return _wrong(f"Rank 8 keeps {kept:.1%}, still too much: the spectrum must be flatter than that.")


def _draw_planted(seed: int) -> Task:
    rng = np.random.default_rng([seed, 103])
    params = {
        "source": "sealed",
        "size": int(rng.integers(80, 113)),
        "seed": int(rng.integers(100_000)),
        "noise": 0.1,
        "rank": 1,
    }
    return Task("A rank between 3 and 18 was planted under noise, and sealed. Read it off the spectrum.", params)


def _check_planted(seed: int, params: dict[str, Any], answer: float) -> Verdict:
    task = _draw_planted(seed).params
    planted = decomposition.sealed_rank(task["seed"])
    if answer == planted:
        return _right(f"{planted}: after it the values drop to the noise, which ends in a smooth slope without a gap.")
    if answer != round(answer) or not 3 <= answer <= 18:
        return _wrong("A rank is a whole number, here between 3 and 18.")
    values = decomposition.decomposed({**params, **task}).values
    if answer == round(lora.stable_rank(values)):
        return _wrong("That is the stable rank. It counts directions of full strength; weaker planted ones count less.")
    if answer == _first_rank(lora.energy_kept(values) >= GOAL):
        return _wrong("That is where 95% of the energy is reached. How much is enough is a choice; the gap is a fact.")
    side = "above" if answer < planted else "inside"
    return _wrong(f"Position {int(answer)} is still {side} the noise. Look for the largest drop between neighbours.")


def _dropped_percent(seed: int) -> int:
    """The energy that is dropped, in per cent."""
    return int(np.random.default_rng([seed, 104]).integers(3, 41))


def _draw_error(seed: int) -> Task:
    return Task(
        f"Some rank keeps {100 - _dropped_percent(seed)}% of the energy of an update. How large is the relative error "
        "that it leaves? Answer as a number between 0 and 1, to two places.",
        {},
    )


def _check_error(seed: int, params: dict[str, Any], answer: float) -> Verdict:
    dropped = _dropped_percent(seed) / 100
    error = float(np.sqrt(dropped))
    if abs(answer - error) <= 0.0051:
        return _right(f"√{dropped:.2f} = {error:.3f}: the error is a length, and energy is a length squared.")
    if abs(answer - dropped) <= 0.0051:
        return _wrong("That is the energy that was dropped. The error is its square root, so it is larger.")
    if abs(answer - np.sqrt(1 - dropped)) <= 0.0051:
        return _wrong("That is the square root of what was kept. The error comes from what was dropped.")
    if abs(answer - 100 * error) <= 0.51:
        return _wrong("Right idea, wrong unit: a number between 0 and 1 is asked for.")
    return _wrong("Kept and dropped energy add up to 1, and the error is the square root of the dropped one.")


CHALLENGES = (
    Challenge(
        "smallest-rank",
        "Smallest rank for 95% of the energy",
        "params",
        _draw_smallest_rank,
        _check_smallest_rank,
        "The cumulative curve crosses the dashed line somewhere; the table under it has the exact shares.",
    ),
    Challenge(
        "hopeless",
        "Make rank 8 hopeless",
        "params",
        _draw_hopeless,
        _check_hopeless,
        "What would a spectrum look like in which no eight values stand out?",
    ),
    SAME_SCALE,
    BUDGET,
    Challenge(
        "sealed-rank",
        "Read the planted rank",
        "number",
        _draw_planted,
        _check_planted,
        "Noise has a smooth spectrum. Structure sticks out of it.",
    ),
    Challenge(
        "energy-to-error",
        "From energy to error",
        "number",
        _draw_error,
        _check_error,
        "Which of the two is a squared quantity?",
    ),
)
