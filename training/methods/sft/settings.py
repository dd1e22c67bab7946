"""Settings of supervised fine-tuning: those that every method has, and no section more."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from training.run.settings import Config


class SftConfig(Config):
    """A supervised run."""

    method: Literal["sft"] = Field(description="how it is trained")
