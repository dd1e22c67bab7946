"""The phases of the methods whose models answer the task's questions: probe, before, training, after, gate."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from training.data import own_rows
from training.data.scorers import judge
from training.evaluation import baseline_cache, capability_retention, gate, probe, score
from training.methods import warm_start
from training.methods.phases import Run
from training.models import loading
from training.run import machine
from training.run.errors import DO_NOT_TRAIN
from training.run.settings import Config


def phases(run: Run[Config]) -> int:
    """All phases; the exit code of the gate, or DO_NOT_TRAIN where the probe advises against training."""
    if machine.from_main(lambda: run.folder.read_before() is None):
        code = machine.from_main(lambda: before(run))
        if code:
            return code
    else:
        machine.say("· before: taken from the interrupted run")
    tuned = trained_model(run)
    return machine.from_main(lambda: after_training(run, tuned))


def after_training(run: Run[Config], tuned: Any) -> int:
    """The fine-tuned model's scores and the verdict; the exit code of the gate."""
    config, folder, loaded, rows = run.config, run.folder, run.loaded, run.rows
    folder.forget_predictions("tuned")
    with machine.phase("after", folder.log):
        after = score.measure(tuned, loaded.tokenizer, rows, config, "tuned", folder)
        general = capability_retention.measure(tuned, loaded.tokenizer, config, "tuned")
        run.method.measure_more(config, rows, loaded, tuned, folder)
        warm = warm_start.measure_alone(config, rows, loaded, tuned, folder)
    known = folder.read_before() or {}
    folder.update("eval", score.combine(known["base"], known.get("base_few_shot"), after, warm))
    folder.update("regression", capability_retention.combine(known["regression"], general))
    folder.update("gate", gate.judge(folder.read(), config))
    return folder.read()["gate"]["exit_code"]


def before(run: Run[Config]) -> int:
    """The probe, and the base model's scores; DO_NOT_TRAIN where the probe advises against training."""
    config, folder, loaded, rows = run.config, run.folder, run.loaded, run.rows
    name = baseline_cache.key(loaded, rows, config) if baseline_cache.pinned(config.model) else ""
    known = baseline_cache.recall(name, folder) if name else None
    asked: dict[str, Any] = {}
    if judged := own_rows.agreement(config.task_settings):
        machine.say(f"  {judge.agreement_line(judged)}")
        folder.update("judge", judged)
    if known:
        machine.say("· probe and before: kept from an earlier run on the same questions")
        found = known["probe"]
    else:
        folder.forget_predictions("base", "base_few_shot")
        with machine.phase("probe: does the base model need training?", folder.log):
            again = probe.stands_for_evaluation(config)
            name_of_set, answers = probe.ask(loaded, rows, config, folder if again else None)
        found = probe.verdict(name_of_set, answers, config)
        asked = {name_of_set: answers} if again else {}
    folder.update("probe", {**found, "kept_from_earlier_run": bool(known)})
    machine.say(f"  {found['sentence']}")
    if found["verdict"] != "train" and not run.anyway:
        return DO_NOT_TRAIN
    scores = known or {"probe": found, **ask_base(run, asked)}
    if name and not known:
        baseline_cache.keep(name, scores, folder)
    folder.keep_before(scores)
    return 0


def ask_base(run: Run, asked: dict[str, Any]) -> dict[str, Any]:
    """The base model's scores on the task, without and with examples, and on general text.

    Args:
        run: the run.
        asked: {set: {variant: scores}} that the probe has found already.
    """
    config, folder, loaded, rows = run.config, run.folder, run.loaded, run.rows
    rest = replace(rows, heldout={name: kept for name, kept in rows.heldout.items() if name not in asked})
    scores: dict[str, Any] = {}
    with machine.phase("before", folder.log):
        for arm in score.controls(config):
            limit = config.evaluate.base_rows or None
            found = score.measure(loaded.model, loaded.tokenizer, rest, config, arm, folder, limit)
            scores[arm] = {name: found[name] if name in found else asked[name][arm] for name in rows.heldout}
        scores["regression"] = baseline_cache.general(
            loaded, config, lambda: capability_retention.measure(loaded.model, loaded.tokenizer, config, "base")
        )
    return scores


def trained_model(run: Run[Config]) -> Any:
    """The fine-tuned model as it lies on the disk: what is scored is what is shipped, on another day too."""
    if run.config.lora is not None:
        done = run.trained_or(lambda adapter: loading.attach_adapter(run.loaded.model, adapter))
        if done is not None:
            return done
    trained = run.train().model
    if run.config.lora is None or machine.process_count() > 1:
        return trained
    del trained
    machine.release_memory()
    fresh = loading.load_base(run.config.model, run.loaded.dtype)  # the trainer wrapped the old one for mixed precision
    return loading.attach_adapter(fresh.model, run.folder.adapter)
