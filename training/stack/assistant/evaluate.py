"""The question set, the threshold of refusal, and the score of one way of answering."""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from labs_py.core.evidence import wilson
from training.data import pairs as pair_files
from training.data.retrieval.answer import Answer, supported
from training.data.retrieval.search import Index
from training.run import jsonl, machine
from training.run import record as run_record
from training.run.errors import BadInput
from training.stack.assistant.models import ModelDown
from training.stack.assistant.reply import Fallback, Model, reply, route
from training.stack.assistant.settings import Settings

QUESTIONS = Path(__file__).with_name("questions.jsonl")
BUCKETS, HALVES = ("answerable", "boundary", "out_of_scope"), ("calibration", "held_out")


@dataclass(frozen=True)
class Question:
    """One question of ours.

    Attributes:
        bucket: answerable from the pages; boundary (near the subject, and no page says it); or out of scope.
        question: as a reader would type it.
        places: addresses that answer it; none where a refusal is right.
        holds: a few words or a number that a right answer contains; empty where no single one does.
        half: ``calibration`` sets the threshold, ``held_out`` is scored; never trained on.
    """

    bucket: str
    question: str
    places: tuple[str, ...]
    holds: str
    half: str


@dataclass(frozen=True)
class Scored:
    """A question, its answer and the seconds that it took."""

    question: Question
    answer: Answer
    seconds: float


def read_questions(file: Path = QUESTIONS) -> list[Question]:
    """The question set.

    Raises:
        BadInput: naming the line that cannot be used.
    """
    found = []
    for number, row, fault in pair_files.parsed_lines(file):
        if fault:
            raise BadInput(f"{file}:{number}: {fault.code}: {fault.message}")
        try:
            fields: dict[str, Any] = {**row, "places": tuple(row["places"])}
            question = Question(**fields)
        except (TypeError, KeyError) as error:
            raise BadInput(f"{file}:{number}: not a question ({error})") from error
        if not all(isinstance(text, str) for text in (question.question, question.holds, *question.places)):
            raise BadInput(f"{file}:{number}: 'question', 'holds' and each of 'places' must be a text")
        if question.bucket not in BUCKETS or question.half not in HALVES:
            raise BadInput(f"{file}:{number}: unknown bucket or half")
        if bool(question.places) != (question.bucket == "answerable"):
            raise BadInput(f"{file}:{number}: places belong to answerable questions, and only to them")
        found.append(question)
    return found


# fmt: off
# --8<-- [start:calibrate]
def calibrate(confidences: Sequence[float], answerable: Sequence[bool]) -> float:
    """The threshold with the best mean of 'answers what it can' and 'refuses what it
    can't'; the lowest of equals.

    Raises:
        BadInput: all questions are answerable, or none is.
    """
    if len(set(answerable)) < 2:
        raise BadInput("calibration needs questions of both kinds")
    yes = [c for c, good in zip(confidences, answerable, strict=True) if good]
    no = [c for c, good in zip(confidences, answerable, strict=True) if not good]

    def balance(threshold: float) -> float:
        answered = sum(c >= threshold for c in yes) / len(yes)
        return answered + sum(c < threshold for c in no) / len(no)

    return max(
        (step / 100 for step in range(101)),
        key=lambda threshold: (balance(threshold), -threshold),
    )


# --8<-- [end:calibrate]
# fmt: on


def calibrated(index: Index, settings: Settings, questions: Sequence[Question]) -> float:
    """The threshold that the calibration half asks for."""
    half = [q for q in questions if q.half == "calibration"]
    hits = [index.search(q.question, settings.passages) for q in half]
    best = [max((hit.coverage for hit in found), default=0.0) for found in hits]
    return calibrate(best, [q.bucket == "answerable" for q in half])


def ask_all(questions: Sequence[Question], index: Index, settings: Settings, model: Model | None,
            clock: Callable[[], float] = time.perf_counter, half: str = "held_out") -> list[Scored]:  # fmt: skip
    """Ask one half, one question after the other, and hand nothing on.

    Raises:
        BadInput: the model went down on the way; half a comparison is none.
    """
    scored = []
    for question in (q for q in questions if q.half == half):
        start = clock()
        try:
            answer = reply(question.question, index, settings, model)
        except ModelDown as error:
            raise BadInput(f"evaluation broken off after {len(scored)} questions: {error}") from error
        scored.append(Scored(question, answer, clock() - start))
    return scored


