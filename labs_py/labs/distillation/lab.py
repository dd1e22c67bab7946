"""The Distillation Lab: recorded teachers, a student that learns live, and what soft labels carry."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from labs_py.core import distill
from labs_py.labs.distillation import students, teachers
from labs_py.spec import Result

SHOWN = 16
LOW_RANK_STEP = 0.1
"""A low-rank student's steps are this much shorter: its two factors multiply."""
TEMPERATURES = np.geomspace(0.25, 20.0, 24)

_bump_memo: dict[tuple, dict[str, np.ndarray]] = {}


def forget() -> None:
    """Drop what is remembered between frames."""
    _bump_memo.clear()
    teachers.forget()


def view_of(params: dict[str, Any]) -> tuple[teachers.View, dict[str, str]]:
    """What the student sees, and a sentence for each wish that could not be met."""
    remarks: dict[str, str] = {}
    name, prompt, temperature = params["teacher"], params["prompt"] - 1, params["temperature"]
    if prompt >= len(teachers.table(name)["prompts"]):
        remarks["error:prompt"] = "GPT-2's figures are recorded for the first five prompts only; the first is shown."
        prompt = 0
    if params["start"] == "lowrank":
        if params["vocabulary"] == "full":
            remarks["error:vocabulary"] = "The low-rank student works on the prompts' 64 words each; those are used."
        return teachers.all_prompts(name, prompt, temperature), remarks
    if params["vocabulary"] == "full":
        view = teachers.full_vocabulary(name, prompt, temperature)
        if view.temperature != temperature:
            remarks["error:temperature"] = (
                f"The whole vocabulary is recorded on a grid of temperatures; {view.temperature:g} is the nearest to "
                f"{temperature:g} and is used."
            )
        return view, remarks
    return teachers.few_words(name, prompt, temperature), remarks


def objective(view: teachers.View, params: dict[str, Any]) -> tuple[distill.Objective, dict[str, str]]:
    """The loss at these settings; reverse KL gives way where the teacher has words without mass."""
    kind = params["divergence"]
    remarks: dict[str, str] = {}
    if kind == "reverse" and np.isneginf(view.log_teacher).any():
        kind = "forward"
        remarks["error:divergence"] = (
            "Over several prompts the teacher gives most words no mass, and reverse KL is infinite there; "
            "forward KL is used."
        )
    goal = distill.Objective(
        view.log_teacher, view.labels, view.temperature, params["alpha"], kind, params["beta"], view.log_counts,
        view.floor(),
    )  # fmt: skip
    return goal, remarks


def compute(params: dict[str, Any]) -> Iterator[Result]:
    """One state without training; with it, one after each step of the student and of the held-out pair."""
    try:
        view, remarks = view_of(params)
    except LookupError as problem:
        yield _nothing(params, str(problem))
        return
    goal, more = objective(view, params)
    remarks |= more
    prompt = 0 if "error:prompt" in remarks else params["prompt"] - 1
    student = _student(view, params, prompt)
    logits = student.logits()
    arrays = _static_arrays(view, params, goal, logits, prompt)
    if not params["train"]:
        scalars, now, texts = _state(view, goal, logits, arrays, remarks)
        yield Result(scalars, now, texts, 1, 1)
        return
    yield from _trained(view, goal, student, arrays, remarks, params)


def _student(view: teachers.View, params: dict[str, Any], prompt: int) -> distill.LowRankStudent:
    """A low-rank student over all prompts, or free logits of one prompt (a full-rank student of one feature)."""
    n_prompts, n_words = view.log_teacher.shape
    if params["start"] == "lowrank":
        return distill.new_student(np.eye(n_prompts), params["student_rank"], n_words, params["seed"])
    n_listed = n_words - 1 if params["vocabulary"] == "full" else n_words
    rank = teachers.token_ids(params["teacher"], prompt, n_listed)
    return distill.LowRankStudent(np.eye(1), np.eye(1), students.start_logits(params["start"], view, rank))


