"""The phases of a reward model's run: before, training, after, verdict."""

from __future__ import annotations

import json
from typing import Any

from training.data.splits import Splits
from training.methods.phases import Run
from training.methods.reward import measure as reward_measure
from training.methods.reward import train as reward
from training.methods.reward.settings import RewardConfig
from training.models import loading
from training.run import machine
from training.run.folder import RunFolder


def phases(run: Run[RewardConfig]) -> int:
    """Before, training, after, verdict; the exit code of the gate."""
    config, folder, loaded, rows = run.config, run.folder, run.loaded, run.rows
    if folder.read_before() is None:
        with machine.phase("before", folder.log):
            head = reward.scorer(loaded, config.train.seed)
            folder.keep_before({name: reward.measured_rewards(config, loaded, head, pairs)
                                for name, pairs in rows.heldout.items()})  # fmt: skip
            del head
    tuned = trained_scorer(run)
    with machine.phase("after", folder.log):
        after = {name: reward.measured_rewards(config, loaded, tuned, pairs) for name, pairs in rows.heldout.items()}
    write(config, folder, rows, folder.read_before() or {}, after)
    return folder.read()["gate"]["exit_code"]


def trained_scorer(run: Run[RewardConfig]) -> Any:
    """The reward model as it lies on the disk, trained first where that is not done."""
    done = run.trained_or(lambda _: reward.attach(run.config, run.loaded, run.folder))
    if done is not None:
        return done
    run.train()
    return reward.attach(run.config, loading.load_base(run.config.model, run.loaded.dtype), run.folder)


def write(config: RewardConfig, folder: RunFolder, rows: Splits, before: dict, after: dict) -> None:
    """Figures, verdict and tables into the report; every held-out pair into predictions.jsonl."""
    rule = reward_measure.fit_length_rule(rows.train)
    found = {name: reward_measure.judge_set(pairs, after[name], before[name], rule)
             for name, pairs in rows.heldout.items()}  # fmt: skip
    folder.update("eval", {name: {"pair_accuracy": block["pair_accuracy"]} for name, block in found.items()})
    folder.update("reward", {name: {k: v for k, v in block.items() if k != "pair_accuracy"}
                             for name, block in found.items()})  # fmt: skip
    folder.update("tables", {"reward": reward_measure.tables(found)})
    folder.update("gate", reward_measure.gate(found, config))
    machine.say(*reward_measure.lines(found))
    with open(folder.predictions, "w", encoding="utf-8") as stream:
        for name, pairs in rows.heldout.items():
            for pair, values in zip(pairs, after[name], strict=True):
                line = {"set": name, "arm": "reward", "id": pair.get("id"), "kind": pair.get("kind", "file"),
                        "chosen": pair["chosen"], "rejected": pair["rejected"], "rewards": values}  # fmt: skip
                stream.write(json.dumps(line, ensure_ascii=False) + "\n")
