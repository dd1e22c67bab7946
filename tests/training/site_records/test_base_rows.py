"""The untrained model's scores, question by question: as many items as questions, each set the task's headline."""

from __future__ import annotations

import pytest

from training import cli
from training.data.tasks import base as task_base
from training.data.tasks import registry as tasks
from training.methods.configuration import load_config
from training.models.loading import load_base
from training.run import config as configuration
from training.site_records import base_rows


@pytest.mark.parametrize("name", base_rows.TASKS)
def test_items_stand_behind_the_rates(name):
    settings = configuration.smoke(load_config(base_rows.CONFIG), "llama").replace(task=name)
    found = base_rows.asked(settings, load_base(settings.model), 5)
    for arm in base_rows.ARMS:
        assert found["items"][arm] and len(found["items"][arm]) == found[arm]["exact"]["n"] == 5
        assert sum(found["items"][arm]) / 5 == pytest.approx(found[arm]["exact"]["value"])
    first = tasks.get(name).rows(tasks.get(name).headline, 5, settings.data.seed)[0]
    assert found["shown"][0]["expected"] == task_base.target(first) and found["verdict"] == "train"


def test_a_smoke_run_is_no_record(capsys):
    assert cli.main(["base-rows", "--smoke", "--record"]) == 2
    assert "real model" in capsys.readouterr().err
    assert cli.main(["base-rows", "--limit", "0"]) == 2
