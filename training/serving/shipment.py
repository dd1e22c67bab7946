"""What is shipped: a run's base model as a folder of files, its adapter, its tokenizer and its system turn."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.data.system_turn import system_of
from training.models import bundled, chat_template, guards, loading, tiny
from training.models.tokenizer import prepared
from training.run import checkpoint_integrity, jsonl, machine
from training.run.errors import BadInput, LackingResource
from training.run.settings import Config

WEIGHTS = ("model.safetensors", "model.safetensors.index.json")
HUB_FILES = ("*.json", "*.safetensors", "*.model", "*.jinja", "tokenizer*", "*.txt")


@dataclass(frozen=True)
class Shipment:
    """A run, ready to be exported.

    Attributes:
        name: the run's, for a served model.
        base: folder with config.json, weights as safetensors, and the tokenizer.
        adapter: folder of the adapter; None where every weight was trained and ``base`` holds the result.
        tokenizer: transformers' tokenizer of the base model.
        stops: ids of the tokens that end an answer, ascending.
        system: the system turn of the run's task; "" for none.
        config: the run's settings.
        dtype: how the run held its weights, "float32" or "bfloat16".
    """

    name: str
    base: Path
    adapter: Path | None
    tokenizer: Any
    stops: list[int]
    system: str
    config: Config
    dtype: str

    def model_config(self) -> dict[str, Any]:
        """The base model's config.json."""
        return jsonl.read_object(self.base / "config.json", "give the run's base model anew")


def run_folder(path: str) -> Path:
    """The folder of a finished run; its adapter folder names it as well.

    Raises:
        BadInput: there is no run, or it has not been trained.
    """
    folder = Path(path)
    if not (folder / "config.yaml").is_file() and (folder.parent / "config.yaml").is_file():
        folder = folder.parent
    if not (folder / "config.yaml").is_file():
        raise BadInput(f"{path}: there is no run here (config.yaml is missing); give a run's folder, such as"
                       " runs/sft-orders-...-s0")  # fmt: skip
    if not (folder / "adapter").is_dir():
        raise BadInput(f"{folder / 'adapter'}: there is nothing to ship: this run has no adapter; train it to its end")
    return folder


def open_run(folder: Path, config: Config, scratch: Path) -> Shipment:
    """A run's files, opened and checked.

    Args:
        folder: of the run.
        config: its settings.
        scratch: an existing folder for a base model that is made in code.

    Raises:
        BadInput: the adapter or the base model cannot be read.
        GuardFailed: the adapter was trained on another model.
        LackingResource: the base model cannot be fetched.
    """
    machine.quiet_libraries()
    from transformers import AutoTokenizer

    adapter: Path | None = folder / "adapter"
    source = base_folder(config, scratch)
    try:
        tokenizer: Any = prepared(AutoTokenizer.from_pretrained(source), config.model)
    except (OSError, ValueError) as error:
        raise BadInput(f"{source}: no tokenizer can be read here ({_first_line(error)}); give the model's own folder"
                       ) from error  # fmt: skip
    if config.lora is None:
        source, adapter = need_weights(folder / "adapter"), None
    else:
        loading.need_adapter(folder / "adapter")
        guards.same_base(folder / "adapter", config.model.source)
    stops = sorted(chat_template.stop_ids(tokenizer))
    system = system_of(config)
    return Shipment(folder.resolve().name, source, adapter, tokenizer, stops, system, config, _dtype_of(folder))


def trained_model(base: Any, folder: Path, config: Config) -> Any:
    """The run's model as it was measured: its adapter on ``base``, or its own weights where all were trained."""
    if config.lora is not None:
        return loading.attach_adapter(base, folder / "adapter")
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(folder / "adapter", dtype=base.dtype).to(base.device).eval()


def base_folder(config: Config, scratch: Path) -> Path:
    """The base model as a folder of files.

    Raises:
        BadInput: it holds no safetensors. LackingResource: it cannot be fetched.
    """
    kind, _, rest = config.model.source.partition(":")
    if kind == "tiny-random":
        model, tokenizer = tiny.model(rest)
        model.save_pretrained(scratch)
        tokenizer.save_pretrained(scratch)
        return scratch
    if kind == "bundled":
        return need_weights(bundled.folder(rest))
    if Path(config.model.source).exists():
        return need_weights(Path(config.model.source))
    return need_weights(_from_hub(config))


def need_weights(folder: Path) -> Path:
    """The folder, after a look whether it holds weights that can be read one by one.

    Raises:
        BadInput: it does not, or they are quantised.
    """
    files = weight_files(folder)
    if not files:
        raise BadInput(f"{folder}: there are no weights as safetensors here ({WEIGHTS[0]} or {WEIGHTS[1]}); save the"
                       " model with save_pretrained first")  # fmt: skip
    for file in files:
        checkpoint_integrity.need_safetensors(file, "get the model again")
    known = jsonl.read_object(folder / "config.json", "get the model again")
    packed = known.get("quantization_config")
    if packed:
        method = packed.get("quant_method", "unknown") if isinstance(packed, dict) else "unknown"
        raise BadInput(f"{folder}: the weights are quantised already ({method}), and an adapter cannot be added to"
                       " them; set model.source to the unquantised model")  # fmt: skip
    return folder


def weight_files(folder: Path) -> list[Path]:
    """The files that hold a model's weights, in order; none where there are none as safetensors.

    Raises:
        BadInput: the index is damaged or names a file that is missing.
    """
    whole, index = (folder / name for name in WEIGHTS)
    if not index.is_file():
        return [whole] if whole.is_file() else []
    places = jsonl.read_object(index, "get the model again").get("weight_map")
    if not isinstance(places, dict):
        raise BadInput(f"{index}: 'weight_map' is missing; get the model again")
    files = [folder / name for name in sorted(set(places.values()))]
    for file in files:
        if not file.is_file():
            raise BadInput(f"{file}: is missing, and {index.name} names it; get the model again")
    return files


def _from_hub(config: Config) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    source, revision = config.model.source, config.model.revision
    try:
        return Path(snapshot_download(source, revision=revision, allow_patterns=list(HUB_FILES),
                                      local_files_only=machine.offline()))  # fmt: skip
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError, ValueError) as error:
        raise LackingResource(f"model.source: {source} is neither a folder nor to be had from the model hub"
                              f" ({_first_line(error)})") from error  # fmt: skip


def _dtype_of(folder: Path) -> str:
    """How the run held its weights, by the adapter's note; float32 where there is none."""
    try:
        noted = json.loads((folder / "adapter" / "stage10.json").read_text(encoding="utf-8"))["model"]["dtype"]
    except (OSError, ValueError, KeyError, TypeError):
        return "float32"
    return noted if noted in ("float32", "bfloat16") else "float32"


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
