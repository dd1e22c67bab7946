"""The budgets of the site, and a verdict on what was measured against them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Budget:
    """A measured quantity's bounds: ``aim`` is what we want, beyond ``limit`` the bench fails."""

    name: str
    aim: float
    limit: float
    unit: str
    more_is_better: bool = False

    def verdict(self, value: float) -> str:
        """ "aim" (met), "ok" (within the limit) or "BROKEN"."""
        sign = -1 if self.more_is_better else 1
        if sign * value <= sign * self.aim:
            return "aim"
        return "ok" if sign * value <= sign * self.limit else "BROKEN"


BUDGETS = {
    budget.name: budget
    for budget in (
        Budget("first_lab_result", 7.0e6, 7.6e6, "bytes"),
        Budget("cold", 0.33, 0.45, "of stock"),
        Budget("warm", 0.35, 0.50, "of stock"),
        Budget("slider_p50", 19, 33, "ms"),
        Budget("slider_p95", 21, 50, "ms"),
        Budget("main_slider_p95", 30, 50, "ms"),
        Budget("first_motion_warm", 700, 1000, "ms"),
        Budget("first_motion_cold", 1500, 2000, "ms"),
        Budget("stop", 50, 60, "ms"),
        Budget("first_live_frame", 1000, 5000, "ms"),
        Budget("next_lab_page", 5, 50, "ms"),
        Budget("model_bytes", 97e6, 100e6, "bytes"),
        Budget("model_start", 4, 5, "s"),
        Budget("model_first_token", 5, 7, "s"),
        Budget("model_speed", 20, 15, "tokens a second", more_is_better=True),
        Budget("model_fifty_rows", 150, 180, "s"),
        Budget("model_memory", 600e6, 900e6, "bytes"),
        Budget("model_input", 50, 100, "ms"),
        Budget("model_stop", 200, 300, "ms"),
        Budget("plain_page", 100e3, 200e3, "bytes"),
        Budget("lab_page", 150e3, 250e3, "bytes"),
        Budget("performance", 98, 95, "points", more_is_better=True),
        Budget("accessibility", 100, 100, "points", more_is_better=True),
        Budget("best-practices", 100, 95, "points", more_is_better=True),
        Budget("seo", 100, 95, "points", more_is_better=True),
    )
}


def budget_for(name: str) -> Budget:
    """The budget of a measurement; "landing: seo" and "lab: seo" share one."""
    return BUDGETS[name.rpartition(": ")[2]]


def report(measured: dict[str, float]) -> tuple[list[str], list[str]]:
    """Lines of a table, and the names of the budgets that are broken."""
    lines, broken = [], []
    for name, value in measured.items():
        budget = budget_for(name)
        verdict = budget.verdict(value)
        if verdict == "BROKEN":
            broken.append(name)
        lines.append(" | ".join(cells(name, value, budget, verdict)))
    return lines, broken


def cells(name: str, value: float, budget: Budget, verdict: str) -> Iterable[str]:
    """One row of the table."""
    shown = [f"{x / 1e3:,.0f} kB" if budget.unit == "bytes" else f"{x:.3g}" for x in (value, budget.aim, budget.limit)]
    unit = "" if budget.unit == "bytes" else f" {budget.unit}"
    yield f"{name:26}"
    yield f"{shown[0] + unit:>16}"
    yield f"aim {shown[1]:>9}"
    yield f"limit {shown[2]:>9}"
    yield verdict
