"""uvicorn's HTTP protocol with two limits that it lacks: on connections, and on the time until a request is there.

Without them idle connections use up the process's file descriptors, and each failed accept writes to the log.
"""

from __future__ import annotations

import asyncio
import resource
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_S = 10.0  # seconds from the connection to a request's whole head
SPARE = 64  # descriptors kept for files, the index and calls of a model


def most_connections() -> int:
    """How many connections the process can hold without running out of descriptors."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return max(8, min(1000, soft - SPARE) if soft != resource.RLIM_INFINITY else 1000)


class PatientProtocol(H11Protocol):
    """One connection."""

    MOST = most_connections()
    _waits: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Take it, unless there are too many, and wait for its first request for so long."""
        super().connection_made(transport)
        if len(self.connections) > self.MOST:
            transport.abort()
            return
        self._waits = self.loop.call_later(HEAD_S, self._close_if_idle)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        if self._waits:
            self._waits.cancel()
        super().connection_lost(exc)

    def _close_if_idle(self) -> None:
        if self.cycle is None and not self.transport.is_closing():
            self.transport.close()
