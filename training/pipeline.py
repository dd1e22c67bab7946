"""``python -m training train``: the whole way from data to verdict, each phase written down before the next begins."""

from __future__ import annotations

import time
from dataclasses import replace

from training import config as configuration
from training import guards, plan, runtime
from training.errors import DO_NOT_TRAIN
from training.runfolder import RunFolder, default_path

HELP = "the whole way: data, probe, training, before and after, gate, report"
ABOUT = """Data, probe, training, evaluation before and after, gate, report: one command, one folder.

The probe asks first whether the base model needs training at all, judged by the better of no and a few examples in
the prompt; if not, it stops with exit code 13 (--anyway trains all the same, and the run then shows what came of it).
The gate compares after with before on the task and on general text, and the report says it in one sentence.

  python -m training train --config training/configs/sft/smollm2_orders.yaml --dry-run
  python -m training train --config training/configs/sft/smollm2_orders.yaml --seed 1
  python -m training train --config FILE data.train_file=rows.jsonl

Exit codes: 0 ship, 10 gain with regression, 11 no gain, 12 inconclusive, 13 don't train, 130 interrupted: the line to
go on with is printed, and finished phases are not done again."""
METHODS = ("sft", "dpo", "grpo")  # whose models answer the task's questions; the others have a frame of their own


def add_arguments(parser) -> None:
    """Arguments of ``train``."""
    from training.cli import add_common

    add_common(parser)
    parser.add_argument("--anyway", action="store_true", help="train even when the probe says don't")


def run(args) -> int:
    """All phases; the exit code is the verdict's."""
    from training import data, methods
    from training.cli import config_from

    config = config_from(args)
    methods.need(config, *METHODS)
    data.need_held_out(config.data.heldout_files or data.task_of(config).sets[1:])
    folder = RunFolder(args.resume or args.out or default_path(config))
    if args.dry_run:
        plan.show(config, folder)
        return 0
    runtime.quiet_libraries()
    plan.check_resources(config, folder)
    try:
        return _phases(config, folder, args)
    except KeyboardInterrupt as stop:
        raise folder.stopped(_command(args)) from stop


def _command(args) -> str:
    """The command that goes on with a run: it does not stop at the probe where the first one did not."""
    return "train --anyway" if args.anyway else "train"


def _phases(config, folder: RunFolder, args) -> int:
    from training import evaluate, gate, methods, model, regression, report, warm_start

    started = time.monotonic()
    report_so_far = _begin(config, folder, args)
    loaded = model.load_base(config.model, report_so_far["environment"]["dtype"] or None)
    with runtime.phase("data", None):
        rows = methods.load_rows(config, loaded.tokenizer)
    runtime.say(*(f"  {line}" for line in rows.notes))
    folder.update("environment", {"dtype": loaded.dtype})
    folder.note_rows(rows)
    if folder.read_before() is None:
        code = _before(config, folder, loaded, rows, args.anyway)
        if code:
            return _finish(config, folder, started, code, report)
    else:
        runtime.say("· before: taken from the interrupted run")
    tuned = _tune(config, folder, loaded, rows, methods, args)
    folder.forget_predictions("tuned")
    with runtime.phase("after", folder.log):
        after = evaluate.measure(tuned, loaded.tokenizer, rows, config, "tuned", folder)
        general = regression.measure(tuned, loaded.tokenizer, config, "tuned")
        methods.measure_more(config, rows, loaded, tuned, folder)
        warm = warm_start.measure_alone(config, rows, loaded, tuned, folder)
    before = folder.read_before()
    folder.update("eval", evaluate.combine(before["base"], before["base_few_shot"], after, warm))
    folder.update("regression", regression.combine(before["regression"], general))
    folder.update("gate", gate.judge(folder.read(), config))
    verdict = folder.read()["gate"]
    return _finish(config, folder, started, verdict["exit_code"], report)


