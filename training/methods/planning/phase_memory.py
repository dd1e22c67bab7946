"""Memory of the phases around training: a run that trains in 20 GB may still ask a hundred prompts at once.

Probe and evaluation hold the weights, the keys and values of every prompt with its answer, the tensors of one layer
while the prompts are read, and one row of logits a prompt. Merging holds every weight in float32.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from labs_py.core import run_cost
from training.data.tasks import base as task_base
from training.methods.grpo.settings import GrpoConfig
from training.methods.planning.cards import Card
from training.methods.steps import rows_of_a_step
from training.models.shapes import Shape
from training.run import machine
from training.run.settings import Config

CHARACTERS_PER_TOKEN = 3.6
SMALLER = "take fewer rows at once, train.gradient_checkpointing=true or model.quantization=nf4"
FULL = "the weights alone fill it: take model.quantization=nf4 or a larger card"
ROWS_READ = 200  # of the held-out rows, for the longest prompt


@dataclass(frozen=True)
class Asking:
    """How prompts are asked.

    Attributes:
        rows: at once.
        prompt: tokens of the longest, with the worked examples in it.
        answer: tokens of the longest.
    """

    rows: int
    prompt: int
    answer: int


def asking_of(config: Config, task: task_base.Task, heldout: dict[str, list[dict]]) -> Asking:
    """What probe and evaluation put to the model, counted in characters: a dry run loads no tokenizer."""
    shots = max(config.evaluate.num_fewshot, config.probe.num_fewshot) if task.shots else 0
    longest = 0
    for rows in heldout.values():
        for row in rows[:ROWS_READ]:
            if "messages" in row:
                longest = max(longest, len(json.dumps(task_base.few_shot(task, row, shots), ensure_ascii=False)))
    count = max(config.probe.n, max((len(rows) for rows in heldout.values()), default=0))
    rows = min(config.evaluate.per_device_eval_batch_size, count)
    return Asking(rows, max(8, round(longest / CHARACTERS_PER_TOKEN)), config.evaluate.max_new_tokens)


def drawing_of(config: GrpoConfig, asking: Asking) -> Asking | None:
    """How a step's answers are drawn on each device; None where vLLM draws them in memory of its own."""
    if config.grpo.use_vllm:
        return None
    drawn = config.grpo.generation_batch_size
    rows = rows_of_a_step(config) if drawn is None else drawn // machine.process_count()
    return Asking(rows, asking.prompt, config.grpo.max_completion_length)


def held_bytes(config: Config, shape: Shape) -> float:
    """The base model's weights as they are held while it is asked."""
    size = run_cost.BYTES[config.model.dtype]
    held = shape.parameters * size
    if config.model.quantization == "nf4":
        held += shape.linear_parameters * (run_cost.NF4_BITS / 8 - size)
    return held


def row_bytes(config: Config, shape: Shape, asking: Asking) -> float:
    """What one more prompt in a batch takes."""
    size = run_cost.BYTES[config.model.dtype]
    kept = 2 * shape.key_value * shape.layers * (asking.prompt + asking.answer) * size
    reading = (3 * shape.inner + 2 * shape.query + 2 * shape.key_value + 3 * shape.hidden) * asking.prompt * size
    return kept + reading + shape.vocabulary * (size + 4)  # logits, and float32 ones


def asking_bytes(config: Config, shape: Shape, asking: Asking) -> float:
    """Peak of probe and evaluation."""
    return held_bytes(config, shape) + asking.rows * row_bytes(config, shape, asking)


def rows_that_fit(config: Config, shape: Shape, asking: Asking, room: float) -> int:
    """Prompts that ``room`` bytes hold at once; 0 when the weights alone fill them."""
    return max(0, int((room - held_bytes(config, shape)) // row_bytes(config, shape, asking)))


def merge_bytes(shape: Shape) -> float:
    """Peak of ``merge``: every weight in float32, and one matrix's update beside it."""
    return 4.0 * (shape.parameters + max(d_in * d_out for d_in, d_out in shape.linears.values()))


def phase_lines(config: Config, shape: Shape, training: float, asking: Asking | None, card: Card | None,
                drawing: Asking | None = None) -> list[str]:  # fmt: skip
    """Lines of a dry run: what drawing, evaluation and merging take, and what of the run a card holds.

    Args:
        config, shape: of the run.
        training: bytes of the training itself.
        asking: how probe and evaluation ask; None for a method that asks nothing.
        card: that the run is planned for; None for this machine.
        drawing: how answers are drawn in training, for a method that draws some.
    """
    lines, verdicts = [], []
    if card is not None:
        verdicts.append(_verdict("training", training, card, SMALLER))
    if drawing is not None:
        needed = asking_bytes(config, shape, drawing)
        lines.append(f"drawing      about {needed / 1e9:.1f} GB: {drawing.rows} answers at once")
        if card is not None:
            verdicts.append(_verdict("drawing", needed, card, "set grpo.generation_batch_size to a share of a step"))
    if asking is not None:
        needed = asking_bytes(config, shape, asking)
        lines.append(f"evaluation   about {needed / 1e9:.1f} GB: {asking.rows} prompts of up to {asking.prompt} tokens"
                     f" at once, answers of up to {asking.answer}; the probe asks likewise")  # fmt: skip
        if card is not None:
            fitting = rows_that_fit(config, shape, asking, card.usable)
            rows = f"set evaluate.per_device_eval_batch_size={fitting} (a batch that does not fit is tried in halves)"
            verdicts.append(_verdict("evaluation", needed, card, rows if fitting else FULL))
    if config.lora is not None:
        merging = merge_bytes(shape)
        lines.append(f"merge        about {merging / 1e9:.1f} GB: every weight in float32, once")
        if card is not None:
            verdicts.append(_verdict("merge", merging, card, "it takes the main memory instead; export needs less"))
    if card is not None:
        lines.append(f"card         {card.name}, {card.usable / 1e9:.1f} of it usable: {'; '.join(verdicts)}")
    return lines


def _verdict(phase: str, needed: float, card: Card, remedy: str) -> str:
    if needed <= card.usable:
        return f"{phase} fits ({needed / 1e9:.1f} GB)"
    return f"{phase} does not fit ({needed / 1e9:.1f} GB): {remedy}"
