"""Settings of distillation."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from training.run.section import Number, Section, Text, Whole
from training.run.settings import Config


class DistillSettings(Section):
    """Teacher, student, and the ways of teaching that are compared."""

    rows: Literal["text", "task"] = Field(
        "text", description="text: general English, where many a next word is right; task: the rows of the task (or of"
        " data.train_file)"
    )  # fmt: skip
    variants: list[Text] = Field(
        ["hard", "soft"], description="ways of teaching, each on the same data for the same steps; the first is the"
        " control, the last is judged"
    )  # fmt: skip
    layers: Whole = Field(
        10, ge=1, description="layers of the teacher that the student keeps, first and last among them"
    )
    teacher_adapter: Text | None = Field(
        None, description="a run's adapter folder that makes the teacher; null: the model itself"
    )
    temperature: Number = Field(1.0, ge=1e-2, description="T, softens both sides of the soft part")
    alpha: Number = Field(1.0, ge=0, le=1, description="share of the soft part in the variant soft")
    beta: Number = Field(
        0.0, ge=0, le=1, description="divergence: 0 forward KL, 1 reverse, between them generalised Jensen-Shannon"
    )
    top_k: Whole = Field(
        0, ge=0, description="0 keeps the teacher's hidden states (exact); k keeps the k likeliest tokens and the mass"
        " of the rest"
    )  # fmt: skip
    prompt_tokens: Whole = Field(
        16, ge=1, description="tokens of a text that teacher or student goes on from (sequence, on_policy)"
    )
    draw_temperature: Number = Field(1.0, ge=1e-3, description="of texts that the teacher or the student writes")
    max_new_tokens: Whole = Field(64, ge=1, description="tokens that teacher or student writes")
    kl_margin: Number = Field(
        0.05, ge=0, description="allowed rise of the divergence from the teacher over the control, nats"
    )


class DistillConfig(Config):
    """A run that teaches a smaller model."""

    method: Literal["distill"] = Field(description="how it is trained")
    distill: DistillSettings = Field(DistillSettings(), description="teacher, student and variants")
