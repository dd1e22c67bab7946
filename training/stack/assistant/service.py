"""``POST /ask``: an answer with its places, a refused flag and a trace id; every question leaves a trace on disk.

Only programs on this machine may ask: the request must be JSON (which a foreign web page cannot send without asking
first), its Host must be this machine, and an Origin, where there is one, too. Answers are written by a bounded number
of threads, so that a model that does not answer holds up neither ``/health`` nor the end of the server.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

import uvicorn
from anyio import CapacityLimiter, to_thread
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import ClientDisconnect

from training.data.retrieval.search import Index
from training.run.endpoint import chat_call
from training.stack.assistant.models import ModelDown
from training.stack.assistant.patient_protocol import PatientProtocol
from training.stack.assistant.reply import Fallback, Model, reply
from training.stack.assistant.reply_json import as_json
from training.stack.assistant.settings import Settings
from training.stack.assistant.traces import NoTrace, Traces

MOST_BYTES, MOST_CHARACTERS = 16_384, 2_000
BODY_S = 10.0  # seconds that a client may take to send its question
WRITERS, WAITING = 32, 256  # answers in the making, and questions that wait for one of them
STOP_S = 3  # seconds that answers in the making are given when the server is asked to stop
SWITCH_S = 0.0005  # after which a writer's thread lets another run: ten times Python's own, so that /health waits less
HOSTS = ["127.0.0.1", "localhost", "[::1]", "testserver"]


class Refused(Exception):
    """A request that cannot be answered as it stands: status and one plain line."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


async def question_of(request: Request) -> str:
    """The question in a request's body, read no further and no longer than allowed.

    Raises:
        Refused: from elsewhere, too large, too slow, not JSON, no question, or a wrong type.
    """
    origin = request.headers.get("origin")
    if origin and (urlsplit(origin).netloc != request.headers.get("host")):
        raise Refused(403, "a page of another site may not ask here")
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise Refused(415, 'send {"question": "..."} with the header Content-Type: application/json')
    try:
        async with asyncio.timeout(BODY_S):
            body = await _body(request)
    except TimeoutError:
        raise Refused(408, f"the question did not arrive within {BODY_S:g} s") from None
    try:
        asked = json.loads(body)
    except (ValueError, RecursionError):
        raise Refused(400, 'the body is not JSON; send {"question": "..."}') from None
    question = asked.get("question") if isinstance(asked, dict) else None
    if not isinstance(question, str):
        raise Refused(422, 'send {"question": "..."} with a text as its value')
    if not question.strip():
        raise Refused(422, "the question is empty")
    if len(question) > MOST_CHARACTERS:
        raise Refused(422, f"the question is longer than {MOST_CHARACTERS} characters")
    return question


async def _body(request: Request) -> bytes:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MOST_BYTES:
            raise Refused(413, f"the request is larger than {MOST_BYTES} bytes; ask a shorter question")
    return body


class Writers:
    """The threads that write answers: so many at once, so many waiting, and the rest is told to come again."""

    def __init__(self) -> None:
        self._limit = CapacityLimiter(WRITERS)
        self._waiting = 0

    async def run(self, write: Callable[..., Any], *arguments: Any) -> Any:
        """Run it in a thread.

        Raises:
            Refused: too many wait already.
        """
        if self._waiting >= WAITING:
            raise Refused(503, "too many questions are waiting; ask again in a moment")
        self._waiting += 1
        try:
            return await to_thread.run_sync(write, *arguments, limiter=self._limit)
        finally:
            self._waiting -= 1


@asynccontextmanager
async def until_stopped(app: FastAPI) -> AsyncGenerator[None]:
    """When the server stops, calls of an endpoint end at once, so that no thread keeps the process alive."""
    yield
    chat_call.cancel_all()


def make_app(index: Index, settings: Settings, model: Model | None, traces: Traces,
             fallback: Fallback | None = None) -> FastAPI:  # fmt: skip
    """The application over one index, one way of answering, and one file of traces."""
    app = FastAPI(title="Docs assistant", docs_url=None, redoc_url=None, openapi_url=None, lifespan=until_stopped)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=HOSTS, www_redirect=False)
    writers, disk = Writers(), CapacityLimiter(8)

    @app.get("/health")
    async def health() -> dict:
        return {"status": "ok", "passages": len(index.passages), "answers": settings.name}

    async def note(write: Callable[..., Any], *arguments: Any) -> Any:
        return await to_thread.run_sync(write, *arguments, limiter=disk)

    @app.post("/ask")
    async def ask(request: Request) -> JSONResponse:
        trace, start = "", time.perf_counter()
        spent: dict[str, Any] = {}
        try:
            try:
                question = await question_of(request)
            except Refused:
                trace = await note(traces.begin, None)
                raise
            trace = await note(traces.begin, question)
            answer = await writers.run(reply, question, index, settings, model, fallback)
            status, body = 200, as_json(answer)
            spent = {"tokens_in": answer.tokens_in, "tokens_out": answer.tokens_out, "dropped": answer.dropped,
                     "handed_on": answer.handed_on}  # fmt: skip
        except Refused as problem:
            status, body = problem.status, {"error": str(problem)}
        except ModelDown as problem:
            status, body = 503, {"error": str(problem)}
        except NoTrace as problem:
            return JSONResponse({"error": str(problem), "trace_id": ""}, status_code=507)
        except ClientDisconnect:
            status, body = 499, {"error": "the client went away"}
        except Exception as problem:  # a fault of ours: closed in the trace, named by its kind only
            status, body = 500, {"error": f"internal error ({type(problem).__name__}); see the trace"}
        seconds = round(time.perf_counter() - start, 6)
        with suppress(NoTrace):  # the question stands in the file already; its answer goes out all the same
            trace = trace or await note(traces.begin, None)
            await note(traces.end, trace, {"status": status, "seconds": seconds, **spent, **body})
        return JSONResponse({**body, "trace_id": trace}, status_code=status)

    return app


def serve(app: FastAPI, port: int) -> None:
    """Serve on this machine only until stopped."""
    sys.setswitchinterval(SWITCH_S)
    with suppress(KeyboardInterrupt):
        uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning", http=PatientProtocol,
                    timeout_graceful_shutdown=STOP_S)  # fmt: skip
