"""Install the newest releases of all that is pinned into .venv-newest, and say which differ from the pins.

``newest.py`` is the first half of ``make test-newest``; the second runs the tests with that environment. torch keeps
its pin: a new one moves the recorded figures, so it is changed knowingly. Node packages are pinned by the lock file
and built into the site; those with newer releases are named, not installed.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import setup  # noqa: E402
import torch_build  # noqa: E402

NEWEST = setup.ROOT / ".venv-newest"
PARTS = ("site", "test", "train")
KEPT = ("torch",)


def canonical(name: str) -> str:
    """A package's name as the index compares it: ``Pydantic_Core`` is ``pydantic-core``."""
    return re.sub(r"[-_.]+", "-", name).lower()


def pins(texts: list[str]) -> dict[str, str]:
    """Package -> pinned release, over the texts of requirements files."""
    lines = (line.split("#")[0].strip() for text in texts for line in text.splitlines())
    return {canonical(name): version for name, _, version in (line.partition("==") for line in lines if line)}


def wanted(pinned: dict[str, str]) -> list[str]:
    """What pip is asked for: every name without its release, and torch with it."""
    return [f"{name}=={version}" if name in KEPT else name for name, version in sorted(pinned.items())]


def changes(pinned: dict[str, str], found: dict[str, str]) -> list[str]:
    """One line for each package that differs from its pin, that is gone, or that came along.

    torch's local name (``2.13.0+cpu``) is no difference.
    """
    lines = []
    for name in sorted({*pinned, *found} - {"pip"}):
        old, new = pinned.get(name), found.get(name)
        if old is None:
            lines.append(f"{name} {new} came along")
        elif new is None:
            lines.append(f"{name} {old} is not installed")
        elif new.partition("+")[0] != old.partition("+")[0]:
            lines.append(f"{name} {old} -> {new}")
    return lines


def node_changes(outdated: str) -> list[str]:
    """One line for each node package with a newer release, from the JSON that ``npm outdated`` prints."""
    found = json.loads(outdated or "{}")
    return [f"{name} {entry['current']}, newest {entry['latest']}" for name, entry in sorted(found.items())
            if "current" in entry and entry["current"] != entry["latest"]]  # fmt: skip


def install(pinned: dict[str, str]) -> dict[str, str]:
    """Make or renew the environment; returns package -> installed release.

    Raises:
        setup.Lacking: when pip fails; the message is one line.
        torch_build.WrongChoice: STAGE10_TORCH names no build.
    """
    python = NEWEST / "bin" / "python"
    setup.say("setting up: the newest releases of all that is pinned, in .venv-newest")
    if not python.exists():
        shutil.rmtree(NEWEST, ignore_errors=True)
        setup.run([sys.executable, "-m", "venv", str(NEWEST)], "the virtual environment")
    pip = [str(python), "-m", "pip"]
    setup.run([*pip, "install", "--quiet", "--upgrade", "pip"], "the newest pip")
    options = torch_build.pip_options(torch_build.choose().kind, pinned["torch"])
    command = [*pip, "install", "--quiet", "--upgrade", "--upgrade-strategy", "eager", *options, *wanted(pinned)]
    setup.run(command, "the newest releases")
    listed = subprocess.run([*pip, "list", "--format=json"], capture_output=True, text=True, check=True).stdout
    return {canonical(entry["name"]): entry["version"] for entry in json.loads(listed)}


def main() -> int:
    """Install and report."""
    if setup.offline():
        setup.say("STAGE10_OFFLINE=1: the newest releases cannot be asked for.")
        return 3
    pinned = pins([(setup.ROOT / "requirements" / f"{part}.txt").read_text() for part in PARTS])
    try:
        found = install(pinned)
    except (setup.Lacking, torch_build.WrongChoice) as error:
        setup.say(str(error))
        return 3
    npm = shutil.which("npm")
    outdated = (
        subprocess.run([npm, "outdated", "--json"], cwd=setup.ROOT, capture_output=True, text=True) if npm else None
    )
    lines = changes(pinned, found)
    print("\n".join(lines) if lines else "every pin is the newest release")
    for line in node_changes(outdated.stdout) if outdated else ():
        print(f"node package {line} (not installed here)")
    print(f"{len(lines)} packages differ from the pins; testing with {os.path.relpath(NEWEST, setup.ROOT)}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
