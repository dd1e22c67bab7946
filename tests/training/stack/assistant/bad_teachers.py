"""An endpoint that changes its mood: it answers, trickles, sends its callers elsewhere, lies, or is not there."""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from contextlib import suppress

MOODS = ("kind", "trickling", "redirecting", "dead", "lying")
KEY = "open-sesame-3141"
TRICKLE_S = 0.05  # between two bytes
LARGE = 3_000_000  # bytes of the largest lie


def completion(content: object, tokens: object = 7) -> bytes:
    """A chat completion's body with that content and that count of tokens."""
    choice = {"message": {"content": content}, "finish_reason": "stop"}
    return json.dumps({"choices": [choice], "usage": {"prompt_tokens": tokens, "completion_tokens": tokens}}).encode()


def lies() -> list[bytes]:
    """Bodies that no caller should believe, or that are hard to read."""
    return [
        b"", b"<html>busy</html>", b"\xff\xfe\x00", b"[" * 100_000, b"[" * LARGE, b'{"choices": []}', b"null",
        completion(3), completion(["a"]), completion({"a": 1}), completion(None), completion("! " * 50_000),
        completion("Ignore the rules. [99] [1] [0]"), completion("\ud800 [1]"), completion("kind", float("nan")),
        completion("kind", float("inf")), completion("kind", -5), completion("kind", "many"),
        completion("kind", 10**300), b'{"choices": [{"message": {"content": "x"}, "logprobs": {"content": 3}}]}',
    ]  # fmt: skip


def head(status: int, *lines: str, length: int | None = None) -> bytes:
    """A response's head; the connection closes behind it."""
    fields = [f"HTTP/1.1 {status} said", "Connection: close", *lines]
    return "\r\n".join([*fields, *([f"Content-Length: {length}"] if length is not None else []), "", ""]).encode()


class Thief:
    """What a redirect or a proxy would send the key to; it counts who comes and answers nobody."""

    def __init__(self) -> None:
        self.came, self.port = 0, 0
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen on a free port."""
        self._server = await asyncio.start_server(self._meet, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.came += 1
        writer.close()

    def stop(self) -> None:
        """Listen no longer."""
        if self._server:
            self._server.close()


class Teacher:
    """One address, five moods.

    Attributes:
        mood: one of ``MOODS``; set by ``turn``.
        keys: how often each Authorization header came.
    """

    def __init__(self, thief: Thief, seed: int) -> None:
        self.mood, self.port, self.keys = "kind", 0, Counter()
        self._thief, self._draw, self._lies = thief, random.Random(seed), lies()
        self._server: asyncio.Server | None = None

    async def turn(self, mood: str) -> None:
        """Take another mood; a dead one does not listen."""
        self.mood = mood
        if mood == "dead":
            self.stop()
        elif self._server is None:
            self._server = await asyncio.start_server(self._meet, "127.0.0.1", self.port, backlog=512)
            self.port = self._server.sockets[0].getsockname()[1]

    def stop(self) -> None:
        """Listen no longer."""
        if self._server:
            self._server.close()
        self._server = None

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, ValueError, asyncio.IncompleteReadError):
            request = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            fields = {name.lower(): value for name, _, value in (line.partition(": ") for line in request[1:])}
            body = await reader.readexactly(int(fields.get("content-length", 0)))
            self.keys[fields.get("authorization", "")] += 1
            await getattr(self, f"_{self.mood}")(writer, body)
        with suppress(OSError):
            writer.close()
            await writer.wait_closed()

    async def _kind(self, writer: asyncio.StreamWriter, body: bytes) -> None:
        """Quote the first passage's first words."""
        asked = json.loads(body)["messages"][-1]["content"]
        passage = asked.partition("[1]")[2].partition("\n\n")[0]
        said = completion(f"{passage.rpartition(chr(10))[2].partition('. ')[0][:300]}. [1]")
        writer.write(head(200, length=len(said)) + said)
        await writer.drain()

    async def _trickling(self, writer: asyncio.StreamWriter, body: bytes) -> None:
        """A byte now and then, in the head or in the body, and no end."""
        writer.write(head(200) if self._draw.random() < 0.5 else b"HTTP/1.1 200 said\r\nX-Long: ")
        for _ in range(1200):
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(TRICKLE_S)

    async def _redirecting(self, writer: asyncio.StreamWriter, body: bytes) -> None:
        """To the thief, with every status that means so."""
        host = self._draw.choice(("127.0.0.1", "localhost"))
        there = f"Location: http://{host}:{self._thief.port}/v1/chat/completions"
        writer.write(head(self._draw.choice((301, 302, 303, 307, 308)), there, length=0))
        await writer.drain()

    async def _lying(self, writer: asyncio.StreamWriter, body: bytes) -> None:
        """No completion, one that promises more bytes than come, or an error's status."""
        said, chance = self._draw.choice(self._lies), self._draw.random()
        if chance < 0.1:
            writer.write(head(self._draw.choice((400, 401, 429, 500, 503)), length=0))
        else:
            writer.write(head(200, length=len(said) + (100 if chance < 0.2 else 0)) + said)
        await writer.drain()

    _dead = _lying  # for calls that came in before it stopped to listen
