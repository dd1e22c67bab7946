"""``python -m training distill``: a student of some of its teacher's layers, taught in ways that are compared."""

from __future__ import annotations

HELP = "teach a smaller model: hard, soft, sequence, on-policy"
ABOUT = """Cut a student from the teacher's layers and teach it in several ways, each from the same start, on the
same rows for as many steps: hard labels (the control), soft labels with T and alpha, the teacher's own text, on-policy.

Judged on held-out rows against the control: next-token accuracy (or the task's score), cross-entropy, divergence from
the teacher. Of the teacher its last hidden states are kept (exact, since one head serves both), or with distill.top_k
the likeliest tokens and the exact mass of the rest.

  python -m training distill --config training/configs/distill/smollm2_text.yaml --dry-run
  python -m training distill --config training/configs/distill/smollm2_text.yaml distill.temperature=2 distill.alpha=0.5
  python -m training distill --config training/configs/distill/smollm2_sequence.yaml
  python -m training distill --config training/configs/distill/smollm2_orders.yaml \\
      distill.teacher_adapter=runs/RUN/adapter

Soft labels help where several answers are right and rows are few; smollm2_orders.yaml is a case where one is right."""
DEFAULT = "training/configs/distill/smollm2_text.yaml"


def add_arguments(parser) -> None:
    """The common arguments."""
    from training.cli import add_common

    add_common(parser)


def run(args) -> int:
    """All phases; the exit code is the gate's."""
    from training import method_pipeline, sft_command

    if sft_command.launched(args):
        args.config = args.config or (None if args.resume else DEFAULT)
        return sft_command.train_alone(args, "distill")
    return method_pipeline.run(args, "distill", DEFAULT, phases)


def phases(config, folder, loaded, rows, args) -> None:
    """Each arm's training, then all students on the held-out rows, then the verdict."""
    from training import distill, runtime, student

    folder.begin_training()
    teacher = student.teacher_of(config, loaded)
    arms = {arm: distill.train_arm(config, arm, rows.train, loaded, teacher, folder) for arm in config.distill.arms}
    with runtime.phase("after", folder.log):
        found = scores(config, rows, loaded, teacher, arms, folder)
    write(config, folder, found, {arm: own.read()["train"] for arm, own in arms.items()})
    for event in arms[config.distill.arms[-1]].events("step"):
        if not folder.events("step") or folder.events("step")[-1]["step"] < event["step"]:
            folder.log(event)


def scores(config, rows, loaded, teacher, arms: dict, folder) -> dict:
    """Every held-out set, every student."""
    from training import distill, distill_measures, runtime, student

    control, judged = config.distill.arms[0], config.distill.arms[-1]
    encoded = {name: distill.encode(config, loaded.tokenizer, kept) for name, kept in rows.heldout.items()}
    said = {name: student.states(teacher, part) for name, part in encoded.items()}
    items: dict = {name: {} for name in encoded}
    folder.predictions.unlink(missing_ok=True)
    for arm in ("before", *arms):
        model = (student.cut(teacher, config.distill.layers).to(teacher.dtype).eval() if arm == "before"
                 else student.load_student(arms[arm].adapter, loaded.dtype))  # fmt: skip
        answered = answers(config, rows, loaded, model, "tuned" if arm == judged else arm, folder)
        for name, part in encoded.items():
            items[name][arm] = distill_measures.by_row(model, part, said[name], teacher.get_output_embeddings())
            if name in answered:
                items[name][arm]["exact"] = answered[name]
        runtime.say(f"  {arm}: scored")
    return {name: distill_measures.compare(block, control, judged) for name, block in items.items()}


def answers(config, rows, loaded, model, arm: str, folder) -> dict[str, list[float]]:
    """Exact answers of a student to a task's held-out questions; {} for plain text."""
    from training import evaluate

    if config.distill.rows != "task":
        return {}
    found = evaluate.measure(model, loaded.tokenizer, rows, config, arm, folder if arm == "tuned" else None)
    return {name: block["items"]["exact"] for name, block in found.items()}


def write(config, folder, found: dict, trained: dict) -> None:
    """Figures, verdict and tables into the report."""
    from training import distill_measures, runtime

    seconds = {arm: facts["seconds"] for arm, facts in trained.items()}
    folder.update("train", trained[config.distill.arms[-1]])
    folder.update("distill", {"seconds": seconds, "steps": {arm: facts["steps"] for arm, facts in trained.items()}})
    # the page's score table is for shares
    folder.update("eval", {name: {metric: entry for metric, entry in block.items() if metric in distill_measures.SHARES}
                           for name, block in found.items()})  # fmt: skip
    folder.update("distill", {"nats": {name: {m: block[m] for m in ("cross_entropy", "kl")}
                                       for name, block in found.items()}})  # fmt: skip
    folder.update("tables", {"distill": distill_measures.tables(found, seconds)})
    folder.update("gate", distill_measures.gate(found, config))
    runtime.say(*distill_measures.lines(found))
