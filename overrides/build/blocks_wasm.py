"""Build overrides/labs/real/blocks.wasm from blocks.c and step.c, and note both hashes: ``blocks_wasm.py [--check]``.

Needs clang and lld of release 14 (Debian: ``apt-get install clang lld``); other releases write other bytes for the same
functions. The module is committed, so neither the build of the site nor its tests need a compiler. With --check nothing
is written, and exit 1 says that the bytes differ.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "overrides" / "labs" / "real"
SOURCES = ("blocks.c", "step.c")
TARGET = FOLDER / "blocks.wasm"
TEST = ROOT / "tests" / "unit" / "blocks.test.mjs"
RELEASE = "14."
COMPILER = ("--target=wasm32", "-O3", "-msimd128", "-ffreestanding")
LINKER = ("-nostdlib", "-Wl,--no-entry", "-Wl,--import-memory", "-Wl,--strip-all", "-Wl,--gc-sections")


def missing() -> str:
    """Why the module cannot be built here; "" when it can."""
    if not shutil.which("clang") or not shutil.which("wasm-ld"):
        return "clang and lld are needed (Debian: apt-get install clang lld)"
    said = subprocess.run(["clang", "--version"], capture_output=True, text=True).stdout
    found = re.search(r"version (\S+)", said)
    return "" if found and found[1].startswith(RELEASE) else f"clang {RELEASE}x is needed, not {said.splitlines()[:1]}"


def built() -> bytes:
    """The module's bytes.

    Raises:
        ValueError: a function would use a stack, which lies in a memory that is not ours.
    """
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / TARGET.name
        for name in SOURCES:
            text = Path(folder) / f"{name}.s"
            subprocess.run(["clang", *COMPILER, "-S", "-o", str(text), name], cwd=FOLDER, check=True)
            if "__stack_pointer" in text.read_text(encoding="utf-8"):
                raise ValueError(f"a function of {name} uses a stack; keep its variables in registers")
        subprocess.run(["clang", *COMPILER, *LINKER, "-o", str(out), *SOURCES], cwd=FOLDER, check=True)
        return out.read_bytes()


def main() -> int:
    """Build or check."""
    why = missing()
    if why:
        print(why, file=sys.stderr)
        return 3
    content = built()
    if "--check" in sys.argv:
        return int(content != TARGET.read_bytes())
    TARGET.write_bytes(content)
    text = TEST.read_text(encoding="utf-8")
    sources = b"".join((FOLDER / name).read_bytes() for name in SOURCES)
    for name, data in (("SHA256", content), ("SOURCES_SHA256", sources)):
        text = re.sub(rf'const {name} = ".*"', f'const {name} = "{hashlib.sha256(data).hexdigest()}"', text)
    TEST.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
