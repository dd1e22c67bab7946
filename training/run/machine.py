"""The machine under a run: cache, seeds, memory, disk, versions, the clock and the screen."""

from __future__ import annotations

import ctypes
import gc
import importlib.metadata
import logging
import os
import platform
import random
import resource
import shutil
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from training.run.errors import LackingResource, TrainingError
from training.run.process import interrupts

Answer = TypeVar("Answer")

ROOT = Path(__file__).resolve().parents[2]
BFLOAT16_INSTRUCTIONS = ("avx512_bf16", "amx_bf16", "bf16")  # as torch.cpu.get_capabilities names them


def quiet_libraries() -> None:
    """Switch off other libraries' progress bars, telemetry and warnings; no network under ``STAGE10_OFFLINE=1``.

    Called before transformers is imported it needs nothing but environment variables.
    """
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    if offline():
        os.environ["HF_HUB_OFFLINE"] = "1"
    warnings.filterwarnings("ignore", category=FutureWarning)
    warnings.filterwarnings("ignore", category=UserWarning, module="torch|peft|trl|transformers|accelerate")
    for name in ("torch.distributed", "bitsandbytes"):
        logging.getLogger(name).setLevel(logging.ERROR)
    loaded = sys.modules.get("transformers.utils.logging")  # one that is imported later reads the variables above
    if loaded is not None:
        loaded.disable_progress_bar()


def offline() -> bool:
    """True when ``STAGE10_OFFLINE=1`` forbids every download."""
    return os.environ.get("STAGE10_OFFLINE") == "1"


def cache_dir() -> Path:
    """Where downloads and converted models stay: ``STAGE10_CACHE``, or ``.cache`` in the checkout."""
    return Path(os.environ.get("STAGE10_CACHE") or ROOT / ".cache").expanduser().resolve()


def set_seed(seed: int) -> None:
    """Seed python, numpy and torch."""
    import numpy
    import torch

    random.seed(seed)
    numpy.random.seed(seed % 2**32)
    torch.manual_seed(seed)


def device() -> str:
    """cuda, mps or cpu: the fastest that is here (``STAGE10_DEVICE`` overrides it)."""
    import torch

    if os.environ.get("STAGE10_DEVICE"):
        return os.environ["STAGE10_DEVICE"]
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def process_index() -> int:
    """Rank of this process under ``accelerate launch``; 0 when alone."""
    return int(os.environ.get("RANK", "0"))


def process_count() -> int:
    """How many processes train together."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def is_main_process() -> bool:
    """True in the one process that writes files and prints."""
    return process_index() == 0


def wait_for_main() -> None:
    """Let the other processes of a parallel run wait until the main process has made the folder."""
    if process_count() > 1:
        from accelerate import PartialState

        PartialState(cpu=device() == "cpu").wait_for_everyone()


def from_main(compute: Callable[[], Answer]) -> Answer:
    """What ``compute`` returns, computed in the main process alone and given to all; an error of it is raised in all.

    So that several processes write each line once, wait for each other, and end alike.

    Raises:
        TrainingError: what ``compute`` raised, in every process.
    """
    if process_count() == 1:
        return compute()
    from accelerate import PartialState
    from accelerate.utils import broadcast_object_list

    PartialState(cpu=device() == "cpu")
    found: list[Any] = [None]
    if is_main_process():
        try:
            found = [(compute(), None)]
        except TrainingError as error:
            found = [(None, error)]
    broadcast_object_list(found, from_process=0)
    value, error = found[0]
    if error is not None:
        raise error
    return value


@contextmanager
def main_process_first() -> Generator[None, None, None]:
    """Let the main process run the block before the other processes, which then find its files."""
    if process_count() == 1:
        yield
        return
    from accelerate import PartialState

    with PartialState(cpu=device() == "cpu").main_process_first():
        yield


def say(*lines: str) -> None:
    """Print on standard error, from the main process only, so that standard output stays for results."""
    if is_main_process():
        for line in lines:
            print(line, file=sys.stderr, flush=True)


# ---- what the run happened on ----
def cpu_name() -> str:
    """The processor's name as the system reports it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def environment(dtype: str = "") -> dict[str, Any]:
    """The ``environment`` section of a report: versions, device, threads, processes and system.

    Args:
        dtype: how the weights are held; "" when that is not known yet.
    """
    import torch

    versions = {n: importlib.metadata.version(n) for n in ("transformers", "peft", "trl", "accelerate")}
    name = torch.cuda.get_device_name() if device() == "cuda" else device()
    return {"python": platform.python_version(), "torch": torch.__version__, **versions, "device": name,
            "cpu": cpu_name(), "threads": torch.get_num_threads(), "processes": process_count(),
            "dtype": dtype, "system": platform.system()}  # fmt: skip


