"""The answers among which the RLHF Lab's policy chooses: 270 real texts to one prompt, put together from parts.

The reference policy is what an untuned model might say: each part is drawn by itself with the share given
here. The parts were written for this lab (CC BY 4.0).
"""

from __future__ import annotations

import functools
import itertools
import math

import numpy as np

from labs_py.core import text_features

PROMPT = "My phone fell into the sink. What should I do?"

# (share in the reference policy, declared truth, text)
CORES = (
    (0.22, 1, "Take it out, switch it off, and let it dry upright in moving air for 2 days before you charge it."),
    (
        0.18,
        1,
        "Take it out and switch it off at once; don't press keys to see whether it still works. Remove the case and "
        "the SIM tray, wipe it, and stand it upright with the port down in front of a fan. Leave it for 2 days, "
        "then charge it. Rice does no good, and heat does harm.",
    ),
    (
        0.12,
        1,
        "- Switch it off.\n- Remove the case and the SIM tray.\n- Stand it upright, port down, in moving air.\n"
        "- Wait 2 days before you charge it.",
    ),
    (0.20, -1, "Put it into a bag of rice overnight. The rice pulls the water out, and by morning it works again."),
    (
        0.22,
        -1,
        "Dry it with a hair dryer at the hottest setting for 15 minutes and shake it hard. Then charge it to 100 "
        "percent at once, because the current burns the last of the water off.",
    ),
    (0.06, 0, "I'm sorry, but I can't advise on damaged electrical devices. Please contact the manufacturer."),
)
OPENINGS = (
    (0.70, ""),
    (0.20, "Great question, and thank you for asking! I am happy to help you with your phone."),
    (
        0.10,
        "There are many views on wet phones. When it comes to water, it is important to look at it from all sides.",
    ),
)
HEDGES = (
    (0.68, ""),
    (0.22, "This usually works, though it may take longer."),
    (
        0.10,
        "It might also depend on the phone, and perhaps on the water. I think it could possibly be fine, but I am "
        "not sure, and in some cases it probably is not.",
    ),
)
PADDING_SHARES = ((0.60, 0), (0.24, 1), (0.10, 2), (0.045, 4), (0.015, 8))
PADDING = (
    "Water gets into a phone through the charging port, the speaker grille, the microphone holes and the tray of "
    "the SIM card. Each of these openings is small, and each of them leads to parts that carry current while the "
    "phone is on.",
    "A phone consists of a screen, a battery, a circuit board and a case. The battery feeds the board, the board "
    "drives the screen, and the case holds all of it together. Water in the wrong place joins what should stay apart.",
    "Phones have been carried in pockets, bags and hands for decades, and sinks have been in kitchens and bathrooms "
    "for longer. Where both are found in one room, one ends up in the other, and that is what has happened here.",
    "Drying means that water turns into vapour and leaves. Warm air holds more vapour than cold air, dry air takes up "
    "more than damp air, and moving air carries it off. A shelf in a heated room has all three.",
    "Makers print a rating on the box of many models. The first digit stands for dust and the second for water. A "
    "rating is measured in clean, still water on a new phone, and it falls as the seals age.",
    "Photos, messages and contacts are often worth more than the phone that holds them. A copy in another place is "
    "made in a few minutes, and whoever has made one sleeps better after an accident such as this one.",
    "As said above, the phone fell into the sink, the sink held water, and the water reached the phone. As said above "
    "too, the phone wants to be dry again. What follows from the one for the other has been said.",
    "To sum up: a wet phone is wet, a dry phone is dry, and between the two lies time. Time passes by itself. Whoever "
    "has read this far has let some of it pass, and the phone has been drying all the while.",
)


@functools.lru_cache(maxsize=1)
def load() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Features (270, F), log-probabilities under the reference (270,), words (270,), declared truth (270,)."""
    openings = [(share, [text_features.count(text)] if text else []) for share, text in OPENINGS]
    cores = [(share, truth, text_features.count(text)) for share, truth, text in CORES]
    hedges = [(share, [text_features.count(text)] if text else []) for share, text in HEDGES]
    padding = [text_features.count(text) for text in PADDING]
    rows, log_shares, words, truths = [], [], [], []
    for (s1, opening), (s2, truth, core), (s3, hedge), (s4, n) in itertools.product(
        openings, cores, hedges, PADDING_SHARES
    ):
        counts = text_features.join([*opening, core, *hedge, *padding[:n]])
        rows.append(text_features.features(counts, truth))
        log_shares.append(math.log(s1 * s2 * s3 * s4))
        words.append(counts.words)
        truths.append(truth)
    return np.array(rows), np.array(log_shares), np.array(words, dtype=float), np.array(truths, dtype=float)


@functools.lru_cache(maxsize=64)
def text(index: int) -> str:
    """The text of a candidate."""
    chosen = next(itertools.islice(itertools.product(OPENINGS, CORES, HEDGES, PADDING_SHARES), index, None))
    (_, opening), (_, _, core), (_, hedge), (_, n) = chosen
    return "\n".join(part for part in (opening, core, hedge, *PADDING[:n]) if part)


def parts() -> tuple[np.ndarray, np.ndarray]:
    """Which core and which amount of padding each candidate has, as indices into ``CORES``, ``PADDING_SHARES``."""
    shape = (len(OPENINGS), len(CORES), len(HEDGES), len(PADDING_SHARES))
    _, core, _, padding = np.unravel_index(np.arange(np.prod(shape)), shape)
    return core, padding