def right(scored: Scored) -> bool:
    """Refused where nothing answers; else the expected words, or an expected section where there are none."""
    asked, answer = scored.question, scored.answer
    if not asked.places:
        return answer.refused
    return _holds(scored) if asked.holds else any(c.passage.address in asked.places for c in answer.cited)


def calibrate_router(scored: Sequence[Scored], fallback: Fallback) -> float:
    """How sure the model must be: with which threshold most answers of the calibration half come out right.

    Of equals the highest, which trusts the model least.
    """
    others = [right(replace(s, answer=fallback(s.question.question))) for s in scored]
    levels = sorted({0.0, 1.0, *(s.answer.sure for s in scored)})
    return max(levels, key=lambda least: (sum(other if _handed_on(s.answer, least) else right(s)
                                              for s, other in zip(scored, others, strict=True)), least))  # fmt: skip


def routed(scored: Sequence[Scored], least: float, fallback: Fallback,
           clock: Callable[[], float] = time.perf_counter) -> list[Scored]:  # fmt: skip
    """The same questions through the router; the model is not asked again, its seconds and tokens count."""
    found = []
    for s in scored:
        start = clock()
        answer = route(s.answer, s.question.question, least, fallback)
        found.append(Scored(s.question, answer, s.seconds + clock() - start))
    return found


def _handed_on(answer: Answer, least: float) -> bool:
    return route(answer, "", least, lambda _: answer).handed_on


def share(hits: Sequence[bool]) -> dict:
    """A rate with its count and Wilson interval; null without a single case."""
    if not hits:
        return {"value": None, "n": 0, "ci95": None}
    return {"value": sum(hits) / len(hits), "n": len(hits), "ci95": list(wilson(sum(hits), len(hits)))}


def measures(scored: Sequence[Scored], index: Index, settings: Settings) -> dict:
    """What the table shows of one way of answering."""
    can = [s for s in scored if s.question.places]
    cited = [(s, c) for s in scored for c in s.answer.cited]
    refused = [s for s in scored if s.answer.refused]
    found = [{hit.passage.address for hit in index.search(s.question.question, settings.passages)} for s in can]
    return {
        "passage_found": share([bool(seen & set(s.question.places)) for s, seen in zip(can, found, strict=True)]),
        "citation_correct": share([c.passage.address in s.question.places for s, c in cited if s.question.places]),
        "sentence_supported": share([supported(c.text, c.passage.text) for _, c in cited]),
        "exact": share([_holds(s) for s in can if s.question.holds]),
        "refusal_precision": share([not s.question.places for s in refused]),
        "refusal_recall": share([s.answer.refused for s in scored if not s.question.places]),
        **{f"refused_{bucket}": share([s.answer.refused for s in scored if s.question.bucket == bucket])
           for bucket in BUCKETS},
        "right": share([right(s) for s in scored]),
        **{f"pass_at_{k}": share([1 <= s.answer.passed <= k for s in scored if s.answer.tokens_out])
           for k in range(1, settings.tries + 1) if settings.form != "long"},
        **_spent(scored, settings),
    }  # fmt: skip


def _holds(scored: Scored) -> bool:
    text = " ".join(item.text for item in scored.answer.cited)
    return scored.question.holds.lower() in text.lower()


def _spent(scored: Sequence[Scored], settings: Settings) -> dict:
    seconds = sorted(s.seconds for s in scored)
    into, out = (statistics.fmean(getattr(s.answer, name) for s in scored) for name in ("tokens_in", "tokens_out"))
    priced = settings.price_in or settings.price_out
    return {
        "latency_p50": {"value": statistics.median(seconds), "n": len(seconds)},
        "latency_p95": {"value": seconds[min(len(seconds) - 1, int(0.95 * len(seconds)))], "n": len(seconds)},
        "tokens_in": {"value": into, "n": len(scored)},
        "tokens_out": {"value": out, "n": len(scored)},
        "cost_per_1000": {"value": (into * settings.price_in + out * settings.price_out) / 1000 if priced else None,
                          "n": len(scored)},
    }  # fmt: skip


