"""The adapter that the page of the real model carries, as a run's folder again: ``export`` and ``port`` take it.

``python -m training.site_records.packed_run TASK DIR``. The adapter is the one in 8 bits of docs/data/real-model, in
PEFT's files; the settings are those of the task's recorded run.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from pathlib import Path

from labs_py.core.llama import adapter as lora
from training.methods.configuration import load_config
from training.run import config as configuration
from training.run.errors import BadInput
from training.site_records.real_model import FOLDER, RANK

CONFIG = "training/configs/sft/smollm2_orders.yaml"


def packed(name: str, folder: Path = FOLDER) -> bytes:
    """The small file of a task's adapter, its parts joined and held against their hashes.

    Raises:
        BadInput: there is no adapter for that task, or a part is not what the record says.
    """
    entries = {entry["name"]: entry for entry in json.loads((folder / "record.json").read_text("utf-8"))["adapters"]}
    if name not in entries:
        raise BadInput(f"packed_run: there is no adapter for {name!r}; there are {', '.join(entries)}")
    found = b""
    for part in entries[name]["files"]:
        content = (folder / part["name"]).read_bytes()
        if hashlib.sha256(content).hexdigest() != part["sha256"]:
            raise BadInput(f"{folder / part['name']}: is not the file of the record; check the folder out again")
        found += content
    return found


def write(name: str, folder: Path) -> None:
    """Write ``config.yaml`` and ``adapter`` of a task's run into a folder that is not there yet.

    Raises:
        BadInput: there is something already, or no such adapter.
    """
    adapter, _ = lora.unpack(packed(name))
    if folder.exists():
        raise BadInput(f"{folder}: there is something of this name already; name another folder")
    config = load_config(CONFIG, [f"task={name}", f"lora.r={RANK}", f"lora.lora_alpha={adapter.scale * RANK:g}"])
    (folder / "adapter").mkdir(parents=True)
    weights, described = lora.peft_files(adapter)
    (folder / "adapter" / "adapter_model.safetensors").write_bytes(weights)
    (folder / "adapter" / "adapter_config.json").write_text(described, encoding="utf-8")
    configuration.dump(config, folder / "config.yaml")


def main(arguments: list[str]) -> int:
    """The command line: 0 once the folder is written, 2 with one line where it cannot be."""
    parser = argparse.ArgumentParser(prog="python -m training.site_records.packed_run", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    parser.add_argument("task", metavar="TASK", help="whose adapter: orders or library_desk")
    parser.add_argument("folder", metavar="DIR", type=Path, help="a folder that is not there yet")
    found = parser.parse_args(arguments)
    try:
        write(found.task, found.folder)
    except BadInput as wrong:
        print(f"error: {wrong}", file=sys.stderr)
        return 2
    print(f"{found.folder}: an adapter of rank {RANK} and its settings; next: python -m training port {found.folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
