"""Answer questions to the labs as JSON-ready data: the same function natively and inside Pyodide.

A request is ``{"slug", "params"}`` for a lab's last frame (arrays in float64), or ``{"slug", "challenge", "seed",
"answers"}`` for a drawn task and a verdict on each answer. ``pyodide_run.mjs`` and the parity tests use it.
"""

from __future__ import annotations

import json
from typing import Any


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """The answer to one request; what a lab raises comes back as ``{"failure": sentence}``."""
    from labs_py import api

    try:
        if "challenge" in request:
            return _challenge(api, **request)
        frame = {}
        count = 0
        for frame in api.run(request["slug"], request.get("params"), dtype="float64"):  # noqa: B007
            count += 1
        return {"frames": count, "frame": json.loads(api.to_json(frame))}
    except Exception as error:
        return {"failure": f"{type(error).__name__}: {error}"}


def _challenge(api, slug: str, challenge: str, seed: int, answers: list[Any]) -> dict[str, Any]:
    task = api.draw(slug, challenge, seed)
    verdicts = [api.check(slug, challenge, seed, task.params, given) for given in answers]
    return {
        "prompt": task.prompt,
        "params": task.params,
        "verdicts": [{"result": verdict.result, "message": verdict.message} for verdict in verdicts],
    }


def answer_all(requests_text: str) -> str:
    """JSON list of answers to a JSON list of requests."""
    return json.dumps([answer(request) for request in json.loads(requests_text)], allow_nan=False)
