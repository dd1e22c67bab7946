"""Configurations that the decision exports are accepted by the trainer unchanged, dry-run, and fit their hardware."""

from __future__ import annotations

import pytest

from labs_py.core import decision
from labs_py.core.decision import Profile
from training import cli, config
from training.estimate import estimate


@pytest.mark.parametrize("hardware", ["cpu", "16", "24", "80"])
@pytest.mark.parametrize("goal", ["behaviour", "preference", "reasoning", "cheaper"])
def test_an_exported_configuration_loads_and_fits(tmp_path, hardware, goal):
    path = tmp_path / "decided.yaml"
    path.write_text(decision.configuration(Profile(goal, "half", True, 400, False, hardware)))
    loaded = config.load(path)
    assert loaded.data.n_train == 400
    if hardware != "cpu":
        assert estimate(loaded)["total_bytes"] * 1.1 < int(hardware) * 10**9


def test_the_configuration_for_a_laptop_dry_runs(tmp_path, capsys):
    path = tmp_path / "decided.yaml"
    path.write_text(decision.configuration(Profile("behaviour", "poor", True, 60, False, "cpu")))
    assert cli.main(["sft", "--dry-run", "--config", str(path), "--out", str(tmp_path / "run")]) == 0
    assert "60" in capsys.readouterr().out


def test_no_tuning_no_configuration():
    assert decision.configuration(Profile("behaviour", "fine", True, 60, False, "cpu")) == ""
