"""Cards by name, for a plan on another machine than this one: how much memory each has.

The figures are the makers'. A card of N GB is counted as N x 10^9 bytes, some percent below what it holds, and a tenth
is left for what the driver and torch's allocator take. Of Apple's unified memory the graphics side may use about three
quarters; on a Mac ``torch.mps.recommended_max_memory()`` says how much.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from training.run.errors import BadInput

GIGABYTES = {
    "T4": 16, "RTX 3090": 24, "RTX 4090": 24, "RTX 5090": 32, "L4": 24, "A10": 24, "A10G": 24, "L40S": 48,
    "A100 40GB": 40, "A100": 80, "H100": 80, "H200": 141, "B200": 180,
}  # fmt: skip
USABLE = 0.9  # of a card
UNIFIED = 0.75  # of Apple's unified memory


@dataclass(frozen=True)
class Card:
    """A card, or a memory of a size.

    Attributes:
        name: as a plan says it.
        bytes: on board.
        usable: bytes that a run may fill.
    """

    name: str
    bytes: float
    usable: float


def card_of(text: str) -> Card:
    """The card that ``--card`` or the setting ``card`` names: one of the table, ``24 GB``, or ``Apple 64 GB``.

    Raises:
        BadInput: there is none of such a name.
    """
    plain = re.sub(r"nvidia|geforce|tesla|[\s_-]+", "", text.lower())
    for name, size in GIGABYTES.items():
        if plain.removeprefix("rtx") == re.sub(r"\s+", "", name.lower()).removeprefix("rtx"):
            return Card(f"{name}, {size} GB", size * 1e9, USABLE * size * 1e9)
    sized = re.fullmatch(r"(apple|m\d(?:pro|max|ultra)?)?(\d+(?:\.\d+)?)gb", plain)
    if sized and not text.lstrip().startswith("-") and 1 <= float(sized[2]) <= 10_000:
        size = float(sized[2])
        if sized[1]:
            return Card(f"Apple, {size:g} GB unified", size * 1e9, UNIFIED * size * 1e9)
        return Card(f"a card of {size:g} GB", size * 1e9, USABLE * size * 1e9)
    raise BadInput(f"--card: {text!r} is not known; there are {', '.join(GIGABYTES)}, a size such as '24 GB', or"
                   " 'Apple 64 GB'")  # fmt: skip
