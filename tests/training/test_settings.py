"""Configurations: every file loads and fits its model; every slip is one line that names it."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from training import config as configuration
from training.architectures import SHAPES
from training.cli import main
from training.errors import BadInput
from training.estimate import adapter_parameters, estimate

FOLDER = Path(__file__).resolve().parents[2] / "training" / "configs"
RUNS = sorted((FOLDER / "sft").glob("*.yaml"))
BIG = [p for p in RUNS if "_7b_" in p.name]
LAUNCHES = sorted((FOLDER / "accelerate").glob("*.yaml"))
TINY = FOLDER / "sft" / "tiny.yaml"
CARDS_GB = {"80gb": 80, "24gb": 24, "16gb": 16, "fsdp": 80, "zero3": 80}


def test_as_many_files_as_we_think():
    """A glob that sees nothing would pass everything."""
    assert len(BIG) == 11  # three models on three cards, and FSDP and ZeRO-3
    assert len(LAUNCHES) == 2
    assert len({configuration.load(p).model.source for p in BIG}) == 3


@pytest.mark.parametrize("path", RUNS, ids=lambda p: p.stem)
def test_every_run_loads_and_its_adapter_is_counted(path):
    config = configuration.load(path)
    shape = SHAPES.get(config.model.source)
    if shape is not None and config.lora:
        # R * (D_in + D_out), written out once more by hand for all seven maps of a layer
        h, k, m = shape.hidden, shape.key_value, shape.inner
        maps = (h + h) + (h + k) + (h + k) + (h + h) + (h + m) + (h + m) + (m + h)
        assert (
            adapter_parameters(shape, config.lora) == (shape.layers - config.lora.first_layer) * config.lora.rank * maps
        )


@pytest.mark.parametrize("path", BIG, ids=lambda p: p.stem)
def test_every_big_run_pins_a_commit_and_fits_its_card(path):
    config = configuration.load(path)
    assert len(config.model.revision) == 40
    card = CARDS_GB[path.stem.rsplit("_", 1)[-1]]
    assert estimate(config)["total_bytes"] < 0.9 * card * 1e9
    assert (
        config.train.batch_size * config.train.accumulation * (4 if "fsdp" in path.stem or "zero3" in path.stem else 1)
        == 16
    )


@pytest.mark.parametrize("path", LAUNCHES, ids=lambda p: p.stem)
def test_every_launch_file_is_one_that_accelerate_reads(path):
    from accelerate.commands.config.config_args import load_config_from_file

    found = load_config_from_file(str(path))
    assert found.num_processes >= 2
    assert str(found.distributed_type).rsplit(".", 1)[-1] in ("FSDP", "DEEPSPEED")


@pytest.mark.parametrize("name, shape", SHAPES.items(), ids=lambda x: getattr(x, "architecture", x))
def test_shapes_give_the_parameter_count_of_the_real_architecture(name, shape):
    """The model is built without memory, by transformers itself."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    heads = shape.key_value * shape.heads // shape.hidden
    made = AutoConfig.for_model(
        shape.architecture, hidden_size=shape.hidden, num_hidden_layers=shape.layers, num_attention_heads=shape.heads,
        num_key_value_heads=heads, intermediate_size=shape.inner, vocab_size=shape.vocabulary,
        tie_word_embeddings=shape.tied,
    )  # fmt: skip
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(made)
    assert sum(p.numel() for p in model.parameters()) == shape.parameters


def change(tmp_path, edit) -> Path:
    """The tiny configuration with one edit."""
    tree = yaml.safe_load(TINY.read_text())
    edit(tree)
    path = tmp_path / "edited.yaml"
    path.write_text(yaml.safe_dump(tree))
    return path


