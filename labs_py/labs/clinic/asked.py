"""What a reader asked to see of a patient: read from whatever arrives, and paid from the budget."""

from __future__ import annotations

from typing import Any

from labs_py.core.clinic import evidence

MOST = 200


def read(raw: Any, patient: int) -> list[str]:
    """Names of the evidence that was asked for and paid, of this patient alone.

    Args:
        raw: a list of [number of the patient, name of the evidence]; what is nothing of the kind is left out.
    """
    if not isinstance(raw, list | tuple):
        return []
    pairs = [entry for entry in raw[:MOST] if isinstance(entry, list | tuple) and len(entry) == 2]
    return evidence.affordable([name for number, name in pairs if number == patient and isinstance(name, str)])
