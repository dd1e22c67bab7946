"""Rules for chat training rows: what makes a row unfit, said by code and sentence.

Pure and streaming: one row at a time, no files. ``python -m training data check`` reads files with it; a lab runs it on
what a reader pastes.
"""

from __future__ import annotations

import json
import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Set
from functools import lru_cache
from typing import Any

import numpy as np

from labs_py.core import pasted_json
from labs_py.core.row_faults import Fault

HUGE_LINE_BYTES = 1_000_000
SHINGLE_WORDS = 3
SIGNATURE = 64
BANDS = 16
NEAR_SIMILARITY = 0.8
SHORTEST_FOR_NEAR = 8
MOST_IN_BAND, MOST_COMPARED = 8, 16
ROWS_OF_AN_INSTRUCTION = 4  # a run of words that so many rows have says nothing about repeats
MOST_HELD = 10_000  # findings that wait for the end of a file
ROLES = ("system", "user", "assistant", "tool")
OPENING_TOKENS = ("<|im_start|>", "<|start_header_id|>", "<start_of_turn>", "<|assistant|>")
STOP_TOKENS = ("<|im_end|>", "<|eot_id|>", "<end_of_turn>", "<|end|>", "<|endoftext|>", "</s>", "<eos>")
NO_TURNS = "neither 'messages' nor 'prompt' and 'completion', each a text or a list of turns"
TEXT_ONLY = "plain 'text' asks and answers nothing; give 'messages', or 'prompt' and 'completion'"


def parse_line(line: bytes) -> tuple[dict[str, Any] | None, Fault | None]:
    """A line of a JSONL file as a row, or the fault that prevents it.

    Args:
        line: the raw bytes without the line's end.

    Returns:
        (row, None) or (None, fault); faults are huge-line, bad-encoding and bad-json.
    """
    if len(line) > HUGE_LINE_BYTES:
        return None, Fault("huge-line", f"{len(line):,} bytes; at most {HUGE_LINE_BYTES:,} are read")
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError as error:
        return None, Fault("bad-encoding", f"byte {error.start + 1} (0x{line[error.start]:02x}) is not UTF-8")
    try:
        row = pasted_json.load(text)
    except json.JSONDecodeError as error:
        return None, Fault("bad-json", f"{error.msg} at column {error.colno}")
    except (pasted_json.TooDeep, pasted_json.RepeatedKey) as error:
        return None, Fault("bad-json", str(error))
    except ValueError:  # Python reads no whole number of more than 4,300 digits
        return None, Fault("bad-json", "a number is too long to be read")
    if not isinstance(row, dict):
        return None, Fault("bad-json", f"a row is an object in braces, this is a {type(row).__name__}")
    half = _half_pair(row) if "\\u" in text else ""
    if half:
        return None, Fault("bad-encoding", f"{half!r} is half of a surrogate pair and no character")
    return row, None


