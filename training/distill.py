"""Distillation: students that start alike and see the same rows for as many steps, taught in different ways.

hard: the data's own next tokens. soft: the teacher's distributions at those places (T, alpha, beta). sequence: the
teacher writes on from each row's beginning, and its words are hard labels. on_policy: half the steps as soft, then the
student writes and the teacher scores each of its tokens (TRL's DistillationTrainer, which is a stable one in TRL 1.16;
its gkd, gold, sdft, sdpo and minillm relatives are experimental there and not used here).
"""

from __future__ import annotations

import hashlib
import shutil

from training import data, general_text, json_lines, model, plan, runtime, sft, student, tasks, template
from training.errors import BadInput, Interrupted
from training.guards import IGNORED
from training.runfolder import RunFolder
from training.student_trainer import build_trainer
from training.template import Encoded

ARMS = ("hard", "soft", "sequence", "on_policy")
WRITTEN = "written_by_teacher.jsonl"


def load_rows(config, tokenizer=None) -> data.Loaded:
    """The run's rows: passages of general English, or a task's rows.

    Raises:
        BadInput: faults in a file with file and line; settings that do not fit together; a teacher that is not there.
    """
    d = config.distill
    unknown = [arm for arm in d.arms if arm not in ARMS]
    if unknown or len(d.arms) < 2 or len(set(d.arms)) < len(d.arms):
        raise BadInput(f"distill.arms: {d.arms} must name at least two different of {', '.join(ARMS)}: a control and"
                       " what is judged against it")  # fmt: skip
    if config.lora is not None:
        raise BadInput("lora: a student is trained whole; set it to null")
    if d.top_k and d.beta:
        raise BadInput("distill.top_k: what is kept of the teacher allows the forward divergence only; set"
                       " distill.beta to 0")  # fmt: skip
    if d.teacher_adapter:
        model.need_adapter(d.teacher_adapter)
    if d.rows == "task":
        return data.load(config, tokenizer)
    if config.data.train_file:
        raise BadInput("data.train_file: distill.rows is text; set it to task and task to jsonl for rows of your own")
    every = general_text.passages("measure")
    rows = general_text.replay_rows(config.data.n_train, config.data.seed)
    held_out = [{"text": text, "id": f"text-{i}"} for i, text in enumerate(every[: config.data.n_heldout])]
    digest = hashlib.sha256((data.sha256_rows(rows) + data.sha256_rows(held_out)).encode()).hexdigest()
    notes = [f"{len(rows)} passages to learn from, {len(held_out)} of another book held out"]
    return data.Loaded(rows, {"text": held_out}, digest, {"train": len(rows), "text": len(held_out)}, notes)


def encode(config, tokenizer, rows: list[dict]) -> list[Encoded]:
    """Rows encoded; a text is cut at train.max_length."""
    return sft.encode_rows(tokenizer, rows, config)


def train_arm(config, arm: str, rows: list[dict], loaded, teacher, folder, quiet: bool = False) -> RunFolder:
    """Teach one student and leave it in a folder of its own; what is done already is not done again.

    Raises:
        Interrupted: after Ctrl-C, with the line that goes on with the whole run.
    """
    own = RunFolder(folder.path / "arms" / arm)
    if arm == config.distill.arms[-1]:
        own.adapter = folder.adapter  # the judged one is the run's model
    if own.report.is_file() and "train" in own.read():
        runtime.say(f"· {arm}: taken from the interrupted run")
    else:
        go_on(config, arm, rows, loaded, teacher, folder, own, quiet)
    if runtime.is_main_process():
        loaded.tokenizer.save_pretrained(own.adapter)
        shutil.rmtree(own.checkpoints, ignore_errors=True)
    plan.wait_for_main()
    return own


