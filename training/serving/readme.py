"""README.md of an exported folder: what it holds, and the line that serves it."""

from __future__ import annotations

import math
import shlex
from pathlib import Path

from training.run import jsonl
from training.serving.shipment import Shipment

PORT = 8000
VLLM_RANKS = (8, 16, 32, 64, 128, 256, 320, 512)  # that vLLM's --max-lora-rank takes


def write(shipment: Shipment, out: Path, to: str, what: str, adapter_only: bool) -> str:
    """Write the file; the line that serves the folder.

    Args:
        to: the format, as ``export --to`` names it.
        what: the folder holds, in a few words.
        adapter_only: whether it needs the base model beside it.
    """
    line = serving_line(shipment, out, to, adapter_only)
    stops = ", ".join(f"`{shipment.tokenizer.convert_ids_to_tokens(at)}`" for at in shipment.stops)
    turn = ("It was trained under this system turn; send it with every question:\n\n"
            + "".join(f"    {text}\n" for text in shipment.system.splitlines())
            if shipment.system else "It was trained without a system turn.\n")  # fmt: skip
    text = (f"# {shipment.name}\n\nExported for {to}: {what}, fine-tuned from `{shipment.config.model.source}`.\n\n"
            f"Serve it:\n\n    {line}\n\n{turn}\nAn answer ends at one of {stops}. Answers were measured with greedy"
            " decoding (temperature 0).\n")  # fmt: skip
    (out / "README.md").write_text(text, encoding="utf-8")
    return line


def serving_line(shipment: Shipment, out: Path, to: str, adapter_only: bool) -> str:
    """The command that serves an exported folder."""
    where, name = shlex.quote(str(out)), shlex.quote(shipment.name)
    if to == "transformers":
        return f"transformers serve {where} --host 127.0.0.1 --port {PORT}"
    if to == "vllm":
        greedy = """--override-generation-config '{"temperature": 0}'"""
        if adapter_only:
            settings = jsonl.read_object(out / "adapter_config.json", "export again")
            base = shlex.quote(settings["base_model_name_or_path"])
            return (f"vllm serve {base} --enable-lora --max-lora-rank {largest_rank(out)} --lora-modules {name}={where}"
                    f" --host 127.0.0.1 --port {PORT} {greedy}")  # fmt: skip
        return f"vllm serve {where} --served-model-name {name} --host 127.0.0.1 --port {PORT} {greedy}"
    if to == "ollama":
        return f"ollama create {name} -f {shlex.quote(str(out / 'Modelfile'))} && ollama run {name}"
    file = next(out.glob("*.gguf"), out / "model.gguf")
    if adapter_only:
        return f"llama-server -m BASE.gguf --lora {shlex.quote(str(file))} --jinja --host 127.0.0.1 --port {PORT}"
    return f"llama-server -m {shlex.quote(str(file))} --jinja --host 127.0.0.1 --port {PORT}"


def largest_rank(adapter: Path) -> int:
    """The smallest --max-lora-rank of vLLM that an adapter fits into."""
    settings = jsonl.read_object(adapter / "adapter_config.json", "export again")
    rank = max([settings["r"], *(settings.get("rank_pattern") or {}).values()])
    return next((known for known in VLLM_RANKS if known >= rank), 2 ** math.ceil(math.log2(rank)))
