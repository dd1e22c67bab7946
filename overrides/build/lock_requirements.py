"""Write requirements/hashes/NAME.txt anew: each pin of requirements/NAME.txt with the hashes of its files.

``lock_requirements.py [NAME...]`` asks uv (``pip install uv``), which lists the files for every system and Python. Run
it after a pin has changed. torch is left out: which of its builds a machine gets is decided there (torch_build.py).
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("site", "test", "train", "engines", "uv")
APART = {"torch"}
OLDEST = "3.11.5"
PIN = re.compile(r"^([A-Za-z0-9_.-]+)==([^\s;\\]+)", re.MULTILINE)
HEAD = "# {name}.txt with the hashes of its files. Made by overrides/build/lock_requirements.py; not edited by hand.\n"


def canonical(name: str) -> str:
    """A package's name as the index compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def pins(text: str) -> dict[str, str]:
    """Package -> release, of a list or of its file of hashes, without what is installed apart."""
    return {canonical(name): version for name, version in PIN.findall(text) if canonical(name) not in APART}


def hashed(name: str) -> str:
    """The list ``name`` with hashes, as uv resolves it; entries that come along for torch alone are left out."""
    source = ROOT / "requirements" / f"{name}.txt"
    wanted = pins(source.read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out.txt"
        command = ["uv", "pip", "compile", "--quiet", "--universal", "--python-version", OLDEST, "--generate-hashes"]
        command += ["--no-header", "--no-annotate", "--output-file", str(out), str(source)]
        if name != "site":
            command += ["--constraint", str(source.with_name("site.txt"))]
        subprocess.run(command, check=True)
        entries = re.split(r"^(?=[A-Za-z0-9])", out.read_text(encoding="utf-8"), flags=re.MULTILINE)
    # A marker is dropped: the list pins what is needed somewhere, and installs it everywhere.
    kept = [
        re.sub(r" ;[^\\]*\\", " \\\\", entry, count=1) for entry in entries if pins(entry).items() <= wanted.items()
    ]
    return HEAD.format(name=name) + "".join(entry for entry in kept if pins(entry))


def main(names: list[str]) -> int:
    """Write the named files, or all."""
    for name in names or NAMES:
        target = ROOT / "requirements" / "hashes" / f"{name}.txt"
        target.parent.mkdir(exist_ok=True)
        target.write_text(hashed(name), encoding="utf-8")
        print(f"{target.relative_to(ROOT)}: {len(pins(target.read_text(encoding='utf-8')))} packages")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
