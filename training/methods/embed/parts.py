"""What a sentence-transformers folder says of itself beside the transformer: pooling, normalisation, prompts.

A model that was trained to be read at its first token, on texts behind a prompt, is another model when it is read as a
mean without it. So the folder decides, and a setting that disagrees is an error.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from training.methods.embed.settings import EmbedConfig
from training.run.errors import BadInput

KNOWN = ("Pooling", "Normalize", "Dense", "LayerNorm", "Dropout")  # modules that may follow the transformer
QUERY, PASSAGE = ("query",), ("document", "passage")  # what folders call the prompts of the two sides
MEAN = "mean"


def following(source: str, config: EmbedConfig, width: int, pinned: dict[str, Any]) -> list[Any]:
    """The modules behind the transformer: the folder's own, or a pooling by the settings where it names none.

    Args:
        source: a folder or hub id.
        config: of the run; ``embed.pooling`` must agree with the folder, or be null.
        width: of the transformer's vectors.
        pinned: ``revision`` and ``local_files_only`` of a hub id.

    Raises:
        BadInput: a module that is not known here, or a setting that disagrees with the folder.
    """
    from sentence_transformers.sentence_transformer import modules

    listed = _read(source, "modules.json", pinned) or []
    found = []
    for entry in listed[1:]:
        kind = str(entry.get("type", "")).rsplit(".", 1)[-1]
        if kind not in KNOWN:
            raise BadInput(f"model.source: {source} has a module {kind!r} behind its transformer, which is not trained"
                           f" here; there are {', '.join(KNOWN)}")  # fmt: skip
        found.append(getattr(modules, kind).load(source, subfolder=entry["path"], **pinned))
    pooling = next((module for module in found if isinstance(module, modules.Pooling)), None)
    if pooling is None:
        return [modules.Pooling(width, config.embed.pooling or MEAN), *found]
    if config.embed.pooling not in (None, pooling.pooling_mode):
        raise BadInput(f"embed.pooling: {config.embed.pooling} disagrees with {source}, whose Pooling says"
                       f" {pooling.pooling_mode}; set it to null to take the folder's")  # fmt: skip
    if not pooling.include_prompt:
        raise BadInput(f"model.source: {source} leaves the prompt's tokens out of its pooling (include_prompt is"
                       " false), which is not done here")  # fmt: skip
    return found


def prompts(source: str, config: EmbedConfig, pinned: dict[str, Any]) -> tuple[dict[str, str], str | None]:
    """The prompts that the model is used with, those of the folder and of the settings, and the default one's name.

    Raises:
        BadInput: a setting disagrees with the folder.
    """
    said = _read(source, "config_sentence_transformers.json", pinned) or {}
    found = {name: text for name, text in (said.get("prompts") or {}).items() if isinstance(text, str)}
    for setting, names in (("query_prompt", QUERY), ("passage_prompt", PASSAGE)):
        wanted, own = getattr(config.embed, setting), next((found[name] for name in names if found.get(name)), None)
        if wanted is None:
            continue
        if own is not None and wanted != own:
            raise BadInput(f"embed.{setting}: {wanted!r} disagrees with {source}, whose prompts say {own!r}; set it to"
                           " null to take the folder's")  # fmt: skip
        if wanted:
            found[names[0]] = wanted
    return found, said.get("default_prompt_name")


def of_side(embedder: Any, side: str) -> str:
    """The text before every text of a side: "anchor" is the question's, any other the passage's."""
    names = QUERY if side == "anchor" else PASSAGE
    known = getattr(embedder, "prompts", {})
    return next((known[name] for name in names if known.get(name)), "")


def _read(source: str, name: str, pinned: dict[str, Any]) -> Any:
    """A JSON file of the model; None where it has none.

    Raises:
        BadInput: it cannot be read.
    """
    from sentence_transformers.util.file_io import load_file_path

    path = load_file_path(source, name, **pinned)
    if path is None:
        return None
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadInput(f"{path}: the file cannot be read ({error}); give a whole model folder") from error
