"""The page's adapter as a run's folder: PEFT reads it, and what it adds is what the page adds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from labs_py.core.llama import adapter as lora
from training.methods.configuration import load_config
from training.run.errors import BadInput
from training.serving import shipment
from training.site_records import packed_run


def test_the_run_holds_the_adapter_of_the_page_and_the_task_it_was_trained_on(tmp_path: Path) -> None:
    packed_run.write("library_desk", tmp_path / "run")
    folder = shipment.run_folder(str(tmp_path / "run"))
    config = load_config(folder / "config.yaml")
    assert (config.task, config.lora.r, config.lora.lora_alpha) == ("library_desk", 8, 16)
    kept, (page, _) = (
        load_file(folder / "adapter" / "adapter_model.safetensors"),
        lora.unpack(packed_run.packed("library_desk")),
    )
    assert len(kept) == 2 * len(page.factors)
    for name, (a, b) in page.factors.items():
        assert np.array_equal(kept[f"base_model.model.model.{name}.lora_A.weight"], a)
        assert np.array_equal(kept[f"base_model.model.model.{name}.lora_B.weight"], b)


def test_what_is_not_there_and_what_is_there_already_are_one_line(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no adapter for 'poems'; there are orders, library_desk"):
        packed_run.write("poems", tmp_path / "run")
    with pytest.raises(BadInput, match="something of this name already"):
        packed_run.write("orders", tmp_path)


def test_a_damaged_part_is_refused(tmp_path: Path) -> None:
    for file in packed_run.FOLDER.iterdir():
        content = file.read_bytes()
        (tmp_path / file.name).write_bytes(content[:-1] if file.name == "orders-1.bin" else content)
    with pytest.raises(BadInput, match=r"orders-1\.bin: is not the file of the record"):
        packed_run.packed("orders", tmp_path)


def test_its_command_says_what_is_next_or_what_is_wrong_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    assert packed_run.main(["orders", str(tmp_path / "run")]) == 0
    assert "next: python -m training port" in capsys.readouterr().out
    assert packed_run.main(["poems", str(tmp_path / "other")]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    with pytest.raises(SystemExit) as ended:
        packed_run.main([])
    assert ended.value.code == 2 and "usage: python -m training.site_records.packed_run" in capsys.readouterr().err
