"""Damaged inputs: for each command more than ten, and each is told in one line that names what is wrong; exit 2 or 3.

Files of rows are damaged for the commands that read rows, a run's folder for those that take a run, and settings and
arguments for all. A good input goes through first, so that a refusal is the damage's and nothing else's.
"""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.training.serving.made_runs import make_run
from training.cli import main
from training.serving import server

GOOD = [{"messages": [{"role": "user", "content": f"Where is number {at}?"},
                      {"role": "assistant", "content": f"On shelf {at}."}]} for at in range(16)]  # fmt: skip


def row(**changes: object) -> str:
    """A row with something else in it."""
    return json.dumps({**GOOD[0], **changes})


def turns(*pairs: tuple[object, object]) -> str:
    """A row of such turns."""
    return json.dumps({"messages": [{"role": role, "content": content} for role, content in pairs]})


# name: (the second line of the file, or all of it as bytes; what the message says)
ROWS: dict[str, tuple[str | bytes | None, str]] = {
    "missing": (None, "rows.jsonl"),
    "empty": (b"", "rows.jsonl"),
    "no JSON": ("this is no JSON", "2"),
    "cut off": ('{"messages": [{"role": "user", "con', "2"),
    "a number": ("17", "2"),
    "other keys": ('{"wer": "a", "was": "b"}', "2"),
    "no turns": (row(messages=[]), "2"),
    "turns as a number": (row(messages=4), "2"),
    "a turn without content": (row(messages=[{"role": "user"}, {"role": "assistant", "content": "b"}]), "2"),
    "a number as content": (turns(("user", 3), ("assistant", "b")), "2"),
    "an unknown role": (turns(("wizard", "a"), ("assistant", "b")), "2"),
    "no answer": (turns(("user", "a")), "2"),
    "an empty answer": (turns(("user", "a"), ("assistant", "  ")), "2"),
    "bytes of no text": (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\xff\xfe\x00\x01", "rows.jsonl"),
}
CONVERTED = {
    "a turn without content",
    "an unknown role",
    "no answer",
    "an empty answer",
    "no JSON",
    "cut off",
    "a number",
    "other keys",
    "no turns",
    "turns as a number",
}


def damaged_rows(folder: Path, name: str) -> Path:
    """A file of rows with this damage in its second line."""
    path, content = folder / "rows.jsonl", ROWS[name][0]
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content is not None:
        path.write_text(f"{json.dumps(GOOD[0])}\n{content}\n{json.dumps(GOOD[1])}\n")
    return path


def good_rows(folder: Path) -> Path:
    path = folder / "good.jsonl"
    path.write_text("".join(json.dumps(one) + "\n" for one in GOOD[2:]))
    return path


READERS: dict[str, Callable[[Path, Path, Path], list[str]]] = {
    "data check": lambda rows, good, out: ["data", "check", str(rows)],
    "data show": lambda rows, good, out: ["data", "show", str(rows), "--row", "2", "--model", "tiny-random:llama"],
    "train": lambda rows, good, out: [
        "train",
        "--config",
        "training/configs/sft/tiny.yaml",
        "task=jsonl",
        f"data.train_file={rows}",
        f"data.heldout_files={{test: {good}}}",
        "--out",
        str(out),
    ],
    "evaluate": lambda rows, good, out: [
        "evaluate",
        "--config",
        "training/configs/sft/tiny.yaml",
        "task=jsonl",
        "--data",
        str(rows),
        "--out",
        str(out),
    ],
}


def one_line(code: int, said: str, names: str) -> None:
    """The message is one line, or a line for the row and one for the remedy, and no traceback."""
    lines = said.strip().splitlines()
    assert code in (2, 3), (code, said)
    assert "Traceback" not in said and 1 <= len(lines) <= 2, said
    assert names in said, (names, said)


@pytest.mark.parametrize("damage", ROWS)
@pytest.mark.parametrize("command", READERS)
def test_a_damaged_row_is_named_by_file_and_line(
    command: str, damage: str, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    rows = damaged_rows(tmp_path, damage)
    code = main(READERS[command](rows, good_rows(tmp_path), tmp_path / "out"))
    found = capsys.readouterr()
    said = found.out if command == "data check" and found.out else found.err
    lines = [line for line in said.splitlines() if not line.startswith(("·", "  "))]
    one_line(code, "\n".join(lines), ROWS[damage][1])
    assert str(rows) in said and not (tmp_path / "out" / "adapter").exists()


@pytest.mark.parametrize("damage", ROWS)
def test_new_and_convert_leave_a_damaged_row_out_or_refuse_the_file(
    damage: str, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    rows = damaged_rows(tmp_path, damage)
    code = main(["data", "convert", str(rows), str(tmp_path / "out.jsonl")])
    found = capsys.readouterr()
    if damage == "a number as content":
        assert code == 0 and '"content": "3"' in (tmp_path / "out.jsonl").read_text()
    elif damage in CONVERTED:
        assert code == 0 and len((tmp_path / "out.jsonl").read_text().splitlines()) == 2
        assert "left out: 1 row" in found.out and "(first at line 2)" in found.out
    else:
        one_line(code, found.err, "rows.jsonl")
    code = main(["new", str(tmp_path / "mine"), "--from", str(rows)])
    one_line(code, capsys.readouterr().err, "rows.jsonl")
    assert not (tmp_path / "mine").exists()


ARGUMENTS = [
    (["data"], "action"),
    (["data", "czech", "a"], "czech"),
    (["data", "check"], "data check"),
    (["data", "check", "a", "--max-tokens", "0"], "--max-tokens"),
    (["data", "check", "a", "--max-shown", "-1"], "-1"),
    (["data", "check", "a", "--max-tokens", "many"], "many"),
    (["data", "show"], "data show"),
    (["data", "show", "GOOD", "--row", "0"], "--row"),
    (["data", "show", "GOOD", "--row", "99"], "99"),
    (["data", "show", "GOOD", "--row", "one"], "one"),
    (["data", "show", "GOOD", "--model", "tiny-random:owl"], "owl"),
    (["data", "show", "GOOD", "--config", "no.yaml"], "no.yaml"),
    (["data", "convert"], "data convert"),
    (["data", "convert", "GOOD"], "data convert"),
    (["data", "convert", "GOOD", "GOOD"], "good.jsonl"),
    (["data", "convert", "GOOD", "."], "folder"),
    (["data", "convert", "GOOD", "x", "--test-share", "2"], "--test-share"),
    (["data", "convert", "GOOD", "x", "--map", "colour=a"], "colour"),
    (["data", "convert", "GOOD", "x", "--map", "prompt=messages", "prompt=messages"], "twice"),
    (["data", "convert", "who/what", "x"], "who/what"),
    (["new"], "DIR"),
    (["new", "GOOD"], "good.jsonl"),
    (["new", "x", "--from"], "--from"),
    (["new", "x", "--from", "GOOD", "--seed", "lucky"], "lucky"),
    (["new", "x", "--from", "GOOD", "--map", "a=b"], "a=b"),
    (["new", "x", "--from", "GOOD", "--map", "prompt=nothing"], "nothing"),
    (["new", "x", "y"], "y"),
    *(
        (["train", "--config", "TINY", *words], named)
        for words, named in (
            (["train.learning_rate=fast"], "train.learning_rate"),
            (["train.learning_rate=-1"], "train.learning_rate"),
            (["lora.r=0"], "lora.r"),
            (["lora.rank=4"], "rank"),
            (["method=magic"], "magic"),
            (["task=gardening"], "gardening"),
            (["model.source=tiny-random:owl"], "owl"),
            (["model.source=bundled:owl"], "owl"),
            (["model.source=/no/where"], "/no/where"),
            (["train.max_length"], "train.max_length"),
            (["data.variant=strange"], "strange"),
            (["--seed", "-1"], "seed"),
            (["--card", "my old one", "--dry-run"], "my old one"),
            (["--overfit", "0"], "0"),
        )
    ),
    (["train", "--config", "no.yaml"], "no.yaml"),
    (["train", "--resume", "nowhere"], "nowhere"),
    *(
        (["evaluate", "--config", "TINY", *words], named)
        for words, named in (
            (["--limit", "0"], "--limit"),
            (["--limit", "few"], "few"),
            (["--adapter", "nowhere"], "nowhere"),
            (["--set", "nobody"], "nobody"),
            (["--set", "train"], "train"),
            (["task=gardening"], "gardening"),
            (["--data", "GOOD", "task=jsonl", "task.scorer=magic"], "scorer"),
            (["evaluate.max_new_tokens=0"], "max_new_tokens"),
        )
    ),
    *(
        (["chat", "--config", "TINY", *words], named)
        for words, named in (
            (["--max-new-tokens", "0"], "--max-new-tokens"),
            (["--max-new-tokens", "few"], "few"),
            (["--adapter", "nowhere"], "nowhere"),
            (["--system"], "--system"),
            (["model.source=bundled:owl"], "owl"),
        )
    ),
]


@pytest.mark.parametrize(
    ("words", "named"), ARGUMENTS, ids=lambda value: " ".join(value) if isinstance(value, list) else ""
)
def test_a_wrong_argument_or_setting_is_one_line(
    words: list[str], named: str, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    given = {"GOOD": str(good_rows(tmp_path)), "TINY": "training/configs/sft/tiny.yaml", "x": str(tmp_path / "x")}
    out = ["--out", str(tmp_path / "run")] if words[0] in ("train", "evaluate") else []
    code = main([*(given.get(word, word) for word in words), *out])
    said = "".join(line for line in capsys.readouterr().err.splitlines(keepends=True) if line[:1] not in "· ")
    one_line(code, said, named)
    assert said.startswith("error: ") and said.count("\n") == 1


def rewritten(file: str, change: Callable[[str], str]) -> Callable[[Path], None]:
    """A damage that changes a file's text."""

    def damage(run: Path) -> None:
        (run / file).write_text(change((run / file).read_text()))

    return damage


def cut(run: Path) -> None:
    """The adapter's weights end in the middle."""
    file = run / "adapter" / "adapter_model.safetensors"
    file.write_bytes(file.read_bytes()[:200])


# name: (damage, what the message says)
RUNS: dict[str, tuple[Callable[[Path], None], str]] = {
    "no folder": (shutil.rmtree, "run"),
    "no settings": (lambda run: (run / "config.yaml").unlink(), "run"),
    "settings cut off": (rewritten("config.yaml", lambda text: text + "\nmodel: ["), "config.yaml"),
    "settings with an unknown key": (rewritten("config.yaml", lambda text: text + "\nstrange: 1\n"), "strange"),
    "settings with a wrong value": (
        rewritten("config.yaml", lambda text: text.replace("dtype: float32", "dtype: int3")),
        "dtype",
    ),
    "settings without a section": (rewritten("config.yaml", lambda text: text.replace("train:", "training:")), "train"),
    "no adapter": (lambda run: shutil.rmtree(run / "adapter"), "adapter"),
    "no adapter settings": (lambda run: (run / "adapter" / "adapter_config.json").unlink(), "adapter_config.json"),
    "adapter settings cut off": (
        rewritten("adapter/adapter_config.json", lambda text: text[:40]),
        "adapter_config.json",
    ),
    "no adapter weights": (lambda run: (run / "adapter" / "adapter_model.safetensors").unlink(), "adapter_model"),
    "adapter weights cut off": (cut, "adapter_model.safetensors"),
    "an adapter of another rank": (
        rewritten("adapter/adapter_config.json", lambda text: text.replace('"r": 4', '"r": 3')),
        "adapter",
    ),
    "the base model is gone": (lambda run: shutil.rmtree(run.parent / "base"), "base"),
    "the base model's settings are damaged": (
        lambda run: (run.parent / "base" / "config.json").write_text("{"),
        "base",
    ),
}
TAKERS: dict[str, Callable[[Path], list[str]]] = {
    "export": lambda run: ["export", str(run), "--to", "gguf", "--out", str(run.parent / "out")],
    "port": lambda run: ["port", str(run), "--n", "1"],
    "serve": lambda run: ["serve", str(run), "--port", "0"],
    "chat": lambda run: ["chat", "--config", str(run / "config.yaml"), "--adapter", str(run / "adapter")],
    "evaluate": lambda run: [
        "evaluate",
        "--config",
        str(run / "config.yaml"),
        "--adapter",
        str(run / "adapter"),
        "--limit",
        "1",
        "--out",
        str(run.parent / "out"),
    ],
}


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with nothing wrong; its base model beside it."""
    return make_run(tmp_path_factory.mktemp("sound"), "llama")


def copied(run: Path, folder: Path) -> Path:
    """The run and its base model at another place."""
    for part in ("run", "base"):
        shutil.copytree(run.parent / part, folder / part)
    for file in ("config.yaml", "adapter/adapter_config.json"):
        path = folder / "run" / file
        path.write_text(path.read_text().replace(str(run.parent), str(folder)))
    return folder / "run"


@pytest.mark.few(24)
@pytest.mark.parametrize("damage", RUNS)
@pytest.mark.parametrize("command", TAKERS)
def test_a_damaged_run_is_one_line(
    command: str,
    damage: str,
    sound: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("Where?\n"))
    monkeypatch.setattr(server, "serve", lambda *_: pytest.fail("a damaged run was served"))
    run = copied(sound, tmp_path)
    RUNS[damage][0](run)
    code = main(TAKERS[command](run))
    said = "".join(line for line in capsys.readouterr().err.splitlines(keepends=True) if line[:1] not in "· ")
    one_line(code, said, RUNS[damage][1])
    assert said.startswith("error: ") and said.count("\n") == 1 and not (tmp_path / "out" / "model.gguf").exists()


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["export", "RUN"], "--to"),
        (["export", "RUN", "--to", "paper", "--out", "x"], "paper"),
        (["export", "RUN", "--to", "gguf"], "--out"),
        (["export", "RUN", "--to", "gguf", "--out", "RUN"], "--out"),
        (["export", "RUN", "--to", "gguf", "--out", "x", "--quantization", "Q1"], "Q1"),
        (["port", "RUN", "--n", "0"], "--n"),
        (["port", "RUN", "--n", "two"], "two"),
        (["port"], "RUN"),
        (["port", "RUN", "--n", "1", "--merged", "nowhere"], "nowhere"),
        (["port", "RUN", "--n", "1", "--gguf", "nowhere.gguf"], "nowhere.gguf"),
        (["serve", "RUN", "--port", "70000"], "70000"),
        (["serve", "RUN", "--port", "http"], "http"),
        (["serve"], "RUN"),
        (["serve", "RUN", "--max-new-tokens", "0"], "--max-new-tokens"),
    ],
)
def test_a_wrong_argument_of_what_takes_a_run_is_one_line(
    words: list[str], named: str, sound: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    code = main([str({"RUN": sound, "x": tmp_path / "x"}.get(word, word)) for word in words])
    said = "".join(line for line in capsys.readouterr().err.splitlines(keepends=True) if line[:1] not in "· ")
    one_line(code, said, named if named != "RUN" else "RUN")
    assert said.startswith("error: ") and said.count("\n") == 1


def test_a_sound_run_is_exported_and_sound_rows_are_read(sound: Path, tmp_path: Path) -> None:
    run, good = copied(sound, tmp_path), good_rows(tmp_path)
    assert main(TAKERS["export"](run)) == 0
    assert (
        main(READERS["data check"](good, good, tmp_path)) == 0 and main(READERS["data show"](good, good, tmp_path)) == 0
    )
