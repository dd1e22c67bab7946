"""Settings of the distillation pipeline: who teaches, what it may cost, what is kept, when the router trusts."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, cast

from pydantic import Field

from training.methods.configuration import load_config
from training.run.section import Number, Section, Text, Whole
from training.run.settings import Config


class TeacherSettings(Section):
    """The model that writes the rows, and how it is asked. Prices are for a million tokens, in any one currency."""

    kind: Literal["local", "vllm", "endpoint"] = Field(
        "local", description="local: transformers on this machine; vllm: in this process, on a GPU; endpoint: any"
        " OpenAI-compatible address"
    )  # fmt: skip
    model: Text = Field("", description="folder, hub id, or the endpoint's name for it; empty: the student's own base")
    revision: Text | None = Field(None, description="commit of a hub id")
    url: Text = Field("", description="of an endpoint, as in https://host/v1")
    key_from: Text = Field("", description="environment variable that holds the endpoint's key; empty for none")
    timeout_s: Number = Field(60.0, ge=0.1, le=86_400, description="for one call of an endpoint")
    samples: Whole = Field(8, ge=1, description="most tries for one question; the first that passes is taken")
    temperature: Number = Field(0.8, ge=1e-3, description="of the tries")
    batch: Whole = Field(96, ge=1, description="questions asked together")
    price_in: Number = Field(0.0, ge=0, description="of tokens that it reads")
    price_out: Number = Field(0.0, ge=0, description="of tokens that it writes")
    budget_tokens: Whole = Field(
        0, ge=0, description="most tokens that the teacher may cost, resumed or not; 0: no limit"
    )
    budget_money: Number = Field(0.0, ge=0, description="most money, by the prices above; 0: no limit")


class RouterSettings(Section):
    """When the student's answer is taken, and what the whole may lose against the teacher."""

    precision: Number = Field(
        0.9, ge=0, le=1, description="share of right answers wanted among those taken, on the calibration set"
    )
    margin_points: Number = Field(5.0, ge=0, description="how far the whole may fall behind the teacher, in points")


class StackConfig(Config):
    """A whole distillation; ``evaluate.sets`` names the calibration set first, then the test set."""

    method: Literal["distill-stack"] = Field(description="how it is trained")
    teacher: TeacherSettings = Field(TeacherSettings(), description="who teaches")
    router: RouterSettings = Field(RouterSettings(), description="when the student is trusted")
    verify: bool = Field(True, description="false takes any answer, for smoke runs: a random model passes no verifier")
    student_price_in: Number = Field(0.0, ge=0, description="of a million tokens that the student reads")
    student_price_out: Number = Field(0.0, ge=0, description="of a million tokens that the student writes")


def load(path: str | Path, overrides: list[str] | tuple = (), seed: int | None = None) -> StackConfig:
    """One whole distillation's settings; arguments and errors as in ``load_config``."""
    return cast(StackConfig, load_config(path, overrides, seed, kinds={"distill-stack": StackConfig}))
