"""The answers among which the RLHF Lab's policy chooses: 270 real texts to one prompt, put together from parts.

The parts stand in ``candidate_answers.json``. The reference policy is what a base model might say: each part is drawn
by itself with its share.
"""

from __future__ import annotations

import functools
import itertools
import json
import math

import numpy as np

from labs_py import data
from labs_py.core import text_features

FILE = "labs/rlhf/candidate_answers.json"


# Each a share in the reference policy with a text ("" where the part is left out); cores also carry their declared
# truth (1 right, -1 wrong, 0 neither), and padding shares a number of paragraphs in place of a text.
_PARTS = json.loads(data.read_packaged(FILE))
OPENINGS = tuple((part["share"], part["text"]) for part in _PARTS["openings"])
CORES = tuple((part["share"], part["truth"], part["text"]) for part in _PARTS["cores"])
HEDGES = tuple((part["share"], part["text"]) for part in _PARTS["hedges"])
PADDING_SHARES = tuple((part["share"], part["paragraphs"]) for part in _PARTS["padding_shares"])
PADDING = tuple(_PARTS["padding"])


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
