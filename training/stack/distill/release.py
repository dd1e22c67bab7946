"""From answers to a verdict: scores, what is saved with all requests counted, and whether the student may go out."""

from __future__ import annotations

import numpy as np

from labs_py.core import evidence
from labs_py.core.tuning_facts import handed_on_saving, requests_to_pay_back
from training.data import splits
from training.data.tasks import base as task_base
from training.evaluation import gate, score
from training.run.errors import INCONCLUSIVE, NO_GAIN, SHIP
from training.run.folder import RunFolder
from training.stack.completion_clients import Reply
from training.stack.distill.seeds import asked
from training.stack.distill.settings import StackConfig

NEVER = 2.0  # a threshold that no confidence reaches


def share(hits: list[bool]) -> dict:
    """A rate with its count and Wilson's interval; null without a single case."""
    if not len(hits):
        return {"value": None, "n": 0, "ci95": None}
    return {"value": sum(hits) / len(hits), "n": len(hits), "ci95": list(evidence.wilson(sum(hits), len(hits)))}


def scored(task: task_base.Task, rows: list[dict], answers: list[list[Reply]]) -> list[dict]:
    """The last of each row's tries against the reference, and by the verifier."""
    return [{**task.score(tries[-1].text, task_base.target(row)), "stopped": float(tries[-1].finished),
             "verified": float(not task.verify(asked(row), tries[-1].text)),
             "answer_tokens": float(tries[-1].tokens_out)}
            for row, tries in zip(rows, answers, strict=True)]  # fmt: skip


# fmt: off
# --8<-- [start:economics]
def economics(
    answers: dict, taken: list[bool], config: StackConfig, generated: int
) -> dict:
    """Tokens and money of a request by each way of answering;
    the router's saving is of all requests, not per call.

    Args:
        answers: by arm, the tries for each row; all tries are paid for.
        taken: which of the student's answers go out;
            for the others the teacher is paid as well.
        config: for the prices.
        generated: tokens that the teacher took for the training rows.
    """
    t = config.teacher
    prices = {
        "teacher": (t.price_in, t.price_out),
        "teacher_one": (t.price_in, t.price_out),
    }
    read, wrote, cost = {}, {}, {}
    for arm, rows in answers.items():
        read[arm] = np.array(
            [sum(one.tokens_in for one in tries) for tries in rows], float
        )
        wrote[arm] = np.array(
            [sum(one.tokens_out for one in tries) for tries in rows], float
        )
        price = prices.get(arm, (config.student_price_in, config.student_price_out))
        cost[arm] = (read[arm] * price[0] + wrote[arm] * price[1]) / 1000
    handed = ~np.array(taken)
    # The student is always asked, and where it is not trusted the teacher as well
    for part in (read, wrote, cost):
        part["routed"] = part["tuned"] + handed * part["teacher"]
    tokens = {arm: float((read[arm] + wrote[arm]).mean()) for arm in read}
    saved, kept = tokens["teacher"] - tokens["tuned"], float(np.mean(taken))
    return {
        "tokens": tokens,
        "cost_per_1000": {arm: float(found.mean()) for arm, found in cost.items()},
        "share_taken": kept,
        "times_fewer_per_call": tokens["teacher"] / tokens["tuned"],
        "times_fewer_than_one_try": tokens["teacher_one"] / tokens["tuned"],
        "times_fewer_routed": tokens["teacher"] / tokens["routed"],
        "times_fewer_if_rows_cost_alike": handed_on_saving(
            kept, tokens["tuned"] / tokens["teacher"]
        ),
        "teacher_tokens_for_data": generated,
        "requests_to_pay_back": requests_to_pay_back(generated, saved)
        if saved > 0
        else None,
    }


# --8<-- [end:economics]
# fmt: on


