"""Direct preference optimisation with TRL: from pairs to a model that finds the better answer likelier."""

from __future__ import annotations

import os
import shutil
from typing import Any

from training import adapter, data, guards, preference_data, preference_measures, runtime, sft, template
from training.errors import BadInput, Interrupted
from training.progress import StepLog
from training.runfolder import RunFolder
from training.warm_start import take_adapter, warm_start

load_rows = preference_data.load_rows
TRL_NAMES = {"dpo": "sigmoid", "ipo": "ipo", "length_normalised": "sigmoid_norm"}
LOGGED = ("rewards/accuracies", "rewards/margins", "logps/chosen", "logps/rejected", "entropy")


def train(config, rows: list[dict], loaded, folder, resume=None, command: str = "dpo", quiet: bool = False):
    """Train on pairs and leave the adapter in the run's folder; arguments as in ``sft.train``."""
    if config.lora is None:
        raise BadInput("lora: preference tuning here needs an adapter; the frozen model under it is the reference")
    preference_data.need_one_process(config, folder)
    p, tuned = config.preference, sft.prepare(config, loaded)
    if p.warm_start_rows:
        warm_start(config, rows[: p.warm_start_rows], p.warm_start_rate, tuned, loaded, folder, command, quiet)
    for number in range(1, p.rounds):
        earlier_round(config, rows, loaded, tuned, folder, number, command, quiet)
    facts = one_round(config, rows, loaded, tuned, folder, p.rounds, resume, command, quiet)
    facts["seconds"] += sum(each["seconds"] for each in folder.read()["data"].get("rounds", {}).values())
    folder.update("train", {"seconds": round(facts["seconds"], 2)})
    return sft.TrainResult(tuned.eval(), facts)


def one_round(config, rows, loaded, tuned, own, number: int, resume, command: str, quiet: bool) -> dict:
    """Pairs (of the model as it now stands, where they are sampled) and one walk over them; ``tuned`` is changed.

    The reference is the model at the beginning of the round.

    Args:
        own: the round's folder.
        number: of the round, from 1.
    """
    pairs = preference_data.pairs(config, rows, tuned, loaded.tokenizer, own, number)
    encoded = encode_pairs(loaded.tokenizer, pairs, config.train.max_length)
    own.update("data", {"n": {"pairs": len(pairs)}})
    runtime.say(f"  {len(pairs)} pairs ({config.preference.pairs}), judged by the rule {config.preference.rule}")
    log_pair(pairs[0], own)
    with adapter.bits_kept(tuned):
        trainer, steps = build_trainer(config, tuned, encoded, loaded, own, quiet)
    guards.trainable_count(tuned, sum(p.numel() for n, p in tuned.named_parameters() if ".default." in n))
    try:
        facts = sft.run_and_save(config, trainer, steps, tuned, loaded, own, resume, command)
    finally:
        if "ref" in tuned.peft_config:
            tuned.delete_adapter("ref")  # the frozen copy that TRL compares with
    shutil.rmtree(own.adapter / "ref", ignore_errors=True)
    return facts


def earlier_round(config, rows, loaded, tuned, folder, number: int, command: str, quiet: bool) -> None:
    """A round before the last, in a folder of its own: one that is done is read back, one that was broken off goes on.

    Raises:
        Interrupted: after Ctrl-C, with the line that goes on with the whole run.
    """
    own = RunFolder(folder.path / f"round-{number}")
    if take_adapter(tuned, own):
        runtime.say(f"  round {number}: taken from the interrupted run")
    else:
        runtime.say(f"  round {number} of {config.preference.rounds}")
        last = own.last_checkpoint() if own.report.is_file() else None
        if not own.report.is_file():
            own.create(config, f"dpo, round {number}", loaded.dtype)
        elif last is None:
            own.forget_steps_after(0)
        try:
            one_round(config, rows, loaded, tuned, own, number, last, command, quiet)
        except Interrupted:
            raise Interrupted(f"stopped in round {number}; go on with:\n  {folder.resume_command(command)}") from None
        tuned.train()
    report = own.read()
    facts = {name: report["train"][name] for name in ("steps", "seconds")}
    folder.update("data", {"rounds": {str(number): {"pairs": report["data"]["n"]["pairs"], **facts,
                                                    **report["data"].get("sampled", {})}}})  # fmt: skip


