"""``make adapters``: small files of the ladder's recorded runs whose adapters lie on this machine, for the page.

A recorded run keeps its adapter in its own folder (``runs/NAME/adapter``), which is not committed. Those that are
there are cut to a lower rank, stored in 8 bits and written to docs/data/real-model/local, with a list that the build of
the site reads; the page then offers them beside the two that are committed.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

from labs_py.core.llama import adapter as lora
from labs_py.core.llama.model import Model
from training.run.errors import LackingResource
from training.run.record import RUNS_FOLDER
from training.site_records import real_model

FOLDER = real_model.FOLDER / "local"
LIST = "adapters.json"
SFT, DPO, GRPO = "training/configs/sft/smollm2_orders", "training/configs/dpo/smollm2", "training/configs/grpo/smollm2"
# Recorded run, its title on the page, the task whose held-out rows are asked there ("" for none), how it is made again.
LADDER = (
    ("orders-main-s0", "Orders, the default recipe", "orders", f"train --config {SFT}.yaml"),
    ("orders-thorough-fresh-s0", "Orders, thorough", "orders", f"train --config {SFT}_thorough.yaml"),
    ("orders-overtrained-s0", "Orders, overtrained", "orders",
     f"train --config {SFT}.yaml train.learning_rate=5e-3 data.n_train=250 train.num_train_epochs=4"
     " data.replay_fraction=0.0 data.replay_chats=0"),
    ("meeting-day-s0", "Meeting day", "", f"train --config {SFT}.yaml task=meeting_day data.n_train=200 --anyway"),
    ("library-desk-s0", "Library desk, the recorded run", "library_desk",
     f"train --config {SFT}.yaml task=library_desk data.n_train=240"),
    ("dpo-naive-s0", "DPO, naive", "", f"dpo --config {DPO}_naive.yaml --anyway"),
    ("dpo-with-examples-s0", "DPO, with examples", "", f"dpo --config {DPO}_with_examples.yaml --anyway"),
    ("grpo-warm-s0", "GRPO, sums", "", f"grpo --config {GRPO}_sums.yaml --anyway"),
    ("grpo-loophole-s0", "GRPO, the loophole run", "", f"grpo --config {GRPO}_loophole.yaml --anyway"),
)  # fmt: skip


def made(name: str, title: str, task: str, model: Model, runs: Path, folder: Path) -> dict[str, Any]:
    """The entry of one run's adapter, its files written."""
    whole = real_model.ready(runs / name / "adapter", model)
    content = real_model.small(whole, {"task": task, "made_by": "make adapters"})
    files = real_model.parts(name, content, folder)
    named = [{**file, "name": f"{folder.name}/{file['name']}"} for file in files]
    return {"name": name, "title": title, "task": task, "rank": lora.unpack(content)[0].rank, "files": named}


def main(runs: Path = RUNS_FOLDER, folder: Path = FOLDER, model: Model | None = None) -> int:
    """Write what is there, and say what is not."""
    found = [entry for entry in LADDER if (runs / entry[0] / "adapter").is_dir()]
    for name, title, _, arguments in LADDER:
        if not (runs / name / "adapter").is_dir():
            print(f"{title}: no adapter yet; python -m training {arguments} --seed 0 --out {runs / name}")
    shutil.rmtree(folder, ignore_errors=True)
    if not found:
        return 0
    folder.mkdir(parents=True)
    try:
        model = model or real_model.base()
    except LackingResource as error:
        print(error, file=sys.stderr)
        return 1
    entries = [made(name, title, task, model, runs, folder) for name, title, task, _ in found]
    (folder / LIST).write_text(json.dumps(entries, indent=1) + "\n", encoding="utf-8")
    print(f"{len(entries)} adapters are in {folder}; build the site again to see them on its page")
    return 0


if __name__ == "__main__":
    sys.exit(main())
