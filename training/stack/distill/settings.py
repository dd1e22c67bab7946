"""Settings of the distillation pipeline: who teaches, what it may cost, what is kept, when the router trusts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import cast

from training.methods.configuration import load_config
from training.run.settings import Config, setting


@dataclass(frozen=True)
class TeacherSettings:
    """The model that writes the rows, and how it is asked. Prices are for a million tokens, in any one currency."""

    kind: str = setting("local: transformers on this machine; vllm: in this process, on a GPU; endpoint: any"
                        " OpenAI-compatible address", "local", choices=("local", "vllm", "endpoint"))  # fmt: skip
    model: str = setting("folder, hub id, or the endpoint's name for it; empty: the student's own base", "")
    revision: str | None = setting("commit of a hub id", None)
    url: str = setting("of an endpoint, as in https://host/v1", "")
    key_from: str = setting("environment variable that holds the endpoint's key; empty for none", "")
    timeout_s: float = setting("for one call of an endpoint", 60.0, low=0.1, high=86_400)
    samples: int = setting("most tries for one question; the first that passes is taken", 8, low=1)
    temperature: float = setting("of the tries", 0.8, low=1e-3)
    batch: int = setting("questions asked together", 96, low=1)
    price_in: float = setting("of tokens that it reads", 0.0, low=0)
    price_out: float = setting("of tokens that it writes", 0.0, low=0)
    budget_tokens: int = setting("most tokens that the teacher may cost, resumed or not; 0: no limit", 0, low=0)
    budget_money: float = setting("most money, by the prices above; 0: no limit", 0.0, low=0)


@dataclass(frozen=True)
class RouterSettings:
    """When the student's answer is taken, and what the whole may lose against the teacher."""

    precision: float = setting("share of right answers wanted among those taken, on the calibration set", 0.9, low=0,
                               high=1)  # fmt: skip
    margin_points: float = setting("how far the whole may fall behind the teacher, in points", 5.0, low=0)


@dataclass(frozen=True)
class StackConfig(Config):
    """A whole distillation; ``evaluate.sets`` names the calibration set first, then the test set."""

    method: str = setting("how it is trained", choices=("distill-stack",))
    teacher: TeacherSettings = setting("who teaches", TeacherSettings())
    router: RouterSettings = setting("when the student is trusted", RouterSettings())
    verify: bool = setting("false takes any answer, for smoke runs: a random model passes no verifier", True)
    student_price_in: float = setting("of a million tokens that the student reads", 0.0, low=0)
    student_price_out: float = setting("of a million tokens that the student writes", 0.0, low=0)


def load(path: str | Path, overrides: list[str] | tuple = (), seed: int | None = None) -> StackConfig:
    """One whole distillation's settings; arguments and errors as in ``load_config``."""
    return cast(StackConfig, load_config(path, overrides, seed, kinds={"distill-stack": StackConfig}))
