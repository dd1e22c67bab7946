"""Direct preference optimisation with TRL: from pairs to a model that finds the better answer likelier."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from training.data import splits
from training.data.pairs import encode_pairs
from training.data.tasks.base import Row
from training.methods import trainer as method_trainer
from training.methods.callbacks import MethodLog, without_printers
from training.methods.dpo import measure as dpo_measure
from training.methods.dpo import pairs as dpo_pairs
from training.methods.dpo.settings import DpoConfig
from training.methods.sampler import PairsInOrder
from training.methods.trainer import TrainResult, common_arguments
from training.methods.warm_start import load_adapter_weights, warm_start
from training.models import chat_template, guards, precision
from training.models.loading import LoadedModel
from training.run import machine
from training.run.errors import BadInput, Interrupted
from training.run.folder import RunFolder

if TYPE_CHECKING:
    from trl import DPOConfig

LOGGED = ("rewards/accuracies", "rewards/margins", "logps/chosen", "logps/rejected", "entropy")


def train(
    config: DpoConfig,
    rows: list[dict],
    loaded: LoadedModel,
    folder: RunFolder,
    resume: Path | None = None,
    command: str = "dpo",
    quiet: bool = False,
) -> TrainResult:
    """Train on pairs and leave the adapter in the run's folder; arguments as in ``sft.train``.

    Raises:
        BadInput: no adapter. Interrupted: after Ctrl-C, with the line that resumes. GuardFailed: with the row.
    """
    if config.lora is None:
        raise BadInput(
            "lora: preference optimisation here needs an adapter; the frozen model under it is the reference"
        )
    dpo_pairs.need_one_process(config, folder)
    p, tuned = config.dpo, method_trainer.prepare(config, loaded)
    if p.warm_start_rows:
        warm_start(config, rows[: p.warm_start_rows], p.warm_start_rate, tuned, loaded, folder, command, quiet)
    for number in range(1, p.rounds):
        earlier_round(config, rows, loaded, tuned, folder, number, command, quiet)
    facts = one_round(config, rows, loaded, tuned, folder, p.rounds, resume, command, quiet)
    facts["seconds"] += sum(each["seconds"] for each in folder.read()["data"].get("rounds", {}).values())
    folder.update("train", {"seconds": round(facts["seconds"], 2)})
    return TrainResult(tuned.eval(), facts)


def one_round(
    config: DpoConfig,
    rows: list[Row],
    loaded: LoadedModel,
    tuned: Any,
    own: RunFolder,
    number: int,
    resume: Path | None,
    command: str,
    quiet: bool,
) -> dict:
    """Pairs (of the model as it now stands, where they are sampled) and one training run on them; ``tuned`` is changed.

    The reference is the model at the beginning of the round.

    Args:
        own: the round's folder.
        number: of the round, from 1.
    """
    pairs = dpo_pairs.pairs(config, rows, tuned, loaded.tokenizer, own, number)
    encoded = encode_pairs(loaded.tokenizer, pairs, config.train.max_length, chat_template.reading(config))
    own.update("data", {"n": {"pairs": len(pairs)}})
    machine.say(f"  {len(pairs)} pairs ({config.dpo.pairs}), judged by the rule {config.dpo.rule}")
    log_pair(pairs[0], own)
    with precision.preserve_dtype(tuned):
        trainer, steps = build_trainer(config, tuned, encoded, loaded, own, quiet)
    guards.trainable_count(tuned, sum(p.numel() for n, p in tuned.named_parameters() if ".default." in n))
    try:
        facts = method_trainer.run_and_save(config, trainer, steps, tuned, loaded, own, resume, command)
    finally:
        if "ref" in tuned.peft_config:
            tuned.delete_adapter("ref")  # the frozen copy that TRL compares with
    shutil.rmtree(own.adapter / "ref", ignore_errors=True)
    return facts


def earlier_round(
    config: DpoConfig,
    rows: list[Row],
    loaded: LoadedModel,
    tuned: Any,
    folder: RunFolder,
    number: int,
    command: str,
    quiet: bool,
) -> None:
    """A round before the last, in a folder of its own: a finished one is read back, an interrupted one resumed.

    Raises:
        Interrupted: after Ctrl-C, with the command that resumes the whole run.
    """
    own = RunFolder(folder.path / f"round-{number}")
    if load_adapter_weights(tuned, own):
        machine.say(f"  round {number}: taken from the interrupted run")
    else:
        machine.say(f"  round {number} of {config.dpo.rounds}")
        last = own.last_checkpoint() if own.report.is_file() else None
        if not own.report.is_file():
            own.create(config, f"dpo, round {number}", loaded.dtype)
        elif last is None:
            own.forget_steps_after(0)
        try:
            one_round(config, rows, loaded, tuned, own, number, last, command, quiet)
        except Interrupted:
            raise Interrupted(f"stopped in round {number}; resume with:\n  {folder.resume_command(command)}") from None
        tuned.train()
    report = own.read()
    facts = {name: report["train"][name] for name in ("steps", "seconds")}
    folder.update("data", {"rounds": {str(number): {"pairs": report["data"]["n"]["pairs"], **facts,
                                                    **report["data"].get("sampled", {})}}})  # fmt: skip


def build_trainer(
    config: DpoConfig, tuned: Any, encoded: list[dict], loaded: LoadedModel, folder: RunFolder, quiet: bool
) -> tuple[Any, MethodLog]:
    """TRL's DPOTrainer on pairs that are already encoded, with every default that matters written out."""
    from datasets import Dataset, disable_progress_bars

    disable_progress_bars()
    os.environ.setdefault("TQDM_DISABLE", "1")
    steps = MethodLog(folder, quiet, LOGGED)
    trainer = pair_trainer()(
        model=tuned,
        args=trainer_arguments(config, len(encoded), loaded.dtype, folder),
        train_dataset=Dataset.from_list(encoded),
        processing_class=loaded.tokenizer,
        callbacks=[steps],
        order_seed=config.train.seed,
    )
    steps.trainer = trainer
    without_printers(trainer)
    return trainer, steps


