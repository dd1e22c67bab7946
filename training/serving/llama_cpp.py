"""llama.cpp itself as a station, where it is at hand: its tokens for the prompts, and its answers.

It comes as the addon of npm's ``@node-llama-cpp/linux-x64`` (or the package of another platform); nothing needs it.
``STAGE10_LLAMA_CPP`` names the addon's file, or it lies under ``llama.cpp`` in the cache.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.data.tasks import base as task_base
from training.data.tasks.base import Row
from training.models.rendering import template
from training.run import machine
from training.run.errors import BadInput
from training.serving import stations
from training.serving.stations import Station

RUNNER = Path(__file__).with_name("llama_cpp.cjs")
ADDON = "llama-addon.node"


def addon() -> Path | None:
    """The addon's file; None where there is none, or no Node to run it.

    Raises:
        BadInput: ``STAGE10_LLAMA_CPP`` names no such file.
    """
    named = os.environ.get("STAGE10_LLAMA_CPP")
    if named and not Path(named).is_file():
        raise BadInput(f"STAGE10_LLAMA_CPP: {named} is no file; name {ADDON} of npm's @node-llama-cpp/linux-x64")
    if shutil.which("node") is None:
        return None
    if named:
        return Path(named)
    return next(iter(sorted((machine.cache_dir() / "llama.cpp").rglob(ADDON))), None)


@dataclass(frozen=True)
class LlamaCpp(Station):
    """A GGUF file as llama.cpp serves it.

    Attributes:
        file: the GGUF.
        runner: the addon.
    """

    file: Path = Path()
    runner: Path = Path()

    def prompts(self, rows: list[Row]) -> list[list[int]]:
        """The rendered questions in llama.cpp's own tokens.

        Raises:
            BadInput: llama.cpp cannot load the file.
        """
        chats = [template.fitted(self.tokenizer, task_base.prompt(row), row.get("tools")) for row in rows]
        texts = [template.written(self.tokenizer, chat, ask=True) for chat in chats]
        found = self._asked({"texts": texts, "prompts": [], "limit": 0})
        first = self.tokenizer.bos_token_id
        adds = found["addsBos"] and first is not None
        return [[first, *ids] if adds and ids[:1] != [first] else ids for ids in found["tokenized"]]

    def greedy(self, prompts: list[list[int]], limit: int) -> list[list[int]]:
        """Greedy answers by llama.cpp."""
        return self._asked({"texts": [], "prompts": prompts, "limit": limit})["tokens"]

    def _asked(self, what: dict[str, Any]) -> dict[str, Any]:
        command = ["node", str(RUNNER), str(self.runner)]
        given = json.dumps({"model": str(self.file.resolve()), **what})
        done = subprocess.run(command, input=given, capture_output=True, text=True)
        if done.returncode:
            said = (done.stderr.strip().splitlines() or ["it ended without a word"])[-1][:200]
            raise BadInput(f"{self.file}: llama.cpp cannot answer with it ({said}); unset STAGE10_LLAMA_CPP to leave it"
                           " out")  # fmt: skip
        return json.loads(done.stdout.strip().splitlines()[-1])


def station(file: Path, runner: Path) -> LlamaCpp:
    """A file as llama.cpp serves it; its weights are compared as transformers reads them.

    Raises:
        BadInput: llama.cpp cannot load it.
    """
    read = stations.gguf(file, "llama.cpp")
    made = LlamaCpp("llama.cpp", read.model, read.tokenizer, read.stops, read.lossless, read.beginning, file, runner)
    made.prompts([{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": ""}]}])
    return made
