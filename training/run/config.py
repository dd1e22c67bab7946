"""Load a YAML strictly: an unknown or missing key, a wrong type or a value out of range is one line that names it.

``load("training/configs/sft/smollm2_orders.yaml", ["train.learning_rate=1e-4"])`` gives a frozen ``Config``;
``sha`` is a hash of what it says, whatever the order and the comments of the file.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import math
import re
import types
from dataclasses import MISSING, asdict, fields, is_dataclass, replace
from pathlib import Path
from typing import Any, Union, get_args, get_origin, get_type_hints

import yaml

from training.run import former_names, strict_yaml
from training.run.errors import BadInput
from training.run.settings import Config, LoraSettings, is_pissa
from training.run.strict_yaml import shown


def check_adapter(config: Config, path: str) -> None:
    """Refuse what does not go together.

    Raises:
        BadInput: one line that names file, key and remedy.
    """
    lora = config.lora
    if lora is None:
        return
    check_places(lora, path)
    if not re.fullmatch(r"default|pissa|pissa_niter_[1-9]\d*", lora.init_lora_weights):
        raise BadInput(f"{path}: 'lora.init_lora_weights' must be default, pissa or pissa_niter_N (a quick SVD of N"
                       f" iterations, such as pissa_niter_16), not {lora.init_lora_weights!r}")  # fmt: skip
    if lora.use_dora and lora.lora_dropout:
        raise BadInput(f"{path}: 'lora.use_dora' with 'lora.lora_dropout' {lora.lora_dropout} makes PEFT compute every"
                       " layer twice; set lora.lora_dropout=0")  # fmt: skip
    if not is_pissa(lora):
        return
    if lora.use_dora:
        raise BadInput(f"{path}: 'lora.init_lora_weights' {lora.init_lora_weights} takes out of the weights what"
                       " 'lora.use_dora' measures; choose one of them")  # fmt: skip
    if config.model.quantization != "none":
        raise BadInput(f"{path}: 'lora.init_lora_weights' {lora.init_lora_weights} needs the weights whole, to take"
                       " singular vectors out of them; set model.quantization=none or lora.init_lora_weights=default"
                       )  # fmt: skip
    if config.method != "sft":
        raise BadInput(f"{path}: 'lora.init_lora_weights' {lora.init_lora_weights} changes the frozen weights, which"
                       f" {config.method} takes for its starting model; set it to default")  # fmt: skip


def check_places(lora: LoraSettings, path: str) -> None:
    """Refuse what cannot say where adapters go; arguments and error as in ``check_adapter``."""
    wanted, layers = lora.target_modules, lora.layers_to_transform
    if not wanted or (isinstance(wanted, str) and not _is_pattern(wanted)):
        raise BadInput(f"{path}: 'lora.target_modules' must be all-linear, a list of names such as [q_proj, v_proj], or"
                       f" a regular expression, not {shown(wanted)}")  # fmt: skip
    if (
        isinstance(layers, str)
        and not re.fullmatch(r"from:\d{1,4}", layers)
        or layers == []
        or (isinstance(layers, list) and min(layers) < 0)
    ):
        raise BadInput(f"{path}: 'lora.layers_to_transform' must be null, a list of layers from 0 on such as [8, 9], or"
                       f" from:N for layer N and all above it, not {shown(layers)}")  # fmt: skip
    if layers and isinstance(wanted, str) and wanted != "all-linear":
        raise BadInput(f"{path}: 'lora.layers_to_transform' does not go with a regular expression, which sees"
                       " a module's whole name (PEFT); write the layers into 'lora.target_modules', or give a list of"
                       " names")  # fmt: skip


def _is_pattern(text: str) -> bool:
    """Whether a text is all-linear or a regular expression."""
    try:
        re.compile(text)
    except re.error:
        return False
    return True


SMOKE = {
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
    "grpo": {"num_generations": 2, "max_completion_length": 8, "use_vllm": False},
    "dpo": {"samples": 2, "min_score_gap": 0.0, "rule": "shortest"},
}

NARROW = {"embed": {"truncate_dims": 8, "matryoshka_dims": 32}}  # lists of widths, held to what a tiny model has
LARGEST = 2**63 - 1  # whole number that torch and numpy hold


def sha(config: Config) -> str:
    """SHA-256 of the configuration's canonical JSON, 64 hex digits; for settings that came later see ``setting``."""
    return hashlib.sha256(json.dumps(_hashed(config), sort_keys=True).encode()).hexdigest()