def commit() -> tuple[str, bool]:
    """The checkout's commit, and whether files that count differ from it; ("", True) without git."""
    try:
        git = ["git", "-C", str(ROOT)]
        sha = subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, text=True, check=True).stdout.strip()
        status = [*git, "status", "--porcelain", "--", "training", "labs_py", "requirements"]
        return sha, bool(subprocess.run(status, capture_output=True, text=True, check=True).stdout.strip())
    except (OSError, subprocess.CalledProcessError):
        return "", True


# ---- memory and disk ----
def peak_memory_bytes() -> int:
    """Largest memory of this process so far, in bytes: resident, or what PyTorch allocated on a GPU."""
    import torch

    if device() == "cuda":
        return torch.cuda.max_memory_allocated()
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def release_memory() -> None:
    """Give back what a finished phase held, before the next one asks for its own.

    Trainers hold their model in cycles, and the C library keeps freed blocks: without this the peak of a run is the
    sum of two phases.
    """
    gc.collect()
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):  # other C libraries than glibc do not have it
            ctypes.CDLL(None).malloc_trim(0)


def available_memory_bytes() -> int:
    """Bytes that a new program could use, the container's limit included; 0 when that is not known."""
    limits = []
    try:
        text = Path("/proc/meminfo").read_text(encoding="utf-8")
        limits.append(int(text.split("MemAvailable:")[1].split()[0]) * 1024)
    except (OSError, IndexError):
        pass
    try:
        group = Path("/sys/fs/cgroup")
        limits.append(int((group / "memory.max").read_text()) - int((group / "memory.current").read_text()))
    except (OSError, ValueError):
        pass
    if os.environ.get("STAGE10_MEMORY_LIMIT_GB"):
        limits.append(int(float(os.environ["STAGE10_MEMORY_LIMIT_GB"]) * 1e9))
    return min(limits) if limits else 0


def need_memory(needed: float, why: str) -> None:
    """Stop before a run that clearly does not fit into memory.

    Args:
        needed: bytes.
        why: what needs them, for the message.

    Raises:
        LackingResource: fewer bytes are free.
    """
    here = available_memory_bytes()
    if here and needed > here:
        raise LackingResource(f"{why} needs about {needed / 1e9:.1f} GB of memory and {here / 1e9:.1f} GB are free:"
                              " close other programs, or take a smaller model or"
                              " train.per_device_train_batch_size")  # fmt: skip


def need_disk(path: Path, needed: float, why: str) -> None:
    """Stop before something is written that the disk cannot hold.

    Args:
        path: where it goes; it need not exist yet.
        needed: bytes.
        why: what needs them, for the message.

    Raises:
        LackingResource: fewer bytes are free (``STAGE10_DISK_LIMIT_GB`` lowers what counts as free).
    """
    path = Path(path)
    while not path.exists():
        path = path.parent
    free = float(shutil.disk_usage(path).free)
    if os.environ.get("STAGE10_DISK_LIMIT_GB"):
        free = min(free, float(os.environ["STAGE10_DISK_LIMIT_GB"]) * 1e9)
    if needed > free:
        raise LackingResource(f"{why} needs {needed / 1e9:.2f} GB of disk under {path} and {free / 1e9:.2f} GB are"
                              " free: make room, or point STAGE10_CACHE or --out elsewhere")  # fmt: skip


@contextmanager
def phase(name: str, log: Callable[[dict[str, Any]], None] | None = None) -> Generator[None, None, None]:
    """Time one phase of a run; ``log`` receives an event with its seconds and the peak memory so far in bytes.

    Raises:
        KeyboardInterrupt: a Ctrl-C came before or within it and was dropped on its way.
    """
    interrupts.check()
    started = time.monotonic()
    say(f"· {name}")
    yield
    interrupts.check()
    if log is not None:
        log({"event": "phase", "name": name, "seconds": round(time.monotonic() - started, 2),
             "peak_memory_bytes": peak_memory_bytes()})  # fmt: skip


def best_dtype() -> str:
    """float32 or bfloat16 for frozen weights: bfloat16 where the device calculates in it by itself.

    The processor's instructions decide and not a timing, so that every run on one machine gets the same answer. A
    processor without such instructions imitates bfloat16, several times slower than it calculates in float32.
    """
    import torch

    if device() == "cuda":
        return "bfloat16" if torch.cuda.is_bf16_supported() else "float32"
    capabilities = torch.cpu.get_capabilities() if device() == "cpu" else {}
    return "bfloat16" if any(capabilities.get(name) for name in BFLOAT16_INSTRUCTIONS) else "float32"
