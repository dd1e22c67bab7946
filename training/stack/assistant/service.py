"""``POST /ask``: an answer with its places, a refused flag and a trace id; every question leaves a trace on disk."""

from __future__ import annotations

import json
import time
from contextlib import suppress

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from training.data.retrieval.search import Index
from training.stack.assistant.models import ModelDown
from training.stack.assistant.reply import Fallback, Model, reply
from training.stack.assistant.reply_json import as_json
from training.stack.assistant.settings import Settings
from training.stack.assistant.traces import Traces

MOST_BYTES, MOST_CHARACTERS = 16_384, 2_000


class Refused(Exception):
    """A request that cannot be answered as it stands: status and one plain line."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


async def question_of(request: Request) -> str:
    """The question in a request's body, read no further than allowed.

    Raises:
        Refused: too large, not JSON, no question, or a wrong type.
    """
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MOST_BYTES:
            raise Refused(413, f"the request is larger than {MOST_BYTES} bytes; ask a shorter question")
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


def make_app(index: Index, settings: Settings, model: Model | None, traces: Traces,
             fallback: Fallback | None = None) -> FastAPI:  # fmt: skip
    """The application over one index, one way of answering, and one file of traces."""
    app = FastAPI(title="Docs assistant", docs_url=None, redoc_url=None)

    @app.get("/health")
    def health() -> dict:
        return {"status": "ok", "passages": len(index.passages), "answers": settings.name}

    @app.post("/ask")
    async def ask(request: Request) -> JSONResponse:
        trace, start = "", time.perf_counter()
        try:
            try:
                question = await question_of(request)
            except Refused:
                trace = traces.begin(question=None)
                raise
            trace = await run_in_threadpool(traces.begin, question=question)
            answer = await run_in_threadpool(reply, question, index, settings, model, fallback)
            status, body = 200, as_json(answer)
            spent = {"tokens_in": answer.tokens_in, "tokens_out": answer.tokens_out, "dropped": answer.dropped,
                     "handed_on": answer.handed_on}  # fmt: skip
        except Refused as problem:
            status, body, spent = problem.status, {"error": str(problem)}, {}
        except ModelDown as problem:
            status, body, spent = 503, {"error": str(problem)}, {}
        except ClientDisconnect:
            status, body, spent = 499, {"error": "the client went away"}, {}
            trace = trace or traces.begin(question=None)
        except Exception as problem:  # a fault of ours: closed in the trace, named by its kind only
            status, body, spent = 500, {"error": f"internal error ({type(problem).__name__}); see the trace"}, {}
            trace = trace or traces.begin(question=None)
        seconds = round(time.perf_counter() - start, 6)
        await run_in_threadpool(traces.end, trace, status=status, seconds=seconds, **spent, **body)
        return JSONResponse({**body, "trace_id": trace}, status_code=status)

    return app


def serve(app: FastAPI, port: int) -> None:
    """Serve on this machine only until stopped."""
    import uvicorn

    with suppress(KeyboardInterrupt):
        uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning")
