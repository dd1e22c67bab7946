"""``make adapters``: small files of the ladder's recorded runs whose adapters lie on this machine, for the page.

A recorded run keeps its adapter in its own folder (``runs/NAME/adapter``), which is not committed. Those that are
there are cut to a lower rank, stored in 8 bits and written to docs/data/real-model/local, with a list that the build of
the site reads; the page then offers them beside the two that are committed.
"""

from __future__ import annotations

import json
import shlex
import shutil
import sys
from pathlib import Path
from typing import Any

from labs_py.core.llama import adapter as lora
from labs_py.core.llama.model import Model
from training.commands.record_list import plan
from training.commands.records import arguments_of
from training.run.errors import LackingResource
from training.run.record import RUNS_FOLDER
from training.site_records import real_model

FOLDER = real_model.FOLDER / "local"
LIST = "adapters.json"
# Recorded run, its title on the page, and the task whose held-out rows are asked there ("" for none).
LADDER = (
    ("orders-main-s0", "Orders, the default recipe", "orders"),
    ("orders-thorough-fresh-s0", "Orders, thorough", "orders"),
    ("orders-overtrained-s0", "Orders, overtrained", "orders"),
    ("meeting-day-s0", "Meeting day", ""),
    ("library-desk-s0", "Library desk, the recorded run", "library_desk"),
    ("dpo-naive-s0", "DPO, naive", ""),
    ("dpo-with-examples-s0", "DPO, with examples", ""),
    ("grpo-warm-s0", "GRPO, sums", ""),
    ("grpo-loophole-s0", "GRPO, the loophole run", ""),
)


def made(name: str, title: str, task: str, model: Model, runs: Path, folder: Path) -> dict[str, Any]:
    """The entry of one run's adapter, its files written."""
    whole = real_model.ready(runs / name / "adapter", model)
    content = real_model.small(whole, {"task": task, "made_by": "make adapters"})
    files = real_model.parts(name, content, folder)
    named = [{**file, "name": f"{folder.name}/{file['name']}"} for file in files]
    return {"name": name, "title": title, "task": task, "rank": lora.unpack(content)[0].rank, "files": named}


def command(name: str, runs: Path) -> str:
    """The arguments that make a recorded run again, its adapter with it."""
    return shlex.join(arguments_of(next(entry for entry in plan() if entry.name == name), runs / name))


def main(runs: Path = RUNS_FOLDER, folder: Path = FOLDER, model: Model | None = None) -> int:
    """Write what is there, and say what is not."""
    found = [entry for entry in LADDER if (runs / entry[0] / "adapter").is_dir()]
    for name, title, task in LADDER:
        if (name, title, task) not in found:
            print(f"{title}: no adapter in {runs / name}; python -m training {command(name, runs)}")
    shutil.rmtree(folder, ignore_errors=True)
    if not found:
        return 0
    folder.mkdir(parents=True)
    try:
        model = model or real_model.base()
    except LackingResource as error:
        print(error, file=sys.stderr)
        return 1
    entries = [made(name, title, task, model, runs, folder) for name, title, task in found]
    (folder / LIST).write_text(json.dumps(entries, indent=1) + "\n", encoding="utf-8")
    print(f"{len(entries)} adapters are in {folder}; build the site again to see them on its page")
    return 0


if __name__ == "__main__":
    sys.exit(main())
