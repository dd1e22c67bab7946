"""The phases of a distillation: each variant's training, all students on the held-out rows, the verdict."""

from __future__ import annotations

from typing import Any

from training.data.splits import Splits
from training.evaluation import score
from training.methods.distill import measure as distill_measure
from training.methods.distill import rows as distill_rows
from training.methods.distill import student
from training.methods.distill import train as distill
from training.methods.distill.settings import DistillConfig
from training.methods.phases import Run
from training.models.loading import LoadedModel
from training.run import machine
from training.run.folder import RunFolder


def phases(run: Run[DistillConfig]) -> int:
    """Each variant's training, then all students on the held-out rows, then the verdict; the exit code of the gate."""
    config, folder, loaded, rows = run.config, run.folder, run.loaded, run.rows
    folder.begin_training()
    teacher = student.teacher_of(config, loaded)
    arms = {
        arm: distill.train_variant(config, arm, rows.train, loaded, teacher, folder) for arm in config.distill.variants
    }
    with machine.phase("after", folder.log):
        found = scores(config, rows, loaded, teacher, arms, folder)
    write(config, folder, found, {arm: own.read()["train"] for arm, own in arms.items()})
    for event in arms[config.distill.variants[-1]].events("step"):
        if not folder.events("step") or folder.events("step")[-1]["step"] < event["step"]:
            folder.log(event)
    return folder.read()["gate"]["exit_code"]


def scores(
    config: DistillConfig, rows: Splits, loaded: LoadedModel, teacher: Any, arms: dict, folder: RunFolder
) -> dict:
    """Every held-out set, every student."""
    control, judged = config.distill.variants[0], config.distill.variants[-1]
    encoded = {name: distill_rows.encode(config, loaded.tokenizer, kept) for name, kept in rows.heldout.items()}
    said = {name: student.states(teacher, part) for name, part in encoded.items()}
    items: dict = {name: {} for name in encoded}
    folder.predictions.unlink(missing_ok=True)
    for arm in ("before", *arms):
        model = (student.cut(teacher, config.distill.layers).to(teacher.dtype).eval() if arm == "before"
                 else student.load_student(arms[arm].adapter, loaded.dtype))  # fmt: skip
        answered = answers(config, rows, loaded, model, "tuned" if arm == judged else arm, folder)
        for name, part in encoded.items():
            items[name][arm] = distill_measure.by_row(model, part, said[name], teacher.get_output_embeddings())
            if name in answered:
                items[name][arm]["exact"] = answered[name]
        machine.say(f"  {arm}: scored")
    return {name: distill_measure.compare(block, control, judged) for name, block in items.items()}


def answers(
    config: DistillConfig, rows: Splits, loaded: LoadedModel, model: Any, arm: str, folder: RunFolder
) -> dict[str, list[float]]:
    """Exact answers of a student to a task's held-out questions; {} for plain text."""
    if config.distill.rows != "task":
        return {}
    found = score.measure(model, loaded.tokenizer, rows, config, arm, folder if arm == "tuned" else None)
    return {name: block["items"]["exact"] for name, block in found.items()}


def write(config: DistillConfig, folder: RunFolder, found: dict, trained: dict) -> None:
    """Figures, verdict and tables into the report."""
    seconds = {arm: facts["seconds"] for arm, facts in trained.items()}
    folder.update("train", trained[config.distill.variants[-1]])
    folder.update("distill", {"seconds": seconds, "steps": {arm: facts["steps"] for arm, facts in trained.items()}})
    # the page's score table is for shares
    folder.update("eval", {name: {metric: entry for metric, entry in block.items() if metric in distill_measure.SHARES}
                           for name, block in found.items()})  # fmt: skip
    folder.update("distill", {"nats": {name: {m: block[m] for m in ("cross_entropy", "kl")}
                                       for name, block in found.items()}})  # fmt: skip
    folder.update("tables", {"distill": distill_measure.tables(found, seconds)})
    folder.update("gate", distill_measure.gate(found, config))
    machine.say(*distill_measure.lines(found))
