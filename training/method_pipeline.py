"""The frame of the methods that write no answers to a task's questions: plan, folder, phases, verdict, page."""

from __future__ import annotations

import time
from collections.abc import Callable

from training import plan, runtime
from training.runfolder import RunFolder, default_path


def run(args, method: str, default: str, phases: Callable) -> int:
    """One run of a method.

    Args:
        args: parsed arguments of the command.
        method: its name; a configuration of another method is refused.
        default: configuration when none is named.
        phases: ``phases(config, folder, loaded, rows, args)`` writes ``eval`` and ``gate`` into the report.

    Returns:
        The verdict's exit code.
    """
    from training import methods
    from training.cli import config_from

    if not args.config and not args.resume:
        args.config = default
    config = config_from(args)
    methods.need(config, method)
    folder = RunFolder(args.resume or args.out or default_path(config))
    if args.dry_run:
        plan.show(config, folder)
        return 0
    runtime.quiet_libraries()
    plan.check_resources(config, folder)
    try:
        return _run(config, folder, phases, args)
    except KeyboardInterrupt as stop:
        raise folder.stopped(method) from stop


def _run(config, folder: RunFolder, phases: Callable, args) -> int:
    from training import methods, pipeline, report

    started = time.monotonic()
    begun = pipeline._begin(config, folder, args)
    loaded = methods.load_base(config, begun["environment"]["dtype"] or None)
    with runtime.phase("data", None):
        rows = methods.load_rows(config, loaded.tokenizer)
    runtime.say(*(f"  {line}" for line in rows.notes))
    folder.update("environment", {"dtype": loaded.dtype})
    folder.note_rows(rows)
    phases(config, folder, loaded, rows, args)
    return pipeline._finish(config, folder, started, folder.read()["gate"]["exit_code"], report)
