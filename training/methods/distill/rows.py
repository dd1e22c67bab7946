"""The rows of a distillation: passages or a task's rows, encoded; and what the teacher writes."""

from __future__ import annotations

import hashlib
from typing import Any

from training.data import replay, splits
from training.data.tasks import base as task_base
from training.methods.distill.settings import DistillConfig
from training.methods.sft.rows import encode_rows
from training.models import chat_template, loading
from training.models.chat_template import Encoded
from training.models.generate import sample
from training.models.guards import IGNORED
from training.models.loading import LoadedModel
from training.models.rendering.tokens import beginning
from training.run import jsonl
from training.run.errors import BadInput
from training.run.folder import RunFolder

ARMS = ("hard", "soft", "sequence", "on_policy")
WRITTEN = "written_by_teacher.jsonl"


def load_rows(config: DistillConfig, tokenizer: Any = None) -> splits.Splits:
    """The run's rows: passages of general English, or a task's rows.

    Raises:
        BadInput: faults in a file with file and line; settings that do not fit together; a teacher that is not there.
    """
    d = config.distill
    unknown = [arm for arm in d.variants if arm not in ARMS]
    if unknown or len(d.variants) < 2 or len(set(d.variants)) < len(d.variants):
        raise BadInput(f"distill.variants: {d.variants} must name at least two different of {', '.join(ARMS)}: a"
                       " control and what is judged against it")  # fmt: skip
    if config.lora is not None:
        raise BadInput("lora: a student is trained whole; set it to null")
    if d.top_k and d.beta:
        raise BadInput("distill.top_k: what is kept of the teacher allows the forward divergence only; set"
                       " distill.beta to 0")  # fmt: skip
    if d.teacher_adapter:
        loading.need_adapter(d.teacher_adapter)
    if d.rows == "task":
        return splits.load(config, tokenizer)
    if config.data.train_file:
        raise BadInput("data.train_file: distill.rows is text; set it to task and task to jsonl for rows of your own")
    every = replay.passages("measure")
    rows = replay.replay_rows(config.data.n_train, config.data.seed)
    held_out = [{"text": text, "id": f"text-{i}"} for i, text in enumerate(every[: config.data.n_heldout])]
    digest = hashlib.sha256((splits.sha256_rows(rows) + splits.sha256_rows(held_out)).encode()).hexdigest()
    notes = [f"{len(rows)} passages to learn from, {len(held_out)} of another book held out"]
    return splits.Splits(rows, {"text": held_out}, digest, {"train": len(rows), "text": len(held_out)}, notes)


def encode(config: DistillConfig, tokenizer: Any, rows: list[dict]) -> list[Encoded]:
    """Rows encoded; a text is cut at train.max_length."""
    return encode_rows(tokenizer, rows, config)


def written_by_teacher(
    config: DistillConfig, rows: list[dict], loaded: LoadedModel, teacher: Any, folder: RunFolder
) -> list[dict]:
    """Each row as the teacher would write it on from its beginning; kept in the run's folder."""
    file = folder.path / WRITTEN
    if file.is_file():
        return jsonl.read_kept(file, lambda row: isinstance(row.get("text", row.get("messages")), (str, list)))
    tokenizer, d = loaded.tokenizer, config.distill
    asked = beginnings(config, tokenizer, rows)
    answers = sample(teacher, tokenizer, asked, 1, d.draw_temperature, d.max_new_tokens,
                     chat_template.stop_ids(tokenizer),
                     config.data.seed, config.evaluate.per_device_eval_batch_size)  # fmt: skip
    found: list[dict] = []
    for row, ids, (one,) in zip(rows, asked, answers, strict=True):
        text = one.text
        if "text" in row:
            found.append({"text": str(tokenizer.decode(ids[len(beginning(tokenizer)) :])) + text})
        elif text.strip():
            found.append({"messages": [*task_base.prompt(row), {"role": "assistant", "content": text}]})
    splits.write_rows(file, found)
    return found


def beginnings(config: DistillConfig, tokenizer: Any, rows: list[dict]) -> list[list[int]]:
    """What a text is continued from: its first tokens, or a row's question."""
    first, how = config.distill.prompt_tokens, chat_template.reading(config)
    return [chat_template.text_ids(tokenizer, row["text"])[:first] if "text" in row
            else chat_template.prompt_ids(tokenizer, task_base.prompt(row), row.get("tools"), how)
            for row in rows]  # fmt: skip


def labels_of(row: Encoded) -> list[int]:
    """The tokens that are trained on, in the order of ``student.predictors``."""
    return [label for i, label in enumerate(row.labels) if label != IGNORED and i]