def _descend(student: distill.LowRankStudent, gradient: np.ndarray, params: dict[str, Any]) -> None:
    if params["start"] == "lowrank":
        student.descend(gradient, LOW_RANK_STEP * params["learning_rate"])
    else:  # free logits: the first factor is not a weight
        student.second = student.second - params["learning_rate"] * gradient


def _trained(
    view: teachers.View,
    goal: distill.Objective,
    student: distill.LowRankStudent,
    arrays: dict[str, np.ndarray],
    remarks: dict[str, str],
    params: dict[str, Any],
) -> Iterator[Result]:
    losses: list[float] = []
    gaps: list[float] = []
    soft: list[float] = []
    hard: list[float] = []
    logits, total = student.logits(), params["steps"]
    extra: dict[str, float] = {}
    held_out = _held_out(params)
    for step in range(1, total + 1):
        logits = student.logits()
        with np.errstate(over="ignore", invalid="ignore"):
            value = float(distill.loss(logits, goal).mean())
        if not np.isfinite(value) or np.abs(logits).max() > 1e6:
            remarks["error:learning_rate"] = (
                f"At step {step} the student's numbers ran away: the learning rate of {params['learning_rate']:g} is "
                "too large for it. The curve ends there."
            )
            break
        losses.append(value)
        gaps.append(_mean_gap(logits, goal))
        measured = next(held_out, None)
        if measured:
            soft.append(measured["kl_soft"])
            hard.append(measured["kl_hard"])
            extra = {
                "heldout_kl_soft": soft[-1],
                "heldout_kl_hard": hard[-1],
                "heldout_kl_hard_best": min(hard),
                "heldout_agree_soft": measured["agree_soft"],
                "heldout_agree_hard": measured["agree_hard"],
            }
        curves = {"loss": np.array(losses), "kl_curve": np.array(gaps)}
        if soft:
            curves |= {"heldout_soft": np.array(soft), "heldout_hard": np.array(hard)}
        scalars, now, texts = _state(view, goal, logits, arrays | curves, remarks)
        texts |= _curve_texts(losses, extra)
        yield Result(scalars | extra, now, texts, step, total)
        _descend(student, distill.loss_gradient(logits, goal), params)
    if not losses or "error:learning_rate" in remarks:
        last = _state(view, goal, np.nan_to_num(np.clip(logits, -1e6, 1e6)), arrays, remarks)
        curves = {"loss": np.array(losses), "kl_curve": np.array(gaps)}
        texts = last[2] | _curve_texts(losses, extra)
        yield Result(last[0] | extra, last[1] | curves, texts, total, total)


def _held_out(params: dict[str, Any]) -> Iterator[dict[str, float]]:
    try:
        yield from students.compare_on_held_out(params["student_rank"], params["seed"], params["steps"])
    except LookupError:
        return


def _curve_texts(losses: list[float], extra: dict[str, float]) -> dict[str, str]:
    if not losses:
        return {}
    texts = {"summary:curve": f"Loss {losses[0]:.4g} at first, {losses[-1]:.4g} after {len(losses)} steps."}
    if extra:
        texts["summary:heldout"] = (
            f"On 24 unseen prompts: {extra['heldout_kl_soft']:.3g} nats from the teacher with soft labels, "
            f"{extra['heldout_kl_hard']:.3g} with the top word only ({extra['heldout_kl_hard_best']:.3g} at its best)."
        )
    return texts


def _mean_gap(logits: np.ndarray, goal: distill.Objective) -> float:
    log_q = distill.soften(logits, goal.temperature, goal.log_counts)
    return float(distill.divergence("forward", goal.log_teacher, log_q).mean()) + goal.floor


