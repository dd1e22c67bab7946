"""``python -m training export``: a run as files that transformers, vLLM, llama.cpp or Ollama serve."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from training.methods.configuration import load_config
from training.methods.trainer import PUBLIC_NAMES
from training.run import machine
from training.run.errors import BadInput
from training.serving import folder_export, gguf_export, modelfile, readme, shipment
from training.serving.shipment import Shipment

ABOUT = """Write a run's model in the form that a server reads, with its chat template and the tokens that end an
answer.

  python -m training export runs/RUN --to transformers --out shipped
  python -m training export runs/RUN --to gguf --quantization Q8_0 --out shipped

The adapter is added into the weights one tensor at a time, in float32, and written in the base model's own type;
--adapter-only leaves the weights alone and writes the adapter in the server's form. README.md in the folder has the
line that serves it. --to gguf and --to ollama know the Llama, Qwen2, Qwen3 and Gemma 3 architectures; --quantization
auto loses nothing, the others round."""

FORMATS = ("transformers", "gguf", "ollama", "vllm")
DTYPES = ("auto", "float32", "bfloat16", "float16")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``export``."""
    parser.add_argument("run_folder", metavar="RUN", help="folder of the run")
    parser.add_argument("--to", required=True, choices=FORMATS, help="what will read it")
    parser.add_argument("--out", required=True, metavar="DIR", help="folder for the files; new or empty")
    parser.add_argument("--adapter-only", action="store_true", help="the adapter alone, to go onto the base model")
    parser.add_argument("--dtype", default="auto", choices=DTYPES, help="of the merged weights; auto: as in the base")
    parser.add_argument("--quantization", default="auto", choices=gguf_export.QUANTIZATIONS, help="type of a GGUF's"
                        " matrices; auto: one that holds the merged weights exactly")  # fmt: skip


def run(args: argparse.Namespace) -> int:
    """Export, print what was written and the line that serves it; 0.

    Raises:
        BadInput: there is no run, --out is not empty, or the format does not know the model.
        GuardFailed: the adapter belongs to another model or changes nothing.
        LackingResource: the model cannot be fetched, or the disk is too full.
    """
    out = new_folder(args.out)
    folder = shipment.run_folder(args.run_folder)
    with tempfile.TemporaryDirectory() as scratch:
        shipped = shipment.open_run(folder, load_config(folder / "config.yaml"), Path(scratch))
        if args.adapter_only and shipped.adapter is None:
            raise BadInput(f"{folder}: every weight of this run was trained, so there is no adapter; leave"
                           " --adapter-only out")  # fmt: skip
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}-") as partial:
            what = write(shipped, args, Path(partial) / "files", Path(scratch))
            (Path(partial) / "files").replace(out)
    line = readme.write(shipped, out, args.to, what, args.adapter_only)
    machine.say(f"{what} written to {out}; serve it with:")
    print(line)
    return 0


def write(shipped: Shipment, args: argparse.Namespace, out: Path, scratch: Path) -> str:
    """Write the files of one format into a new folder; in a few words what they are."""
    out.mkdir()
    if args.to in ("gguf", "ollama"):
        return write_gguf(shipped, args, out, scratch)
    if args.adapter_only:
        source = shipped.config.model.source
        folder_export.write_adapter(shipped, out, PUBLIC_NAMES.get(source, source))
        return "the adapter"
    return f"the merged model ({folder_export.write_merged(shipped, out, args.dtype, scratch)})"


def write_gguf(shipped: Shipment, args: argparse.Namespace, out: Path, scratch: Path) -> str:
    """Write a GGUF file or a GGUF LoRA, for Ollama with a Modelfile; in a few words what they are."""
    if args.adapter_only:
        gguf_export.write_adapter(shipped, out / "adapter.gguf")
        what = "the adapter as a GGUF LoRA"
    else:
        kind = gguf_export.write_model(shipped, out / "model.gguf", args.quantization, args.dtype, scratch)
        what = f"the merged model as GGUF ({kind})"
    if args.to == "ollama":
        modelfile.write(shipped, out, args.adapter_only)
    return what


def new_folder(path: str) -> Path:
    """A folder that does not exist or is empty.

    Raises:
        BadInput: something lies there.
    """
    out = Path(path)
    if out.is_file() or (out.is_dir() and any(out.iterdir())):
        raise BadInput(f"--out {path}: something lies there already; give a new folder")
    return out
