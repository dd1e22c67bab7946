"""Install lists of packages with uv, which takes a seventh of pip's time; pip installs where uv cannot.

uv reads neither pip's settings nor its variables, so that those a reader has set are handed to it: an index, folders
of wheels, constraints, certificates. A list that uv does not install is left to pip, whose messages are explained
(setup.py); so nothing depends on uv. Runs on the standard library alone.
"""

from __future__ import annotations

import ast
import os
import re
import subprocess
from pathlib import Path

SETTING = re.compile(r"^(?::env:|\w+)\.([\w-]+)=('.*'|\".*\")$")
EACH = {  # pip's setting -> uv's option, once for each word of the value
    "index-url": "--default-index",
    "extra-index-url": "--index",
    "find-links": "--find-links",
    "constraint": "--constraint",
    "trusted-host": "--allow-insecure-host",
}
AS_VARIABLE = {"cert": "SSL_CERT_FILE", "proxy": "ALL_PROXY", "timeout": "UV_HTTP_TIMEOUT",
               "default-timeout": "UV_HTTP_TIMEOUT"}  # fmt: skip


def settings(listed: str) -> dict[str, str]:
    """pip's setting -> value, of what ``pip config list`` prints; a variable stands over a file."""
    found: dict[str, str] = {}
    for line in sorted(listed.splitlines(), key=lambda line: line.startswith(":env:")):
        if match := SETTING.match(line):
            found[match[1]] = str(ast.literal_eval(match[2]))
    return found


def options(found: dict[str, str], by_hash: bool = False) -> list[str]:
    """uv's options that say the same as pip's settings.

    All indexes are looked through, as pip does: each file is accepted by its hash or its exact release. Beside hashes
    uv takes no constraint that is not an exact release; a list with hashes names those itself.
    """
    asked = {name: option for name, option in EACH.items() if not (by_hash and name == "constraint")}
    told = [part for name, option in asked.items() for word in found.get(name, "").split() for part in (option, word)]
    no_index = ["--no-index"] if found.get("no-index", "").lower() in ("1", "true", "yes", "on") else []
    return ["--index-strategy", "unsafe-best-match", *no_index, *told]


def variables(found: dict[str, str]) -> dict[str, str]:
    """Variables for uv that say the same as pip's settings, where the reader has not set them."""
    return {other: found[name] for name, other in AS_VARIABLE.items() if name in found and other not in os.environ}


def bring(python: Path, list_of_hashes: Path) -> Path | None:
    """Path of uv beside ``python``, installed by pip on the first call; None where there is none for this machine."""
    uv = python.with_name("uv")
    if not uv.exists():
        command = [python, "-m", "pip", "install", "--quiet", "--no-deps", "--require-hashes", "-r", list_of_hashes]
        subprocess.run(command, capture_output=True)
    return uv if uv.exists() else None


def install(python: Path, uv: Path, arguments: list[str]) -> subprocess.CompletedProcess[str]:
    """Let uv install what pip's ``arguments`` name into the environment of ``python``."""
    listed = subprocess.run([python, "-m", "pip", "config", "list"], capture_output=True, text=True).stdout
    found = settings(listed)
    told = options(found, by_hash="--require-hashes" in arguments)
    command = [uv, "pip", "install", "--quiet", "--python", python, *told, *arguments]
    return subprocess.run(command, capture_output=True, text=True, env={**os.environ, **variables(found)})
