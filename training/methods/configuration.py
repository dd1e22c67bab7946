"""Settings of the methods beyond supervised fine-tuning: each adds one section to a run's configuration.

``KINDS`` says which configuration a file's ``method`` asks for; plain ``sft`` files stay as they are.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from training.methods.distill.settings import DistillConfig
from training.methods.dpo.settings import DpoConfig
from training.methods.embed.settings import EmbedConfig
from training.methods.grpo.settings import GrpoConfig
from training.methods.reward.settings import RewardConfig
from training.methods.sft.settings import SftConfig
from training.models.shapes import architecture_of
from training.run import config as configuration
from training.run import former_names
from training.run.arguments import DEFAULT_CONFIG
from training.run.config import beside, check_source, lay_over, located, read_tree
from training.run.errors import BadInput
from training.run.section import build
from training.run.settings import Config
from training.run.strict_yaml import shown

KINDS: dict[str, type[Config]] = {
    "sft": SftConfig,
    "dpo": DpoConfig,
    "reward": RewardConfig,
    "grpo": GrpoConfig,
    "distill": DistillConfig,
    "embed": EmbedConfig,
}
ELSEWHERE = {"distill-stack": "python -m training.stack.distill"}  # methods with a program of their own


def config_from(args: argparse.Namespace, kinds: dict[str, type[Config]] | None = None) -> Config:
    """The configuration that the arguments ask for (``--smoke`` swaps the model); ``kinds`` as in ``load_config``.

    Raises:
        BadInput: nothing to resume in the folder, or a configuration that ``load_config`` refuses.
    """
    if getattr(args, "resume", None) and not args.config:
        args.config = f"{args.resume}/config.yaml"
        if not Path(args.config).is_file():
            raise BadInput(f"{args.resume}: there is no run to resume (config.yaml is missing); --resume takes the"
                           " folder of an interrupted run")  # fmt: skip
    if getattr(args, "resume", None) and Path(args.resume, "config.yaml").is_file():
        configuration.check_resumed(args.resume)
    loaded = load_config(args.config or DEFAULT_CONFIG, args.overrides, args.seed, kinds)
    if getattr(args, "smoke", False):
        loaded = configuration.smoke(loaded, architecture_of(loaded.model.source))
        loaded = loaded.replace(name=f"{loaded.name}-smoke")
    return loaded


def load_config(path: str | Path, overrides: list[str] | tuple = (), seed: int | None = None,
         kinds: dict[str, type[Config]] | None = None) -> Config:  # fmt: skip
    """Read, override and check one configuration.

    Args:
        path: the YAML file; ``configs/...`` also means that of this package, wherever one stands.
        overrides: ``section.key=value`` with the value written as in YAML.
        seed: replaces ``train.seed`` and ``data.seed`` when given.
        kinds: the configurations that a ``method`` may ask for; those of ``python -m training`` when None.

    Raises:
        BadInput: naming the file, the key and the remedy.
    """
    path = located(Path(path))
    tree = read_tree(path)
    former_names.check(tree, str(path))
    beside(tree, path)
    for text in overrides:
        lay_over(tree, text)
    if seed is not None:
        for section in ("train", "data"):
            if isinstance(tree.get(section), dict):
                tree[section]["seed"] = seed
    config = build(_kind_of(tree, str(path), KINDS if kinds is None else kinds), tree, str(path))
    check_source(config, str(path))
    return config


def _kind_of(tree: dict, path: str, kinds: dict[str, type[Config]]) -> type[Config]:
    """The configuration that the file's method asks for; a file without one is left to the check of its keys."""
    method = tree.get("method")
    if "method" not in tree:
        return next(iter(kinds.values()))
    if not isinstance(method, str):
        raise BadInput(f"{path}: 'method' must be text, one of {', '.join(kinds)}, not {shown(method)}")
    if method not in kinds and method in (*KINDS, *ELSEWHERE):
        command = ELSEWHERE.get(method, f"python -m training {'train' if method == 'sft' else method}")
        raise BadInput(f"{path}: this configuration's method is {method}: run it with '{command}'")
    if method not in kinds:
        raise BadInput(f"{path}: 'method' must be one of {', '.join(kinds)}, not {shown(method)}")
    return kinds[method]
