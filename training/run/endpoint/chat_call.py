"""One call of an OpenAI-compatible endpoint: within a deadline, to that host alone, and with a bound on its answer.

The key goes to the address that was configured and nowhere else: a redirect is not followed, and an address on this
machine is never asked through a proxy. The deadline holds for the whole call, however slowly the bytes come.
"""

from __future__ import annotations

import asyncio
import ipaddress
import json
import math
import os
import ssl
import threading
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import urlsplit, urlunsplit

MOST_BYTES = 2_000_000  # of an endpoint's reply; a chat completion of 8,000 tokens has some 40,000
MOST_CHARACTERS = 20_000  # of a completion that is read any further
BUSY = (429, 500, 502, 503)
FIRST_WAIT_S = 1.0  # before a busy endpoint is asked again; each further wait is twice as long
_READING = threading.Lock()  # held while the certificates are read, once


class NoAnswer(OSError):
    """The endpoint does not answer; the message says why, and names no password."""


class Refused(NoAnswer):
    """It answers, and not to this call: a redirect, a wrong name or key. Asking again changes nothing."""


class NoCompletion(ValueError):
    """What came back is no chat completion."""


@dataclass(frozen=True)
class Completion:
    """What an endpoint wrote.

    Attributes:
        text: at most ``MOST_CHARACTERS`` characters of it.
        tokens_in, tokens_out: as the endpoint counted them; 0 where it does not say.
        finished: it ended by itself.
        logprobs: of its tokens, natural logarithm; empty where it does not say.
    """

    text: str
    tokens_in: int
    tokens_out: int
    finished: bool
    logprobs: tuple[float, ...] = ()


def shown(url: str) -> str:
    """An address without the name and the password that may stand in it."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=host))


def is_loopback(url: str) -> bool:
    """Whether the address is this machine's own."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def complete(url: str, body: dict[str, Any], key_from: str, timeout_s: float, tries: int = 1) -> Completion:
    """Ask ``URL/chat/completions``.

    Args:
        url: base address, as in http://127.0.0.1:8001/v1.
        body: of the request.
        key_from: environment variable that holds the key; empty for none.
        timeout_s: seconds for each try, from the first byte sent to the last one read.
        tries: how often a busy endpoint is asked, after waits of 1, 2, 4, ... seconds.

    Raises:
        NoAnswer: no connection, no answer in time, or an error status.
        Refused: a redirect, or a status that says the call itself is wrong.
        NoCompletion: no JSON, JSON of another shape, or more than ``MOST_BYTES``.
    """
    return _RUNNING.run(_patiently(url, body, key_from, timeout_s, tries))


def cancel_all() -> None:
    """End all calls in flight, each with a NoAnswer: the process is asked to stop."""
    _RUNNING.cancel()


async def _patiently(url: str, body: dict[str, Any], key_from: str, timeout_s: float, tries: int) -> Completion:
    import httpx2  # only those who call an endpoint load it

    for left in reversed(range(tries)):
        try:
            async with asyncio.timeout(timeout_s):
                status, content = await _post(url, body, key_from)
        except TimeoutError:
            raise NoAnswer(f"no whole answer within {timeout_s:g} s") from None
        except httpx2.HTTPError as error:
            raise NoAnswer(str(error) or type(error).__name__) from None
        if status < 300:
            return _read(content)
        if not left or status not in BUSY:
            raise _refusal(status)
        await asyncio.sleep(FIRST_WAIT_S * 2 ** (tries - 1 - left))
    raise NoAnswer("it was never asked")


async def _post(url: str, body: dict[str, Any], key_from: str) -> tuple[int, bytes]:
    import httpx2

    content = b""
    from_environment = not is_loopback(url)
    with _READING:
        certificates = _certificates(from_environment)
    async with (
        httpx2.AsyncClient(
            follow_redirects=False, trust_env=from_environment, timeout=None, verify=certificates
        ) as client,
        client.stream(
            "POST", f"{url.rstrip('/')}/chat/completions", json=body, headers=_authorization(key_from)
        ) as response,
    ):
        async for part in response.aiter_bytes():
            content += part
            if len(content) > MOST_BYTES:
                raise NoCompletion(f"more than {MOST_BYTES} bytes")
        return response.status_code, content


@cache
def _certificates(from_environment: bool) -> ssl.SSLContext:
    """Whom a host is believed by; read once, since reading takes some 35 ms in which no other thread runs."""
    import httpx2

    return httpx2.create_ssl_context(trust_env=from_environment)


def _authorization(key_from: str) -> dict[str, str]:
    """The header with the key; a key that no header takes is named without being shown."""
    key = os.environ.get(key_from, "").strip() if key_from else ""
    if not (key.isascii() and key.isprintable()):
        raise NoAnswer(f"the key in {key_from} holds a character that no header takes")
    return {"Authorization": f"Bearer {key}"} if key else {}


def _refusal(status: int) -> NoAnswer:
    if 300 <= status < 400:
        return Refused(f"status {status}: it sends us to another address; put that address into the setting")
    return Refused(f"status {status}") if status < 500 and status not in BUSY else NoAnswer(f"status {status}")


def _read(content: bytes) -> Completion:
    try:
        found = json.loads(content)
        choice, usage = found["choices"][0], found.get("usage") or {}
        text, tokens = choice["message"]["content"], (choice.get("logprobs") or {}).get("content") or ()
        if not isinstance(text, str | None):
            raise TypeError(f"the content is {type(text).__name__}")
        logprobs = tuple(float(token["logprob"]) for token in tokens)
        if any(math.isnan(logprob) for logprob in logprobs):
            raise ValueError("a token's log-probability is no number")
        return Completion((text or "").strip()[:MOST_CHARACTERS], _count(usage, "prompt_tokens"),
                          _count(usage, "completion_tokens"), choice.get("finish_reason") == "stop",
                          logprobs)  # fmt: skip
    except (ValueError, OverflowError, RecursionError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise NoCompletion(str(error)) from error


def _count(usage: dict[str, Any], name: str) -> int:
    return max(0, int(usage.get(name) or 0))


class _Running:
    """The calls in flight, each on an event loop of its own thread, so that all can be ended at once."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task] = set()
        self._lock = threading.Lock()

    def run(self, coroutine: Any) -> Any:
        """Wait for a coroutine from a thread that has no loop."""

        async def watched() -> Any:
            task = asyncio.ensure_future(coroutine)
            with self._lock:
                self._tasks.add(task)
            try:
                return await task
            except asyncio.CancelledError:
                raise NoAnswer("the call was ended, since this program stops") from None
            finally:
                with self._lock:
                    self._tasks.discard(task)

        return asyncio.run(watched())

    def cancel(self) -> None:
        """End them; safe from any thread."""
        with self._lock:
            for task in self._tasks:
                task.get_loop().call_soon_threadsafe(task.cancel)


_RUNNING = _Running()
