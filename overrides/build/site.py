"""Build ``site/``, strictly: runtime, pages with painted labs, the labs' bundle. Nothing changed: nothing is done.

``site.py [--force] [--out DIR]``. A failing step prints its own lines, names itself in one line, and leaves the
last good site/ in place.
"""

from __future__ import annotations

import argparse
import errno
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from file_cache import cache_folder  # noqa: E402
from one_at_a_time import one_at_a_time  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
INPUTS = (
    "docs",
    "labs_py",
    "overrides",
    "training",
    "mkdocs.yml",
    "package-lock.json",
    "requirements/site.txt",
)
CACHE = cache_folder()
PAGES = ("-m", "mkdocs", "build", "--strict")  # no --quiet: what is not printed does not count as a warning
FULL_DISK = "No space left on device|ENOSPC|disk is full"
SETTINGS = ("SITE_URL", "REPO_URL", "EDIT_URI", "REPORT_URL", "COMMIT")


def key_of_inputs() -> str:
    """Hash of everything that the site is made from."""
    total = hashlib.sha256(repr([os.environ.get(name) for name in SETTINGS]).encode())
    for name in INPUTS:
        path = ROOT / name
        files = sorted(path.rglob("*")) if path.is_dir() else [path]
        for file in files:
            if file.is_file() and "__pycache__" not in file.parts:
                total.update(str(file.relative_to(ROOT)).encode() + b"\0" + file.read_bytes())
    return total.hexdigest()


def digest_of(folder: Path) -> str:
    """Hash of a built site's names and contents: one that lacks a file or has a damaged one is built anew."""
    total = hashlib.sha256()
    for file in sorted(folder.rglob("*")):
        if file.is_file():
            total.update(str(file.relative_to(folder)).encode() + b"\0" + hashlib.sha256(file.read_bytes()).digest())
    return total.hexdigest()


def node() -> str:
    """The node that the set-up chose, if it is still there."""
    chosen = ROOT / ".venv" / "stage10-stamps" / "node"
    named = chosen.read_text(errors="replace").strip() if chosen.exists() else "node"
    return named if shutil.which(named) else "node"


def step(name: str, command: list[str | Path], environment: dict[str, str] | None = None) -> None:
    """Run one step of the build; SystemExit with one line when it fails."""
    started = time.monotonic()
    done = subprocess.run([str(part) for part in command], cwd=ROOT, env=environment, text=True, capture_output=True)
    if done.returncode:
        output = (done.stdout + done.stderr).strip()
        if re.search(FULL_DISK, output):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        print("\n".join(line for line in output.splitlines() if not line.startswith("INFO")), file=sys.stderr)
        print(f"The site was not built: step '{name}' failed (see above).", file=sys.stderr)
        raise SystemExit(1)
    print(f"built: {name} ({time.monotonic() - started:.1f} s)", file=sys.stderr, flush=True)


def build(out: Path) -> None:
    """Build into a folder beside ``out`` and put it in its place only when every step went well."""
    part = out.with_name(out.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "STAGE10_NODE": node(),
        "NO_MKDOCS_2_WARNING": "1",
        "DISABLE_MKDOCS_2_WARNING": "true",
        "OPENBLAS_NUM_THREADS": "1",  # the labs' matrices are small; threads only wait for each other on a busy machine
    }
    runtime = CACHE / "runtime" / "current"
    here = ROOT / "overrides" / "build"
    with ThreadPoolExecutor() as side_by_side:  # neither needs the other, and each keeps one core busy
        steps = [
            side_by_side.submit(step, "browser runtime", [node(), here / "runtime.mjs", "--out", runtime], environment),
            side_by_side.submit(step, "pages", [sys.executable, *PAGES, "--site-dir", part], environment),
        ]
    for done in steps:
        done.result()
    shutil.copytree(runtime, part / "assets" / "runtime", dirs_exist_ok=True)
    step(
        "the real model's files",
        [sys.executable, here / "model_parts.py", "--out", part / "assets" / "real-model"],
        environment,
    )
    step("labs' bundle", [node(), here / "bundle.mjs", part], environment)
    shutil.rmtree(out, ignore_errors=True)
    part.rename(out)


def main() -> int:
    """Build when something changed or when told to."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--force", action="store_true", help="build even if nothing changed")
    parser.add_argument("--out", type=Path, default=ROOT / "site", help="folder to write (default: site)")
    arguments = parser.parse_args()
    try:
        with one_at_a_time(CACHE):
            return build_if_needed(arguments.out.resolve(), arguments.force)
    except OSError as error:
        full = error.errno == errno.ENOSPC or re.search(FULL_DISK, str(error))
        why = "the disk is full; free some 200 MB and run the same command again." if full else error
        print(f"The site was not built: {why}", file=sys.stderr)
        return 3


def build_if_needed(out: Path, force: bool) -> int:
    """Build unless site/ stands as it was built last and nothing that it is made from has changed."""
    stamp, ours = CACHE / "site-key", out == ROOT / "site"
    key = key_of_inputs()
    noted = stamp.read_text(errors="replace") if ours and stamp.exists() else ""
    if ours and not force and noted.startswith(key) and noted == f"{key} {digest_of(out)}":
        return 0
    build(out)
    if ours:
        stamp.write_text(f"{key} {digest_of(out)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
