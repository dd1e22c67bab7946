"""Settings of distillation."""

from __future__ import annotations

from dataclasses import dataclass

from training.run.settings import Config, setting


@dataclass(frozen=True)
class DistillSettings:
    """Teacher, student, and the ways of teaching that are compared."""

    rows: str = setting("text: general English, where many a next word is right; task: the rows of the task (or of"
                        " data.train_file)", "text", choices=("text", "task"))  # fmt: skip
    variants: list[str] = setting("ways of teaching, each on the same data for the same steps; the first is the"
                              " control, the last is judged", ["hard", "soft"])  # fmt: skip
    layers: int = setting("layers of the teacher that the student keeps, first and last among them", 10, low=1)
    teacher_adapter: str | None = setting("a run's adapter folder that makes the teacher; null: the model itself", None)
    temperature: float = setting("T, softens both sides of the soft part", 1.0, low=1e-2)
    alpha: float = setting("share of the soft part in the variant soft", 1.0, low=0, high=1)
    beta: float = setting("divergence: 0 forward KL, 1 reverse, between them generalised Jensen-Shannon", 0.0, low=0,
                          high=1)  # fmt: skip
    top_k: int = setting("0 keeps the teacher's hidden states (exact); k keeps the k likeliest tokens and the mass of"
                         " the rest", 0, low=0)  # fmt: skip
    prompt_tokens: int = setting("tokens of a text that teacher or student goes on from (sequence, on_policy)", 16,
                                 low=1)  # fmt: skip
    draw_temperature: float = setting("of texts that the teacher or the student writes", 1.0, low=1e-3)
    max_new_tokens: int = setting("tokens that teacher or student writes", 64, low=1)
    kl_margin: float = setting("allowed rise of the divergence from the teacher over the control, nats", 0.05, low=0)


@dataclass(frozen=True)
class DistillConfig(Config):
    """A run that teaches a smaller model."""

    method: str = setting("how it is trained", choices=("distill",))
    distill: DistillSettings = setting("teacher, student and variants", DistillSettings())
