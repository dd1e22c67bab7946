"""A short supervised start before another method, in a folder of its own so that a resumed run does not repeat it.

Its adapter is also the method's matched control: what it brings alone is not what the method brought.
"""

from __future__ import annotations

from typing import Any

from training.data.splits import Splits
from training.evaluation import score
from training.methods import trainer as method_trainer
from training.methods.sft import train as sft
from training.models.loading import LoadedModel
from training.run import checkpoint_integrity, machine
from training.run.errors import BadInput, Interrupted
from training.run.folder import RunFolder
from training.run.settings import Config

WARM = "warm-start"
BATCH = 8


def warm_start(
    config: Config,
    rows: list[dict],
    rate: float,
    tuned: Any,
    loaded: LoadedModel,
    folder: RunFolder,
    command: str,
    quiet: bool,
) -> None:
    """One pass over ``rows`` with plain cross-entropy; the adapter of ``tuned`` is changed in place.

    Args:
        config: the run's settings; only the training section differs.
        rows: with messages.
        rate: learning rate of this training run.
        tuned: a PEFT model with a fresh adapter.
        command: named in the line that resumes an interrupted run.

    Raises:
        Interrupted: after Ctrl-C, with that line.
    """
    own = RunFolder(folder.path / WARM)
    if load_adapter_weights(tuned, own):
        return
    machine.say(f"  warm start: supervised on {len(rows)} rows")
    once = config.train.replace(
        learning_rate=rate, max_steps=0, num_train_epochs=1, gradient_accumulation_steps=1,
        per_device_train_batch_size=min(BATCH, len(rows)), save_steps=10**6,
    )  # fmt: skip
    short = config.replace(train=once)
    last = own.last_checkpoint() if own.report.is_file() else None
    if last is None:
        own.create(short, "warm start", loaded.dtype)
    attention = tuned.config._attn_implementation
    trainer, steps = sft.build_trainer(short, tuned, sft.encode_rows(loaded.tokenizer, rows, short), loaded, own, quiet)
    try:
        method_trainer.run_and_save(short, trainer, steps, tuned, loaded, own, last, command)
    except Interrupted:
        raise Interrupted(f"stopped in the warm start; resume with:\n  {folder.resume_command(command)}") from None
    tuned.set_attn_implementation(attention)  # a resumed run does not come by here, and resumes with the same
    tuned.train()


def load_adapter_weights(tuned: Any, own: RunFolder) -> bool:
    """Whether a training run in a folder of its own is done; its adapter's weights are then those of ``tuned``."""
    from peft import set_peft_model_state_dict

    weights = own.adapter / "adapter_model.safetensors"
    if not (weights.is_file() and own.report.is_file() and "train" in own.read()):  # a kill may cut its saving short
        return False
    set_peft_model_state_dict(
        tuned, checkpoint_integrity.load(weights, f"remove the folder {own.path}, and it is made again")
    )
    return True


def measure_alone(config: Config, rows: Splits, loaded: LoadedModel, tuned: Any, folder: RunFolder) -> dict | None:
    """The held-out scores of the model as the warm start left it, or None where there was none.

    ``tuned`` is changed meanwhile: its adapter's weights are replaced, and put back whatever happens.

    Raises:
        BadInput: the warm start's adapter is damaged.
    """
    from peft import get_peft_model_state_dict, set_peft_model_state_dict

    own = RunFolder(folder.path / WARM)
    if not own.adapter.is_dir():  # asked first: a model that is trained whole has no adapter to replace
        return None
    kept = {name: value.clone() for name, value in get_peft_model_state_dict(tuned).items()}
    try:
        if not load_adapter_weights(tuned, own):
            raise BadInput(f"{own.path}: the adapter of the warm start is not whole; begin the run anew")
        folder.forget_predictions("warm_start")
        return score.measure(tuned, loaded.tokenizer, rows, config, "warm_start", folder)
    finally:
        set_peft_model_state_dict(tuned, kept)