# fmt: off
# --8<-- [start:gate]
def decide(
    verdict: dict, behind: tuple, routed: tuple, fewer: float, margin: float
) -> dict:
    """Ship, ship behind a router, or don't: the common gate first,
    then the distance to the teacher.

    Args:
        verdict: of the gate: a gain over the better base prompt,
            and nothing else worse by more than its margin.
        behind, routed: student, and student with router, minus the teacher:
            mean and bounds, as shares.
        fewer: how many times fewer tokens the routed whole takes than the teacher.
        margin: how far behind is allowed, as a share.
    """

    def said(who: str, d: tuple) -> str:
        return (
            f"{who} {d[0] * 100:+.1f} points against the teacher with all its tries "
            f"(95% interval {d[1] * 100:+.1f} to {d[2] * 100:+.1f}, "
            f"allowed -{margin * 100:g})"
        )

    if verdict["exit_code"] != SHIP:
        return {
            **verdict,
            "release": "don't ship",
            "sentence": f"Don't ship. {verdict['sentence']}",
        }
    if behind[1] >= -margin:
        return {
            **verdict,
            "release": "ship",
            "sentence": f"Ship: {said('student', behind)}.",
        }
    if routed[1] >= -margin and fewer > 1:
        return {
            **verdict,
            "release": "ship behind a router",
            "sentence": f"Ship behind the router: {said('alone', behind)}; "
            f"{said('routed', routed)}, {fewer:.1f} times fewer tokens.",
        }
    code = NO_GAIN if routed[2] < -margin else INCONCLUSIVE
    return {
        **verdict, "release": "don't ship", "exit_code": code,
        "sentence": f"Don't ship: {said('student', behind)}; {said('routed', routed)}.",
    }


# --8<-- [end:gate]
# fmt: on


def judge(
    config: StackConfig,
    folder: RunFolder,
    name: str,
    tests: list,
    answers: dict,
    router: dict,
    kept: list,
    generated: int,
) -> dict:
    """Write scores, router, economics and verdict into the report, and every answer beside it.

    Args:
        name: of the test set, with its rows ``tests``.
        answers: by arm, the tries for each row.
        router: the threshold and what it stands on.
        kept: which of the student's answers go out.
        generated: tokens that the teacher took for the training rows.
    """
    task, spent = splits.task_of(config), economics(answers, kept, config, generated)
    answers = {**answers, "routed": [own if good else other for own, other, good in
                                     zip(answers["tuned"], answers["teacher"], kept, strict=True)]}  # fmt: skip
    scores = {arm: scored(task, tests, found) for arm, found in answers.items()}
    exact = {arm: np.array([score["exact"] for score in found]) for arm, found in scores.items()}
    right = [bool(score) for score, good in zip(exact["tuned"], kept, strict=True) if good]
    folder.update("router", {**router, "share_taken": share(kept), "precision_found": share(right)})
    folder.update("economics", spent)
    folder.update("eval", {name: side_by_side(scores)})
    behind, routed = (evidence.paired_difference(exact[arm], exact["teacher"]) for arm in ("tuned", "routed"))
    folder.update("gate", decide(gate.judge(folder.read(), config), behind, routed, spent["times_fewer_routed"],
                                 config.router.margin_points / 100))  # fmt: skip
    splits.write_rows(folder.predictions, [
        {"arm": arm, "id": row["id"], "prompt": asked(row), "answer": tries[-1].text, "expected": task_base.target(row),
         "confidence": tries[-1].confidence, "tries": len(tries), "scores": score} for arm, found in answers.items()
        for row, tries, score in zip(tests, found, scores[arm], strict=True)])  # fmt: skip
    return folder.read()


def side_by_side(scores: dict[str, list[dict]]) -> dict:
    """The report's block of one set: all arms by metric, with the gain over the better base prompt."""
    arms: dict[str, dict] = {arm: {"test": {**score.summary(found), "seconds": 0.0}} for arm, found in scores.items()}
    block = score.combine(arms["base"], arms["base_few_shot"], arms["tuned"])["test"]
    del block["seconds"]
    for metric, entry in block.items():
        for arm in ("teacher_one", "teacher", "routed"):
            entry[arm], entry["ci95"][arm] = (arms[arm]["test"][metric][part] for part in ("value", "ci95"))
    return block
