"""Record the tokenizer that the mask inspector reads: ``python -m training.site_records.lab_tokenizer``.

Takes the special tokens, the bytes and the merges out of SmolLM2-135M-Instruct's tokenizer and writes them, with their
source and licence, to ``docs/data/labs/files``. Deterministic: running it again changes nothing.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from labs_py.core import byte_pairs
from training.models import bundled

TARGET = Path(__file__).resolve().parents[2] / "docs" / "data" / "labs" / "files" / "smollm2-tokenizer.safetensors"

ABOUT = {
    "name": "SmolLM2",
    "licence": "Apache-2.0",
    "source": "SmolLM2-135M-Instruct, HuggingFaceTB",
    "package": f"{bundled.PACKAGE}, sha256 {bundled.WHEEL_SHA256}",
    "made_by": "python -m training.site_records.lab_tokenizer",
}


def byte_values() -> dict[str, int]:
    """Character that stands for a byte in a byte-level vocabulary -> the byte (Radford et al. 2019, their encoder)."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    other = [byte for byte in range(256) if byte not in plain]
    return {chr(byte): byte for byte in plain} | {chr(256 + place): byte for place, byte in enumerate(other)}


def packed(described: dict[str, Any]) -> bytes:
    """The lab's file from a ``tokenizer.json``.

    Raises:
        ValueError: ids do not run through special tokens, bytes and merges in that order.
    """
    vocabulary, merges = described["model"]["vocab"], [tuple(pair) for pair in described["model"]["merges"]]
    special = [token["content"] for token in sorted(described["added_tokens"], key=lambda token: token["id"])]
    by_id = sorted(vocabulary, key=vocabulary.get)
    spelt = by_id[len(special) : len(by_id) - len(merges)]
    if by_id != special + spelt + ["".join(pair) for pair in merges]:
        raise ValueError("the ids of this tokenizer do not follow its merges")
    values = byte_values()
    pairs = [(vocabulary[left], vocabulary[right]) for left, right in merges]
    return byte_pairs.pack(special, [values[char] for char in spelt], pairs, ABOUT)


def main() -> None:
    """Write the file, and print the line that the lab's SPEC names it by."""
    described = json.loads((bundled.folder() / "tokenizer.json").read_text(encoding="utf-8"))
    content = packed(described)
    TARGET.write_bytes(content)
    print(f'DataFile("{TARGET.name}", "{hashlib.sha256(content).hexdigest()}", {len(content)})')


if __name__ == "__main__":
    main()
