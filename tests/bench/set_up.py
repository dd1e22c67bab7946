"""``make site`` where nothing is easy: an odd path, kills, two at once, and each kind of cache file damaged in turn.

    python tests/bench/set_up.py --kills 10 --seed 0

A copy of this checkout is made in a folder with spaces, quotes and Unicode in its name, with an empty HOME. ``make
site-build`` is killed at random moments, processes and all; then two run at once; then files of the cache and of the
set-up are damaged, one kind after the other. After each of the three a site must be served. Packages come from
wherever pip finds them; ``--share`` names the folders of this checkout's cache that the copy begins with, so that it
downloads less. Exit 1 where a promise is broken.

It takes an hour or two. ``--folder`` keeps the copy there and goes on with the one that it finds, so that it can be
done in pieces: the kills first (``--kinds 0``), then some kinds of files at a time (``--kills 0 --first 8 --kinds 8``).
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ODD = 'it\'s "my" site, é ü 学 🎓'
PAGES = ("", "labs/lora/", "reference/glossary/", "assets/runtime/manifest.json", "assets/real-model/parts.json")
LATEST_KILL_S = 40.0
LONGEST_S = 1800.0  # of one command; above it the machine is taken to hang


@dataclass
class Checkout:
    """A copy of this checkout.

    Attributes:
        folder: where it stands.
        said: what its commands wrote, for a fault's report.
    """

    folder: Path
    said: list[str] = field(default_factory=list)

    def start(self, *targets: str, port: int = 8000) -> subprocess.Popen[str]:
        """Run make in a process group of its own."""
        home = self.folder.parent / "home"
        home.mkdir(exist_ok=True)
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("STAGE10_", "MAKE"))}
        environment |= {"HOME": str(home), "PORT": str(port)}
        return subprocess.Popen(["make", *targets], cwd=self.folder, env=environment, text=True, start_new_session=True,
                                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)  # fmt: skip

    def finished(self, process: subprocess.Popen[str], within_s: float = LONGEST_S) -> int | None:
        """Its exit status; None where it was killed after so long."""
        try:
            self.said.append(process.communicate(timeout=within_s)[1])
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            self.said.append(process.communicate()[1])
            return None
        return process.returncode

    def serves(self) -> list[str]:
        """What does not come where ``make site`` serves; nothing where all is well."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        process = self.start("site", port=port)
        try:
            deadline = time.monotonic() + LONGEST_S
            while socket.socket().connect_ex(("127.0.0.1", port)) != 0:
                if process.poll() is not None or time.monotonic() > deadline:
                    return [f"make site ended with {process.returncode}"]
                time.sleep(0.2)
            return [page for page in PAGES if not answered(f"http://127.0.0.1:{port}/{page}")]
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            self.said.append(process.communicate()[1])


def answered(url: str) -> bool:
    """Whether something comes from there."""
    try:
        with urllib.request.urlopen(url, timeout=30) as reply:
            return bool(reply.read())
    except OSError:
        return False


def copy(above: Path, shared: list[str]) -> Checkout:
    """The tracked files of this checkout, as they stand, and the shared folders of its cache; as it is where it was
    made before."""
    folder = above / ODD
    if folder.exists():
        return Checkout(folder)
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    for name in shared:
        if (ROOT / ".cache" / name).is_dir():
            shutil.copytree(ROOT / ".cache" / name, folder / ".cache" / name)
    return Checkout(folder)


def kinds(folder: Path, draw: random.Random) -> list[Path]:
    """One file of each kind in the cache, the set-up's stamps and the site: of each folder, of each suffix one."""
    groups: dict[tuple, list[Path]] = {}
    for top in (".cache", ".venv/stage10-stamps", "site"):
        for file in sorted((folder / top).rglob("*")):
            if file.is_file() and not file.is_symlink():
                inside = file.relative_to(folder).parts
                groups.setdefault((inside[:-1][:3] if top == ".cache" else inside[:1], file.suffix), []).append(file)
    groups = {place: files for place, files in groups.items() if place[0][0] != "site" or place[1] == ".html"}
    return [draw.choice(files) for files in groups.values()]


