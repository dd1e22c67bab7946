"""Former names of settings are refused in one line that says the name of today; the table reaches today's settings."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from training.cli import main
from training.methods.configuration import KINDS, load_config
from training.methods.steps import warmup_steps
from training.run import former_names
from training.run.errors import BadInput
from training.stack.distill.settings import StackConfig

TINY = Path("training/configs/sft/tiny.yaml")


def written(tmp_path: Path, section: str, **values: object) -> Path:
    """The tiny configuration with former names in a section, beside today's."""
    tree = yaml.safe_load(TINY.read_text())
    tree.setdefault(section, {}).update(values)
    path = tmp_path / "old.yaml"
    path.write_text(yaml.safe_dump(tree))
    return path


@pytest.mark.parametrize(
    ("section", "values", "line"),
    [
        ("train", {"clip": 1.0}, "'train.clip' is now 'train.max_grad_norm'"),
        ("train", {"bucket": True}, "'train.bucket: true' is now 'train.train_sampling_strategy: group_by_length'"),
        ("train", {"bucket": False}, "'train.bucket: false' is now 'train.train_sampling_strategy: random'"),
        ("train", {"optim": "adamw"}, "'train.optim: adamw' is now 'train.optim: adamw_torch_fused'"),
        ("lora", {"targets": "all-linear"}, "'lora.targets' is now 'lora.target_modules'"),
        (
            "lora",
            {"targets": "attention"},
            "'lora.targets: attention' is now 'lora.target_modules: [q_proj, k_proj, v_proj, o_proj]'",
        ),
        ("lora", {"first_layer": 10}, "'lora.first_layer: 10' is now 'lora.layers_to_transform: from:10'"),
        ("lora", {"first_layer": 0}, "'lora.first_layer: 0' is now 'lora.layers_to_transform: null'"),
        ("group", {"kl_weight": 0.1}, "'group.kl_weight' is now 'grpo.beta'"),
        ("group", {"reward": "task"}, "'group.reward' is now 'grpo.reward'"),
        ("grpo", {"group": 8}, "'grpo.group' is now 'grpo.num_generations'"),
        ("preference", {"pairs": "written"}, "'preference.pairs: written' is now 'dpo.pairs: synthetic'"),
        (
            "preference",
            {"loss": "length_normalised", "beta": 0.1},
            "'preference.beta' is now 'dpo.beta', 'preference.loss: length_normalised' is now"
            " 'dpo.loss_type: sigmoid_norm'",
        ),
        (
            "model",
            {"source": "embedded:smollm2-135m-instruct"},
            "'model.source: embedded:smollm2-135m-instruct' is now 'model.source: bundled:smollm2-135m-instruct'",
        ),
    ],
)
def test_a_file_with_a_former_name_is_refused_in_one_line(tmp_path, capsys, section, values, line):
    path = written(tmp_path, section, **values)
    assert main(["sft", "--config", str(path), "--dry-run"]) == 2
    assert capsys.readouterr().err.strip() == f"error: {path}: {line}"


@pytest.mark.parametrize("name", ["warmup", "warmup_ratio"])
@pytest.mark.parametrize(("value", "today"), [(0.1, "warmup_steps'"), (1, "warmup_steps: 0.999999'"),
                                              (1.0, "warmup_steps: 0.999999'")])  # fmt: skip
def test_a_share_of_warm_up_is_not_taken_for_a_number_of_steps(name, value, today):
    with pytest.raises(BadInput) as caught:
        load_config(TINY, [f"train.{name}={value}"])
    line = str(caught.value)
    assert f"is now 'train.{today} (below 1 it is a share of the steps, as warmup_ratio was" in line
    assert "from 1 on it is their number" in line and "\n" not in line


def test_all_steps_of_warm_up_stay_all_steps():
    assert former_names.override_today("train.warmup=1") == "train.warmup_steps=0.999999"
    config = load_config(TINY, ["train.warmup_steps=0.999999"])
    assert [warmup_steps(config, total) for total in (1, 8, 100_000)] == [1, 8, 100_000]


@pytest.mark.parametrize(
    ("override", "line"),
    [
        ("train.clip=1", "'train.clip' is now 'train.max_grad_norm'"),
        ("lora.first_layer=3", "'lora.first_layer: 3' is now 'lora.layers_to_transform: from:3'"),
        ("lora.targets=query-value", "'lora.targets: query-value' is now 'lora.target_modules: [q_proj, v_proj]'"),
        ("group.vllm=true", "'group.vllm' is now 'grpo.use_vllm'"),
        ("group=null", "'group' is now 'grpo'"),
    ],
)
def test_an_override_with_a_former_name_is_refused_too(override, line):
    with pytest.raises(BadInput, match="^override ") as caught:
        load_config(TINY, [override])
    assert str(caught.value).endswith(line) and len(str(caught.value).splitlines()) == 1


def test_every_name_of_the_table_is_a_setting_of_today_and_no_former_one_is():
    known = {}
    for kind in (*KINDS.values(), StackConfig):
        config = kind.model_fields
        for section in former_names.KEYS.keys() & config.keys():
            known.setdefault(section, set())
    files = {"train": TINY, "lora": TINY, "evaluate": TINY, "probe": TINY}
    for section, names in former_names.KEYS.items():
        file = files.get(section, Path("training/configs") / section / "tiny.yaml")
        settings = getattr(load_config(file), section)
        assert all(hasattr(settings, name) for name in names.values()), section
        assert not any(hasattr(settings, name) for name in names.keys() - {"group"}), section
    assert known.keys() == former_names.KEYS.keys()


@pytest.mark.parametrize("key", former_names.VALUES)
def test_every_value_of_the_table_is_taken_today(key):
    section, _, name = key.partition(".")
    file = TINY if section in ("train", "lora") else Path("training/configs") / section / "tiny.yaml"
    for value in former_names.VALUES[key].values():
        config = load_config(file, [f"{key}={value}"])
        assert getattr(getattr(config, section), name) == value


def test_a_run_of_former_names_is_not_resumed(tmp_path, capsys):
    run = tmp_path / "run"
    run.mkdir()
    written(tmp_path, "train", clip=1.0, warmup=0.1).rename(run / "config.yaml")
    for more in ([], ["--config", str(TINY)]):
        assert main(["sft", "--resume", str(run), *more]) == 2
        assert capsys.readouterr().err.strip() == (
            f"error: {run}: this run was begun before settings were renamed ('train.clip' is now 'train.max_grad_norm'"
            " and 1 more); begin anew with another --out; the folder and its adapter stay"
        )


@pytest.mark.parametrize(
    ("value", "line"),
    [
        ("from:x", "lora.layers_to_transform"),
        ("[]", "lora.layers_to_transform"),
        ("[-1]", "lora.layers_to_transform"),
        ("3", "lora.layers_to_transform"),
    ],
)
def test_layers_are_a_list_or_from_n(value, line):
    with pytest.raises(BadInput, match=line):
        load_config(TINY, [f"lora.layers_to_transform={value}"])
    assert load_config(TINY, ["lora.layers_to_transform=[0, 1]"]).lora.layers_to_transform == [0, 1]


def test_a_regular_expression_stands_for_the_layers_too():
    assert load_config(TINY, ["lora.target_modules=.*q_proj"]).lora.target_modules == ".*q_proj"
    with pytest.raises(BadInput, match="lora.target_modules"):
        load_config(TINY, ["lora.target_modules='(['"])
    with pytest.raises(BadInput, match="does not go with a regular expression"):
        load_config(TINY, ["lora.target_modules=.*q_proj", "lora.layers_to_transform=from:1"])
