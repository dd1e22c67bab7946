"""The base model's scores, kept: the same model asked the same questions in the same way need not be asked twice.

Runs that differ only in their training share one base. What was measured is found again by a hash of everything that
could change it: the weights, how they are held, the held-out rows, the prompts' settings and this package's own code.
"""

from __future__ import annotations

import ast
import hashlib
import json
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

from training.data.tasks import registry as tasks
from training.run import jsonl, machine

ROOT = Path(__file__).resolve().parents[2]
RETENTION = "training.evaluation.capability_retention"
MEASURING = ("training.evaluation.score", "training.evaluation.probe", RETENTION)


def key(loaded: Any, rows: Any, config: Any) -> str:
    """64 hex digits that stand for the question "how does this base model do here?".

    Args:
        loaded: the base model with its facts and dtype.
        rows: the run's data; only the held-out rows count.
        config: for the task, the probe's and the evaluation's settings.
    """
    digest = hashlib.sha256()
    settings = [task_settings(config), config.probe.model_dump(), config.evaluate.model_dump()]
    said = [loaded.facts, loaded.dtype, *settings, rows.heldout]
    digest.update(json.dumps(said, sort_keys=True, default=str).encode())
    digest.update(json.dumps(machine.environment(loaded.dtype), sort_keys=True, default=str).encode())
    for file in sources((*MEASURING, tasks.module_of(config.task_name).__name__)):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def general(loaded: Any, config: Any, measure: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """The base model's scores on general text: kept by the model alone, since no task's rows change them.

    Args:
        loaded: the base model with its facts and dtype.
        config: for the model's name, the batch size, and whether refusals are asked for.
        measure: asks the model where nothing is kept.
    """
    if not pinned(config.model) or config.model.source.startswith("tiny-random:"):  # a tiny one is asked in a second
        return measure()
    digest = hashlib.sha256()
    how = [config.evaluate.per_device_eval_batch_size, config.evaluate.refusals]
    said = [loaded.facts, loaded.dtype, how, machine.environment(loaded.dtype)]
    digest.update(json.dumps(said, sort_keys=True, default=str).encode())
    for file in sources((RETENTION,)):
        digest.update(file.read_bytes())
    file = _file(f"general-{digest.hexdigest()}")
    known = _read(file)
    if "scores" in known and isinstance(known["scores"], dict):
        machine.say("  general text: kept from an earlier run of this model")
        return known["scores"]
    found = measure()
    _write(file, {"scores": found})
    return found


def task_settings(config: Any) -> Any:
    """The task's settings as they count for the cache: its name alone, or all of them with what its files hold."""
    if isinstance(config.task, str):
        return config.task
    own = [str(config.task.scorer or "").rpartition(":")[0], config.task.shots_file]
    held = [hashlib.sha256(Path(file).read_bytes()).hexdigest() for file in own if file and Path(file).is_file()]
    return [config.task.model_dump(), held]


@lru_cache(maxsize=8)
def sources(modules: tuple[str, ...]) -> tuple[Path, ...]:
    """Every file of ours that the modules import, themselves included: what can change a score.

    Read from the import lines, so that no list of names can fall behind the code.
    """
    found: set[Path] = set()
    waiting = list(modules)
    while waiting:
        file = file_of(waiting.pop())
        if file is None or file in found:
            continue
        found.add(file)
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                waiting += [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module:
                waiting += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return tuple(sorted(found))


def file_of(module: str) -> Path | None:
    """The file of one of our modules; None for a package of others, a folder and a name inside a module."""
    file = ROOT.joinpath(*module.split(".")).with_suffix(".py")
    return file if module.startswith(("training.", "labs_py.")) and file.is_file() else None


def pinned(settings: Any) -> bool:
    """Whether the model's name says for certain which weights it has: a folder's content may change under its name."""
    return bool(settings.revision) or settings.source.startswith(("bundled:", "tiny-random:"))


def recall(name: str, folder: Any) -> dict[str, Any] | None:
    """The scores kept under ``name``, or None; the base's answers are put back into the run's predictions."""
    kept = _read(_file(name))
    if not _is_whole(kept):  # only costs the time to ask again
        return None
    folder.forget_predictions("base", "base_few_shot")  # a run that was killed while it asked has some of them
    with open(folder.predictions, "a", encoding="utf-8") as stream:
        stream.writelines(line + "\n" for line in kept["predictions"])
    return kept["scores"]


def keep(name: str, scores: dict[str, Any], folder: Any) -> None:
    """Keep the scores and the answers that they stand on; a full disk only costs the next run its time."""
    answers = jsonl.read(folder.predictions) if folder.predictions.exists() else []
    base_lines = [json.dumps(one, ensure_ascii=False) for one in answers if one["arm"] != "tuned"]
    _write(_file(name), {"scores": scores, "predictions": base_lines})


def _read(file: Path) -> dict[str, Any]:
    """What a file of the cache holds; nothing where there is none, or it is damaged."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _write(file: Path, content: dict[str, Any]) -> None:
    partial = file.with_suffix(".partial")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(json.dumps(content), encoding="utf-8")
        partial.replace(file)
    except OSError:
        partial.unlink(missing_ok=True)


def _is_whole(kept: dict[str, Any]) -> bool:
    """Whether a file of the cache has the parts that ``keep`` writes."""
    scores, lines = kept.get("scores"), kept.get("predictions")
    return isinstance(scores, dict) and bool(scores) and isinstance(lines, list) and all(
        isinstance(line, str) for line in lines)  # fmt: skip


def _file(name: str) -> Path:
    return machine.cache_dir() / "base-scores" / f"{name[:24]}.json"