def _state(
    view: teachers.View,
    goal: distill.Objective,
    logits: np.ndarray,
    arrays: dict[str, np.ndarray],
    remarks: dict[str, str],
) -> tuple[dict[str, float], dict[str, np.ndarray], dict[str, str]]:
    """Scalars, arrays and texts of one state of the student."""
    row = view.shown
    alone = replace(goal, log_teacher=goal.log_teacher[row : row + 1], labels=goal.labels[row : row + 1])
    here = logits[row : row + 1]
    log_q = distill.soften(here, goal.temperature, goal.log_counts)
    log_p, gradient = alone.log_teacher, distill.loss_gradient(here, alone)[0]
    entropies = view.teacher_entropies()
    kept = goal.floor if goal.kind == "forward" else 0.0
    scalars = {
        "teacher_entropy": entropies[1],
        "student_entropy": float(distill.binned_entropy(log_q, view.log_counts)[0]),
        "rest_percent": arrays["rest_now"][0],
        "temperature_used": view.temperature,
        "kl": float(distill.divergence("forward", log_p, log_q)[0]) + goal.floor,
        "divergence_now": float(distill.divergence(goal.kind, log_p, log_q, goal.beta)[0]) + kept,
        "cross_entropy": float(distill.cross_entropy(distill.soften(here, 1.0, goal.log_counts), alone.labels)[0]),
        "loss_now": float(distill.loss(here, alone)[0]),
        "gradient_norm": float(np.linalg.norm(gradient)),
        "mean_kl": _mean_gap(logits, goal),
        "gradient_shrink": arrays["shrink"][0],
        "forward_spread": arrays["spreads"][0],
        "reverse_spread": arrays["spreads"][1],
    }
    p, q, order = np.exp(log_p[0]), np.exp(log_q[0]), arrays["order"].astype(int)
    shown = {name: values for name, values in arrays.items() if name not in ("rest_now", "shrink", "spreads", "order")}
    shown |= {"teacher_probabilities": p, "student_probabilities": q, "gradient": gradient}
    shown |= {"shown_teacher": p[order], "shown_student": q[order], "shown_push": -gradient[order]}
    texts = {
        "words": json.dumps([view.words[i] for i in order], ensure_ascii=False),
        **_texts(view, scalars, order, p, q),
    }
    texts["summary:words"] += _rest_text(view, goal, entropies)
    return scalars, shown, texts | remarks


def _rest_text(view: teachers.View, goal: distill.Objective, entropies: tuple[float, float, float]) -> str:
    """What is exact and what is bounded where one entry stands for many words."""
    if not view.log_counts[-1]:
        return ""
    low, middle, high = entropies
    said = f" {view.words[-1][1:-1].capitalize()} count with the entropy among themselves"
    if high - low > 0.0005:
        said += f", which is recorded only as bounds: the teacher's entropy lies from {low:.3f} to {high:.3f} nats"
        said += f", and {middle:.3f} is shown"
    said += f". The student holds them all equal, so {goal.floor:.3g} nats of the forward KL stay."
    if goal.kind != "forward":
        said += " The chosen divergence takes them as one word: the true one is at least that."
    return said


def _texts(
    view: teachers.View, scalars: dict[str, float], order: np.ndarray, p: np.ndarray, q: np.ndarray
) -> dict[str, str]:
    word, likeliest = view.words[order[0]].strip(), view.words[int(q.argmax())].strip()
    return {
        "status": f"T = {view.temperature:g}: the student is {scalars['kl']:.3g} nats from the teacher; loss "
        f"{scalars['loss_now']:.4g}, gradient {scalars['gradient_norm']:.3g}.",
        "summary:words": f"Teacher: '{word}' {p[order[0]]:.1%}, entropy {scalars['teacher_entropy']:.3g} nats. "
        f"Student: '{likeliest}' {q.max():.1%}, entropy {scalars['student_entropy']:.3g} nats.",
        "summary:push": f"The gradient's size is {scalars['gradient_norm']:.3g}.",
        "summary:square": f"Without T² the soft gradient at this T is {scalars['gradient_shrink']:.3g} "
        "times smaller than at T = 1.",
        "summary:rest": f"Beyond its 64 words the teacher keeps {scalars['rest_percent']:.3g}% of its mass.",
        "summary:modes": f"The forward student is {scalars['forward_spread']:.3g} places wide, the reverse one "
        f"{scalars['reverse_spread']:.3g}.",
    }


