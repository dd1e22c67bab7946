"""Load a YAML strictly: an unknown or missing key, a wrong type or a value out of range is one line that names it.

``load("training/configs/sft/smollm2_orders.yaml", ["train.learning_rate=1e-4"])`` gives a frozen ``Config``;
``sha`` is a hash of what it says, whatever the order and the comments of the file.
"""

from __future__ import annotations

import difflib
import hashlib
import json
from pathlib import Path
from typing import Any

import yaml

from training.run import former_names, strict_yaml
from training.run.errors import BadInput
from training.run.section import LATER, HashedAs, Section
from training.run.settings import Config, LoraSettings
from training.run.strict_yaml import shown

SMOKE: dict[str, dict[str, Any]] = {
    "train": {
        "max_steps": 3,
        "per_device_train_batch_size": 2,
        "gradient_accumulation_steps": 1,
        "max_length": 4096,
        "save_steps": 2,
        "optim": "adamw_torch_fused",
    },
    "data": {"n_train": 16, "n_heldout": 4},
    "evaluate": {"max_new_tokens": 8},
    "probe": {"n": 4},
    "grpo": {"num_generations": 2, "max_completion_length": 8, "use_vllm": False, "generation_batch_size": None},
    "dpo": {"samples": 2, "min_score_gap": 0.0, "rule": "shortest"},
}

NARROW = {"embed": {"truncate_dims": 8, "matryoshka_dims": 32}}  # lists of widths, held to what a tiny model has


def sha(config: Config) -> str:
    """SHA-256 of the configuration's canonical JSON, 64 hex digits.

    A setting that is marked ``LATER`` came when runs were recorded already. At its default, which does what they did,
    it is no part of the hash, so that a run begun before it resumes, and its record is still found by its settings.
    """
    return hashlib.sha256(json.dumps(_hashed(config), sort_keys=True).encode()).hexdigest()


def _hashed(section: Section) -> dict[str, Any]:
    """A section's settings by name, but for later ones that stand at their default."""
    fields = type(section).model_fields
    at_default = {name: fields[name].metadata for name, value in section if value == fields[name].default}
    former = {name: mark.value for name, marks in at_default.items() for mark in marks if isinstance(mark, HashedAs)}
    return {name: _hashed(value) if isinstance(value, Section) else former.get(name, value) for name, value in section
            if LATER not in at_default.get(name, ())}  # fmt: skip


def dump(config: Config, path: Path) -> None:
    """Write the whole configuration, defaults included, as YAML."""
    text = f"# sha256 of the settings: {sha(config)}\n" + yaml.safe_dump(config.model_dump(), sort_keys=False)
    Path(path).write_text(text, encoding="utf-8")


def smoke(config: Config, architecture: str) -> Config:
    """The same path on a tiny random model: three steps, few rows, no download."""
    smaller: dict[str, Section] = {}
    for name, section in config:
        if name in SMOKE:
            smaller[name] = section.replace(**SMOKE[name])
        if name in NARROW:
            smaller[name] = section.replace(**{k: _at_most(getattr(section, k), v) for k, v in NARROW[name].items()})
    if config.lora:
        smaller["lora"] = config.lora.replace(layers_to_transform=_of_two_layers(config.lora))
    smaller["model"] = config.model.replace(source=f"tiny-random:{architecture}", revision=None, dtype="float32",
                                            quantization="none")  # fmt: skip
    return config.replace(**smaller)


def _of_two_layers(lora: LoraSettings) -> str | list[int] | None:
    """``layers_to_transform`` for a tiny model, whose layers are 0 and 1."""
    wanted = lora.layers_to_transform
    if isinstance(wanted, list):
        return _at_most(wanted, 1)
    return f"from:{min(int(wanted.partition(':')[2]), 1)}" if wanted else None


def _at_most(widths: list[int], limit: int) -> list[int]:
    """The widths, none above the limit and none twice."""
    return list(dict.fromkeys(min(width, limit) for width in widths))


def located(path: Path) -> Path:
    """The file meant: as it stands, or else under ``training/``, so that configs/sft/tiny.yaml is found as well."""
    beside = Path(__file__).resolve().parents[1] / path
    return beside if not path.exists() and path.parts[:1] == ("configs",) and beside.is_file() else path


