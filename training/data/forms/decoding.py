"""The bytes of a file as text: what it is packed and encoded as."""

from __future__ import annotations

import bz2
import codecs
import gzip
import lzma
import zlib
from pathlib import Path

from training.run.errors import BadInput

PACKED = {b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\xfd7zXZ": "xz"}
OPENERS = {"gzip": gzip.open, "bzip2": bz2.open, "xz": lzma.open}
FOREIGN = {
    b"PK": "a zip archive or an Excel workbook; unpack it, or save the sheet as CSV",
    b"SQLite format 3": "an SQLite database; write the table out as CSV",
    b"\x28\xb5\x2f\xfd": "packed by zstd; unpack it with 'zstd -d'",
    b"ARROW1": "an Arrow file; write it as Parquet",
    b"Obj\x01": "an Avro file; write it as Parquet or JSONL",
    b"ORC": "an ORC file; write it as Parquet",
    b"\x80\x04": "a pickle, which may run code when it is read; write it as JSONL",
    b"%PDF": "a PDF; it holds no rows",
    b"\x89PNG": "a picture; it holds no rows",
    b"GGUF": "a model's weights; it holds no rows",
}
PARQUET = b"PAR1"
MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32", "UTF-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF8, "utf-8-sig", "UTF-8 with a byte order mark"),
)
LARGEST_TEXT = 4_000_000_000


def packing(head: bytes) -> str:
    """By what a file is packed, read off its first bytes; "" for none."""
    return next((name for magic, name in PACKED.items() if head.startswith(magic)), "")


def foreign(head: bytes) -> str:
    """What a file is that holds no rows we read, with the way out; "" for none of those."""
    return next((said for magic, said in FOREIGN.items() if head.startswith(magic)), "")


def unpacked(path: Path, name: str) -> bytes:
    """The whole file, unpacked.

    Raises:
        BadInput: the file is damaged, or too large once it is unpacked.
    """
    try:
        with OPENERS[name](path, "rb") as stream:
            data = stream.read(LARGEST_TEXT)
    except (EOFError, OSError, zlib.error, lzma.LZMAError) as error:
        raise BadInput(f"{path}: a {name} file that cannot be unpacked ({error}); fetch or write it again") from None
    if len(data) == LARGEST_TEXT:
        raise BadInput(f"{path}: more than {LARGEST_TEXT:,} bytes once it is unpacked; part it")
    return bytes(data)


def encoding(data: bytes) -> tuple[str, str]:
    """Python's name of a text's encoding, and ours.

    A text without a mark is UTF-8 where any letter beyond ASCII reads as such; bytes that do not are kept apart, for
    their rows to be left out. Where no such letter reads as UTF-8, the text is of the older encoding of Windows.
    """
    for mark, name, said in MARKS:
        if data.startswith(mark):
            return name, said
    head = data[:1000]
    if head and b"\0" in head:
        even, odd = head[::2].count(0), head[1::2].count(0)
        if odd > len(head) // 5 > even:
            return "utf-16-le", "UTF-16 without a mark"
        if even > len(head) // 5 > odd:
            return "utf-16-be", "UTF-16 without a mark"
    try:
        data.decode("utf-8")
        return "utf-8", "UTF-8"
    except UnicodeDecodeError:
        pass
    if any(_beyond_ascii_in_utf8(line) for line in data.splitlines()):
        return "utf-8", "UTF-8"
    for name, said in (("cp1252", "Windows-1252"), ("latin-1", "Latin-1")):
        try:
            data.decode(name)
            return name, said
        except UnicodeDecodeError:
            continue
    return "utf-8", "UTF-8"


def _beyond_ascii_in_utf8(line: bytes) -> bool:
    try:
        return not line.decode("utf-8").isascii()
    except UnicodeDecodeError:
        return False


def text_of(data: bytes, path: Path) -> tuple[str, str]:
    """A file's text, and the name of its encoding.

    A byte that is not of the encoding stands as a lone surrogate, so that its row can be told from the others.

    Raises:
        BadInput: the bytes are no text.
    """
    name, said = encoding(data)
    try:
        text = data.decode(name, "surrogateescape" if name.startswith("utf-8") else "strict")
    except UnicodeDecodeError as error:
        raise BadInput(f"{path}: not readable as {said} from byte {error.start} on; save it as UTF-8") from None
    if text.count("\0") > len(text) // 100:
        raise BadInput(f"{path}: this is no text and none of the files read here (JSONL, JSON, CSV, Parquet); write it"
                       " as one of them")  # fmt: skip
    return text, said


def damaged(text: str) -> bool:
    """Whether a text holds half a character: a byte that was not of the file's encoding, or a lone surrogate."""
    return any("\ud800" <= letter <= "\udfff" for letter in text)
