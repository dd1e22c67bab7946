"""The phases of an embedding model's run: before, training, after, verdict."""

from __future__ import annotations

import json
from typing import Any

from training.data.splits import Splits
from training.methods.embed import measure as embed_measure
from training.methods.embed import model as embed_model
from training.methods.embed.settings import EmbedConfig
from training.methods.phases import Run
from training.run import machine
from training.run.folder import RunFolder


def phases(run: Run[EmbedConfig]) -> int:
    """Before, training, after, verdict; the exit code of the gate."""
    config, folder, loaded, rows = run.config, run.folder, run.loaded, run.rows
    if folder.read_before() is None:
        with machine.phase("before", folder.log):
            folder.keep_before(embed_measure.measure(config, rows, loaded.model))
    tuned = trained_embedder(run)
    with machine.phase("after", folder.log):
        after = embed_measure.measure(config, rows, tuned)
    write(config, folder, rows, folder.read_before() or {}, after)
    return folder.read()["gate"]["exit_code"]


def trained_embedder(run: Run[EmbedConfig]) -> Any:
    """The model as it lies on the disk, trained first where that is not done."""
    done = run.trained_or(lambda _: embed_model.attach(run.config, run.loaded, run.folder))
    if done is not None:
        return done
    run.train()
    return embed_model.attach(run.config, embed_model.load_base(run.config, run.loaded.dtype), run.folder)


def write(config: EmbedConfig, folder: RunFolder, rows: Splits, before: dict, after: dict) -> None:
    """Figures, verdict and tables into the report; every question into predictions.jsonl."""
    found = {
        name: embed_measure.compare(before[name]["places"]["full"], after[name]["places"]["full"]) for name in after
    }
    first = next(iter(found))
    kinds = embed_measure.corpus(rows.heldout[first])[3]
    section = {
        "by_kind": embed_measure.by_kind(kinds, before[first]["places"]["full"], after[first]["places"]["full"]),
        "cut": {str(width): {name: embed_measure.compare(before[name]["places"][str(width)],
                                                    after[name]["places"][str(width)]) for name in after}
                for width in config.embed.truncate_dims},
        "bm25": embed_measure.word_search(config, rows),
    }  # fmt: skip
    folder.update("eval", found)
    folder.update("embed", section)
    folder.update("tables", {"embed": embed_measure.tables(section, found)})
    folder.update("gate", embed_measure.gate(found, config))
    machine.say(*embed_measure.lines(found, section["by_kind"]))
    write_predictions(config, folder, rows, before, after)


def write_predictions(config: EmbedConfig, folder: RunFolder, rows: Splits, before: dict, after: dict) -> None:
    """One line a question: the place of its passage before and after, and what stands first instead."""
    with open(folder.predictions, "w", encoding="utf-8") as stream:
        for name, part in embed_measure.sets_of(config, rows).items():
            questions, passages, right, kinds = embed_measure.corpus(part)
            for number, question in enumerate(questions):
                line = {"set": name, "arm": "embed", "id": str(number), "kind": kinds[number], "question": question,
                        "right": [passages[p] for p in right[number]],
                        "place_before": before[name]["places"]["full"][number],
                        "place": after[name]["places"]["full"][number],
                        "first": passages[after[name]["first"][number]]}  # fmt: skip
                stream.write(json.dumps(line, ensure_ascii=False) + "\n")
