"""A student made of some of its teacher's layers, and what is kept of the teacher so that it runs only once."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.methods.distill.loss import keep_top_k
from training.methods.distill.settings import DistillConfig
from training.models import loading
from training.models.chat_template import Encoded
from training.models.guards import IGNORED
from training.models.loading import LoadedModel
from training.run import checkpoint_integrity, machine
from training.run.errors import BadInput
from training.run.folder import RunFolder

CACHE_FILE = "teacher.safetensors"


def kept_layers(count: int, total: int) -> list[int]:
    """Which of ``total`` layers a student of ``count`` keeps: the first, the last and evenly between."""
    count = min(count, total)
    if count == 1:
        return [0]
    return [round(i * (total - 1) / (count - 1)) for i in range(count)]


def cut(teacher: Any, count: int) -> Any:
    """A float32 copy of the teacher with only those layers; embeddings and head stay as they are and are not trained.

    One head serves both, so the teacher's last hidden state says exactly what the teacher would.
    """
    from transformers import AutoModelForCausalLM

    config = copy.deepcopy(teacher.config)
    chosen = kept_layers(count, config.num_hidden_layers)
    config.num_hidden_layers = len(chosen)
    if getattr(config, "layer_types", None):
        config.layer_types = [config.layer_types[layer] for layer in chosen]
    student = AutoModelForCausalLM.from_config(config).to(device=teacher.device).float()
    weights = {name: value for name, value in teacher.state_dict().items() if ".layers." not in name}
    for place, layer in enumerate(chosen):
        start = f"model.layers.{layer}."
        weights |= {name.replace(start, f"model.layers.{place}."): value
                    for name, value in teacher.state_dict().items() if name.startswith(start)}  # fmt: skip
    student.load_state_dict({name: value.float() for name, value in weights.items()}, strict=True)
    student.tie_weights()
    for part in (student.get_input_embeddings(), student.get_output_embeddings()):
        part.requires_grad_(False)
    return student


def teacher_of(config: DistillConfig, loaded: LoadedModel) -> Any:
    """The model that teaches: the base, or the base with a run's adapter merged into it.

    Raises:
        BadInput: weights held in 4 bits, or an adapter folder that cannot be read.
    """
    if config.model.quantization != "none":
        raise BadInput("model.quantization: a student is cut from the teacher's layers, which must be whole numbers of"
                       " their own; set it to none")  # fmt: skip
    if machine.process_count() > 1 and machine.is_main_process():
        loaded.model.to(machine.device())  # launched in parallel, only the first process asks the teacher
    if not config.distill.teacher_adapter:
        return loaded.model
    fresh = loading.load_base(config.model, loaded.dtype)
    return loading.merged(loading.attach_adapter(fresh.model, config.distill.teacher_adapter)).eval()


def predictors(labels: list[int]) -> list[int]:
    """Positions whose next token is trained on."""
    return [i - 1 for i, label in enumerate(labels) if label != IGNORED and i]


def states(teacher: Any, rows: list[Encoded], batch: int = 8) -> list[Any]:
    """The last hidden state before each label of each row, (N, D) each, as the model computes them."""
    import torch

    device, found = next(teacher.parameters()).device, [None] * len(rows)
    order = sorted(range(len(rows)), key=lambda place: len(rows[place].ids))
    with torch.inference_mode():
        for start in range(0, len(order), batch):
            chosen = order[start : start + batch]
            width = max(len(rows[place].ids) for place in chosen)
            # padding stands on the right, and no real token looks to the right
            ids = torch.tensor([rows[p].ids + [0] * (width - len(rows[p].ids)) for p in chosen], device=device)
            hidden = teacher.base_model(input_ids=ids, use_cache=False).last_hidden_state
            for at, place in enumerate(chosen):
                found[place] = hidden[at, predictors(rows[place].labels)].cpu().clone()
    return found


@dataclass
class TeacherTargets:
    """What the teacher said about each training row.

    Attributes:
        kept: tensors over all positions of all rows: ``hidden`` (P, D), or ``log_p``, ``tokens`` (P, K) and ``rest``
            (P,).
        starts: where each row's positions begin, with the end behind them.
    """

    kept: dict[str, Any]
    starts: list[int]

    def of(self, row: int) -> dict[str, Any]:
        """The tensors of one row."""
        part = slice(self.starts[row], self.starts[row + 1])
        return {name: values[part] for name, values in self.kept.items()}


def teacher_targets(
    config: DistillConfig, teacher: Any, rows: list[Encoded], folder: RunFolder
) -> tuple[TeacherTargets, dict]:
    """The teacher's part, made once and kept in the run's folder; and its size against full scores.

    With ``top_k`` each position keeps its k likeliest tokens at temperature T and the exact log mass of all others.
    """
    from safetensors.torch import save_file

    file, starts = folder.path / CACHE_FILE, [0]
    for row in rows:
        starts.append(starts[-1] + len(predictors(row.labels)))
    if file.is_file():
        kept = checkpoint_integrity.load(file, "remove this file, and the teacher is asked again")
    else:
        kept = make_teacher_targets(config, teacher, rows)
        partial = file.with_name(file.name + ".partial")
        save_file(kept, str(partial))
        partial.replace(file)
    return TeacherTargets(kept, starts), size_of(kept, starts[-1], teacher)


def make_teacher_targets(config: DistillConfig, teacher: Any, rows: list[Encoded]) -> dict[str, Any]:
    """The tensors of ``TeacherTargets.kept``."""
    import torch

    hidden = states(teacher, rows)
    if not config.distill.top_k:
        return {"hidden": torch.cat(hidden).contiguous()}
    head, found = teacher.get_output_embeddings(), []
    with torch.inference_mode():
        for part in hidden:
            scores = head(part.to(head.weight.device)).float() / config.distill.temperature
            log_p = scores.log_softmax(-1)
            found.append([x.cpu() for x in keep_top_k(log_p, min(config.distill.top_k, log_p.shape[-1]))])
    log_p, tokens, rest = (torch.cat(parts) for parts in zip(*found, strict=True))
    return {"log_p": log_p.contiguous(), "tokens": tokens.int().contiguous(), "rest": rest.contiguous()}


def size_of(kept: dict[str, Any], positions: int, teacher: Any) -> dict[str, Any]:
    """Bytes kept against those of all scores in the model's own type; for top-k also the mass outside."""
    size = sum(values.numel() * values.element_size() for values in kept.values())
    full = positions * teacher.config.vocab_size * next(teacher.parameters()).element_size()
    found = {
        "positions": positions,
        "bytes": size,
        "all_scores_bytes": full,
        "times_smaller": full / max(size, 1),
        "kind": "hidden states, exact" if "hidden" in kept else f"top {kept['log_p'].shape[1]} and the rest",
    }
    if "rest" in kept:
        found["mean_mass_outside"] = float(kept["rest"].exp().mean())
    return found


def load_student(path: Path, dtype: str) -> Any:
    """A student as it lies on the disk, held as the run's models are."""
    import torch
    from transformers import AutoModelForCausalLM

    held = AutoModelForCausalLM.from_pretrained(str(path), dtype=getattr(torch, dtype))
    return held.to(machine.device()).eval()