def encode_pairs(tokenizer, pairs: list[dict], longest: int) -> list[dict[str, list[int]]]:
    """Token ids of question, better and worse answer; both answers end with the stop token.

    Raises:
        BadInput: the pairs that are too long, a line each.
    """
    found, faults = [], []
    for place, pair in enumerate(pairs, 1):
        sides: dict[str, Any] = {}
        start = len(template.prompt_ids(tokenizer, pair["prompt"]))
        for side in preference_data.SIDES:
            where = f"pair {pair.get('id', place)}, {side}"
            try:
                whole = preference_data.encoded_side(tokenizer, pair, side, longest, where)
            except BadInput as error:
                faults.append(str(error))
                continue
            # only the last answer is compared, whatever was said before it
            sides["prompt_ids"] = whole.ids[:start]
            sides[f"{side}_ids"] = whole.ids[start:]
        found.append(sides)
    data.refuse(faults, "raise train.max_length, or shorten or drop these pairs")
    return found


def build_trainer(config, tuned, encoded: list[dict], loaded, folder, quiet: bool):
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


def trainer_arguments(config, n_pairs: int, dtype: str, folder):
    """DPOConfig from the run's settings; what the reference says is computed once where one process trains.

    Several would each look for the file that the first one keeps it in, in a folder of their own (TRL 1.16).
    """
    from trl import DPOConfig

    p = config.preference
    losses, weights = [TRL_NAMES[p.loss]], [1.0]
    if p.nll_weight:
        losses, weights = [*losses, "sft"], [1.0, p.nll_weight]
    alone = runtime.process_count() == 1
    return DPOConfig(**common_arguments(config, n_pairs, dtype, folder), beta=p.beta, loss_type=losses,
                     loss_weights=weights, precompute_ref_log_probs=alone, max_length=None)  # fmt: skip


def common_arguments(config, n_rows: int, dtype: str, folder) -> dict[str, Any]:
    """What every TRL trainer is told, taken from the arguments of supervised fine-tuning."""
    told = sft.trainer_arguments(config, n_rows, dtype, folder)
    names = ("output_dir", "per_device_train_batch_size", "gradient_accumulation_steps", "max_steps", "learning_rate",
             "lr_scheduler_type", "warmup_steps", "weight_decay", "adam_beta2", "max_grad_norm", "optim", "seed",
             "data_seed", "bf16", "gradient_checkpointing", "gradient_checkpointing_kwargs", "remove_unused_columns",
             "logging_steps", "save_strategy", "save_steps", "save_total_limit", "report_to", "disable_tqdm", "use_cpu",
             "dataloader_pin_memory", "ddp_find_unused_parameters")  # fmt: skip
    return {name: getattr(told, name) for name in names}


def pair_trainer() -> type:
    """The trainer's class, made when torch is there."""
    from trl import DPOTrainer

    from training.sampler import OrderedSampler

    class PairTrainer(DPOTrainer):
        """DPOTrainer that takes encoded pairs, in an order of the run's seed that a resumed run repeats."""

        sparse, tokens_seen = False, 0

        def __init__(self, *args, order_seed: int, **kwargs):
            self.order_seed = order_seed
            super().__init__(*args, **kwargs)

        def _prepare_dataset(self, dataset, *_, **__):
            return dataset

        def _get_train_sampler(self, train_dataset=None):
            rows = self.train_dataset if train_dataset is None else train_dataset
            return OrderedSampler([0] * len(rows), self.args.train_batch_size, self.order_seed, False)

        def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
            self.tokens_seen += int(inputs["attention_mask"].sum())
            return super().compute_loss(model, inputs, return_outputs, num_items_in_batch)

    return PairTrainer


class MethodLog(StepLog):
    """StepLog that also keeps a method's own figures of each step.

    Args:
        folder, quiet: as in StepLog.
        wanted: names of the trainer's figures to keep.
    """

    def __init__(self, folder, quiet: bool, wanted: tuple[str, ...]):
        super().__init__(folder, quiet)
        self.wanted = wanted

    def on_log(self, args, state, control, logs=None, **rest):
        """The step's line, and beside it the method's figures."""
        super().on_log(args, state, control, logs=logs, **rest)
        found = {name: logs[name] for name in self.wanted if logs and name in logs}
        if found:
            self.folder.log({"event": "method", "step": state.global_step, **found})


def without_printers(trainer) -> None:
    """Take the library's own progress output away: StepLog has its place."""
    from transformers import PrinterCallback, ProgressCallback

    trainer.remove_callback(PrinterCallback)
    trainer.remove_callback(ProgressCallback)


def log_pair(pair: dict, folder) -> None:
    """One pair for the report and the screen."""
    folder.log({"event": "pair", **{side: pair[side] for side in ("chosen", "rejected")}})
    runtime.say(f"  better: {pair['chosen'][:90]!r}", f"  worse:  {pair['rejected'][:90]!r}")


def measure_more(config, rows: data.Loaded, loaded, tuned, folder) -> None:
    """Win rate, length and KL: the report's ``preference`` section."""
    found = preference_measures.measure(config, rows, loaded, tuned, folder)
    folder.update("preference", found)
    runtime.say(*preference_measures.lines(found))