def _half_pair(row: dict[str, Any]) -> str:
    """The first character of a row that no text can hold ("" when there is none): JSON may write \\ud800 alone."""
    try:
        json.dumps(row, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError as error:
        return error.object[error.start]
    return ""


def turns_of(row: dict[str, Any], system: str = "") -> list[dict[str, Any]] | None:
    """The row's turns, whichever of the documented shapes it has.

    Args:
        row: ``{"messages": [...]}`` or ``{"prompt": text or turns, "completion": text or turns}``.
        system: system turn to put before a prompt that is plain text.

    Returns:
        Turns, or None when the row has neither shape; a completion that is null counts as none.
    """
    if isinstance(row.get("messages"), list):
        return [_with_content(turn) for turn in row["messages"]]
    if "prompt" not in row:
        return None
    asked, answered = row["prompt"], row.get("completion")
    if isinstance(asked, str):
        turns = [{"role": "user", "content": asked}]
        turns = [{"role": "system", "content": system}, *turns] if system else turns
    elif isinstance(asked, list):
        turns = list(asked)
    else:
        return None
    if isinstance(answered, str):
        turns.append({"role": "assistant", "content": answered})
    elif isinstance(answered, list):
        turns.extend(answered)
    elif answered is not None:
        return None
    return [_with_content(turn) for turn in turns]


def _with_content(turn: Any) -> Any:
    """A tool call without text may leave ``content`` out, as TRL's rows do; here it is null then."""
    return {**turn, "content": None} if isinstance(turn, dict) and "content" not in turn and _calls(turn) else turn


def is_plain_text(row: dict[str, Any]) -> bool:
    """Whether a row is ``{"text"}``, perhaps with id and kind as ``data build`` writes them: prose without turns."""
    return set(row) <= {"text", "id", "kind"} and isinstance(row.get("text"), str) and bool(row["text"].strip())


def check_turns(turns: list[Any] | None) -> list[Fault]:
    """Faults in the shape of a conversation: missing-role, empty-turn, role-order, prompt-only."""
    if turns is None:
        return [Fault("missing-role", NO_TURNS)]
    if not turns:
        return [Fault("prompt-only", "no turns at all")]
    for place, turn in enumerate(turns, 1):
        if not isinstance(turn, dict) or turn.get("role") not in ROLES:
            found = turn.get("role") if isinstance(turn, dict) else turn
            shown = repr(str(found)[:40]) if not isinstance(found, (dict, list)) else f"a {type(found).__name__}"
            return [Fault("missing-role", f"turn {place} has no role of {', '.join(ROLES)} (found {shown})")]
        if not isinstance(turn.get("content"), str) and not (_calls(turn) and turn.get("content") is None):
            return [Fault("missing-role", f"turn {place} ({turn['role']}) has no text in 'content'")]
    for place, turn in enumerate(turns, 1):
        if _calls(turn) and not all(_named(call) for call in turn["tool_calls"]):
            return [Fault("missing-role", f"turn {place} has a tool call that names no function")]
    faults = [
        Fault("empty-turn", f"turn {place} ({turn['role']}) is empty")
        for place, turn in enumerate(turns, 1)
        if not (turn["content"] or "").strip() and not _calls(turn)
    ]
    roles = [turn["role"] for turn in turns]
    spoken = roles[1:] if roles[0] == "system" else roles
    if not any(role == "assistant" for role in spoken):
        return [*faults, Fault("prompt-only", "no assistant turn to learn from")]
    for place, role in enumerate(spoken):
        expected = _may_follow(turns[-len(spoken) :], place)
        if role not in expected:
            at = place + 1 + (len(roles) - len(spoken))
            return [*faults, Fault("role-order", f"turn {at} is {role}, {' or '.join(expected)} expected")]
    if spoken[-1] != "assistant":
        faults.append(Fault("prompt-only", "the last turn is not the assistant's"))
    return faults


def _calls(turn: dict[str, Any]) -> bool:
    """Whether a turn of the assistant calls tools; its text may be null then."""
    return turn.get("role") == "assistant" and isinstance(turn.get("tool_calls"), list) and bool(turn["tool_calls"])


def _named(call: Any) -> bool:
    inner = call.get("function", call) if isinstance(call, dict) else None
    return isinstance(inner, dict) and isinstance(inner.get("name"), str) and "arguments" in inner


def _may_follow(spoken: list[dict[str, Any]], place: int) -> tuple[str, ...]:
    """The roles that a turn may have after those before it; a tool answers an assistant who called it."""
    before = spoken[place - 1] if place else {"role": "assistant"}
    if before["role"] == "tool":
        return ("assistant", "tool")
    if before["role"] == "user":
        return ("assistant",)
    return ("tool",) if _calls(before) else ("user",)


@lru_cache(maxsize=16)  # a row's question is asked for twice, for repeats and for leaks
def normal_form(text: str) -> str:
    """Text without case, punctuation and spacing, for comparing."""
    return " ".join(re.findall(r"\w+", text.lower()))


def prompt_key(turns: list[dict[str, Any]]) -> str:
    """What two rows must share to be the same question: the user's turns, normalised."""
    return normal_form(" ".join(turn["content"] for turn in turns if turn["role"] == "user"))


def shingles(text: str, width: int = SHINGLE_WORDS) -> set[str]:
    """Runs of ``width`` words of the normalised text."""
    return _runs(normal_form(text).split(), width)


def _runs(words: list[str], width: int = SHINGLE_WORDS) -> set[str]:
    return {" ".join(words[start : start + width]) for start in range(max(1, len(words) - width + 1))}


_RNG = np.random.default_rng(20261123)
_SCALE = _RNG.integers(0, 1 << 64, SIGNATURE, dtype=np.uint64)
_SHIFT = _RNG.integers(0, 1 << 64, SIGNATURE, dtype=np.uint64)
_HIGH = np.uint64(32)
_BAND_BYTES = 8 * SIGNATURE // BANDS
_PLACES = [slice(start, start + _BAND_BYTES) for start in range(0, 8 * SIGNATURE, _BAND_BYTES)]


# --8<-- [start:signature]
def signature(parts: set[str]) -> np.ndarray:
    """[SIGNATURE] MinHash: in each place two sets agree as often as alike."""
    written = (part.encode("utf-8", "surrogatepass") for part in parts)
    # crc32 does not change from run to run; Python's own hash does
    hashes = np.array([zlib.crc32(part) for part in written], dtype=np.uint64)
    # the upper half of a product that overflows is a strongly universal hash
    # (Dietzfelbinger 1996); no division
    return ((hashes[:, None] * _SCALE + _SHIFT) >> _HIGH).min(0)


# --8<-- [end:signature]


def _words(turn: dict[str, Any]) -> str:
    """A turn's text, with its tool calls."""
    called = json.dumps(turn["tool_calls"], sort_keys=True) if _calls(turn) else ""
    return f"{turn['content'] or ''} {called}"


class Seen:
    """Rows met so far, for finding repeats in one pass: exact by text, near by MinHash bands and true overlap."""

    def __init__(self) -> None:
        self._exact: dict[str, int] = {}
        self._prompts: dict[str, int] = {}
        self._bands: list[dict[bytes, tuple[int, ...]]] = [{} for _ in range(BANDS)]
        self._shingles: dict[int, set[str]] = {}
        self._asked: dict[str, int] = {}
        self._rows: Counter[str] = Counter()  # how many rows have a run of words

    def check(self, turns: list[dict[str, Any]], line: int) -> Fault | None:
        """duplicate, two-answers or near-duplicate of an earlier row, else None; remembers the row.

        A near-duplicate is one for now: ``settle`` says, once the rows that follow are known, whether it stays one.
        """
        said = [(turn["role"], normal_form(_words(turn))) for turn in turns if turn["role"] != "system"]
        whole = " ".join(form for _, form in said if form)
        if whole in self._exact:
            return Fault("duplicate", f"same as line {self._exact[whole]}")
        self._exact[whole] = line
        prompt = " ".join(f"{turn['role']} {normal_form(_words(turn))}" for turn in turns[:-1])
        first = self._prompts.setdefault(prompt, line)
        if first != line:
            return Fault("two-answers", f"line {first} asks the same and is answered otherwise")
        # The question decides: questions that nearly repeat each other are near-duplicates, many questions with the
        # same short answer are not.
        asked = " ".join(form for role, form in said if role == "user")
        words = asked.split()
        if len(words) < SHORTEST_FOR_NEAR:
            return None
        parts = _runs(words)
        self._rows.update(parts)
        return self._near(parts, line, self._asked.setdefault(asked, line))

    def settle(self, line: int, fault: Fault) -> Fault | None:
        """A near-duplicate judged on what differs: None where it only shares an instruction with many rows.

        Args:
            line: of the row.
            fault: what ``check`` said of it; any other fault comes back as it is.
        """
        if fault.code != "near-duplicate":
            return fault
        own = self._rare(self._shingles[line])
        for other in fault.earlier:
            rest = self._rare(self._shingles[other])
            fewest = min(len(own), len(rest))
            if (len(own & rest) >= NEAR_SIMILARITY * fewest) if fewest else own == rest:
                whole = _overlap(self._shingles[line], self._shingles[other])
                return Fault(fault.code, f"{whole:.0%} of its three-word runs stand in line {other}", fault.earlier)
        return None

    def _rare(self, parts: set[str]) -> set[str]:
        """The runs of a row that few rows have: what its question says beside an instruction that stands in many."""
        return {part for part in parts if self._rows[part] < ROWS_OF_AN_INSTRUCTION}

    def _near(self, parts: set[str], line: int, same: int) -> Fault | None:
        marks = signature(parts).tobytes()
        earlier: list[int] = []
        for band, place in zip(self._bands, _PLACES, strict=True):
            key = marks[place]
            met = band.get(key, ())
            earlier += met
            # Rows of one pattern share whole bands without being alike; all of them as candidates would cost the
            # square of the file. What is particular to a row falls into bands of its own, and finds its double there.
            if len(met) < MOST_IN_BAND:
                band[key] = (*met, line)
        self._shingles[line] = parts
        met = {candidate for candidate, _ in Counter(earlier).most_common(MOST_COMPARED)} if earlier else set()
        met |= {same} - {line}  # the line with the very same question, which full bands may have missed
        near = {candidate: _overlap(parts, self._shingles[candidate]) for candidate in sorted(met)}
        found = tuple(candidate for candidate, overlap in near.items() if overlap >= NEAR_SIMILARITY)
        if not found:
            return None
        said = f"{near[found[0]]:.0%} of its three-word runs stand in line {found[0]}"
        return Fault("near-duplicate", said, found)


def _overlap(parts: set[str], others: set[str]) -> float:
    """Jaccard similarity."""
    both = len(parts & others)
    return both / (len(parts) + len(others) - both)


def leak(turns: list[dict[str, Any]], held_out: Set[str]) -> Fault | None:
    """test-leak when the row's question stands in a held-out set.

    Args:
        turns: the row's turns.
        held_out: ``prompt_key`` of every held-out row.
    """
    key = prompt_key(turns) if held_out else ""
    return Fault("test-leak", "the same question stands in a held-out set") if key and key in held_out else None


def unended(text: str) -> bool:
    """Whether a text opens turns with control tokens and still does not end with a stop token."""
    return any(token in text for token in OPENING_TOKENS) and not text.rstrip().endswith(STOP_TOKENS)


def check_lines(
    lines: Iterable[tuple[int, bytes, int]],
    held_out: Set[str] = frozenset(),
    system: str = "",
    more: Callable[[list[dict[str, Any]], dict[str, Any]], list[Fault]] | None = None,
    *,
    turns_only: bool = False,
) -> Iterator[tuple[int, Fault]]:
    """Every fault of a file's lines, in their order: the one list of rules, for the command and for the page.

    From the first near-duplicate on, faults wait for the end (at most ``MOST_HELD`` of them): whether rows repeat each
    other or share an instruction is seen when all are known.

    Args:
        lines: number, bytes and true length of each line that holds something.
        held_out: ``prompt_key`` of every held-out row.
        system: system turn of plain-text prompts.
        more: further rules for the turns of a well-formed row, and the row (those that need a template).
        turns_only: whether a row of plain text is a fault (missing-role).
    """
    seen = Seen()
    held: list[tuple[int, Fault]] = []
    for number, fault in _faults_of(lines, seen, held_out, system, more, turns_only):
        if held or fault.code == "near-duplicate":
            held.append((number, fault))
            if len(held) == MOST_HELD:
                yield from _settled(held, seen)
                held = []
        else:
            yield number, fault
    yield from _settled(held, seen)


def _settled(held: list[tuple[int, Fault]], seen: Seen) -> Iterator[tuple[int, Fault]]:
    for number, fault in held:
        stays = seen.settle(number, fault)
        if stays is not None:
            yield number, stays


def _faults_of(lines: Iterable[tuple[int, bytes, int]], seen: Seen, held_out: Set[str], system: str,
               more: Callable[[list[dict[str, Any]], dict[str, Any]], list[Fault]] | None,
               turns_only: bool) -> Iterator[tuple[int, Fault]]:  # fmt: skip
    """As ``check_lines``, with near-duplicates that are not settled."""
    for number, line, length in lines:
        row, fault = parse_line(line)
        if fault is not None and fault.code == "huge-line":
            fault = Fault(fault.code, f"{length:,} bytes; at most {HUGE_LINE_BYTES:,} are read")
        if fault is not None:
            yield number, fault
        if row is None:
            continue
        if is_plain_text(row):
            if turns_only:
                yield number, Fault("missing-role", TEXT_ONLY)
            elif unended(row["text"]):
                yield number, Fault("no-stop-token", "a chat written out as text does not end with a stop token")
            continue  # plain text to replay: no turns to check
        turns = turns_of(row, system)
        faults = check_turns(turns)
        if turns is not None and not faults:
            faults = [found for found in (seen.check(turns, number), leak(turns, held_out)) if found is not None]
            faults += more(turns, row) if more is not None else []
        for found in faults:
            yield number, found