def trainer_arguments(config: DpoConfig, n_pairs: int, dtype: str, folder: RunFolder) -> DPOConfig:
    """DPOConfig from the run's settings; what the reference says is computed once where one process trains.

    Several would each look for the file that the first one keeps it in, in a folder of their own (TRL 1.16).
    """
    from trl import DPOConfig

    p = config.dpo
    losses: list[str] = [p.loss_type, "sft"] if p.nll_weight else [p.loss_type]
    weights = [1.0, p.nll_weight][: len(losses)]
    alone = machine.process_count() == 1
    return DPOConfig(**common_arguments(config, n_pairs, dtype, folder), beta=p.beta, loss_type=losses,
                     loss_weights=weights, precompute_ref_log_probs=alone, max_length=None)  # fmt: skip


def pair_trainer() -> type:
    """The trainer's class, made when torch is there."""
    from trl import DPOTrainer

    class PairTrainer(PairsInOrder, DPOTrainer):
        """DPOTrainer with our order of the pairs."""

        def __init__(self, *args: Any, order_seed: int, **kwargs: Any) -> None:
            self.order_seed = order_seed
            super().__init__(*args, **kwargs)

    return PairTrainer


def log_pair(pair: dict, folder: RunFolder) -> None:
    """One pair for the report and the screen."""
    folder.log({"event": "pair", **{side: pair[side] for side in ("chosen", "rejected")}})
    machine.say(f"  better: {pair['chosen'][:90]!r}", f"  worse:  {pair['rejected'][:90]!r}")


def measure_more(config: DpoConfig, rows: splits.Splits, loaded: LoadedModel, tuned: Any, folder: RunFolder) -> None:
    """Win rate, length and KL: the report's ``preference`` section."""
    found = dpo_measure.measure(config, rows, loaded, tuned, folder)
    folder.update("preference", found)
    machine.say(*dpo_measure.lines(found))
