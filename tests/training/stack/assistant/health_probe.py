"""How long ``GET /health`` takes, asked again and again: ``health_probe.py PORT`` until its input ends.

A program of its own, so that nothing that its caller does delays it. It also notes by how much its own sleeps are
late: so long does this machine let any program wait.
"""

from __future__ import annotations

import http.client
import json
import select
import subprocess
import sys
import time
from dataclasses import dataclass

PAUSE_S = 0.05


@dataclass(frozen=True)
class Waits:
    """Seconds of each answer of ``/health``, and by how much each sleep before it was late."""

    health: list[float]
    late: list[float]


def at(share: float, values: list[float]) -> float:
    """The value below which that share of them lies."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


class HealthProbe:
    """Ask a port's ``/health`` from now on until ``stop``."""

    def __init__(self, port: int) -> None:
        command = [sys.executable, __file__, str(port)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout and self._process.stdout.readline() == "asking\n"

    def stop(self) -> Waits:
        """End, and say what was seen.

        Raises:
            ValueError: the probe ended by itself, because an answer was none.
        """
        return Waits(**json.loads(self._process.communicate()[0]))


def asked(port: int) -> float:
    """Seconds that one answer takes, on a connection of its own."""
    start = time.perf_counter()
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    client.request("GET", "/health")
    reply = client.getresponse()
    assert reply.status == 200 and b'"ok"' in reply.read()
    client.close()
    return time.perf_counter() - start


def main() -> None:
    """Ask until the input ends."""
    port, health, late = int(sys.argv[1]), [], []
    print("asking", flush=True)
    while not select.select([sys.stdin], [], [], 0)[0]:
        start = time.perf_counter()
        time.sleep(PAUSE_S)
        late.append(time.perf_counter() - start - PAUSE_S)
        health.append(asked(port))
    json.dump({"health": health, "late": late}, sys.stdout)


if __name__ == "__main__":
    main()