def go_on(config, arm: str, rows: list[dict], loaded, teacher, folder, own: RunFolder, quiet: bool) -> None:
    """Teach one student, from its last checkpoint if there is one; raises as ``train_arm``."""
    checkpoint = own.last_checkpoint() if own.report.is_file() else None
    if checkpoint is None and runtime.is_main_process():
        own.create(config, f"distill, arm {arm}", loaded.dtype)
    plan.wait_for_main()
    with runtime.phase(f"training: {arm}", folder.log):
        try:
            teach(config, arm, rows, loaded, teacher, folder, own, checkpoint, quiet)
        except Interrupted:
            raise Interrupted(f"stopped in the arm {arm}; go on with:\n  {folder.resume_command('distill')}") from None


def teach(config, arm: str, rows: list[dict], loaded, teacher, folder, own, checkpoint, quiet: bool) -> None:
    """The training of one arm."""
    learner = student.cut(teacher, config.distill.layers).train()
    if runtime.process_count() > 1 and arm in ("sequence", "on_policy"):
        raise BadInput(f"distill.arms: {arm} writes text, which one process does here; leave it out, or launch one")
    if arm == "on_policy":
        from training import on_policy

        on_policy.teach(config, rows, loaded, teacher, learner, folder, own, checkpoint, quiet)
        return
    if arm == "sequence":
        rows = written_by_teacher(config, rows, loaded, teacher, folder)
    encoded, kept = encode(config, loaded.tokenizer, rows), None
    if arm == "soft":
        with runtime.main_process_first():
            kept, size = student.lessons(config, teacher, encoded, folder)
        folder.update("teacher", size)
    alpha = config.distill.alpha if arm == "soft" else 0.0
    trainer, steps = build_trainer(config, learner, encoded, kept, alpha, loaded, own, quiet)
    sft.run_and_save(config, trainer, steps, learner, loaded, own, checkpoint, "distill")


def written_by_teacher(config, rows: list[dict], loaded, teacher, folder) -> list[dict]:
    """Each row as the teacher would write it on from its beginning; kept in the run's folder."""
    from training.generate import sample

    file = folder.path / WRITTEN
    if file.is_file():
        return json_lines.read_kept(file, lambda row: isinstance(row.get("text", row.get("messages")), (str, list)))
    tokenizer, d = loaded.tokenizer, config.distill
    asked = beginnings(config, tokenizer, rows)
    answers = sample(teacher, tokenizer, asked, 1, d.draw_temperature, d.longest, template.stop_ids(tokenizer),
                     config.data.seed, config.evaluate.batch_size)  # fmt: skip
    found = []
    for row, ids, (one,) in zip(rows, asked, answers, strict=True):
        text = one.text
        if "text" in row:
            found.append({"text": tokenizer.decode(ids) + text})
        elif text.strip():
            found.append({"messages": [*tasks.prompt(row), {"role": "assistant", "content": text}]})
    data.write_rows(file, found)
    return found


def beginnings(config, tokenizer, rows: list[dict]) -> list[list[int]]:
    """What is gone on from: a text's first tokens, or a row's question."""
    first = config.distill.prompt_tokens
    return [tokenizer(row["text"], add_special_tokens=False)["input_ids"][:first] if "text" in row
            else template.prompt_ids(tokenizer, tasks.prompt(row)) for row in rows]  # fmt: skip


def train(config, rows: list[dict], loaded, folder, resume=None, command: str = "distill", quiet: bool = False):
    """Teach all arms; the result is the judged one's student."""
    teacher = student.teacher_of(config, loaded)
    for arm in config.distill.arms:
        own = train_arm(config, arm, rows, loaded, teacher, folder, quiet)
    facts = own.read()["train"]
    return sft.TrainResult(student.load_student(folder.adapter, loaded.dtype), facts)


def measure_more(config, rows, loaded, tuned, folder) -> None:
    """Everything is in the command's own phases."""


def labels_of(row: Encoded) -> list[int]:
    """The tokens that are trained on, in the order of ``student.predictors``."""
    return [label for i, label in enumerate(row.labels) if label != IGNORED and i]