def trained(settings: Settings) -> dict:
    """How the adapter came about, from the report of its run; {} where none lies beside it."""
    file = Path(settings.adapter).parent / "report.json"
    if not settings.adapter or not file.is_file():
        return {}
    found = jsonl.read_object(file, "take it away, or give the adapter's own")
    return {name: found[name] for name in ("run", "seeds", "data", "train", "eval", "regression", "gate")
            if name in found}  # fmt: skip


def evaluate(index: Index, settings: Settings, model: Model | None, out: Path, command: str,
             questions: Sequence[Question] | None = None, fallback: Fallback | None = None) -> dict:  # fmt: skip
    """Score one way of answering and write ``report.json`` and every answer under ``out``.

    With ``fallback`` two ways are scored: the model alone, and the router, whose threshold the calibration half sets.
    """
    out.mkdir(parents=True, exist_ok=True)  # before the questions, which take minutes
    questions = list(questions or read_questions())
    training = trained(settings)
    started, start = datetime.now(UTC).isoformat(timespec="seconds"), time.perf_counter()
    scored, more = ask_all(questions, index, settings, model), {}
    found = {"held_out": measures(scored, index, settings)}
    if fallback:
        known = ask_all(questions, index, settings, model, half="calibration")
        least = calibrate_router(known, fallback)
        handed = routed(scored, least, fallback)
        found |= {"calibration": measures(known, index, settings), "routed": measures(handed, index, settings)}
        asked = [s for s in handed if s.answer.tokens_out]
        more["router"] = {"sure_calibrated": least, "n_calibration": len(known),
                          "kept": share([not s.answer.handed_on for s in asked]),
                          "kept_right": share([right(s) for s in asked if not s.answer.handed_on]),
                          "handed_on_right": share([right(s) for s in asked if s.answer.handed_on])}  # fmt: skip
    sha, dirty = machine.commit()
    seed = training.get("seeds", {}).get("init", "none drawn")
    report = {
        "run": {"id": f"assistant-{settings.name}" + (f"-s{seed}" if training else ""), "command": command,
                "commit": sha, "dirty": dirty, "status": "dirty" if dirty else "main", "started": started,
                "seconds": time.perf_counter() - start, "seed": seed},
        "environment": machine.environment("bfloat16" if settings.backend == "local" else ""),
        "data": {"questions": len(questions), "held_out": len(scored), "passages": len(index.passages)},
        "settings": {**settings.model_dump(), "threshold_calibrated": calibrated(index, settings, questions)},
        "eval": found,
        **more,
        **({"training": training} if training else {}),
    }  # fmt: skip
    lines = [{"question": s.question.question, "bucket": s.question.bucket, "refused": s.answer.refused,
              "confidence": s.answer.confidence, "sure": s.answer.sure, "passed": s.answer.passed,
              "seconds": s.seconds, "dropped": s.answer.dropped,
              "cited": [[c.text, c.passage.address] for c in s.answer.cited]} for s in scored]  # fmt: skip
    (out / "predictions.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    (out / "report.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    return report


def run(index: Index, settings: Settings, model: Model | None, out: Path, record: bool, command: str,
        fallback: Fallback | None = None) -> int:  # fmt: skip
    """Evaluate, print the table, and keep the record when asked to."""
    report = evaluate(index, settings, model, out, command, fallback=fallback)
    for arm, table in report["eval"].items():
        print(arm)
        for name, found in table.items():
            value = "none" if found["value"] is None else f"{found['value']:.4g}"
            print(f"  {name:20} {value:>8}  n = {found['n']}")
    asked = [("threshold", settings.threshold, report["settings"]["threshold_calibrated"])]
    asked += [("sure", settings.sure, report["router"]["sure_calibrated"])] if fallback else []
    for name, given, wanted in asked:
        if abs(wanted - given) > 5e-3:
            print(f"the calibration half asks for {name} {wanted:.4g}, the configuration says {given}", file=sys.stderr)
    if record:
        print(run_record.keep(report, report["run"]["id"], run_record.RECORDS_FOLDER))
    return 0