def _begin(config, folder: RunFolder, args) -> dict:
    """A fresh folder, or the report of the run that is gone on with."""
    if not args.resume:
        folder.create(config, args.command_line)
        return folder.read()
    found = folder.open()
    folder.update("run", {"status": "running"})
    guards.same_settings(found["run"]["config_sha256"], configuration.sha(config), folder.path)
    return found


def _before(config, folder: RunFolder, loaded, rows, anyway: bool) -> int:
    """The probe, and the base model's scores; DO_NOT_TRAIN when that is the probe's word."""
    from training import base_scores, probe

    name = base_scores.key(loaded, rows, config) if base_scores.pinned(config.model) else ""
    known = base_scores.recall(name, folder) if name else None
    asked: dict = {}
    if known:
        runtime.say("· probe and before: kept from an earlier run on the same questions")
        found = known["probe"]
    else:
        folder.forget_predictions("base", "base_few_shot")
        with runtime.phase("probe: does the base model need training?", folder.log):
            again = probe.stands_for_evaluation(config)
            name_of_set, answers = probe.ask(loaded, rows, config, folder if again else None)
        found = probe.verdict(name_of_set, answers, config)
        asked = {name_of_set: answers} if again else {}
    folder.update("probe", {**found, "kept_from_earlier_run": bool(known)})
    runtime.say(f"  {found['sentence']}")
    if found["verdict"] != "train" and not anyway:
        return DO_NOT_TRAIN
    scores = known or {"probe": found, **_ask_base(config, folder, loaded, rows, asked)}
    if name and not known:
        base_scores.keep(name, scores, folder)
    folder.keep_before(scores)
    return 0


def _ask_base(config, folder: RunFolder, loaded, rows, asked: dict) -> dict:
    """The base model's scores on the task, without and with examples, and on general text.

    Args:
        asked: {set: {arm: scores}} that the probe has found already.
    """
    from training import evaluate, regression

    rest = replace(rows, heldout={name: kept for name, kept in rows.heldout.items() if name not in asked})
    scores: dict = {}
    with runtime.phase("before", folder.log):
        for arm in ("base", "base_few_shot"):
            limit = config.evaluate.base_rows or None
            found = evaluate.measure(loaded.model, loaded.tokenizer, rest, config, arm, folder, limit)
            scores[arm] = {name: found[name] if name in found else asked[name][arm] for name in rows.heldout}
        scores["regression"] = regression.measure(loaded.model, loaded.tokenizer, config, "base")
    return scores


def _tune(config, folder: RunFolder, loaded, rows, methods, args):
    """The tuned model, as it lies on the disk: what is scored is what is shipped, on another day too."""
    from training import model

    if "train" in folder.read() and config.lora is not None:
        runtime.say("· training: taken from the interrupted run")
        return model.attach_adapter(loaded.model, folder.adapter)
    folder.begin_training()
    with runtime.phase("training", folder.log):
        checkpoint = folder.last_checkpoint() if args.resume else None
        trained = methods.train(config, rows, loaded, folder, checkpoint, _command(args)).model
    if config.lora is None or runtime.process_count() > 1:
        return trained
    del trained
    runtime.release_memory()
    fresh = model.load_base(config.model, loaded.dtype)  # the trainer left the old one wrapped for mixed precision
    return model.attach_adapter(fresh.model, folder.adapter)


def _finish(config, folder: RunFolder, started: float, code: int, report) -> int:
    """Seconds, status and the page; the sentence on the screen."""
    spent = folder.read()["run"]["seconds"] + time.monotonic() - started
    folder.update("run", {"seconds": round(spent, 1), "status": plan.final_status(config, folder), "exit_code": code})
    report.write(folder)
    found = folder.read()
    sentence = found.get("gate", {}).get("sentence") or found.get("probe", {}).get("sentence", "")
    runtime.say("", sentence, f"report: {folder.html}  ({spent:.0f} s, peak memory"
                f" {runtime.peak_memory_bytes() / 1e9:.1f} GB)")  # fmt: skip
    return code
