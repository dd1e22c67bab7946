"""``python -m training.rename_records``: the stored runs say names of today; every figure stays.

A record is of settings, sets and a name that were called otherwise when it was made. What changes is in
``training/run/former_names.py``; ``run.config_sha256`` is computed anew from the settings that the record's command
asks for, and the hash that the run had is kept as ``run.former_config_sha256``. A second call changes nothing.

It stands above the rooms, since it needs the list of runs (commands) and the pipeline's settings (stack).
"""

from __future__ import annotations

import json
import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from training.commands.record_list import plan
from training.commands.records import arguments_of
from training.methods.configuration import KINDS, load_config
from training.run import config as configuration
from training.run import former_names
from training.run.record import RECORDS_FOLDER, RUNS_FOLDER
from training.stack.distill.command import DEFAULT
from training.stack.distill.settings import StackConfig

EVERY_KIND = {**KINDS, "distill-stack": StackConfig}
PIPELINE = "training.stack.distill"
MODULES = {"training.build.lora_record": "training.site_records.lora_record"}


def numbers(value: Any) -> Iterator[float]:
    """Every number of a record, in the order in which it stands there."""
    if isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from numbers(part)
    elif isinstance(value, int | float):
        yield value


def name_today(name: str) -> str:
    """A record's name of today, with its seed: embed-too-far-s0 is embed-lr1e-3-s0."""
    for former, today in former_names.RECORDS.items():
        if name.startswith(f"{former}-s"):
            return today + name.removeprefix(former)
    return name


def text_today(text: str) -> str:
    """A text of a record: a set's name, alone or at the end of a title, a bundled model's, an override."""
    for former, today in former_names.SETS.items():
        if text == former or text.endswith(f": {former}"):
            return text.removesuffix(former) + today
    if text.partition(".")[0] in former_names.KEYS and "=" in text and " " not in text:
        return former_names.override_today(text)
    return text.replace(f"{former_names.FORMER_BUNDLED}smollm2", f"{former_names.BUNDLED}smollm2")


def command_today(command: str) -> str:
    """A command line that runs today and does what the stored one did; several are joined by ``&&``."""
    return " && ".join(_one_today(part) for part in command.split(" && "))


def _one_today(command: str) -> str:
    """One command of a line, with the names of today."""
    words = (
        shlex.split(command) if "'" in command else re.findall(r"\S+=\[[^]]*\]|\S+", command)
    )  # lists stood unquoted
    return shlex.join(MODULES.get(word, _word_today(word)) for word in words)


def _word_today(word: str) -> str:
    """One word of a command line: an override, a path with a record's name in it, or anything else as it is."""
    if "=" in word and not word.startswith("-"):
        word = former_names.override_today(word)
    return "/".join(name_today(part) for part in word.split("/"))


def sha_today(command: str) -> str | None:
    """The hash of the settings that a command of today asks for; None for one that takes no run's settings."""
    words = shlex.split(command)
    if "assistant" in words[2] or ("--config" not in words and words[2] != PIPELINE):
        return None
    options = {name: words[words.index(name) + 1] for name in ("--config", "--seed", "--set") if name in words}
    overrides = [word for word in words if "=" in word and not word.startswith("-")]
    if "--set" in options:
        overrides.append(f"evaluate.sets=[{options['--set']}]")
    seed = int(options["--seed"]) if "--seed" in options else None
    return configuration.sha(load_config(options.get("--config", DEFAULT), overrides, seed, EVERY_KIND))


def renamed(value: Any) -> Any:
    """A part of a record with the names of today; the order of its keys stays."""
    if isinstance(value, dict):
        return {former_names.SETS.get(key, key): renamed(part) for key, part in value.items()}
    if isinstance(value, list):
        return [renamed(part) for part in value]
    return text_today(value) if isinstance(value, str) else value


def listed_command(name: str, command: str) -> str:
    """The command of a listed run where the stored one asks for other settings than the list does.

    Such a run was made when its file said what the list's overrides say now.
    """
    entry = {entry.name: entry for entry in plan()}.get(name)
    if entry is None or entry.teacher or entry.answers or entry.scored:  # their settings name a folder of the run's
        return command
    wanted = configuration.sha(load_config(entry.config, list(entry.overrides), entry.seed))
    if sha_today(command) == wanted:
        return command
    return shlex.join(["python", "-m", "training", *arguments_of(entry, RUNS_FOLDER / name)])


def run_today(run: dict[str, Any]) -> dict[str, Any]:
    """A record's section ``run`` with its name, its command and its hash of today."""
    command = listed_command(name_today(run.get("id", "")), command_today(run["command"]))
    found = {**run, "command": command}
    if "id" in run:
        found["id"] = name_today(run["id"])
    sha = sha_today(command) if "config_sha256" in run else None
    if sha and sha != run["config_sha256"]:
        found = {**found, "config_sha256": sha}
        found.setdefault("former_config_sha256", run["config_sha256"])
    return found


def record_today(record: dict[str, Any]) -> dict[str, Any]:
    """A whole record with the names of today.

    Raises:
        BadInput: its command asks for settings that there are none of.
    """
    found = renamed(record)
    found["run"] = run_today(record["run"])
    inner = record.get("training", {})
    if isinstance(inner, dict) and "run" in inner:  # of the student that an assistant's record is about
        found["training"]["run"] = run_today(inner["run"])
    return found


def main(folder: Path = RECORDS_FOLDER) -> int:
    """Rename every record of the folder in place; 0.

    Raises:
        AssertionError: a figure would change.
    """
    for file in sorted(folder.glob("*.json")):
        before = json.loads(file.read_text(encoding="utf-8"))
        after, target = record_today(before), file.with_name(f"{name_today(file.stem)}.json")
        if list(numbers(after)) != list(numbers(before)):
            raise AssertionError(f"{file}: a figure would change")
        if after == before and target == file:
            continue
        target.write_text(json.dumps(after, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        if target != file:
            file.unlink()
        print(target)
    return 0


if __name__ == "__main__":
    sys.exit(main())