def damage(file: Path, draw: random.Random) -> str:
    """Cut it, change some bytes, or empty it; a word for what was done."""
    content = file.read_bytes()
    way = draw.choice(("cut", "changed", "emptied"))
    changed = bytearray(content)
    for _ in range(5):
        if changed:
            changed[draw.randrange(len(changed))] ^= 0x55
    new = {"cut": content[: len(content) // 2], "changed": bytes(changed), "emptied": b""}[way]
    other = file.with_name("damaged")  # files of the site may be links to the cache's: only this one is to be damaged
    other.write_bytes(new)
    other.replace(file)
    return way


def kill(checkout: Checkout, kills: int, draw: random.Random) -> None:
    """Start the build and kill it at a random moment, so many times."""
    for number in range(kills):
        process, seconds = checkout.start("site-build"), draw.uniform(0.2, LATEST_KILL_S)
        status = checkout.finished(process, seconds)
        last = next((line for line in reversed(checkout.said[-1].splitlines()) if line.strip()), "")[:100]
        ended = "" if status is None else f": it had ended with {status}"
        print(f"kill {number + 1} after {seconds:.1f} s{ended}; last line: {last}", flush=True)
        if status is not None:
            shutil.rmtree(checkout.folder / "site", ignore_errors=True)


def faults_of_kills(checkout: Checkout, kills: int, draw: random.Random) -> list[str]:
    """Kills, and two at once after them; a line for each promise that did not hold."""
    faults = []
    kill(checkout, kills, draw)
    pair = [checkout.start("site-build") for _ in range(2)]
    ended = [checkout.finished(process) for process in pair]
    print(f"two at once after the kills: {ended}", flush=True)
    if ended != [0, 0]:
        faults.append(f"two at once: {ended}: {checkout.said[-2:]}")
    if missing := checkout.serves():
        faults.append(f"after the kills: {missing}: {checkout.said[-1][-400:]}")
    return faults


def faults_of_files(checkout: Checkout, which: slice, draw: random.Random) -> list[str]:
    """One file of each kind damaged in turn; a line for each promise that did not hold."""
    faults, found = [], kinds(checkout.folder, draw)
    print(f"{len(found)} kinds of files", flush=True)
    for file in found[which]:
        if not file.is_file():  # what was made anew after another's damage may have another name
            continue
        name, started = file.relative_to(checkout.folder), time.monotonic()
        way = damage(file, draw)
        (checkout.folder / ".cache" / "site-key").unlink(missing_ok=True)  # else nothing is looked at
        missing = checkout.serves()
        print(f"{name} {way}: {missing or 'served'} ({time.monotonic() - started:.0f} s)", flush=True)
        if missing:
            faults.append(f"{name} {way}: {missing}: {checkout.said[-1][-400:]}")
    return faults


def main() -> int:
    """Run it and print what was seen."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--kinds", type=int, default=1000, help="of damaged files, at most")
    parser.add_argument("--first", type=int, default=0, help="the number of the first of these kinds")
    parser.add_argument("--folder", type=Path, help="keeps the copy, and goes on with one that is there")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--share", nargs="*", default=["wheels"], help="folders of .cache that the copy begins with")
    args = parser.parse_args()
    draw = random.Random(args.seed)
    with tempfile.TemporaryDirectory() as above:
        checkout = copy(args.folder or Path(above), args.share)
        faults = faults_of_kills(checkout, args.kills, draw) if args.kills else []
        if args.kinds:
            faults += faults_of_files(checkout, slice(args.first, args.first + args.kinds), draw)
        faults += [f"a traceback: {text[-400:]}" for text in checkout.said if "Traceback (most" in text]
    print("\n".join(f"BROKEN: {line}" for line in faults) or "a site was served each time")
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())
