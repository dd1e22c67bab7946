"""What a run is going to do, need and take, before it does it; and whether the machine can carry it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from labs_py.core.run_cost import CPU
from training.data import splits
from training.evaluation import score
from training.methods import registry
from training.methods.distill.settings import DistillConfig
from training.methods.dpo import pairs as dpo_pairs
from training.methods.dpo.settings import DpoConfig
from training.methods.grpo.rows import groups_of_a_step
from training.methods.grpo.settings import GrpoConfig
from training.methods.memory_estimate import estimate, texts_of_a_row
from training.methods.planning.adapter_plan import adapter_lines
from training.methods.planning.cards import card_of
from training.methods.planning.phase_memory import asking_of, drawing_of, phase_lines
from training.methods.steps import planned_steps, rows_of_a_step
from training.models import targets
from training.models.shapes import ENCODERS, Shape, shape_of
from training.run import config as configuration
from training.run import machine
from training.run.folder import RunFolder
from training.run.settings import Config

# Share of a plain matrix product's speed that training reaches on a CPU, layers and all: a rule of thumb, good to about
# a factor of two. Small batches and a busy machine lie below it; the time left during a run is measured.
CPU_EFFICIENCY = 0.35
CHARACTERS_PER_TOKEN = 3.6
SYSTEM_BYTES = CPU.base  # python, torch and the libraries themselves


def show(config: Config, folder: RunFolder, card: str | None = None) -> None:
    """Print the plan of a dry run.

    Args:
        config: of the run.
        folder: where it would be.
        card: whose memory the plan is held against; ``config.card`` where None, and this machine's where that is None.

    Raises:
        BadInput: the rows or the settings cannot be used, or there is no such card.
    """
    machine.quiet_libraries()  # a method's rows may load them
    named = card or config.card
    held_against = card_of(named) if named else None
    loaded = registry.load_rows(config)
    rows = trained_rows(config, loaded.train)
    shape, t = shape_of(config.model.source), config.train
    if config.lora and shape is not None:
        targets.adapted_layers(config.lora, shape.layers)
    steps = _steps(config, len(rows))
    print(
        f"plan         {config.method} of {config.model.source} on task {config.task_name},"
        f" settings {configuration.sha(config)[:8]}"
    )
    print(f"folder       {folder.path}")
    print(*adapter_lines(config, shape), sep="\n")
    print(
        f"rows         {len(rows)} to train on, {t.per_device_train_batch_size} x {t.gradient_accumulation_steps}"
        f" in a step, {steps} steps"
    )
    if config.data.train_file:
        print(f"learns from  {config.data.train_file}")
    for name, file in config.data.heldout_files.items():
        print(f"tested on    {file} ({name})")
    if isinstance(config, GrpoConfig):
        print(f"groups       {groups_of_a_step(config)} of {config.grpo.num_generations} answers in a step")
    warm_up = f"{t.warmup_steps:.0%}" if t.warmup_steps < 1 else f"{t.warmup_steps:g} steps of"
    print(f"rate         {t.learning_rate:g}, {t.lr_scheduler_type}, {warm_up} warm-up, seed {t.seed}")
    if config.model.source in ENCODERS:
        trained = "the adapter is a small part of it" if config.lora else (
            "weights, gradient and AdamW's two means in 32 bits are a fifth of it")  # fmt: skip
        print(f"memory       about {1.5 if config.lora else 2:g} GB: {trained}")
        return
    if shape is None:
        print("memory       unknown: the model's shape is not known before its download")
        return
    if isinstance(config, DistillConfig):
        _show_students(config, shape, steps)
        return
    tokens = _row_tokens(rows)
    parts = estimate(config, max(tokens, 8))
    total = parts["total_bytes"] if held_against else _process_bytes(parts)
    free = "" if held_against else f"; free here {machine.available_memory_bytes() / 1e9:.1f}"
    trained = parts["adapter_bytes"] + parts["gradients_bytes"] + parts["optimiser_bytes"]
    passing = parts["activations_bytes"] + parts["scores_bytes"]
    weights = parts["weights_bytes"]
    print(f"memory       about {total / 1e9:.1f} GB: weights {weights / 1e9:.2f}, adapter with gradient and optimiser"
          f" {trained / 1e9:.2f}, activations {passing / 1e9:.2f}{free}")  # fmt: skip
    asking = (
        asking_of(config, splits.task_of(config), loaded.heldout)
        if registry.answers(config) and loaded.heldout
        else None
    )
    drawing = drawing_of(config, asking) if asking is not None and isinstance(config, GrpoConfig) else None
    print(*phase_lines(config, shape, total, asking, held_against, drawing), sep="\n")
    print(f"trainable    {parts['trainable_parameters']:,} of {parts['parameters']:,} parameters")
    if held_against:
        print("time         not estimated for another machine")
    elif machine.device() == "cpu" and 0 < machine.available_memory_bytes() < total:
        print("time         not estimated: it does not fit here; --card NAME plans it for a card")
    else:
        print(f"time         {_time(config, shape, steps, tokens)}")


def student_sizes(config: DistillConfig, shape: Shape) -> dict[str, float]:
    """Parameters and bytes of a student of some of the teacher's layers, with the teacher beside it."""
    layers = min(config.distill.layers, shape.layers)
    per_layer = (shape.linear_parameters + shape.layers * shape.other_parameters) / shape.layers
    trained = layers * per_layer + shape.hidden  # embeddings and head stay as they are
    held = shape.parameters - shape.linear_parameters - shape.layers * shape.other_parameters - shape.hidden
    width = 4 if config.model.dtype == "float32" else 2
    return {"parameters": trained + held, "trained": trained, "teacher_bytes": shape.parameters * width,
            "student_bytes": (trained + held) * 4, "training_bytes": trained * 12}  # fmt: skip