def _hashed(section: Any) -> Any:
    """A section's settings by name, but for later ones that stand at their default."""
    if not is_dataclass(section):
        return section
    found = {spec.name: getattr(section, spec.name) for spec in fields(section)}
    left = {spec.name for spec in fields(section) if spec.metadata.get("later") and found[spec.name] == spec.default}
    return {name: _hashed(value) for name, value in found.items() if name not in left}


def dump(config: Config, path: Path) -> None:
    """Write the whole configuration, defaults included, as YAML."""
    text = f"# sha256 of the settings: {sha(config)}\n" + yaml.safe_dump(asdict(config), sort_keys=False)
    Path(path).write_text(text, encoding="utf-8")


def smoke(config: Config, architecture: str) -> Config:
    """The same path on a tiny random model: three steps, few rows, no download."""
    for section, values in (*SMOKE.items(), *NARROW.items()):
        part = getattr(config, section, None)
        if part is None:
            continue
        if section in NARROW:
            values = {k: _at_most(getattr(part, k), v) for k, v in values.items()}
        known = {f.name for f in fields(part)}
        config = replace(config, **{section: replace(part, **{k: v for k, v in values.items() if k in known})})
    tiny = replace(config.model, source=f"tiny-random:{architecture}", revision=None, dtype="float32",
                   quantization="none")  # fmt: skip
    lora = config.lora and replace(config.lora, layers_to_transform=_of_two_layers(config.lora))
    return replace(config, model=tiny, lora=lora)


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
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise BadInput(f"{shown(text)}: an override is written section.key=value, such as train.learning_rate=1e-4")
    *parents, last = key.strip().split(".")
    given = strict_yaml.parse(value, f"override {shown(text)}", line_numbers=False)
    asked = {parents[0]: {last: given}} if len(parents) == 1 else {last: given}
    former_names.check(asked, f"override {shown(text)}")
    for part in parents:
        if not isinstance(tree.get(part, {}), dict):
            raise BadInput(f"override {shown(text)}: {shown(part)} is not a section of the configuration")
        tree = tree.setdefault(part, {})
    tree[last] = given


def build(kind: type, tree: Any, path: str, prefix: str) -> Any:
    """An instance of the dataclass ``kind`` from a mapping, checked key by key."""
    if not isinstance(tree, dict):
        raise BadInput(f"{path}: '{prefix.rstrip('.')}' must be a section with keys, not {shown(tree)}")
    known = {f.name: f for f in fields(kind)}
    for key in tree:
        if key not in known:
            near = difflib.get_close_matches(str(key), known, 1, 0.5)
            hint = f"did you mean '{near[0]}'?" if near else f"known keys: {', '.join(known)}"
            raise BadInput(f"{path}: unknown key {shown(f'{prefix}{key}')}; {hint}")
    values, hints = {}, get_type_hints(kind)
    for name, spec in known.items():
        if name in tree:
            values[name] = _value(hints[name], tree[name], spec.metadata, path, prefix + name)
        elif spec.default is MISSING and spec.default_factory is MISSING:
            raise BadInput(f"{path}: key '{prefix}{name}' is missing; add it ({spec.metadata['help']})")
    return kind(**values)


