"""``python -m training port``: does a run survive shipping, and if not, what is to blame?"""

from __future__ import annotations

import argparse
import json
import re
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from training.data import splits
from training.data.tasks.base import Row
from training.methods.configuration import load_config
from training.run import machine
from training.run.errors import REGRESSION, SHIP, BadInput
from training.run.folder import RunFolder
from training.run.record import RECORDS_FOLDER, keep
from training.run.settings import Config
from training.serving import comparison, folder_export, gguf_export, llama_cpp, shipment, stations
from training.serving.shipment import Shipment
from training.serving.stations import Station

ABOUT = """Ask the same held-out questions of adapter on base, of the merged model, and of its GGUF, and compare the
answers token by token; by llama.cpp as well where its addon of npm's @node-llama-cpp is at hand (STAGE10_LLAMA_CPP).

  python -m training port runs/RUN
  python -m training port runs/RUN --merged shipped --gguf shipped/model.gguf

Where answers part, the first token and the culprit are named: template, doubled beginning token, stop, scale, adapter
not applied, missing tensor, row order, embedding, rope, settings, quantisation, rounding, weights, or other. Stations
that hold the weights exactly may part only at a near tie, where the two tokens' logits differ by less than 1e-3.

--merged and --gguf look at files that were exported before; without them they are made and thrown away. --record also
writes docs/data/runs/port-NAME.json, for the site. The last line is one JSON object. Exit code 0, or 10 where a station
differs."""

