"""Load a base model, attach an adapter, merge it back.

The adapter is attached after the seed is set (otherwise two runs with one seed start differently), and the
number of trainable parameters is checked against the formula.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from training.models import adapter, bundled, guards, tiny
from training.models.rendering import stops
from training.models.structure import linears
from training.models.tokenizer import prepared
from training.run import checkpoint_integrity, jsonl, machine
from training.run.errors import BadInput, LackingResource, is_out_of_memory
from training.run.settings import LoraSettings, ModelSettings

if TYPE_CHECKING:
    import torch
    from peft import PeftModel
    from transformers import BitsAndBytesConfig, PreTrainedModel, PreTrainedTokenizerBase

LONGEST_PLAIN_ATTENTION = 512  # tokens
BITS_AND_BYTES = "4-bit weights need the package bitsandbytes: install it, or set model.quantization=none"


@dataclass
class LoadedModel:
    """A model ready to generate or to train.

    Attributes:
        dtype: "float32" or "bfloat16", how the weights are held.
        facts: what a report says about the model.
    """

    model: Any
    tokenizer: PreTrainedTokenizerBase
    dtype: str
    facts: dict[str, Any]


def load_base(settings: ModelSettings, dtype: str | None = None) -> LoadedModel:
    """The base model in evaluation mode on the best device.

    Args:
        settings: the ``model`` section.
        dtype: overrides the settings (a resumed run keeps what it began with).

    Raises:
        BadInput: the model is not known, or a folder holds none.
        LackingResource: it cannot be fetched, or bitsandbytes is missing for 4-bit weights.
    """
    machine.quiet_libraries()
    import torch

    wanted = dtype or settings.dtype
    if wanted == "auto":
        wanted = machine.best_dtype()
    model, tokenizer = _open(settings, getattr(torch, wanted))
    tokenizer = prepared(tokenizer, settings)
    stops.set_stops(model, tokenizer)
    if settings.quantization == "none" and machine.process_count() == 1:  # launched in parallel, the trainer places it
        model = model.to(machine.device())
    if settings.quantization == "nf4":
        keep_scales(model)
    model.eval()
    facts = {"source": settings.source, "revision": settings.revision, "architecture": model.config.model_type,
             "parameters": model.num_parameters(), "dtype": wanted,
             "quantization": settings.quantization,
             "weights_bytes": model.get_memory_footprint(return_buffers=False)}  # fmt: skip
    return LoadedModel(model, tokenizer, wanted, facts)


def _open(settings: ModelSettings, dtype: torch.dtype) -> tuple[Any, Any]:
    kind, _, rest = settings.source.partition(":")
    if kind == "tiny-random":
        made, tokenizer = tiny.model(rest)
        random_model: Any = made
        return random_model.to(dtype), tokenizer
    if kind == "bundled":
        return _from_pretrained(str(bundled.folder(rest)), settings, dtype)
    return _from_pretrained(settings.source, settings, dtype)


def own_dtype(settings: ModelSettings) -> str:
    """The type that a model's files hold its weights in, in torch's words; float32 where its configuration says none.

    Raises:
        BadInput, LackingResource: the model cannot be read.
    """
    from transformers import AutoConfig

    kind, _, rest = settings.source.partition(":")
    if kind == "tiny-random":
        return "float32"
    source = str(bundled.folder(rest)) if kind == "bundled" else settings.source
    options = {} if Path(source).exists() else {"revision": settings.revision}
    try:
        held = AutoConfig.from_pretrained(source, local_files_only=machine.offline(), **options).dtype
    except (OSError, ValueError) as error:
        raise BadInput(f"model.source: {source} has no configuration to be read ({str(error).splitlines()[0]})"
                       ) from error  # fmt: skip
    return str(held or "float32").removeprefix("torch.")


def _from_pretrained(source: str, settings: ModelSettings, dtype: torch.dtype) -> tuple[Any, Any]:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    options: dict = {"dtype": dtype, "revision": settings.revision}
    if settings.quantization == "nf4":
        options["quantization_config"] = nf4(dtype)
    if Path(source).exists():
        options.pop("revision")
    elif machine.offline():
        options["local_files_only"] = True
    try:
        model = AutoModelForCausalLM.from_pretrained(source, **options)
        tokenizer = AutoTokenizer.from_pretrained(source, **{k: v for k, v in options.items() if k == "revision"})
    except Exception as error:  # transformers, tokenizers and safetensors raise what they like, bare Exceptions too
        if is_out_of_memory(error):
            raise
        first = (" ".join(str(error).split()) or type(error).__name__)[:200]
        if Path(source).exists():
            raise BadInput(f"{source}: no model can be read from this folder ({first}); give a whole model folder, with"
                           " config.json, weights and tokenizer files") from error  # fmt: skip
        raise LackingResource(f"model.source: {source} is neither a folder nor to be had from the model hub ({first})"
                              ) from error  # fmt: skip
    return model, tokenizer


def nf4(dtype: torch.dtype) -> BitsAndBytesConfig:
    """How frozen weights are quantised to 4 bits on loading: NF4, the blocks' scales in 8 bits, products in ``dtype``.

    Source: Dettmers et al. 2023, arXiv:2305.14314, section 3.

    Raises:
        LackingResource: bitsandbytes is not installed.
    """
    from transformers import BitsAndBytesConfig

    if find_spec("bitsandbytes") is None:
        raise LackingResource(BITS_AND_BYTES)
    return BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True,
                              bnb_4bit_compute_dtype=dtype)  # fmt: skip


def keep_scales(model: torch.nn.Module) -> None:
    """Keep bitsandbytes from changing the quantised weights.

    On a CPU with bfloat16 arithmetic it repacks them at the first evaluation and rounds the blocks' scales to bfloat16,
    so that a model would train on other weights than were evaluated (bitsandbytes 0.50.2, nn/modules.py).
    """
    for module in model.modules():
        if hasattr(module, "support_avx512bf16_for_cpu"):
            setattr(module, "support_avx512bf16_for_cpu", False)  # noqa: B010  (nn.Module has no such attribute)


def plain_attention(model: Any, longest: int) -> None:
    """On a CPU, compute attention over short rows as two plain matrix products.

    torch's fused attention reaches a fraction of their speed there, above all in the backward pass: a quarter of a step
    of the bundled model. The function is the same. On long rows the (T, T) scores would cost too much memory.

    Args:
        model: the model to be trained.
        longest: tokens of its longest row, T.
    """
    if machine.device() == "cpu" and longest <= LONGEST_PLAIN_ATTENTION:
        model.set_attn_implementation("eager")


# fmt: off
# --8<-- [start:attach]
def attach_new_adapter(loaded: LoadedModel, lora: LoraSettings, seed: int) -> PeftModel:
    """A PEFT model with a fresh adapter on ``loaded.model``, which changes nothing yet:
    A random by ``seed``, B zero.

    PiSSA takes its start out of the weights,
    so that ``loaded.model`` is no longer the base model.

    Raises:
        BadInput: the model ends before ``lora.layers_to_transform``.
        GuardFailed: the adapter's size or scale is not what the settings give.

    Source: Hu et al. 2021, arXiv:2106.09685, section 4.1.
    """
    guards.seed_before_adapter(seed)
    expected = count_adapter_parameters(loaded.model, lora)
    model = adapter.put_on(
        loaded.model, adapter.lora_config(lora, loaded.model, "CAUSAL_LM")
    )
    guards.trainable_count(model, expected)
    if lora.target_modules == "all-linear" and not lora.layers_to_transform:
        guards.every_matrix_adapted(model)
    guards.scale_rule(model, lora)
    return model


# --8<-- [end:attach]
# fmt: on


def count_adapter_parameters(model: Any, lora: LoraSettings) -> int:
    """Trainable parameters of an adapter, summed over what of the model carries one.

    Raises:
        BadInput: the model has no such layer or parameter.
    """
    return linears.adapted(model, lora).count(lora)


def need_adapter(folder: str | Path) -> None:
    """Check that a folder holds an adapter whose files can be read.

    Raises:
        BadInput: a file is missing or damaged.
    """
    folder = Path(folder)
    settings, weights = folder / "adapter_config.json", folder / "adapter_model.safetensors"
    remedy = "the adapter is damaged: give another, or train it again"
    for file in (settings, weights):
        if not file.is_file() and not (file == weights and weights.with_suffix(".bin").is_file()):
            raise BadInput(f"{folder}: there is no adapter here ({file.name} is missing); give a run's adapter folder")
    jsonl.read_object(settings, remedy)
    if weights.is_file():
        checkpoint_integrity.need_safetensors(weights, remedy)


def attach_adapter(model: Any, folder: str | Path, trainable: bool = False) -> PeftModel:
    """A saved adapter on a base model, checked to be loaded (see ``guards.adapter_loaded``), in evaluation mode.

    Raises:
        BadInput: there is none, it is damaged, or it belongs to another model.
        GuardFailed: it changes nothing.
    """
    tuned = saved_adapter(model, folder, trainable)
    if not trainable:
        _as_the_base(tuned)
    return tuned.eval()


def saved_adapter(model: Any, folder: str | Path, trainable: bool = False) -> PeftModel:
    """A saved adapter on a base model as PEFT holds it: the one door for PEFT's errors of loading.

    Raises:
        BadInput: there is none, it is damaged, or it belongs to another model.
        GuardFailed: it changes nothing.
    """
    from peft import PeftModel

    folder = Path(folder)
    need_adapter(folder)
    try:
        tuned = PeftModel.from_pretrained(model, str(folder), is_trainable=trainable)
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        why = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        raise BadInput(f"{folder}: this adapter does not go onto the model ({why}); give one that was trained on it"
                       ) from error  # fmt: skip
    guards.adapter_loaded(tuned, folder)
    return tuned


def _as_the_base(tuned: PeftModel) -> None:
    """Hold the adapter in the base's type: autocast multiplied it so in training, and mixed types cost a copy each."""
    dtype = next(p.dtype for name, p in tuned.named_parameters() if "lora_" not in name)
    for name, parameter in tuned.named_parameters():
        if ("lora_A" in name or "lora_B" in name) and dtype.is_floating_point:  # DoRA's lengths would lose their change
            parameter.data = parameter.data.to(dtype)


def merged(model: Any) -> PreTrainedModel:
    """The adapter added into the weights: an ordinary model again; the PEFT model is no longer usable."""
    return model.merge_and_unload()
