"""LoRA on the tiny GPT, live: it learns a question that it was never asked, and the lab shows what it forgets."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator
from typing import Any

import numpy as np

from labs_py.core import tiny_gpt, tiny_story
from labs_py.labs.finetune import tiny_model, training_run
from labs_py.spec import Result

State = tuple[dict[str, float], dict[str, np.ndarray], dict[str, str]]
Measuring = Generator[None, None, tiny_model.Marks]
_kept: dict[str, Any] = {}


def forget() -> None:
    """Drop the base and the stopped run."""
    _kept.clear()


def compute(params: dict[str, Any]) -> Iterator[Result]:
    """One state without training; with it, states as the run goes on."""
    try:
        _prepare()
    except LookupError as problem:
        yield _nothing(params, str(problem))
        return
    base = _kept["base"]
    if not params["train"]:
        yield _result(_state(params, None), 1, 1)
        return
    yield from _trained(base, params)


def _prepare() -> None:
    """Loads and measures the base once."""
    if "before" in _kept:
        return
    base = tiny_model.load()
    marks = tiny_model.finish(tiny_model.measure(base, base.weights))
    _kept.update(base=base, before=marks, answers=tiny_model.answers(base, base.weights))


def _resumed(base: tiny_model.Base, params: dict[str, Any]) -> training_run.Run:
    """The stopped run of the same settings, or a new one."""
    key, run = _kept.get("stopped", (None, None))
    if key != training_run.settings_key(params) or len(run.losses) >= params["steps"]:
        run = training_run.begin(base, params)
        run.marks.append((0, _kept["before"]))
    _kept["stopped"] = (training_run.settings_key(params), run)
    return run


def _trained(base: tiny_model.Base, params: dict[str, Any]) -> Iterator[Result]:
    run, total = _resumed(base, params), params["steps"]
    trouble: dict[str, str] = {}
    while len(run.losses) < total:
        if not run.step(params["mask_prompt"], params["with_stop"]):
            rate = params["learning_rate"]
            trouble = {"error:learning_rate": f"The loss ran away at a learning rate of {rate:g}; the run ends there."}
            break
        done = len(run.losses)
        if (done % training_run.EVERY == 0 or done == total) and run.marks[-1][0] < done:
            work = tiny_model.measure(base, run.merged())
            for _ in work_through(work, run, done):
                yield _result(_state(params, run), done, total)
        yield _result(_state(params, run), done, total)
    scalars, arrays, texts = _state(params, run)
    _kept.pop("stopped")
    if not trouble:
        texts |= _finished(base, run, params)
    yield Result(scalars, arrays, texts | trouble, total, total)


def _result(state: State, done: int, total: int) -> Result:
    scalars, arrays, texts = state
    return Result(scalars, arrays, texts, done, total)


def work_through(work: Measuring, run: training_run.Run, step: int) -> Iterator[None]:
    """Pass on the pauses of a measurement; its result goes to the run."""
    run.marks.append((step, (yield from work)))


def _finished(base: tiny_model.Base, run: training_run.Run, params: dict[str, Any]) -> dict[str, str]:
    """Answers now, and the adapter's file."""
    texts = {"samples": _samples(tiny_model.answers(base, run.merged()))}
    if run.adapter:
        texts["adapter"] = training_run.adapter_file(run.adapter, params)
    return texts


def _samples(now: list[str] | None) -> str:
    """Story, wanted moral, answer before and now, as JSON for the lab's own view."""
    base, rows = _kept["base"], []
    for i, (prompt, wanted) in enumerate(base.unseen[: tiny_model.SHOWN]):
        story = base.vocabulary.decode(prompt).removesuffix(tiny_story.QUESTION)
        moral = base.vocabulary.decode(wanted).strip()
        rows.append({"story": story, "wanted": moral, "before": _kept["answers"][i], "now": now[i] if now else ""})
    return json.dumps(rows)


def _state(params: dict[str, Any], run: training_run.Run | None) -> State:
    """Scalars, arrays and texts of the base (no run) or of a run's state."""
    shape, before = _kept["base"].shape, _kept["before"]
    now = run.marks[-1][1] if run else before
    scalars = {
        "exact_before": before.exact,
        "exact": now.exact,
        "words": now.words,
        "old_loss_before": before.old_loss,
        "old_loss": now.old_loss,
        **_counts(shape, params),
    }
    if run and run.losses:
        scalars["loss_now"] = float(np.mean(run.losses[-training_run.EVERY :]))
    if run is None:
        return scalars, {}, {"samples": _samples(None), "status": _status(scalars, 0)}
    step = np.array([step for step, _ in run.marks], dtype=float)
    arrays = {
        "loss": np.array(run.losses),
        "step": step,
        "exact_curve": 100 * np.array([m.exact for _, m in run.marks]),
        "words_curve": 100 * np.array([m.words for _, m in run.marks]),
        "old_curve": np.array([m.old_loss for _, m in run.marks]),
        "old_base": np.full(len(step), before.old_loss),
    }
    return scalars, arrays, _texts(scalars, run)


def _counts(shape: tiny_gpt.Shape, params: dict[str, Any]) -> dict[str, float]:
    total = tiny_gpt.count_model(shape)
    trained = tiny_gpt.count_adapter(shape, params["rank"]) if params["method"] == "lora" else total
    return {"trainable": trained, "total": total, "trainable_share": trained / total, "saved_bytes": 4.0 * trained}


def _texts(scalars: dict[str, float], run: training_run.Run) -> dict[str, str]:
    first, last = (run.losses[0], run.losses[-1]) if run.losses else (float("nan"),) * 2
    return {
        "status": _status(scalars, len(run.losses)),
        "summary:loss": f"Loss {first:.3g} at the first step, {last:.3g} at step {len(run.losses)}.",
        "summary:score": f"Exact answers: {scalars['exact_before']:.0%} before, {scalars['exact']:.0%} at the last "
        "measurement.",
        "summary:old": f"Loss on old stories: {scalars['old_loss_before']:.3g} before, {scalars['old_loss']:.3g} now.",
    }


def _status(scalars: dict[str, float], steps: int) -> str:
    return (
        f"After {steps} steps: {scalars['exact']:.0%} of {tiny_model.ASKED} held-out stories answered exactly "
        f"(base {scalars['exact_before']:.0%}); loss on old stories {scalars['old_loss']:.3g} nats."
    )


def _nothing(params: dict[str, Any], problem: str) -> Result:
    """The lab without its model: counts need none."""
    texts = {"error:method": f"{problem} Reload the page to try again.", "status": problem, "samples": "[]"}
    return Result(_counts(tiny_gpt.Shape(vocabulary=252), params), {}, texts, 1, 1)
