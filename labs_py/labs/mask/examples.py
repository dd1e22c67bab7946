"""The chat and the file of rows that the mask inspector begins with."""

from __future__ import annotations

import json

CHAT = json.dumps(
    [
        {"role": "system", "content": "You answer in one sentence."},
        {"role": "user", "content": "How many legs has a spider?"},
        {"role": "assistant", "content": "A spider has eight legs."},
        {"role": "user", "content": "And an ant?"},
        {"role": "assistant", "content": "An ant has six."},
    ],
    indent=1,
)


def row(asked: str, answered: str) -> str:
    """One question with its answer, as a line of a JSONL file."""
    turns = [{"role": "user", "content": asked}, {"role": "assistant", "content": answered}]
    return json.dumps({"messages": turns})


LEAKED = "Which river runs through the middle of London, and which through Paris?"
ROWS = "\n".join(
    [
        row("How many legs has a spider, and how many has an ant?", "Eight and six."),
        '{"messages": [',
        '{"messages": [{"content": "hello"}, {"role": "assistant", "content": "hi"}]}',
        '{"messages": [{"role": "assistant", "content": "hi"}, {"role": "user", "content": "yes"}]}',
        row("What is the capital of Norway?", "   "),
        '{"prompt": "What is the capital of France?"}',
        row("How many legs has a spider, and how many has an ant?", "Eight and six."),
        row("So how many legs has a spider, and how many has an ant?", "8 and 6"),
        row(LEAKED, "The Thames and the Seine."),
        row("What is the capital of Peru?", "Lima."),
    ]
)
