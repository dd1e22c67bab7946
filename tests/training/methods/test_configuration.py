"""Configurations: every file loads and fits its model; every slip is one line that names it."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.checkout import ROOT
from training.cli import main
from training.methods.configuration import KINDS, load_config
from training.methods.memory_estimate import adapter_parameters, estimate
from training.models.shapes import HEADLESS, TABLE_NAMES, shape_of
from training.models.targets import adapted_from
from training.run import config as configuration
from training.run import machine, strict_yaml
from training.run.errors import BadInput
from training.run.settings import Config
from training.stack.distill import settings as pipeline_settings

FOLDER = ROOT / "training" / "configs"
RUNS = sorted((FOLDER / "sft").glob("*.yaml"))
BIG = [p for p in RUNS if "_7b_" in p.name]
LAUNCHES = sorted((FOLDER / "accelerate").glob("*.yaml"))
TINY = FOLDER / "sft" / "tiny.yaml"
STACK = FOLDER.parent / "stack" / "configs" / "distill-tiny.yaml"
CARDS_GB = {"80gb": 80, "24gb": 24, "16gb": 16, "fsdp": 80, "zero3": 80}


def test_as_many_files_as_we_think():
    """A glob that sees nothing would pass everything."""
    assert len(BIG) == 11  # three models on three cards, and FSDP and ZeRO-3
    assert len(LAUNCHES) == 2
    assert len({load_config(p).model.source for p in BIG}) == 3


@pytest.mark.parametrize("path", RUNS, ids=lambda p: p.stem)
def test_every_run_loads_and_its_adapter_is_counted(path):
    config = load_config(path)
    shape = shape_of(config.model.source)
    if shape is not None and config.lora:
        # R * (D_in + D_out), written out once more by hand for all seven maps of a layer
        h, q, k, m = shape.hidden, shape.query, shape.key_value, shape.inner
        maps = (h + q) + (h + k) + (h + k) + (q + h) + (h + m) + (h + m) + (m + h)
        assert (
            adapter_parameters(shape, config.lora) == (shape.layers - adapted_from(config.lora)) * config.lora.r * maps
        )


@pytest.mark.parametrize("path", BIG, ids=lambda p: p.stem)
def test_every_big_run_pins_a_commit_and_fits_its_card(path):
    config = load_config(path)
    assert len(config.model.revision) == 40
    card = CARDS_GB[path.stem.rsplit("_", 1)[-1]]
    assert estimate(config)["total_bytes"] < 0.9 * card * 1e9
    assert (
        config.train.per_device_train_batch_size
        * config.train.gradient_accumulation_steps
        * (4 if "fsdp" in path.stem or "zero3" in path.stem else 1)
        == 16
    )


@pytest.mark.parametrize("path", LAUNCHES, ids=lambda p: p.stem)
def test_every_launch_file_is_one_that_accelerate_reads(path):
    from accelerate.commands.config.config_args import load_config_from_file

    found = load_config_from_file(str(path))
    assert found.num_processes >= 2
    assert str(found.distributed_type).rsplit(".", 1)[-1] in ("FSDP", "DEEPSPEED")


@pytest.mark.parametrize("name", [*TABLE_NAMES, *HEADLESS])
def test_shapes_give_the_parameter_count_of_the_real_architecture(name):
    """The model is built without memory, by transformers itself."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    shape = shape_of(name)
    width = 64 if "smollm2" in name else 128  # of a head, as the models' own config.json says
    made = AutoConfig.for_model(
        shape.architecture, hidden_size=shape.hidden, num_hidden_layers=shape.layers, vocab_size=shape.vocabulary,
        num_attention_heads=shape.query // width, num_key_value_heads=shape.key_value // width,
        intermediate_size=shape.inner, tie_word_embeddings=shape.tied,
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
        (lambda t: t["train"].pop("num_train_epochs"), ["train.num_train_epochs", "missing"]),
        (lambda t: t.pop("model"), ["'model'", "missing"]),
        (lambda t: t["lora"].update(r="eight"), ["lora.r", "whole number"]),
        (lambda t: t["lora"].update(r=0), ["lora.r", "between 1 and 1024"]),
        (
            lambda t: t["train"].update(per_device_train_batch_size=2.5),
            ["train.per_device_train_batch_size", "whole number"],
        ),
        (lambda t: t["train"].update(sparse_logits="yes please"), ["train.sparse_logits", "true or false"]),
        (
            lambda t: t["train"].update(lr_scheduler_type="linaer"),
            ["train.lr_scheduler_type", "linear, cosine, constant_with_warmup"],
        ),
        (lambda t: t["lora"].update(lora_dropout=0.1), ["lora.lora_dropout", "train.shared_prefix=false"]),
        (lambda t: t["train"].update(num_train_epochs=0), ["train.num_train_epochs", "nothing would be trained"]),
        (lambda t: t["model"].update(source="some/model"), ["model.revision", "pin the commit"]),
        (lambda t: t.update(model=3), ["'model'", "section"]),
        (lambda t: t.update(method=["sft"]), ["'method'", "must be text"]),
        (lambda t: t.update(method={"a": "b"}), ["'method'", "must be text"]),
        (lambda t: t.update(method="sfd"), ["'method'", "sft", "dpo", "'sfd'"]),
        (lambda t: t["train"].update(learning_rate=10**400), ["train.learning_rate", "a finite number"]),
        (
            lambda t: t["train"].update(per_device_train_batch_size=10**20),
            ["train.per_device_train_batch_size", "up to 9223372036854775807"],
        ),
        (lambda t: t["train"].update(adam_beta2=1.0), ["train.adam_beta2", "between 0 and 0.999999"]),
        (lambda t: t["model"].update(source="/no/model"), ["model.source", "/no/model", "there is none"]),
        (lambda t: t["train"].update(seed=2**32), ["train.seed", "between 0 and 4294967295"]),
        (lambda t: t["data"].update(heldout_files={"a": None}), ["data.heldout_files.a", "must be text", "JSONL"]),
        (lambda t: t["data"].update(heldout_files={"a": ["x"]}), ["data.heldout_files.a", "must be text"]),
        (lambda t: t["data"].update(heldout_files={"a": 5}), ["data.heldout_files.a", "must be text"]),
        (lambda t: t["data"].update(heldout_files={1: "x"}), ["data.heldout_files (its key)", "must be text"]),
        (lambda t: t["data"].update(heldout_files={"a\nb": 5}), [r"data.heldout_files.a\nb", "must be text"]),
        (lambda t: t["data"].update(heldout_files={"a": "x\0"}), ["data.heldout_files.a", "without NUL"]),
        (lambda t: t.update(evaluate={"sets": [["x"]]}), ["evaluate.sets[0]", "must be text"]),
        (lambda t: t["data"].update(train_file="a\0b"), ["data.train_file", "without NUL", r"'a\x00b'"]),
        (lambda t: t.update(name="a\0b"), ["'name'", "without NUL"]),
        (lambda t: t.update(name="\ud800"), ["'name'", "surrogates"]),
        (lambda t: t.update({"two\nlines": 1}), ["unknown key", r"two\nlines"]),
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
        (["sft", "--resume", "/nowhere/at/all"], ["/nowhere/at/all", "there is no run", "config.yaml is missing"]),
        (["sft", "--config", str(TINY), "lora.r=[*x"], ["override 'lora.r=[*x'", "not readable as YAML"]),
        (["sft", "--config", str(TINY), "evaluate.sets=&s [*s]"], ["evaluate.sets", "inside its own value"]),
        (["sft", "--config", str(TINY), "name=2026-99-99"], ["2026-99-99", "in quotes"]),
        (["sft", "--config", str(TINY), "lora={r: 1, r: 2, lora_alpha: 3}"], ["'r'", "stands twice"]),
        (
            ["reward", "--config", str(FOLDER / "reward" / "tiny.yaml"), "reward.kinds=[[x]]"],
            ["reward.kinds[0]", "must be text"],
        ),
        (
            ["embed", "--config", str(FOLDER / "embed" / "tiny.yaml"), "embed.truncate_dims=[wide]"],
            ["embed.truncate_dims[0]", "whole number"],
        ),
        (["train", "--config", str(STACK), "--dry-run"], ["distill-stack", "python -m training.stack.distill'"]),
        (["sft", "--config", str(STACK), "--dry-run"], ["distill-stack", "python -m training.stack.distill'"]),
        (["train", "--config", str(FOLDER / "embed" / "tiny.yaml"), "--dry-run"], ["python -m training embed'"]),
        (["train", "--config", str(FOLDER / "reward" / "tiny.yaml"), "--dry-run"], ["python -m training reward'"]),
        (["train", "--config", str(FOLDER / "distill" / "tiny.yaml"), "--dry-run"], ["python -m training distill'"]),
        (["dpo", "--config", str(TINY), "--dry-run"], ["python -m training train'"]),
        (["estimate", "--config", str(TINY), "--tokens", "-5"], ["--tokens", "between 1 and", "-5"]),
        (["estimate", "--config", str(TINY), "--tokens", "0"], ["--tokens", "between 1 and"]),
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
    assert configuration.sha(load_config(path)) == configuration.sha(load_config(TINY))
    other = load_config(TINY, ["train.learning_rate=2e-2"])
    assert configuration.sha(other) != configuration.sha(load_config(TINY))
    configuration.dump(other, tmp_path / "dumped.yaml")
    assert load_config(tmp_path / "dumped.yaml") == other


def test_the_seed_option_sets_every_seed():
    config = load_config(TINY, seed=7)
    assert (config.train.seed, config.data.seed) == (7, 7)


def load_any(path: Path, overrides: list[str] | tuple = ()) -> Config:
    """A configuration of ``python -m training``, or the one of the distillation pipeline."""
    return pipeline_settings.load(path, overrides) if path == STACK else load_config(path, overrides)


def floats() -> list[tuple[Path, str]]:
    """Every setting that is a number with a fraction, beside a file of a method that has it."""
    found = []
    for path in (STACK, *(FOLDER / method / "tiny.yaml" for method in KINDS)):
        for section, values in load_any(path).model_dump().items():
            whole = {section: values} if isinstance(values, float) else {}
            parts = {f"{section}.{key}": value for key, value in values.items()} if isinstance(values, dict) else whole
            found += [(path, name) for name, value in parts.items() if isinstance(value, float)]
    return found


def test_no_number_may_be_infinite_or_no_number():
    asked = floats()
    assert {"gate.cross_entropy_nats", "dpo.beta", "grpo.epsilon_high", "embed.scale", "distill.temperature",
            "teacher.price_in", "lora.lora_alpha", "train.num_train_epochs"} <= {name for _, name in asked}  # fmt: skip
    for path, name in asked:
        for value in (".inf", "-.inf", ".nan", "1e400"):
            with pytest.raises(BadInput, match=f"'{name}' must be a finite number"):
                load_any(path, [f"{name}={value}"])


def test_the_largest_seed_loads_and_seeds():
    config = load_config(TINY, seed=2**32 - 1)
    machine.set_seed(config.train.seed)


def test_a_configuration_of_the_package_is_found_by_its_short_path_too(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert load_config("configs/sft/tiny.yaml") == load_config(TINY)
    (tmp_path / "configs" / "sft").mkdir(parents=True)
    (tmp_path / "configs" / "sft" / "tiny.yaml").write_text("name: [")
    with pytest.raises(BadInput, match="configs/sft/tiny.yaml"):  # one's own comes first
        load_config("configs/sft/tiny.yaml")


def test_a_later_setting_is_hashed_only_where_it_is_set():
    path = FOLDER / "dpo" / "tiny.yaml"
    plain = load_config(path)
    at_default = load_config(path, ["dpo.few_shot_prompt=false"])
    assert configuration.sha(plain) == configuration.sha(at_default)
    assert configuration.sha(plain) != configuration.sha(load_config(path, ["dpo.few_shot_prompt=true"]))
    before = plain.model_dump()
    del before["dpo"]["few_shot_prompt"], before["data"]["thoughts"], before["data"]["split_special_tokens"]
    del before["lora"]["target_parameters"], before["model"]["chat_template"]
    del before["train"]["eval_steps"], before["report_to"], before["card"]
    del before["evaluate"]["refusals"], before["gate"]["refusals_points"]
    assert configuration.sha(plain) == hashlib.sha256(json.dumps(before, sort_keys=True).encode()).hexdigest()


@pytest.mark.parametrize("name", ["../x", "a/b", "/tmp/x", "..", ".hidden"])
def test_a_name_is_no_path(name):
    with pytest.raises(BadInput, match="'name' is part of a folder's name"):
        load_config(TINY, [f"name={name!r}"])


def test_a_plan_without_an_adapters_layers_is_refused(capsys):
    line = [
        "sft",
        "--config",
        str(FOLDER / "sft" / "smollm2_orders.yaml"),
        "lora.layers_to_transform=from:30",
        "--dry-run",
    ]
    assert main(line) == 2 and "last layer is 29" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["--help"], ["train", "--config", str(TINY), "--dry-run"]])
