"""Rebuild the compiled part of the browser runtime (numpy for WebAssembly) from source, with pyodide-build.

``make runtime-from-source``. The documented way to repeat what the Pyodide project published; never a step of the
site's build or of its tests, which take the published wheel by its hash. It needs Python 3.12 or later (best the
3.14 that Pyodide itself runs), a C compiler's usual tools, about 5 GB of disk, and a network: pyodide-build
fetches its cross-build environment and Emscripten. Where it cannot run, it says so in one line.

The result lands in ``.cache/from-source`` and is compared with the published wheel, member by member.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import file_cache
import numpy_wheel

ROOT = Path(__file__).resolve().parents[2]
OLDEST = (3, 12)
NAMES = ("python3.14", "python3.13", "python3.12", "python3")


class CannotRun(Exception):
    """Why it cannot run here; the message is one line that says what to do."""


def find_python() -> str:
    """The newest Python from 3.12 on, on PATH or under PYENV_ROOT.

    Raises:
        CannotRun: there is none.
    """
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    candidates = [found for name in NAMES if (found := shutil.which(name))]
    candidates += [str(path) for path in root.glob("3.*/bin/python")] + [sys.executable]
    fitting = [(version, path) for path in candidates if (version := _version(path)) >= OLDEST]
    if not fitting:
        raise CannotRun("runtime-from-source needs Python 3.12 or later (best 3.14), and none was found.")
    return max(fitting)[1]


def _version(python: str) -> tuple[int, ...]:
    ask = [python, "-c", "import sys; print(*sys.version_info[:3])"]
    answer = subprocess.run(ask, capture_output=True, text=True, check=False)
    return tuple(map(int, answer.stdout.split())) if answer.returncode == 0 else (0,)


def build(work: Path) -> Path:
    """Set up pyodide-build in a virtual environment of its own and build numpy; returns the wheel's path."""
    if os.environ.get("STAGE10_OFFLINE") == "1":
        raise CannotRun("STAGE10_OFFLINE=1: runtime-from-source needs a network.")
    python = find_python()
    environment = work / "venv"
    _step([python, "-m", "venv", str(environment)], "a virtual environment could not be made")
    pip = [str(environment / "bin" / "python"), "-m", "pip", "install", "--quiet"]
    _step([*pip, "-r", str(ROOT / "requirements" / "wasm.txt")], "pyodide-build could not be installed")
    tool = str(environment / "bin" / "pyodide")
    kept = ["--path", str(work / "cross-build")]
    release = numpy_wheel.PYODIDE_VERSION
    _step(
        [tool, "xbuildenv", "install", release, *kept],
        f"Pyodide {release}'s cross-build environment could not be fetched",
    )
    version = numpy_wheel.NAME.split("-")[1]
    out = work / "dist"
    _step(
        [tool, "build", f"numpy=={version}", "--outdir", str(out)],
        f"numpy {version} could not be built",
        {"PYODIDE_XBUILDENV_PATH": str(work / "cross-build")},
    )
    wheels = sorted(out.glob("numpy-*.whl"), key=lambda path: path.stat().st_mtime)
    if not wheels:
        raise CannotRun("pyodide-build ended without an error and without a wheel.")
    return wheels[-1]


def _step(command: list[str], otherwise: str, extra: dict[str, str] | None = None) -> None:
    """Run a command, naming it first; CannotRun with ``otherwise`` and the command's last words if it fails."""
    print("+", " ".join(command), file=sys.stderr, flush=True)
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env={**os.environ, **(extra or {})},
    ) as process:
        lines = [line.rstrip() for line in process.stdout or () if line.strip()]
    if process.returncode:
        last = re.sub(r"\s+", " ", lines[-1])[:160] if lines else "no message"
        raise CannotRun(f"{otherwise}: {last}")


def compare(built: Path, published: Path) -> str:
    """One line: which compiled modules the two wheels share, and whether any is missing."""
    mine, theirs = (
        {name for name in zipfile.ZipFile(path).namelist() if name.endswith(".so")} for path in (built, published)
    )
    missing = sorted(theirs - mine)
    words = f"missing: {', '.join(missing)}" if missing else "none is missing"
    return f"{len(mine & theirs)} of the published wheel's {len(theirs)} compiled modules were built; {words}."


def main() -> int:
    """Build and compare; 1 and one line where that is not possible."""
    work = file_cache.cache_folder() / "from-source"
    try:
        work.mkdir(parents=True, exist_ok=True)
        built = build(work)
        print(f"{built}: {compare(built, numpy_wheel.fetch())}")
    except (CannotRun, numpy_wheel.CannotFetch) as sentence:
        print(sentence, file=sys.stderr)
        return 1
    except OSError as error:
        print(f"runtime-from-source cannot write {work}: {error.strerror or error}.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
