"""Load a YAML strictly: an unknown or missing key, a wrong type or a value out of range is one line that names it.

``load("training/configs/sft/smollm2_orders.yaml", ["train.learning_rate=1e-4"])`` gives a frozen ``Config``;
``sha`` is a hash of what it says, whatever the order and the comments of the file.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import types
from dataclasses import MISSING, asdict, fields, is_dataclass, replace
from pathlib import Path
from typing import Any, Union, get_args, get_origin, get_type_hints

import yaml

from training import adapter
from training.errors import BadInput
from training.method_settings import KINDS
from training.settings import Config

SMOKE = {
    "train": {"max_steps": 3, "batch_size": 2, "accumulation": 1, "max_length": 4096, "save_every": 2},
    "data": {"n_train": 16, "n_heldout": 4},
    "evaluate": {"max_new_tokens": 8},
    "probe": {"n": 4},
    "group": {"group": 2, "longest": 8, "vllm": False},
    "preference": {"samples": 2, "least_difference": 0.0, "rule": "shortest"},
}
NARROW = {"embed": {"cut": 8, "widths": 32}}  # lists of widths, held to what a tiny model has


def load(path: str | Path, overrides: list[str] | tuple = (), seed: int | None = None) -> Config:
    """Read, override and check one configuration.

    Args:
        path: the YAML file.
        overrides: ``section.key=value`` with the value written as in YAML.
        seed: replaces ``train.seed`` and ``data.seed`` when given.

    Raises:
        BadInput: naming the file, the key and the remedy.
    """
    path = Path(path)
    tree = _read(path)
    for text in overrides:
        _override(tree, text)
    if seed is not None:
        for section in ("train", "data"):
            if isinstance(tree.get(section), dict):
                tree[section]["seed"] = seed
    config = _build(KINDS.get(tree.get("method"), Config), tree, str(path), "")
    _check_together(config, str(path))
    return config


def sha(config: Config) -> str:
    """SHA-256 of the configuration's canonical JSON, 64 hex digits."""
    return hashlib.sha256(json.dumps(asdict(config), sort_keys=True).encode()).hexdigest()


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
    lora = config.lora and replace(config.lora, first_layer=min(config.lora.first_layer, 1))  # of two layers
    return replace(config, model=tiny, lora=lora, train=replace(config.train, optimizer="adamw"))


def _at_most(widths: list, limit: int) -> list:
    """The widths, none above the limit and none twice."""
    return list(dict.fromkeys(min(width, limit) if isinstance(width, int) else width for width in widths))


def _read(path: Path) -> dict:
    if path.is_dir() or not path.exists():
        near = difflib.get_close_matches(path.name, [p.name for p in path.parent.glob("*.yaml")], 1)
        hint = f"; did you mean {path.parent / near[0]}?" if near else ""
        raise BadInput(f"{path}: there is no such configuration file{hint}")
    try:
        tree = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        place = getattr(error, "problem_mark", None)
        where = f"{path}:{place.line + 1}" if place else str(path)
        raise BadInput(f"{where}: not readable as YAML ({getattr(error, 'problem', None) or error})") from error
    if not isinstance(tree, dict):
        raise BadInput(f"{path}: a configuration is a mapping of sections; see training/configs/sft")
    return tree


def _override(tree: dict, text: str) -> None:
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise BadInput(f"'{text}': an override is written section.key=value, such as train.learning_rate=1e-4")
    *parents, last = key.strip().split(".")
    for part in parents:
        if not isinstance(tree.get(part, {}), dict):
            raise BadInput(f"override '{text}': '{part}' is not a section of the configuration")
        tree = tree.setdefault(part, {})
    try:
        tree[last] = yaml.safe_load(value)
    except yaml.YAMLError as error:
        raise BadInput(f"override '{text}': the value is not readable as YAML") from error


def _build(kind: type, tree: Any, path: str, prefix: str) -> Any:
    """An instance of the dataclass ``kind`` from a mapping, checked key by key."""
    if not isinstance(tree, dict):
        raise BadInput(f"{path}: '{prefix.rstrip('.')}' must be a section with keys, not {tree!r}")
    known = {f.name: f for f in fields(kind)}
    for key in tree:
        if key not in known:
            near = difflib.get_close_matches(str(key), known, 1, 0.5)
            hint = f"did you mean '{near[0]}'?" if near else f"known keys: {', '.join(known)}"
            raise BadInput(f"{path}: unknown key '{prefix}{key}'; {hint}")
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
    kind = next(k for k in options if k is not type(None))
    if is_dataclass(kind):
        return _build(kind, value, path, name + ".")
    plain = get_origin(kind) or kind
    if plain is float and not isinstance(value, bool):
        try:
            value = float(value)
        except (TypeError, ValueError):
            pass
    if plain is tuple and isinstance(value, list):
        value = tuple(value)
    if not isinstance(value, plain) or (plain is int and isinstance(value, bool)):
        raise BadInput(f"{path}: '{name}' must be {_kind_name(plain)}, not {value!r} ({metadata['help']})")
    if metadata["choices"] and value not in metadata["choices"]:
        raise BadInput(f"{path}: '{name}' must be one of {', '.join(map(str, metadata['choices']))}, not {value!r}")
    low, high = metadata["low"], metadata["high"]
    if plain in (int, float) and not ((low is None or value >= low) and (high is None or value <= high)):
        limit = f"at least {low}" if high is None else f"between {low} and {high}"
        raise BadInput(f"{path}: '{name}' must be {limit}, not {value}")
    return value


def _kind_name(kind: type) -> str:
    return {int: "a whole number", float: "a number", bool: "true or false", str: "text", dict: "a mapping",
            list: "a list", tuple: "a list"}.get(kind, kind.__name__)  # fmt: skip


def _check_together(config: Config, path: str) -> None:
    """What single values cannot show."""
    if config.lora and config.lora.dropout and config.train.shared_prefix:
        raise BadInput(f"{path}: 'lora.dropout' above 0 would drop the same units for all rows of a shared prefix;"
                       " set train.shared_prefix=false")  # fmt: skip
    if config.train.epochs == 0 and config.train.max_steps == 0:
        raise BadInput(f"{path}: 'train.epochs' and 'train.max_steps' are both 0, so nothing would be trained")
    if config.data.replay_chats and config.method != "sft":
        raise BadInput(f"{path}: 'data.replay_chats' is for method sft; set it to 0")
    if config.model.quantization == "nf4" and config.lora is None:
        raise BadInput(f"{path}: weights held in 4 bits cannot be trained; give a 'lora' section")
    adapter.check(config, path)
    source = config.model.source
    is_hub_id = ":" not in source and source.count("/") == 1 and not Path(source).exists()
    if is_hub_id and not config.model.revision:
        raise BadInput(f"{path}: 'model.revision' is missing for the hub id {source}; pin the commit you mean")