def _show_students(config: DistillConfig, shape: Shape, steps: int) -> None:
    size = student_sizes(config, shape)
    total = size["teacher_bytes"] + size["student_bytes"] + size["training_bytes"] + SYSTEM_BYTES
    arms = config.distill.variants
    print(f"students     {len(arms)}, one after the other ({', '.join(arms)}), {size['parameters']:,.0f} parameters"
          f" each, {size['trained']:,.0f} trained, {steps} steps each")  # fmt: skip
    print(f"memory       about {total / 1e9:.1f} GB and a batch's scores: teacher {size['teacher_bytes'] / 1e9:.2f},"
          f" student {size['student_bytes'] / 1e9:.2f}, its gradient and optimiser"
          f" {size['training_bytes'] / 1e9:.2f}; free here {machine.available_memory_bytes() / 1e9:.1f}")  # fmt: skip
    print("time         not estimated; the first steps show it")


def check_resources(config: Config, folder: RunFolder) -> None:
    """LackingResource when memory or disk clearly do not suffice."""
    machine.need_disk(folder.path, 0.05e9 + (3.0 * (shape_of(config.model.source) or _NO_SHAPE).parameters * 4
                      if config.lora is None else 0), "the run's folder")  # fmt: skip
    shape = shape_of(config.model.source)
    if shape is not None and machine.device() == "cpu":
        parts = estimate(config, 128, shape)
        machine.need_memory(_process_bytes(parts), f"{config.model.source} with these settings")


def final_status(config: Config, folder: RunFolder) -> str:
    """main | smoke | dirty: whether a page may quote the run."""
    if config.model.source.startswith("tiny-random:"):
        return "smoke"
    return "dirty" if folder.read()["run"]["dirty"] else "main"


class _NoShape:
    parameters = 0


_NO_SHAPE = _NoShape()


def _process_bytes(parts: dict) -> float:
    """On a CPU the whole process, elsewhere what lies on the device."""
    return parts.get("process_on_a_cpu_bytes", parts["total_bytes"]) if machine.device() == "cpu" else (
        parts["total_bytes"])  # fmt: skip


def trained_rows(config: Config, rows: list[dict]) -> list[dict]:
    """The rows as they are trained on: with the examples that stand in their prompts."""
    if not score.examples_of(config, "tuned"):
        return rows
    return [{"messages": [*dpo_pairs.asked_of(config, row), row["messages"][-1]]} for row in rows]


def _steps(config: Config, n_rows: int) -> int:
    """Optimiser steps of all rounds; GRPO's rows are answers, several to each question."""
    answers = config.grpo.num_generations if isinstance(config, GrpoConfig) else 1
    rounds = config.dpo.rounds if isinstance(config, DpoConfig) else 1
    return planned_steps(config, n_rows * answers) * rounds


def _row_tokens(rows: list[dict]) -> int:
    """Mean tokens of a row, from its characters; of one text where a row is a question and its passages, and of the
    question with one answer where it has two."""
    import json

    def characters(row: dict) -> float:
        sides = [row[side] for side in ("anchor", "positive", "negative", "chosen", "rejected") if side in row]
        rest = "" if "anchor" in row else json.dumps(row.get("messages", row.get("prompt", "")), ensure_ascii=False)
        return len(rest) + (sum(map(len, sides)) / len(sides) if sides else 0)

    sample = rows[:200]
    return round(sum(map(characters, sample)) / len(sample) / CHARACTERS_PER_TOKEN)


def _time(config: Config, shape: Shape, steps: int, tokens: int) -> str:
    """Expected time by counting the arithmetic: 4 operations per weight and token (forward, and gradient backward), 2
    below the first adapter."""
    if machine.device() != "cpu":
        return "not estimated on this device; the first steps show it"
    import torch

    kind = machine.best_dtype() if config.model.dtype == "auto" else config.model.dtype
    x, w = torch.ones(512, 576, dtype=getattr(torch, kind)), torch.ones(1536, 576, dtype=getattr(torch, kind))
    best = min(_seconds(lambda: torch.nn.functional.linear(x, w)) for _ in range(20))
    rate = 2 * 512 * 576 * 1536 / best * CPU_EFFICIENCY
    work = 4 - 2 * targets.adapted_from(config.lora) / shape.layers if config.lora else 6
    count = steps * rows_of_a_step(config) * texts_of_a_row(config) * tokens
    seconds = count * work * shape.linear_parameters / rate
    return f"about {max(seconds, 1):.0f} s for the training itself ({kind}, {torch.get_num_threads()} threads)"


def _seconds(call: Callable[[], Any]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started