def test_a_reader_who_has_seen_enough_is_no_error(words):
    command = [sys.executable, "-m", "training", *words]
    ran = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    ran.stdout.close()  # as `| head -0` does
    assert (ran.stderr.read(), ran.wait()) == ("", 141)
    ran.stderr.close()


def test_a_folder_is_called_a_folder_and_no_nonsense_is_proposed(tmp_path):
    folder = tmp_path / "runs.yaml"
    folder.mkdir()
    (tmp_path / "inttag.yaml").write_text("name: x")
    with pytest.raises(BadInput, match="this is a folder") as caught:
        load_config(folder)
    assert "did you mean" not in str(caught.value)
    for name in ("config.yaml", "run.yaml"):
        with pytest.raises(BadInput, match="no such configuration file") as caught:
            load_config(tmp_path / name)
        assert "did you mean" not in str(caught.value)


@pytest.mark.parametrize(
    "raw, line, words",
    [
        (b"name: [", 1, "expected the node"),
        (b"name: tiny\nlora:\n  r: 4\n  r: 512\n", 4, "the key 'r' stands twice"),
        (b"train: {}\nname: x\n'train': {}\n", 3, "the key 'train' stands twice"),
        (b"name: x\nlora:\n  rank: 0x_\n", 3, "'0x_' cannot be read as int"),
        (b"lora:\n  rank: !!int x\n", 2, "'x' cannot be read as int"),
        (b"lora:\n  rank: !!bool x\n", 2, "'x' cannot be read as bool"),
        (b"name: !!timestamp x\n", 1, "'x' cannot be read as timestamp"),
        (b"\nname: 2026-99-99\n", 2, "'2026-99-99' cannot be read as timestamp"),
        (b"lora:\n  rank: " + b"1" * 5000, 2, "cannot be read as int"),
        (b"lora:\n  rank: 0x" + b"f" * 5000, 2, "cannot be read as int"),
        (b"name: x\nsets: &s [*s]\n", 2, "an anchor stands inside its own value"),
        (b"name: x\ndata: &d {a: *d}\n", 2, "an anchor stands inside its own value"),
        (b"name: " + b"[" * 3000, None, "nested too deeply"),
        (b"name: x\ntask: a\x00b\n", 2, "the character U\\+0000; take it out"),
        (b"name: x\ntask: a\x07b\n", 2, "the character U\\+0007; take it out"),
        (b"name: x\ntask: a\xffb\n", 2, "the byte 0xff is no UTF-8"),
    ],
)
def test_what_is_no_plain_yaml_is_one_line_with_its_place(tmp_path, raw, line, words):
    path = tmp_path / "broken.yaml"
    path.write_bytes(raw)
    place = str(path) if line is None else f"{path}:{line}"
    with pytest.raises(BadInput, match=words) as caught:
        load_config(path)
    assert str(caught.value).startswith(f"{place}: not readable as YAML (")
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 500


def test_anchors_and_merged_sections_are_no_doubled_keys():
    text = "a: &x {k: 1, j: 2}\nb: &y {<<: *x, k: 3}\nc: {<<: [*y, *x], q: 1}\nd: [*x, *x]"
    assert strict_yaml.parse(text, "here") == yaml.safe_load(text)


@pytest.mark.parametrize("command", ["train", "data", "probe", "sft", "evaluate", "gate", "report", "chat", "merge",
                                     "estimate", "logits"])  # fmt: skip
def test_every_command_explains_itself(command, capsys):
    assert main([command, "--help"]) == 0
    assert len(capsys.readouterr().out.split()) > 40
