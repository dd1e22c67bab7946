"""``python -m training reward``: a model that scores answers, from pairs to verdict."""

from __future__ import annotations

HELP = "a reward model on pairs (Bradley-Terry)"
ABOUT = """Train a model that gives an answer one number: more for the better one, by -log sigmoid(r_better - r_worse).

Judged on held-out pairs: accuracy with its interval against two controls (the best rule on length alone, and the head
before training), accuracy on pairs of equal length, calibration, correlation with length. The gate asks for a gain
over the better control, for more than half right where length cannot help, and for calibration.

  python -m training reward --config training/configs/reward/smollm2_shift_notes.yaml --dry-run
  python -m training reward --config training/configs/reward/smollm2_noisy.yaml     (a quarter of the choices turned)
  python -m training reward --config FILE task=jsonl reward.pairs=file data.train_file=pairs.jsonl \\
      data.heldout_files='{test: test_pairs.jsonl}'"""
DEFAULT = "training/configs/reward/smollm2_shift_notes.yaml"


def add_arguments(parser) -> None:
    """The common arguments."""
    from training.cli import add_common

    add_common(parser)


def run(args) -> int:
    """All phases; the exit code is the gate's."""
    from training import method_pipeline, sft_command

    if sft_command.launched(args):
        args.config = args.config or (None if args.resume else DEFAULT)
        return sft_command.train_alone(args, "reward")
    return method_pipeline.run(args, "reward", DEFAULT, phases)


def phases(config, folder, loaded, rows, args) -> None:
    """Before, training, after, verdict."""
    from training import reward, runtime

    if folder.read_before() is None:
        with runtime.phase("before", folder.log):
            head = reward.scorer(loaded, config.train.seed)
            folder.keep_before({name: reward.measured_rewards(config, loaded, head, pairs)
                                for name, pairs in rows.heldout.items()})  # fmt: skip
            del head
    tuned = tuned_scorer(config, folder, loaded, rows, args)
    with runtime.phase("after", folder.log):
        after = {name: reward.measured_rewards(config, loaded, tuned, pairs) for name, pairs in rows.heldout.items()}
    write(config, folder, rows, folder.read_before(), after)


def tuned_scorer(config, folder, loaded, rows, args):
    """The reward model as it lies on the disk, trained first where that is not done."""
    from training import model, reward, runtime

    if "train" in folder.read():
        runtime.say("· training: taken from the interrupted run")
        return reward.attach(config, loaded, folder)
    folder.begin_training()
    with runtime.phase("training", folder.log):
        checkpoint = folder.last_checkpoint() if args.resume else None
        reward.train(config, rows.train, loaded, folder, checkpoint, "reward")
    return reward.attach(config, model.load_base(config.model, loaded.dtype), folder)


def write(config, folder, rows, before: dict, after: dict) -> None:
    """Figures, verdict and tables into the report; every held-out pair into predictions.jsonl."""
    import json

    from training import reward_measures, runtime

    rule = reward_measures.fit_length_rule(rows.train)
    found = {name: reward_measures.judge_set(pairs, after[name], before[name], rule)
             for name, pairs in rows.heldout.items()}  # fmt: skip
    folder.update("eval", {name: {"pair_accuracy": block["pair_accuracy"]} for name, block in found.items()})
    folder.update("reward", {name: {k: v for k, v in block.items() if k != "pair_accuracy"}
                             for name, block in found.items()})  # fmt: skip
    folder.update("tables", {"reward": reward_measures.tables(found)})
    folder.update("gate", reward_measures.gate(found, config))
    runtime.say(*reward_measures.lines(found))
    with open(folder.predictions, "w", encoding="utf-8") as stream:
        for name, pairs in rows.heldout.items():
            for pair, values in zip(pairs, after[name], strict=True):
                line = {"set": name, "arm": "reward", "id": pair.get("id"), "kind": pair.get("kind", "file"),
                        "chosen": pair["chosen"], "rejected": pair["rejected"], "rewards": values}  # fmt: skip
                stream.write(json.dumps(line, ensure_ascii=False) + "\n")