def _value(kind: Any, value: Any, metadata: Any, path: str, name: str) -> Any:
    """One checked value; whole numbers serve as floats, and 1e-4 (text in YAML 1.1) as a number."""
    options = get_args(kind) if get_origin(kind) in (Union, types.UnionType) else (kind,)
    if value is None and type(None) in options:
        return None
    kinds = [kind for kind in options if kind is not type(None)]
    kind = next((k for k in kinds if isinstance(value, get_origin(k) or k)), kinds[0])
    if is_dataclass(kind):
        return build(kind, value, path, name + ".")
    plain, written = get_origin(kind) or kind, value
    if plain is float and not isinstance(value, bool):
        try:
            value = float(value)
        except (TypeError, ValueError):
            pass
        except OverflowError:
            value = math.inf
    if not isinstance(value, plain) or (plain is int and isinstance(value, bool)):
        wanted = _kind_name(plain)
        raise BadInput(f"{path}: {shown(name)} must be {wanted}, not {shown(value)} ({metadata['help']})")
    fault = _number_fault(value, metadata) if plain in (int, float) else _text_fault(value) if plain is str else ""
    if fault:
        raise BadInput(f"{path}: {shown(name)} must be {fault}, not {shown(written)}")
    if metadata["choices"] and value not in metadata["choices"]:
        raise BadInput(f"{path}: {shown(name)} must be one of {', '.join(map(str, metadata['choices']))}, not"
                       f" {shown(value)}")  # fmt: skip
    return _items(get_args(kind), value, metadata, path, name)


def _items(kinds: tuple, value: Any, metadata: Any, path: str, name: str) -> Any:
    """The value, after a look at what a list or a mapping holds.

    Args:
        kinds: of a list's items, or of a mapping's keys and values; empty for what holds nothing.
        value, metadata, path, name: as in ``_value``.
    """
    alone = {**metadata, "low": None, "high": None, "choices": ()}  # the limits are those of the whole
    if isinstance(value, dict) and kinds:
        return {_value(kinds[0], key, alone, path, f"{name} (its key)"):
                _value(kinds[1], item, alone, path, f"{name}.{key}") for key, item in value.items()}  # fmt: skip
    if isinstance(value, list) and kinds:
        return [_value(kinds[0], item, alone, path, f"{name}[{at}]") for at, item in enumerate(value)]
    return value


def _number_fault(value: float, metadata: Any) -> str:
    """What a number must be, where it is not; "" for a good one."""
    low, high = metadata["low"], metadata["high"]
    if not math.isfinite(value):
        return "a finite number"
    if (low is None or value >= low) and (high is None or value <= high):
        return "" if isinstance(value, float) or abs(value) <= LARGEST else f"a whole number up to {LARGEST}"
    return f"at least {low}" if high is None else f"between {low} and {high}"


def _text_fault(value: str) -> str:
    """What a text must be, where no file could be named by it or hold it; "" for a good one."""
    has_surrogate = any("\ud800" <= letter <= "\udfff" for letter in value)
    return "text without NUL characters and lone surrogates" if "\0" in value or has_surrogate else ""


def _kind_name(kind: type) -> str:
    return {int: "a whole number", float: "a number", bool: "true or false", str: "text", dict: "a mapping",
            list: "a list"}.get(kind, kind.__name__)  # fmt: skip


def check_together(config: Config, path: str) -> None:
    """What single values cannot show."""
    if config.lora and config.lora.lora_dropout and config.train.shared_prefix:
        raise BadInput(f"{path}: 'lora.lora_dropout' above 0 would drop the same units for all rows of a shared prefix;"
                       " set train.shared_prefix=false")  # fmt: skip
    if config.train.num_train_epochs == 0 and config.train.max_steps == 0:
        raise BadInput(
            f"{path}: 'train.num_train_epochs' and 'train.max_steps' are both 0, so nothing would be trained"
        )
    if config.data.replay_chats and config.method != "sft":
        raise BadInput(f"{path}: 'data.replay_chats' is for method sft; set it to 0")
    if config.model.quantization == "nf4" and config.lora is None:
        raise BadInput(f"{path}: weights held in 4 bits cannot be trained; give a 'lora' section")
    if config.name != Path(config.name).name or config.name.startswith("."):
        raise BadInput(f"{path}: 'name' is part of a folder's name, not a path: {shown(config.name)}; write it without"
                       " / and without a dot in front")  # fmt: skip
    check_adapter(config, path)
    source = config.model.source
    if source.startswith(("/", "./", "../", "~")) and not Path(source).exists():
        raise BadInput(f"{path}: 'model.source' names the folder {source}, and there is none; give the path of a"
                       " model's folder, without ~, or a hub id")  # fmt: skip
    is_hub_id = ":" not in source and source.count("/") == 1 and not Path(source).exists()
    if is_hub_id and not config.model.revision:
        raise BadInput(f"{path}: 'model.revision' is missing for the hub id {source}; pin the commit you mean")
