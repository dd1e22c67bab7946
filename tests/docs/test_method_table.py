"""The tables of methods: filled from records, empty where there are none, and never kinder than the records."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "overrides" / "hooks"))

import method_table  # noqa: E402
from page_numbers import PageNumbers  # noqa: E402
from run_records import UnknownNumber  # noqa: E402

sys.path.insert(0, str(ROOT))
from training.commands.record_list import plan  # noqa: E402

ROW = {"method": "LoRA", "needs": "rows", "runs": "orders",
       "gained": [{"name": "exact", "path": "eval.shifted.exact.gain", "format": "percent"}],
       "broke": [{"name": "nats", "path": "regression.cross_entropy.change"}]}  # fmt: skip


def record(seed: int, gain: float, verdict: str, **more) -> dict:
    return {"run": {"command": f"python -m training train --seed {seed} --out runs/records/orders-s{seed}",
                    "commit": "a" * 40, "started": "2026-01-01T00:00:00", "status": "main"},
            "environment": {"device": "cpu"}, "seeds": {"data": seed},
            "eval": {"shifted": {"exact": {"gain": {"value": gain, "n": 200, "ci95": [gain - 0.1, gain + 0.1]}}}},
            "regression": {"cross_entropy": {"change": 0.2, "n": 100, "ci95": [0.1, 0.3]}},
            "train": {"seconds": 100.0 + seed, "peak_memory_bytes": 2.5e9},
            "gate": {"verdict": verdict}, **more}  # fmt: skip


def write(runs: Path, seed: int, *values, name="orders", **more) -> None:
    runs.mkdir(exist_ok=True)
    (runs / f"{name}-s{seed}.json").write_text(json.dumps(record(seed, *values, **more)))


def test_without_records_the_row_stands_and_says_so(tmp_path):
    assert list(method_table.cells(ROW, tmp_path)) == ["LoRA", "rows", "not recorded yet", "", "", ""]


def test_all_seeds_stand_in_one_figure_with_cost_and_every_verdict(tmp_path):
    for seed, (gain, verdict) in enumerate([(0.3, "ship"), (-0.1, "no gain"), (-0.2, "no gain")]):
        write(tmp_path, seed, gain, verdict)
    _, _, gained, broke, cost, verdict = method_table.cells(ROW, tmp_path)
    assert gained == 'exact: {{ measured("orders-s*", "eval.shifted.exact.gain", format="percent") }}'
    assert broke == 'nats: {{ measured("orders-s*", "regression.cross_entropy.change") }}'
    assert verdict == "ship (1 of 3)<br>no gain (2 of 3)"
    assert cost.startswith("a CPU: ") and cost.count('"orders-s*"') == 2 and "seconds" in cost
    page = PageNumbers(tmp_path, {})
    assert "0" in page.measured("orders-s*", "eval.shifted.exact.gain", format="percent")


def test_a_share_over_seeds_stays_between_nothing_and_all_and_a_difference_need_not(tmp_path):
    for seed, right in enumerate([0.99, 0.7]):
        write(tmp_path, seed, right - 0.75, "ship")
        file = tmp_path / f"orders-s{seed}.json"
        kept = json.loads(file.read_text())
        kept["eval"]["shifted"]["exact"] |= {"tuned": right, "n": 200, "ci95": {"tuned": [right - 0.01, right + 0.01]}}
        file.write_text(json.dumps(kept))
    page = PageNumbers(tmp_path, {})
    assert "to 100" in page.measured("orders-s*", "eval.shifted.exact.tuned", format="percent")
    assert "−" in page.measured("orders-s*", "eval.shifted.exact.gain", format="percent")


def test_each_device_has_its_own_cost(tmp_path):
    for seed, device in enumerate(["cpu", "Some GPU", "Some GPU"]):
        write(tmp_path, seed, 0.3, "ship", environment={"device": device})
    cost = list(method_table.cells(ROW, tmp_path))[4]
    on_cpu, on_gpu = cost.split("<br>")
    assert on_cpu.startswith('a CPU: {{ measured("orders-s0", "train.seconds"')
    assert on_gpu.startswith('Some GPU: {{ measured("orders-s1", "train.seconds"') and "s*" not in cost


def test_one_seed_stands_alone_and_a_figure_that_is_not_there_is_left_out(tmp_path):
    write(tmp_path, 2, 0.3, "ship", regression={})
    write(tmp_path, 0, 0.3, "ship", name="orders-rows50")  # another group whose name begins alike
    _, _, gained, broke, _, verdict = method_table.cells(ROW, tmp_path)
    assert 'measured("orders-s2", ' in gained and broke == "not measured" and verdict == "ship"


def test_a_run_that_may_not_be_quoted_is_not_quoted(tmp_path):
    write(tmp_path, 0, 0.3, "ship")
    file = tmp_path / "orders-s0.json"
    kept = json.loads(file.read_text())
    kept["run"]["status"] = "dirty"
    file.write_text(json.dumps(kept))
    assert list(method_table.cells(ROW, tmp_path))[2:] == ["not recorded yet", "", "", ""]


def test_the_line_becomes_a_table_and_an_unknown_one_is_named(tmp_path):
    (tmp_path / "reference").mkdir()
    (tmp_path / "reference" / "methods.yml").write_text(yaml.safe_dump({"orders": [ROW]}))
    text = method_table.expand('Before\n\n{{ method_table("orders") }}\n\nAfter', tmp_path, tmp_path)
    lines = text.splitlines()
    assert lines[2].startswith("| Method | What it needs |") and "not recorded yet" in lines[4] and lines[-1] == "After"
    assert len({line.count("|") for line in lines[2:5]}) == 1
    with pytest.raises(UnknownNumber, match="no table 'nothing'"):
        method_table.expand('{{ method_table("nothing") }}', tmp_path, tmp_path)


def test_every_row_names_runs_that_are_on_the_list_and_every_table_is_shown():
    listed = yaml.safe_load((ROOT / "docs" / "reference" / "methods.yml").read_text(encoding="utf-8"))
    page = (ROOT / "docs" / "reference" / "methods.md").read_text(encoding="utf-8")
    assert {found[1] for found in method_table.LINE.finditer(page)} == set(listed)
    planned = {entry.name.rsplit("-s", 1)[0] for entry in plan()}
    rows = [row for table in listed.values() for row in table]
    assert len(rows) >= 25
    for row in rows:
        assert row["runs"] in planned, row["runs"]
        assert row.get("broke")
