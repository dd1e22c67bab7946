"""``make adapters``: small files of the runs that are there, a line for those that are not, and the page lists them."""

from __future__ import annotations

import importlib.util
import json
import subprocess
from pathlib import Path

from labs_py.core.llama import adapter as lora
from tests.unit.core.llama_fixture import random_model
from training.commands.record_list import plan
from training.commands.records import arguments_of
from training.run.record import RECORDS_FOLDER
from training.site_records import ladder_adapters, real_model

ROOT = real_model.DATA.parents[1]
NAME = ladder_adapters.LADDER[3][0]


def run_with_adapter(folder, model):
    """A run's folder with an adapter in PEFT's files."""
    made = lora.start(model, range(1, 3), 4, 8.0, 0)
    content, config = lora.peft_files(lora.Adapter({n: (a, b + 1) for n, (a, b) in made.factors.items()}, made.scale))
    own = folder / NAME / "adapter"
    own.mkdir(parents=True)
    (own / "adapter_model.safetensors").write_bytes(content)
    (own / "adapter_config.json").write_text(config)


def test_what_is_there_is_written_and_what_is_not_is_said(tmp_path, capsys):
    model = random_model(dtype="float32")
    run_with_adapter(tmp_path / "runs", model)
    assert ladder_adapters.main(tmp_path / "runs", tmp_path / "local", model) == 0
    said = capsys.readouterr().out.splitlines()
    assert len(said) == len(ladder_adapters.LADDER) and "1 adapters are in" in said[-1]
    assert all("python -m training " in line and " --seed 0 --out " in line for line in said[:-1])
    [entry] = json.loads((tmp_path / "local" / ladder_adapters.LIST).read_text())
    content = b"".join((tmp_path / file["name"]).read_bytes() for file in entry["files"])
    assert entry["name"] == NAME and lora.unpack(content)[0].rank == entry["rank"] == 4


def test_without_any_run_nothing_is_written(tmp_path):
    assert ladder_adapters.main(tmp_path / "runs", tmp_path / "local") == 0
    assert not (tmp_path / "local").exists()


def test_every_run_of_the_ladder_is_a_recorded_one_and_its_command_that_of_the_list():
    entries = {entry.name: entry for entry in plan()}
    for name, _, _, arguments in ladder_adapters.LADDER:
        assert (RECORDS_FOLDER / f"{name}.json").is_file()
        whole = [*arguments.split(), "--seed", "0", "--out", f"runs/{name}"]
        assert sorted(whole) == sorted(arguments_of(entries[name], Path("runs") / name)), name


def test_the_page_lists_what_was_made_without_a_score(monkeypatch, tmp_path):
    spec = importlib.util.spec_from_file_location("hook_real_model", ROOT / "overrides" / "hooks" / "real_model.py")
    hook = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(hook)
    record = json.loads(hook.RECORD.read_text())
    record["adapters"].append({"name": NAME, "title": "Meeting day", "task": "", "rank": 4, "files": []})
    painted = hook.painted(record)
    assert (
        f'<option value="{NAME}">Meeting day</option>' in painted and '<th scope="row">Meeting day</th>' not in painted
    )


def test_small_files_are_never_committed():
    ignored = subprocess.run(["git", "check-ignore", "docs/data/real-model/local/x.bin"], cwd=ROOT, capture_output=True)
    assert ignored.returncode == 0
