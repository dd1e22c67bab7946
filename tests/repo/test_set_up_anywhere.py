"""Set-up in an odd path, killed, twice at once, and with damaged files: a site is served (tests/bench/set_up.py)."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.bench import set_up


@pytest.mark.long
def test_a_site_is_served_whatever_happened(tmp_path: Path) -> None:
    checkout = set_up.copy(tmp_path, ["wheels"])
    assert set_up.faults_of(checkout, kills=10, kinds_at_most=1000, draw=random.Random(0)) == []


@pytest.mark.parametrize("seed", range(6))
def test_one_file_of_each_kind_is_damaged_and_no_other(tmp_path: Path, seed: int) -> None:
    names = [".cache/wheels/a.whl", ".cache/wheels/b.whl", ".cache/runtime/built-1/a.pack", ".cache/cards/a.ttf",
             ".cache/cards/a.kept", ".cache/cards/b.kept", ".venv/stage10-stamps/npm", "site/x/index.html",
             "site/y.html", "site/y.css"]  # fmt: skip
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"whole and well")
    draw = random.Random(seed)
    chosen = set_up.kinds(tmp_path, draw)
    assert len(chosen) == 6 and tmp_path / "site" / "y.css" not in chosen
    (tmp_path / "linked").hardlink_to(chosen[0])
    assert set_up.damage(chosen[0], draw) in ("cut", "changed", "emptied")
    assert chosen[0].read_bytes() != b"whole and well" == (tmp_path / "linked").read_bytes()
    assert sum((tmp_path / name).read_bytes() != b"whole and well" for name in names) == 1