@pytest.mark.parametrize(
    "edit, words",
    [
        (lambda t: t["train"].update(learnin_rate=1), ["train.learnin_rate", "did you mean 'learning_rate'"]),
        (lambda t: t.update(trian={}), ["'trian'", "did you mean 'train'"]),
        (lambda t: t["train"].pop("epochs"), ["train.epochs", "missing"]),
        (lambda t: t.pop("model"), ["'model'", "missing"]),
        (lambda t: t["lora"].update(rank="eight"), ["lora.rank", "whole number"]),
        (lambda t: t["lora"].update(rank=0), ["lora.rank", "between 1 and 1024"]),
        (lambda t: t["train"].update(batch_size=2.5), ["train.batch_size", "whole number"]),
        (lambda t: t["train"].update(bucket="yes please"), ["train.bucket", "true or false"]),
        (lambda t: t["train"].update(scheduler="linaer"), ["train.scheduler", "linear, cosine, constant"]),
        (lambda t: t["lora"].update(dropout=0.1), ["lora.dropout", "train.shared_prefix=false"]),
        (lambda t: t["train"].update(epochs=0), ["train.epochs", "nothing would be trained"]),
        (lambda t: t["model"].update(source="some/model"), ["model.revision", "pin the commit"]),
        (lambda t: t.update(model=3), ["'model'", "section"]),
    ],
)
def test_a_slip_is_one_line_that_names_it(tmp_path, capsys, edit, words):
    path = change(tmp_path, edit)
    assert main(["sft", "--config", str(path), "--dry-run"]) == 2
    line = capsys.readouterr().err.strip()
    assert "\n" not in line and "Traceback" not in line
    for word in [str(path), *words]:
        assert word in line


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["sft", "--config", "training/configs/sft/tinny.yaml"], ["tinny.yaml", "did you mean", "tiny.yaml"]),
        (["sft", "--config", str(TINY), "train.lerning_rate=1"], ["train.lerning_rate", "learning_rate"]),
        (["sft", "--config", str(TINY), "nonsense"], ["nonsense", "section.key=value"]),
        (["stf"], ["'stf'", "did you mean 'sft'"]),
        (["sft", "--resume", "/nowhere/at/all"], ["/nowhere/at/all"]),
        (["sft", "--config", str(TINY), "model.source=tiny-random:lama"], ["tiny-random:lama"]),
        (["merge", "--config", str(TINY), "--adapter", "/nowhere", "--out", "/tmp/x"], ["/nowhere", "adapter"]),
    ],
)
def test_a_slip_on_the_command_line_is_one_line(capsys, arguments, words):
    assert main(arguments) == 2
    line = capsys.readouterr().err.strip()
    assert "\n" not in line and "Traceback" not in line
    for word in words:
        assert word in line


def test_too_little_disk_or_memory_is_one_line(monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("STAGE10_DISK_LIMIT_GB", "0.001")
    assert main(["sft", "--config", str(TINY), "--out", str(tmp_path / "run")]) == 3
    assert "GB of disk" in capsys.readouterr().err
    monkeypatch.delenv("STAGE10_DISK_LIMIT_GB")
    monkeypatch.setenv("STAGE10_MEMORY_LIMIT_GB", "0.1")
    assert main(["sft", "--config", str(TINY), "--out", str(tmp_path / "run")]) == 3
    line = capsys.readouterr().err.strip()
    assert "GB of memory" in line and "\n" not in line
    assert not (tmp_path / "run").exists()


def test_the_hash_is_of_what_is_said_and_not_of_how(tmp_path):
    path = change(tmp_path, lambda t: t["train"].update(learning_rate="1e-2"))  # YAML 1.1 reads 1e-2 as text
    assert configuration.sha(configuration.load(path)) == configuration.sha(configuration.load(TINY))
    other = configuration.load(TINY, ["train.learning_rate=2e-2"])
    assert configuration.sha(other) != configuration.sha(configuration.load(TINY))
    configuration.dump(other, tmp_path / "dumped.yaml")
    assert configuration.load(tmp_path / "dumped.yaml") == other


def test_the_seed_option_sets_every_seed():
    config = configuration.load(TINY, seed=7)
    assert (config.train.seed, config.data.seed) == (7, 7)


def test_load_refuses_a_folder_and_broken_yaml(tmp_path):
    with pytest.raises(BadInput):
        configuration.load(tmp_path)
    (tmp_path / "broken.yaml").write_text("name: [")
    with pytest.raises(BadInput, match="broken.yaml:1"):
        configuration.load(tmp_path / "broken.yaml")


@pytest.mark.parametrize("command", ["train", "data", "probe", "sft", "evaluate", "gate", "report", "chat", "merge",
                                     "estimate", "logits"])  # fmt: skip
def test_every_command_explains_itself(command, capsys):
    assert main([command, "--help"]) == 0
    assert len(capsys.readouterr().out.split()) > 40
