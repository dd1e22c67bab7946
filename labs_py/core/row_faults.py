"""What can be wrong with a chat training row: the codes of ``python -m training data check`` and their meaning."""

from __future__ import annotations

from dataclasses import dataclass

CODES = {
    "bad-json": "the line is not one JSON object",
    "bad-encoding": "the line is not UTF-8",
    "missing-role": "a turn lacks its role or content",
    "role-order": "turns do not go system, user, assistant, user, assistant",
    "empty-turn": "a turn has no text",
    "prompt-only": "there is no answer to learn from",
    "no-stop-token": "the answer would not end with the template's stop token",
    "too-long": "the row has more tokens than the limit",
    "huge-line": "the line is larger than any honest row",
    "duplicate": "the same row stands further up",
    "near-duplicate": "almost the same row stands further up",
    "two-answers": "an earlier row asks the same and is answered otherwise",
    "test-leak": "the prompt also stands in a held-out set",
}
WARNINGS = frozenset({"duplicate", "near-duplicate", "two-answers"})  # said, and no reason to refuse a file


@dataclass(frozen=True)
class Fault:
    """One thing wrong with one row: a code of ``CODES`` and a sentence with the particulars.

    Attributes:
        earlier: of a near-duplicate, the lines that it may repeat.
    """

    code: str
    message: str
    earlier: tuple[int, ...] = ()
