"""Failures that a reader can do something about: one line each, with an exit code that scripts can rely on."""

from __future__ import annotations

import errno

SHIP = 0
BAD_INPUT = 2
LACKING_RESOURCE = 3
REGRESSION = 10
NO_GAIN = 11
INCONCLUSIVE = 12
DO_NOT_TRAIN = 13
INTERRUPTED = 130


class TrainingError(Exception):
    """What went wrong, where, and what to do about it, in one line."""

    exit_code = 1


class BadInput(TrainingError):
    """A file, a key or a value that cannot be used as it stands."""

    exit_code = BAD_INPUT


class LackingResource(TrainingError):
    """Memory, disk, network or a package is missing."""

    exit_code = LACKING_RESOURCE


class GuardFailed(TrainingError):
    """A run would have gone wrong without an error; see training/models/guards.py."""

    exit_code = BAD_INPUT


class Interrupted(TrainingError):
    """The reader stopped the run; the message holds the command that resumes it."""

    exit_code = INTERRUPTED


MEMORY_WORDS = ("out of memory", "can't allocate memory", "ALLOC_FAILED")  # of torch, on a card and on a processor
OUT_OF_MEMORY = ("out of memory: take a smaller train.per_device_train_batch_size with more"
                 " train.gradient_accumulation_steps, train.gradient_checkpointing=true, a shorter train.max_length,"
                 " model.quantization=nf4 or a smaller model")  # fmt: skip


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory is what was missing, on the device or beside it; torch need not be imported to ask."""
    named = isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError"
    return named or (isinstance(error, RuntimeError) and any(words in str(error) for words in MEMORY_WORDS))


# Of torch's and safetensors' writers, which raise no OSError.
FULL_DISK_WORDS = ("No space left on device", "os error 28", "Disk quota exceeded", "file write failed")


def is_full_disk(error: BaseException) -> bool:
    """Whether a full disk is what ended the work; libraries wrap or reword the system's error."""
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return True
    if any(words in str(error) for words in FULL_DISK_WORDS):
        return True
    cause = error.__cause__ or error.__context__
    return cause is not None and is_full_disk(cause)


def describe_os_error(error: OSError) -> tuple[str, int]:
    """One line about a system error, with the file's name where it has one, and the exit code.

    Full disk or memory is ``LACKING_RESOURCE``; everything else is ``BAD_INPUT``.
    """
    lacking = error.errno in (errno.ENOMEM, errno.ENOSPC, errno.EDQUOT)
    place = f"{error.filename}: " if error.filename else ""
    return f"{place}{error.strerror or error}", LACKING_RESOURCE if lacking else BAD_INPUT