def read_tree(path: Path) -> dict:
    """What a configuration file says, section by section, unchecked.

    Raises:
        BadInput: no such file, no YAML, or no mapping.
    """
    if path.is_dir():
        raise BadInput(f"{path}: this is a folder; --config takes a YAML file, such as those in training/configs/sft")
    if not path.exists():
        raise BadInput(f"{path}: there is no such configuration file{_near(path)}")
    tree = strict_yaml.read(path)
    if not isinstance(tree, dict):
        raise BadInput(f"{path}: a configuration is a mapping of sections; see training/configs/sft")
    return tree


def check_resumed(folder: str) -> None:
    """Refuse to resume a run that was begun under former names of settings.

    Raises:
        BadInput: one line with the remedy.
    """
    former_names.check_resumed(read_tree(Path(folder) / "config.yaml"), folder)


def _near(path: Path) -> str:
    """A hint at the file of the same folder whose name is most alike, the ending left aside; "" for none."""
    files = {file.stem: file for file in path.parent.glob("*.yaml") if file.is_file()}
    near = difflib.get_close_matches(path.stem, files, 1)
    return f"; did you mean {files[near[0]]}?" if near else ""


def lay_over(tree: dict, text: str) -> None:
    """Write an override ``section.key=value`` into what the file says.

    Raises:
        BadInput: no ``section.key=value``, a former name, or a section that is none.
    """
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise BadInput(f"{shown(text)}: an override is written section.key=value, such as train.learning_rate=1e-4")
    *parents, last = key.strip().split(".")
    given = strict_yaml.parse(value, f"override {shown(text)}", line_numbers=False)
    asked = {parents[0]: {last: given}} if len(parents) == 1 else {last: given}
    former_names.check(asked, f"override {shown(text)}")
    if parents == ["task"] and isinstance(tree.get("task"), str):
        tree["task"] = {"name": tree["task"]}  # a task's name alone is short for its section
    for part in parents:
        if not isinstance(tree.get(part, {}), dict):
            raise BadInput(f"override {shown(text)}: {shown(part)} is not a section of the configuration")
        tree = tree.setdefault(part, {})
    tree[last] = given


def beside(tree: dict, path: Path) -> None:
    """Let the names of files in a configuration also mean files beside it: a folder can be moved.

    A file beside the configuration comes before one of the same name where one stands, which may be of another task;
    ``FILE.py:NAME`` counts as its file.

    Args:
        tree: the configuration's keys and values, changed in place.
        path: of the configuration.
    """
    for keys in NAMING_FILES:
        section: Any = tree
        for key in keys[:-1]:
            section = section.get(key) if isinstance(section, dict) else None
        if isinstance(section, dict) and isinstance(section.get(keys[-1]), dict):
            section, names = section[keys[-1]], list(section[keys[-1]])
        else:
            names = [keys[-1]]
        if not isinstance(section, dict):
            continue
        for name in names:
            if isinstance(section.get(name), str):
                section[name] = _found_beside(section[name], path.parent)


NAMING_FILES = (("data", "train_file"), ("data", "heldout_files"), ("task", "scorer"), ("task", "shots_file"),
                ("task", "judge", "labels_file"), ("grpo", "reward"))  # fmt: skip


def _found_beside(name: str, folder: Path) -> str:
    """The file's name under the folder where it is there, else as it is; of rewards joined by +, each one's."""
    if ".py:" in name and "+" in name:
        return "+".join(_found_beside(part.strip(), folder) for part in name.split("+"))
    file, colon, function = name.rpartition(":") if ".py:" in name else (name, "", "")
    if not file or len(file) > 4000 or "\0" in file or Path(file).is_absolute():
        return name
    near = folder / file
    return f"{near}{colon}{function}" if near.is_file() else name


def check_source(config: Config, path: str) -> None:
    """Refuse a model that is not there, or that may change overnight.

    Raises:
        BadInput: one line that names file, key and remedy.
    """
    source = config.model.source
    if source.startswith(("/", "./", "../", "~")) and not Path(source).exists():
        raise BadInput(f"{path}: 'model.source' names the folder {source}, and there is none; give the path of a"
                       " model's folder, without ~, or a hub id")  # fmt: skip
    is_hub_id = ":" not in source and source.count("/") == 1 and not Path(source).exists()
    if is_hub_id and not config.model.revision:
        raise BadInput(f"{path}: 'model.revision' is missing for the hub id {source}; pin the commit you mean")