NAME = re.compile(r"[a-z0-9][a-z0-9.-]*")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``port``."""
    parser.add_argument("run_folder", metavar="RUN", help="folder of the run")
    parser.add_argument("--n", type=int, default=20, metavar="N", help="held-out questions (20)")
    parser.add_argument("--json", action="store_true", help="print the JSON line alone")
    parser.add_argument("--merged", metavar="DIR", help="an exported folder to look at")
    parser.add_argument("--gguf", metavar="FILE", help="a GGUF file to look at")
    parser.add_argument("--quantization", action="append", default=[], choices=gguf_export.QUANTIZATIONS[1:],
                        help="one more station: a GGUF of this type; may be given several times")  # fmt: skip
    parser.add_argument("--record", metavar="NAME", help="keep the result for the site; needs a clean checkout")


def run(args: argparse.Namespace) -> int:
    """Compare, say, write the result into the run's report; 0, or REGRESSION where a station differs.

    Raises:
        BadInput: an argument, the run or an exported file cannot be used.
        GuardFailed: the adapter belongs to another model or changes nothing.
        LackingResource: the model cannot be fetched, or the disk is too full.
    """
    if args.n < 1:
        raise BadInput(f"port: --n is {args.n}; give 1 or more")
    sha, dirty = machine.commit()
    if args.record is not None and not NAME.fullmatch(args.record):
        raise BadInput(f"port: --record {args.record!r} is no name; take small letters, digits, '-' and '.'")
    if args.record and dirty:
        raise BadInput("port: --record needs a clean checkout: commit first")
    began, started = time.perf_counter(), datetime.now(UTC).isoformat(timespec="seconds")
    folder = shipment.run_folder(args.run_folder)
    config = load_config(folder / "config.yaml")
    rows = held_out(config, args.n)
    skipped: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as scratch:
        (Path(scratch) / "base").mkdir()
        shipped = shipment.open_run(folder, config, Path(scratch) / "base")
        others = opened(shipped, args, Path(scratch), skipped)
        result = comparison.compare(stations.reference(shipped), others, rows, splits.task_of(config),
                                    config.evaluate.max_new_tokens)  # fmt: skip
    result["skipped"] = skipped
    if (folder / "report.json").is_file():
        RunFolder(folder).update("port", result)
    if args.record:
        made = {"command": args.command_line.strip(), "commit": sha, "dirty": dirty, "status": "main",
                "started": started, "seconds": round(time.perf_counter() - began, 1)}  # fmt: skip
        file = keep(record_of(args.record, made, result, config), f"port-{args.record}", RECORDS_FOLDER)
        machine.say(f"written: {file}")
    if not args.json:
        print(*lines(result), sep="\n")
    print(json.dumps(result))
    return REGRESSION if result["culprit"] else SHIP


def record_of(name: str, made: dict[str, Any], result: dict[str, Any], config: Config) -> dict[str, Any]:
    """The record of a comparison: how it was made, where, on what run's settings, and the stations by name.

    Args:
        name: of the record.
        made: command, commit and time.
        result: of ``comparison.compare``.
        config: of the run that was shipped.
    """
    seeds = {"data": config.data.seed, "init": config.train.seed, "order": config.train.seed}
    stations_found = {one["name"].replace(".", "_"): one for one in result["stations"]}  # a page names keys by dots
    return {
        "run": {"id": f"port-{name}", **made},
        "environment": machine.environment("float32"),
        "seeds": seeds,
        "shipped": {"model": config.model.source, "task": splits.task_of(config).name, "n": result["stations"][0]["n"]},
        "stations": stations_found,
        "skipped": result["skipped"],
        "culprit": result["culprit"],
    }  # fmt: skip


def held_out(config: Config, count: int) -> list[Row]:
    """The first held-out rows of the set whose score the gate reads, or of the first set.

    Raises:
        BadInput: there is none.
    """
    task = splits.task_of(config)
    sets = splits.held_out_sets(config, task)
    return sets.get(task.headline, next(iter(sets.values())))[:count]


def opened(shipped: Shipment, args: argparse.Namespace, scratch: Path, skipped: dict[str, str]) -> Iterator[Station]:
    """The stations, each made when its turn comes; those that the model has no GGUF for are noted in ``skipped``."""
    folder = Path(args.merged) if args.merged else scratch / "merged"
    if not args.merged:
        folder.mkdir()
        folder_export.write_merged(shipped, folder, "auto", scratch)
    yield stations.merged(folder)
    if args.gguf:
        yield stations.gguf(Path(args.gguf), "gguf")
        yield from by_llama_cpp(Path(args.gguf), skipped)
    for kind in [*([] if args.gguf else ["auto"]), *args.quantization]:
        name = "gguf" if kind == "auto" else f"gguf-{kind}"
        file = scratch / f"{name}.gguf"
        try:
            gguf_export.write_model(shipped, file, kind, "auto", scratch)
        except BadInput as error:
            leave_out(name, error, skipped)
            continue
        yield stations.gguf(file, name)
        if kind == "auto":
            yield from by_llama_cpp(file, skipped)
        file.unlink()


def by_llama_cpp(file: Path, skipped: dict[str, str]) -> Iterator[Station]:
    """llama.cpp with a file, where it is at hand and can load it."""
    runner = llama_cpp.addon()
    if runner is None:
        return
    try:
        yield llama_cpp.station(file, runner)
    except BadInput as error:
        leave_out("llama.cpp", error, skipped)


def leave_out(name: str, error: BadInput, skipped: dict[str, str]) -> None:
    """Say and note that there is no such station, and why."""
    skipped[name] = str(error)
    machine.say(f"· {name} left out: {error}")


def lines(result: dict) -> list[str]:
    """The result as text, a line for each station."""
    text = []
    for one in result["stations"]:
        apart = one["first_difference"]
        line = f"{one['name']:<10} {one['equal_tokens']} of {one['n']} answers equal, score {one['score']:.3f}"
        if one["near_ties"]:
            line += f", {one['near_ties']} part at a near tie"
        if one["culprit"]:
            line += f"; culprit: {one['culprit']} ({one['why']})"
        if apart and one["culprit"]:
            line += f"; first difference: row {apart['row'] + 1}, {apart['in']} token {apart['token'] + 1}"
        text.append(line)
    return text
