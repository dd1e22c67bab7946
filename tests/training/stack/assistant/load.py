"""The docs assistant under many clients, with a teacher that is kind, trickles, redirects, is dead, and lies.

    python -m tests.training.stack.assistant.load --clients 200 --requests 10000

One server answers all requests. They come in rounds; in each round the teacher goes through its five moods, so that
rounds can be compared: memory, threads and open files must not grow from one to the next. Resident memory rises and
falls by some MB with the threads that are alive, so it is taken after each mood, and no two rounds are held against
each other: a line is fitted to the rounds' means after the warm-up, and its slope's 95% interval must end below LEAK_KB
a question. Every fiftieth client hangs up as soon as its question is sent. ``--leak 10`` plants a leak of 10 kB a
question. Exit 1 where a promise is broken.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from operator import sub
from pathlib import Path

import numpy as np

from labs_py.core.quantiles import t_quantile
from tests.checkout import ROOT
from tests.training.stack.assistant.bad_teachers import KEY, MOODS, Teacher, Thief
from tests.training.stack.assistant.health_probe import HealthProbe, Waits, at
from training.stack.assistant.traces import Traces

CONFIG = "name: load\nbackend: endpoint\nthreshold: 0.1\ntimeout_s: {seconds}\nurl: {url}\nkey_from: TEACHER_KEY\n"
# A server that frees all but so many bytes of each question, to see that the rule for memory finds it.
LEAKING = """import sys
from training.stack.assistant import __main__, traces
kept, begin = [], traces.Traces.begin
traces.Traces.begin = lambda self, question: (kept.append(bytearray({bytes}) + b"."), begin(self, question))[1]
sys.exit(__main__.main())"""
TIMEOUT_S = 2.0  # for a call of the teacher; the trickling one is given up after so long
HANGS_UP = 50  # one request in so many
IDLE_S = 1.0  # after which a client opens its connection anew
HEALTH_S = 0.1
HOPS = 4  # how often a probe or the server is woken up for one answer of /health
WARM_UP = 2  # rounds in which threads and caches come; memory is looked at after them
FEWEST = 6  # rounds after these of which an interval says something
LEAK_KB = 5.0  # a question that must be ruled out: 50 MB in 10,000
GROWTH_MB = 16.0  # from the first to the last round, where there are too few for an interval
# Else glibc gives threads arenas of their own, which fill up for thousands of questions though no object is left over.
ONE_ARENA = {"MALLOC_ARENA_MAX": "1"}
GROWTH_FILES = 40  # one for each answer in the making, and a few
ALLOWED = {200, 503}  # an answer, or one line that says why the teacher gave none


@dataclass
class Found:
    """What was seen.

    Attributes:
        codes: mood -> status -> how many answers.
        given: trace id -> status, of all answers that a client got.
        lost: questions that were sent and got no answer, and whose client had not hung up.
        sent: all questions.
        state: of each round (resident MB, the mean over its moods; threads and open files at its end) of the server.
    """

    codes: dict[str, Counter[int]] = field(default_factory=lambda: {mood: Counter() for mood in MOODS})
    given: dict[str, int] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)
    sent: int = 0
    state: list[tuple[float, int, int]] = field(default_factory=list)
    seconds: float = 0.0
    waits: Waits = field(default_factory=lambda: Waits([], []))
    thief_met: int = 0
    keys: Counter[str] = field(default_factory=Counter)
    events: Counter[str] = field(default_factory=Counter)
    open_traces: int = 0
    closed_otherwise: int = 0
    key_in_traces: bool = False
    said: str = ""


def growth_kb(megabytes: list[float], questions: int) -> tuple[float, float, float] | None:
    """By how much memory grows with each question: least squares over the rounds after the warm-up.

    Args:
        megabytes: resident memory after each round.
        questions: of all rounds.

    Returns:
        Slope in kB a question and the ends of its 95% interval (Student's t); None with fewer than FEWEST rounds.
    """
    after = np.array(megabytes[WARM_UP:])
    if len(after) < FEWEST:
        return None
    asked = questions / len(megabytes) * np.arange(len(after))
    apart = asked - asked.mean()
    slope = float(apart @ after / (apart @ apart))
    rest = after - after.mean() - slope * apart
    freedom = len(after) - 2
    half = t_quantile(0.975, freedom) * float(np.sqrt(rest @ rest / freedom / (apart @ apart)))
    return 1000 * slope, 1000 * (slope - half), 1000 * (slope + half)


def memory_grew(found: Found) -> str:
    """What is wrong with the memory; nothing where it is flat. A short run is only held to a bound between its ends."""
    megabytes = [state[0] for state in found.state]
    if growth := growth_kb(megabytes, found.sent):
        slope, low, high = growth
        return (
            f"memory: {slope:+.1f} kB a question (95% interval {low:+.1f} to {high:+.1f}, {len(megabytes) - WARM_UP} "
            f"rounds); {LEAK_KB:.0f} kB are not ruled out"
        ) * (high > LEAK_KB)
    first, last = megabytes[min(1, len(megabytes) - 2)], megabytes[-1]
    return f"memory grew from {first:.0f} to {last:.0f} MB" * (last - first > GROWTH_MB)


def broken(found: Found) -> list[str]:
    """The promises that did not hold, a line each."""
    (_, *before), (_, *after) = found.state[min(1, len(found.state) - 2)], found.state[-1]
    grew = memory_grew(found)
    health, late = at(0.95, found.waits.health), at(0.95, found.waits.late)
    odd = {mood: dict(codes) for mood, codes in found.codes.items() if set(codes) - ALLOWED}
    faults = {
        f"{len(found.lost)} accepted questions got no answer: {found.lost[:3]}": found.lost,
        f"answers with other statuses: {odd}": odd,
        f"{found.sent} questions, {dict(found.events)} lines in the traces": found.events
        != {"asked": found.sent, "closed": found.sent},
        f"{found.open_traces} traces are open, {found.closed_otherwise} are closed with another status": (
            found.open_traces or found.closed_otherwise
        ),
        f"the key was sent elsewhere ({found.thief_met} visits)": found.thief_met,
        f"the teacher saw other keys: {dict(found.keys)}": set(found.keys) - {f"Bearer {KEY}"},
        "the key stands in the traces or in what the server says": found.key_in_traces or KEY in found.said,
        f"/health took {health * 1000:.0f} ms at the 95th percentile (the machine was {late * 1000:.1f} ms late)": (
            health > HEALTH_S + HOPS * late
        ),
        grew: grew,
        f"threads and open files grew from {before} to {after}": max(map(sub, after, before)) > GROWTH_FILES,
        f"the server said: {found.said[:400]}": "Traceback" in found.said,
    }
    return [line for line, is_broken in faults.items() if is_broken]


def spread(seconds: list[float]) -> str:
    """Some quantiles in milliseconds."""
    shares = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "max": 1.0}
    return (
        ", ".join(f"{word} {at(share, seconds) * 1000:.1f}" for word, share in shares.items()) + f" of {len(seconds)}"
    )


def table(found: Found) -> str:
    """What was seen, for a reader."""
    health, late = found.waits.health, found.waits.late
    lines = [f"{found.sent} questions in {found.seconds:.0f} s, {len(found.lost)} lost"]
    lines += [f"{mood}: {dict(sorted(codes.items()))}" for mood, codes in found.codes.items()]
    lines += [f"/health, ms: {spread(health)}", f"late sleeps of the probe, ms: {spread(late)}"]
    lines.append(f"visits at the thief: {found.thief_met}; keys at the teacher: {sum(found.keys.values())} calls")
    lines.append("MB, threads, open files after each round: "
                 + "; ".join(f"{mb:.0f}, {threads}, {files}" for mb, threads, files in found.state))  # fmt: skip
    if growth := growth_kb([state[0] for state in found.state], found.sent):
        slope, low, high = growth
        lines.append(f"memory, kB a question after the warm-up: {slope:+.2f} (95% interval {low:+.2f} to {high:+.2f})")
    return "\n".join(lines)


def state_of(pid: int) -> tuple[float, int, int]:
    """Resident MB, threads and open files of a process."""
    lines = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":" in line)
    files = len(os.listdir(f"/proc/{pid}/fd"))
    return int(lines["VmRSS"].split()[0]) / 1000, int(lines["Threads"]), files


class Client:
    """One client with one connection, which it opens anew where it was closed."""

    def __init__(self, port: int, found: Found) -> None:
        self._port, self._found = port, found
        self._line: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._used = 0.0

    async def ask(self, question: str, mood: str, hangs_up: bool) -> None:
        """Send one question and note what comes back."""
        # The server ends a connection that nothing came over for 5 s. A question that is sent just then is never read.
        if self._line and (self._line[0].at_eof() or time.monotonic() - self._used > IDLE_S):
            self.close()
        if self._line is None:
            self._line = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._line
        body = json.dumps({"question": question}).encode()
        writer.write(f"POST /ask HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\nContent-Type: application/json\r\n"
                     f"Content-Length: {len(body)}\r\n\r\n".encode() + body)  # fmt: skip
        await writer.drain()
        self._found.sent += 1
        if hangs_up:
            self.close()
            return
        try:
            first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().lower().split("\r\n")
            fields = dict(line.split(": ", 1) for line in lines if line)
            reply = json.loads(await reader.readexactly(int(fields["content-length"])))
        except (OSError, asyncio.IncompleteReadError) as error:
            self._found.lost.append(f"{mood}: {type(error).__name__}")
            self.close()
            return
        self._used, status = time.monotonic(), int(first.split()[1])
        self._found.codes[mood][status] += 1
        self._found.given[reply["trace_id"]] = status
        if fields.get("connection") == "close":
            self.close()

    def close(self) -> None:
        """Close its connection."""
        if self._line:
            self._line[1].close()
        self._line = None


def asked_questions() -> list[str]:
    """The assistant's own question set, without what loads a model."""
    lines = (ROOT / "training" / "stack" / "assistant" / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["question"] for line in lines]


def free_port() -> int:
    """A port that nobody uses just now."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def served(folder: Path, port: int, teacher: int, thief: int, leak_kb: float = 0.0) -> subprocess.Popen[bytes]:
    """The command itself; every proxy of its environment is the thief. With ``leak_kb`` it forgets to free so much of
    each question.

    Raises:
        RuntimeError: it does not listen within 120 s.
    """
    (folder / "load.yaml").write_text(CONFIG.format(seconds=TIMEOUT_S, url=f"http://127.0.0.1:{teacher}/v1"))
    program = ["-c", LEAKING.format(bytes=int(1000 * leak_kb))] if leak_kb else ["-m", "training.stack.assistant"]
    command = [sys.executable, *program, "serve", "--port", str(port), "--config", str(folder / "load.yaml"),
               "--traces", str(folder / "traces.jsonl")]  # fmt: skip
    proxies = dict.fromkeys(("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"), f"http://127.0.0.1:{thief}")
    environment = {name: value for name, value in os.environ.items() if name.lower() != "no_proxy"} | ONE_ARENA
    with (folder / "said.txt").open("wb") as said:
        process = subprocess.Popen(command, cwd=ROOT, stderr=said, env=environment | proxies | {"TEACHER_KEY": KEY})
    deadline = time.monotonic() + 120
    while socket.socket().connect_ex(("127.0.0.1", port)) != 0:
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            raise RuntimeError(f"the assistant does not listen: {(folder / 'said.txt').read_text()}")
        time.sleep(0.05)
    return process


async def run(folder: Path, clients: int, requests: int, seed: int, leak_kb: float = 0.0) -> Found:
    """Serve, ask, stop, and read the traces.

    Args:
        folder: for the configuration, the traces and what the server says.
        clients: at once.
        requests: in all; at least one from each client in each of three rounds of moods.
        seed: of the questions and of who hangs up.
        leak_kb: planted for each question.
    """
    draw, found, thief = random.Random(seed), Found(), Thief()
    await thief.start()
    teacher, port = Teacher(thief, seed), free_port()
    await teacher.turn("kind")
    process = await asyncio.to_thread(served, folder, port, teacher.port, thief.port, leak_kb)
    probe = await asyncio.to_thread(HealthProbe, port)
    questions, started = asked_questions(), time.monotonic()
    callers = [Client(port, found) for _ in range(clients)]
    try:
        for _ in range(max(3, requests // (clients * len(MOODS)))):
            resident = []
            for mood in MOODS:
                await teacher.turn(mood)
                await asyncio.gather(*(caller.ask(draw.choice(questions), mood, draw.randrange(HANGS_UP) == 0)
                                       for caller in callers))  # fmt: skip
                megabytes, threads, files = state_of(process.pid)
                resident.append(megabytes)
            megabytes = sum(resident) / len(resident)
            found.state.append((megabytes, threads, files))
            print(f"{found.sent} questions, {time.monotonic() - started:.0f} s: {megabytes:.0f} MB, {threads} threads, "
                  f"{files} open files", file=sys.stderr, flush=True)  # fmt: skip
        found.seconds = time.monotonic() - started
        for caller in callers:
            caller.close()
        found.waits = await asyncio.to_thread(probe.stop)
    finally:
        process.terminate()
        await asyncio.to_thread(process.wait)
        teacher.stop()
        thief.stop()
    found.thief_met, found.keys, found.said = thief.came, teacher.keys, (folder / "said.txt").read_text()
    read_traces(folder / "traces.jsonl", found)
    return found


def read_traces(file: Path, found: Found) -> None:
    """Hold the traces on disk against what the clients got."""
    traces = Traces(file)
    found.open_traces = len(traces.unfinished())
    closed = {}
    for line in traces.read():
        found.events[line["event"]] += 1
        if line["event"] == "closed":
            closed[line["trace_id"]] = line["status"]
    found.closed_otherwise = sum(closed.get(trace) != status for trace, status in found.given.items())
    found.key_in_traces = KEY in file.read_text()


def main() -> int:
    """Run it and print what was seen."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--leak", type=float, default=0.0, help="kB that the server shall keep of each question")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(run(Path(folder), args.clients, args.requests, args.seed, args.leak))
    print(table(found))
    faults = broken(found)
    print("\n".join(f"BROKEN: {line}" for line in faults) or "every promise held")
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())