def _static_arrays(
    view: teachers.View, params: dict[str, Any], goal: distill.Objective, logits: np.ndarray, prompt: int
) -> dict[str, np.ndarray]:
    """What does not change while the student learns; four entries serve only ``_state``."""
    row = view.shown
    n_words = view.log_teacher.shape[1]
    order = np.argsort(-view.log_teacher[row], kind="stable")[:SHOWN]
    if view.log_counts[-1] > 0 and n_words - 1 not in order:
        order = np.append(order[:-1], n_words - 1)
    recorded, rest = teachers.rest_masses(params["teacher"], prompt)
    near = 100 * rest[np.abs(recorded - params["temperature"]).argmin()]
    with_square, at_one, at_t = _soft_sizes(params, prompt, logits[row, : min(teachers.FEW, n_words)], goal)
    bumps = _bumps(params["peak_gap"], params["beta"])
    return {
        "temperatures": TEMPERATURES,
        "gradient_with_square": with_square,
        "gradient_without": with_square / TEMPERATURES**2,
        "inverse_square": at_one / TEMPERATURES**2,
        "recorded_temperatures": recorded,
        "rest_by_temperature": 100 * rest,
        "bump_position": students.BUMP_POSITIONS,
        **bumps,
        "order": order,
        "rest_now": np.array([near]),
        "shrink": np.array([at_one / at_t if at_t else np.inf]),
    }


def _soft_sizes(
    params: dict[str, Any], prompt: int, start: np.ndarray, goal: distill.Objective
) -> tuple[np.ndarray, float, float]:
    """Size of the soft gradient over T with T² (24,), and without it at T = 1 and at the set T (64 words)."""
    top = teachers.few_logits(params["teacher"], prompt)
    start = start if params["start"] != "lowrank" else np.zeros(teachers.FEW)
    kind = params["divergence"]
    all_t = np.concatenate([TEMPERATURES, [1.0, goal.temperature]])[:, None]
    log_p, log_q = distill.soften(top[None], all_t), distill.soften(start[None], all_t)
    sizes = np.linalg.norm(distill.divergence_gradient(kind, log_p, log_q, all_t, params["beta"]), axis=1)
    return sizes[:-2] * TEMPERATURES**2, float(sizes[-2]), float(sizes[-1])


def _bumps(gap: float, beta: float) -> dict[str, np.ndarray]:
    if (gap, beta) not in _bump_memo:
        if len(_bump_memo) > 200:
            _bump_memo.clear()
        log_teacher = students.two_peaks(gap)
        best = {kind: students.best_bump(kind, log_teacher, beta) for kind in ("forward", "reverse", "js")}
        spreads = [students.spread(best[kind])[1] for kind in ("forward", "reverse")]
        _bump_memo[gap, beta] = {
            "bump_teacher": np.exp(log_teacher),
            **{f"bump_{kind}": np.exp(best[kind]) for kind in best},
            "spreads": np.array(spreads),
        }
    return _bump_memo[gap, beta]


def _nothing(params: dict[str, Any], problem: str) -> Result:
    """The lab without its recorded logits: the part that needs none still stands."""
    bumps = dict(_bumps(params["peak_gap"], params["beta"]))
    spreads = bumps.pop("spreads")
    scalars = {"forward_spread": float(spreads[0]), "reverse_spread": float(spreads[1])}
    texts = {"error:teacher": f"{problem} Reload the page to try again.", "status": problem}
    return Result(scalars, {"bump_position": students.BUMP_POSITIONS, **bumps}, texts, 1, 1)
