"""Checks a JSONL file of training rows line by line, in one pass, whatever its size.

The rules are in ``labs_py.core.chat_data``; here are the file, the held-out rows, and the tokenizer's two rules.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any

from labs_py.core import chat_data, row_faults
from training.data.forms import naming
from training.models import chat_template
from training.models.rendering import stops
from training.run.errors import BadInput, GuardFailed

TEMPLATE_CODES = {
    "template": "the model's chat template does not write the row, or not whole",
    "control-token": "a turn's text holds a control token such as <|im_end|>: a warning, in an answer a fault",
}
ALL_CODES = {**row_faults.CODES, **TEMPLATE_CODES}
CONTROL = (*chat_data.OPENING_TOKENS, *chat_data.STOP_TOKENS)  # looked for where no tokenizer says which there are
READ_AS_TEXT = "it ends or opens turns where nobody did; data.split_special_tokens=true reads it as text"


@dataclass(frozen=True)
class Finding:
    """One fault in one file; prints as ``file:line: CODE: message``, a warning with that word before its code."""

    file: str
    line: int
    code: str
    message: str
    opinion: bool = False

    @property
    def warning(self) -> bool:
        """Whether it is an opinion: said, and no reason to refuse the file."""
        return self.opinion or self.code in row_faults.WARNINGS

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {'warning ' if self.warning else ''}{self.code}: {self.message}"


class Warned(row_faults.Fault):
    """What is worth a look and refuses no row."""


def read_lines(path: str | Path) -> Iterator[tuple[int, bytes, int]]:
    """Line number, bytes and true length of each line that holds something.

    Of a line above ``HUGE_LINE_BYTES`` only the beginning is kept in memory.

    Raises:
        BadInput: no such file, or it cannot be read.
    """
    limit = chat_data.HUGE_LINE_BYTES + 1
    try:
        with open(path, "rb") as stream:
            number = 0
            while True:
                line = stream.readline(limit)
                if not line:
                    return
                number += 1
                length = len(line)
                while length and not line.endswith(b"\n"):
                    rest = stream.readline(limit)
                    if not rest:
                        break
                    length += len(rest)
                    line = line[:limit] if not rest.endswith(b"\n") else line[:limit] + b"\n"
                bare = line.rstrip(b"\r\n")
                if number == 1:
                    bare = bare.removeprefix(b"\xef\xbb\xbf")
                if bare.strip():
                    yield number, bare, length
    except OSError as error:
        raise BadInput(f"{str(path) or repr('')}: {error.strerror or error}; give the path of a JSONL file") from None


class TokenRules:
    """The rules that need the model's tokenizer and template: template, no-stop-token and too-long.

    A row is encoded as training encodes it, so what passes here is not refused there.

    Args:
        tokenizer: with a chat template.
        max_tokens: longest row; None leaves that rule out.
        reading: how the row is read.
    """

    def __init__(self, tokenizer: Any, max_tokens: int | None = None,
                 reading: chat_template.Reading = chat_template.PLAIN) -> None:  # fmt: skip
        self.tokenizer, self.max_tokens, self.reading = tokenizer, max_tokens, reading
        self.controls = () if reading.split_special_tokens else tuple(stops.control_tokens(tokenizer))

    def faults(self, turns: list[dict[str, Any]], row: dict[str, Any]) -> list[row_faults.Fault]:
        """Faults of one well-formed row once the template has written it out.

        Args:
            turns: of the row.
            row: whose ``tools`` are written too.
        """
        try:
            made = chat_template.encode(
                self.tokenizer, {"messages": turns, "tools": row.get("tools")}, sys.maxsize, "row", self.reading
            )
        except (BadInput, GuardFailed) as error:
            said = str(error).removeprefix("row: ")
            stop = said.startswith("no-stop-token: ")
            return [row_faults.Fault("no-stop-token" if stop else "template", said.removeprefix("no-stop-token: "))]
        if self.max_tokens is not None and len(made.ids) > self.max_tokens:
            return [row_faults.Fault("too-long", f"{len(made.ids)} tokens, at most {self.max_tokens}")]
        return []


def check_file(path: str | Path, held_out: Iterable[list[dict[str, Any]]] = (), token_rules: TokenRules | None = None,
               system: str = "", *, turns_only: bool = False,
               lines: Iterable[tuple[int, bytes, int]] | None = None) -> Iterator[Finding]:  # fmt: skip
    """Every fault of a file, in the file's order.

    Args:
        path: JSONL file.
        held_out: turns of the rows that must not appear.
        token_rules: the tokenizer's rules, or None to leave them out.
        system: system turn of plain-text prompts.
        turns_only: whether a row of plain text is a fault.
        lines: what ``read_lines`` gave, where the same lines are used afterwards: a pipe can be read only once, and a
            file may change.

    Raises:
        BadInput: the file cannot be read, there is no row in it, or it is of another kind or form: one line that names
            it, with the command that converts it.
    """
    name = str(path)
    keys = {chat_data.prompt_key(turns) for turns in held_out}

    def more(turns: list[dict[str, Any]], row: dict[str, Any]) -> list[row_faults.Fault]:
        held = control_tokens(turns, CONTROL if token_rules is None else token_rules.controls, token_rules is not None)
        return [*held, *(token_rules.faults(turns, row) if token_rules is not None else [])]

    lines = iter(read_lines(path) if lines is None else lines)
    head = list(islice(lines, naming.SEEN))
    if not head:
        raise BadInput(f"{name}: there is no row in this file")
    other = naming.named(name, head)
    if other:
        raise BadInput(other)
    for number, fault in chat_data.check_lines(chain(head, lines), keys, system, more, turns_only=turns_only):
        yield Finding(name, number, fault.code, fault.message, isinstance(fault, Warned))


def control_tokens(turns: list[dict[str, Any]], controls: Iterable[str], sure: bool) -> list[row_faults.Fault]:
    """Control tokens inside the turns' texts.

    Args:
        turns: of a row.
        controls: the texts to look for.
        sure: whether they are the tokenizer's own: in an answer such a one is a fault then, since the model would
            learn it in the middle of a text.
    """
    found: list[row_faults.Fault] = []
    for at, turn in enumerate(turns, 1):
        text = turn["content"] or ""
        token = next((token for token in controls if token in text), "")
        if token:
            kind = row_faults.Fault if sure and turn["role"] == "assistant" else Warned
            found.append(kind("control-token", f"turn {at} ({turn['role']}) holds {token} in its text: {READ_AS_TEXT}"))
    return found
