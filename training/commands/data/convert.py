"""``python -m training data convert IN OUT``: a file of rows, or a data set on the Hub, in our form."""

from __future__ import annotations

import argparse
import random
from pathlib import Path

from labs_py.core import chat_data
from training.data import splits
from training.data.forms import convert as forms
from training.data.forms import files, hub, shapes
from training.run import machine
from training.run.errors import BAD_INPUT, BadInput

ENDINGS = (".gz", ".bz2", ".xz", ".jsonl", ".json", ".csv", ".tsv", ".parquet", ".ndjson")


def add_arguments(parser: argparse._ArgumentGroup) -> None:
    """The options of ``data convert``."""
    parser.add_argument("--map", nargs="+", default=[], metavar="PART=COLUMN", help="which column is which part, such"
                        " as prompt=question completion=answer; guessed from the names otherwise")  # fmt: skip
    parser.add_argument("--force", action="store_true", help="write OUT although it exists")
    parser.add_argument("--test-share", type=float, metavar="S", help="share of the rows that goes into a second file,"
                        " OUT's name with .test; equal questions stay together")  # fmt: skip
    parser.add_argument("--revision", metavar="COMMIT", help="of a data set on the Hub")
    parser.add_argument("--split", default="train", metavar="NAME", help="of a data set on the Hub (train)")
    parser.add_argument("--subset", metavar="NAME", help="of a data set on the Hub that has several")


def run(args: argparse.Namespace) -> int:
    """Convert and say what was read, written and left out; 0, or 2 when no row could be written.

    Raises:
        BadInput: an argument or the file cannot be used, or OUT exists.
        LackingResource: the Hub cannot be reached.
    """
    mapping, words = _mapping_words(args)
    if len(words) != 2:
        raise BadInput("data convert: give two names, the file to read and the file to write: data convert rows.csv"
                       " rows.jsonl")  # fmt: skip
    given, out = words[0], Path(words[1])
    if not hub.is_hub_id(given) and not Path(given).exists():
        files.read(Path(given))  # says what is missing, before anything is said of the file to write
    outputs = _outputs(given, out, args)
    machine.quiet_libraries()
    source = (
        hub.read(given, args.revision, args.split, args.subset) if hub.is_hub_id(given) else files.read(Path(given))
    )
    try:
        made = forms.convert(source, stem_of(given), forms.mapping_of(mapping, source.columns))
    except BadInput as error:
        raise BadInput(f"{given}: {error} ({source.kind})") from None
    print(*said(given, source, made), sep="\n")
    if not made.rows:
        print(f"nothing written: no row of {given} could be converted")
        return BAD_INPUT
    parts = parted(made.rows, args.test_share, args.seed or 0) if args.test_share else [made.rows]
    for path, rows in zip(outputs, parts, strict=True):
        splits.write_rows(path, rows)
        print(f"written: {path}, {_count(len(rows))} of {forms.OURS[made.family]}")
    print(f"next: python -m training data check {outputs[0]}{f' --test {outputs[1]}' if len(outputs) > 1 else ''}")
    return 0


def _mapping_words(args: argparse.Namespace) -> tuple[list[str], list[str]]:
    """``--map`` takes all words behind it, also the file names: what holds no = and stands last is a name."""
    mapping = list(args.map)
    names = [word for word in mapping if "=" not in word]
    return [word for word in mapping if "=" in word], [*args.words, *names]


def _outputs(given: str, out: Path, args: argparse.Namespace) -> list[Path]:
    """The files to be written.

    Raises:
        BadInput: one is a folder, exists, or is the file that is read; or the share is none.
    """
    share = args.test_share
    if share is not None and not 0 < share < 1:
        raise BadInput(f"data convert: --test-share is {share}; give a share between 0 and 1, such as 0.2")
    outputs = [out, out.with_name(f"{out.stem}.test{out.suffix}")] if share else [out]
    for path in outputs:
        if path.is_dir():
            raise BadInput(f"{path}: this is a folder; name the file to write, such as {path / 'rows.jsonl'}")
        if path.exists() and Path(given).exists() and path.samefile(given):
            raise BadInput(f"{path}: this is the file to be read; give the converted one another name")
        if path.exists() and not args.force:
            raise BadInput(f"{path}: there is a file of this name already; take another name, or add --force")
    return outputs


def stem_of(name: str) -> str:
    """A file's name without its endings, for the ids of its rows."""
    stem = Path(name).name
    while Path(stem).suffix.lower() in ENDINGS:
        stem = Path(stem).stem
    return stem or "row"


def said(name: str, source: files.Source, made: forms.Converted) -> list[str]:
    """What was read and what was left out, a line each."""
    lines = [f"{name}: {source.kind}, {_count(len(source.items))}"]
    lines += [f"read: {_count(count)} as {form}" for form, count in made.read.items() if form != "further passages"]
    if made.read["further passages"]:
        lines.append(f"read: {made.read['further passages']} further passages, each in a row of its own")
    if made.keys:
        named = ", ".join(f"{part}={key}" for part, key in made.keys.items())
        lines.append(f"parts: {named} (other parts are named with --map)")
    for code, left in made.left_out.items():
        lines.append(f"left out: {_count(left.count)}, {code}: {left.message} (first at {source.unit} {left.line})")
    if made.not_carried:
        named = ", ".join(f"{key} ({count})" for key, count in made.not_carried.most_common(12))
        lines.append(f"not carried over: {named}")
    return [*lines, *(f"note: {note}" for note in made.notes)]


def _count(number: int) -> str:
    return f"{number} row{'' if number == 1 else 's'}"


def parted(rows: list[dict], share: float, seed: int) -> list[list[dict]]:
    """Rows to train on and rows to test on; rows of one question come into one of the two.

    Args:
        rows: in our form.
        share: of the rows that are tested on; as near as whole questions allow, and at least one on either side.
        seed: of the draw.

    Raises:
        BadInput: there are not two different questions.
    """
    groups: dict[str, list[int]] = {}
    for place, row in enumerate(rows):
        groups.setdefault(question_of(row), []).append(place)
    if len(groups) < 2:
        raise BadInput("data convert: --test-share needs rows of at least two different questions")
    keys, test = list(groups), set()
    random.Random(seed).shuffle(keys)
    for key in keys[:-1]:
        if test and len(test) + len(groups[key]) / 2 > share * len(rows):
            break
        test.update(groups[key])
    return [[row for place, row in enumerate(rows) if (place in test) is held] for held in (False, True)]


def question_of(row: dict) -> str:
    """What two rows share when they ask the same, whatever their family."""
    if shapes.first(row, ("anchor", "text")):
        return chat_data.normal_form(row.get("anchor") or row["text"])
    turns = row.get("messages") or row["prompt"]
    return chat_data.prompt_key(turns) or str(row["id"])
