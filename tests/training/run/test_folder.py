"""A run's folder that was damaged, or holds texts with line separators: read whole, or refused in one line."""

from __future__ import annotations

import json
import shutil
from types import SimpleNamespace

import pytest

from training.cli import main
from training.methods.configuration import load_config
from training.methods.distill import rows as distill_rows
from training.methods.distill import student
from training.methods.dpo import measure as dpo_measure
from training.methods.dpo import pairs as dpo_pairs
from training.methods.embed import mining
from training.run import jsonl as json_lines
from training.run import report
from training.run.errors import BadInput
from training.run.folder import MARK, RunFolder, check_checkpoint
from training.site_records import base_rows

TINY = "training/configs/sft/tiny.yaml"
ODD = "one\u2028two\u2029three\x85four"


def jsonl(*values) -> str:
    return "".join(json.dumps(value, ensure_ascii=False) + "\n" for value in values)


@pytest.fixture
def folder(tmp_path) -> RunFolder:
    run = RunFolder(tmp_path / "run")
    run.create(load_config(TINY), "test", "float32")
    return run


# ---- lines ----
def test_a_line_ends_at_a_newline_only_and_blank_and_half_lines_are_left_out(tmp_path):
    file = tmp_path / "lines.jsonl"
    file.write_text(jsonl({"text": ODD}) + "\n\n" + jsonl({"n": 1}) + '{"n": "half', encoding="utf-8")
    assert json_lines.read(file) == [{"text": ODD}, {"n": 1}]
    file.write_bytes(b'{"n": 1}\r\n{"n": "\xe2\x98')  # cut inside a character
    assert json_lines.read(file) == [{"n": 1}]
    file.write_bytes(b'{"n": 1}\n{"n": 2}')
    assert json_lines.read(file) == [{"n": 1}, {"n": 2}]
    file.write_bytes(b"")
    assert json_lines.read(file) == []


@pytest.mark.parametrize("broken", [b"{half", b"[1]", b"5", b"\xff", b"[" * 100_000])
def test_another_broken_line_is_named_or_left_out_as_asked(tmp_path, broken):
    file = tmp_path / "lines.jsonl"
    file.write_bytes(b'{"n": 1}\n' + broken + b'\n{"n": 2}\n')
    with pytest.raises(BadInput, match="lines.jsonl:2: no JSON object"):
        json_lines.read(file)
    assert json_lines.read(file, skip_broken=True) == [{"n": 1}, {"n": 2}]


def test_no_such_file_is_one_line(tmp_path):
    with pytest.raises(BadInput, match="nowhere"):
        json_lines.read(tmp_path / "nowhere")


def test_texts_with_line_separators_come_back_from_every_file(folder):
    said = [{"arm": arm, "set": "t", "id": 1, "answer": ODD} for arm in ("base", "base_few_shot", "tuned")]
    folder.predictions.write_text(jsonl(*said), encoding="utf-8")
    folder.forget_predictions("base_few_shot")
    assert json_lines.read(folder.predictions) == [said[0], said[2]]
    assert dpo_measure._answers(folder, "t", "base") == {"base": {1: ODD}, "tuned": {1: ODD}}
    folder.log({"event": "row", "text": ODD})
    assert folder.events("row") == [{"event": "row", "text": ODD}]
    rows = [{"anchor": ODD, "positive": ODD, "negative": ODD}]
    (folder.path / mining.ROWS_FILE).write_text(jsonl(*rows), encoding="utf-8")
    mined = SimpleNamespace(embed=SimpleNamespace(negatives="mined"))
    assert mining.with_negatives(mined, rows, None, folder) == rows
    written = [{"text": ODD}]
    (folder.path / distill_rows.WRITTEN).write_text(jsonl(*written), encoding="utf-8")
    assert distill_rows.written_by_teacher(None, written, None, None, folder) == written
    asked = base_rows._Answers()
    asked.predictions.write_text(jsonl(*said), encoding="utf-8")
    assert asked.of("tuned") == [ODD]


def test_a_run_on_rows_with_line_separators_goes_to_its_end(tmp_path):
    for name in ("train", "test"):
        rows = [{"prompt": f"{name} {ODD} {n}?", "completion": f"{ODD} {n}"} for n in range(4)]
        (tmp_path / f"{name}.jsonl").write_text(jsonl(*rows), encoding="utf-8")
    out = tmp_path / "run"  # --anyway: whatever the verdict
    main(
        [
            "train",
            "--config",
            TINY,
            "--anyway",
            "--out",
            str(out),
            "task=jsonl",
            "train.max_steps=1",
            f"data.train_file={tmp_path / 'train.jsonl'}",
            f"data.heldout_files={{t: {tmp_path / 'test.jsonl'}}}",
        ]
    )
    assert "gate" in RunFolder(out).read()
    assert {line["arm"] for line in json_lines.read(out / "predictions.jsonl")} == {"base", "tuned"}


# ---- damaged ----
def test_half_a_prediction_is_forgotten_and_another_broken_one_named(folder):
    folder.predictions.write_text(jsonl({"arm": "base"}) + '{"arm": "tun', encoding="utf-8")
    folder.forget_predictions("tuned")
    assert folder.predictions.read_text() == jsonl({"arm": "base"})
    folder.predictions.write_text("{half\n" + jsonl({"arm": "base"}), encoding="utf-8")
    with pytest.raises(BadInput, match="predictions.jsonl:1"):
        folder.forget_predictions("tuned")


def test_scores_of_the_base_come_back_as_they_were_kept(folder):
    assert folder.read_before() is None
    folder.keep_before({"set": {"places": [1, 2.5], "text": ODD}, "pairs": [(0.1, -2e-9)]})
    assert folder.read_before() == {"set": {"places": [1, 2.5], "text": ODD}, "pairs": [[0.1, -2e-9]]}


@pytest.mark.parametrize("content", [b'{"base": {"x', b"", b"[]", b"\xff", b"[" * 100_000, b"{}", b'{"base": {}}',
                                     b'{"sha256": "a", "scores": {}}', b'{"scores": null}'])  # fmt: skip
def test_damaged_scores_of_the_base_are_one_line_with_what_to_do(folder, content):
    folder.before.write_bytes(content)
    with pytest.raises(BadInput, match="before.json.*remove this file"):
        folder.read_before()


def test_a_log_with_broken_lines_still_gives_the_others(folder):
    step = {"event": "step", "step": 1, "loss": 1.0}
    folder.log_file.write_bytes(jsonl(step).encode() + b"[1]\n\xff\n5\n{half\n" + jsonl({**step, "step": 2}).encode())
    assert [event["step"] for event in folder.events("step")] == [1, 2]
    folder.forget_steps_after(1)
    assert json_lines.read(folder.log_file) == [step]
    odd = [{"event": "step", "step": "a"}, {"event": "step"}, {"event": [], "step": 1}, {}, {**step, "loss": None}]
    folder.log_file.write_text(jsonl(step, *odd))
    assert folder.events() == [step]
    folder.forget_steps_after(3)
    assert json_lines.read(folder.log_file) == [step]


@pytest.mark.parametrize("row", [None, {}, {"anchor": 1}, {"prompt": "q", "chosen": "a", "rejected": "b"}])
def test_rows_set_aside_that_are_not_the_runs_own_are_one_line(folder, row):
    content = "" if row is None else jsonl(row)
    (folder.path / mining.ROWS_FILE).write_text(content)
    with pytest.raises(BadInput, match="pairs.jsonl: .*remove this file, and it is made again"):
        mining.with_negatives(SimpleNamespace(embed=SimpleNamespace(negatives="mined")), [], None, folder)
    sampled = SimpleNamespace(dpo=SimpleNamespace(pairs="on_policy"))
    with pytest.raises(BadInput, match="pairs.jsonl: .*remove this file, and it is made again"):
        dpo_pairs.pairs(sampled, [], None, None, folder)
    (folder.path / distill_rows.WRITTEN).write_text(content)
    with pytest.raises(BadInput, match="written_by_teacher.jsonl: .*remove this file, and it is made again"):
        distill_rows.written_by_teacher(None, [], None, None, folder)


def test_what_the_teacher_said_is_damaged_in_one_line(folder):
    (folder.path / student.CACHE_FILE).write_bytes(b"xx")
    with pytest.raises(BadInput, match="teacher.safetensors: .*the teacher is asked again"):
        student.teacher_targets(None, None, [], folder)


DAMAGED = [b"[]", b"{}", b'{"run": {}}', b"5", b"\xff", b"{half", b"", b'{"run": []}', b"[" * 100_000,
           b'{"run": {"config_sha256": 5, "dirty": false, "seconds": 0}, "environment": {"dtype": ""}}',
           b'{"run": {"config_sha256": "a", "dirty": false, "seconds": 0}, "environment": null}',
           b'{"run": {"config_sha256": "a", "dirty": false, "seconds": 0}, "environment": {"dtype": "x"}}']  # fmt: skip


@pytest.mark.few(20)
@pytest.mark.parametrize("content", DAMAGED)
@pytest.mark.parametrize("command", [
    ["train", "--resume"], ["sft", "--resume"], ["sft", "--config", TINY, "--out"], ["report"], ["gate"],
], ids=" ".join)  # fmt: skip
def test_a_damaged_report_is_one_line_for_every_command(folder, capsys, content, command):
    folder.report.write_bytes(content)
    assert main([*command, str(folder.path)]) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: ") and said.count("\n") == 1
    assert "report.json" in said and "start the run again" in said


@pytest.mark.parametrize("section", [
    {"gate": {"x": 1}}, {"eval": {"shifted": 3}}, {"train": {"peak_memory_bytes": "a"}},
    {"regression": {"samples": [1]}},
], ids=lambda section: next(iter(section)))  # fmt: skip
@pytest.mark.parametrize("command", ["report", "gate"])
def test_a_damaged_part_of_a_report_is_one_line(folder, capsys, section, command):
    folder.report.write_text(json.dumps({**folder.read(), **section}))
    assert main([command, str(folder.path)]) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: ") and said.count("\n") == 1
    assert "a part is missing or damaged" in said or "no scores of a fine-tuned model" in said


def test_a_method_with_a_verdict_of_its_own_is_not_judged_by_the_gate(tmp_path, capsys):
    run = RunFolder(tmp_path / "run")
    run.create(load_config("training/configs/embed/tiny.yaml"), "test")
    assert main(["gate", str(run.path)]) == 2
    assert "this configuration's method is embed, not sft or dpo or grpo" in capsys.readouterr().err


def test_an_argument_that_no_report_can_hold_is_one_line(capsys):
    assert main(["sft", "--config", TINY, "--out", "runs/\udcff"]) == 2
    assert capsys.readouterr().err.startswith("error: 'runs/\\udcff': this argument is no UTF-8")


def test_a_report_that_was_begun_is_taken(folder):
    assert folder.open()["run"]["status"] == "running"
    report.write(folder)
    assert folder.html.is_file()


# ---- checkpoints ----
def test_a_folder_that_is_no_checkpoint_is_passed_over(folder):
    for name in ("checkpoint-x", "checkpoint-", "checkpoint-2-old", "checkpoint-4"):
        (folder.checkpoints / name).mkdir(parents=True)
        (folder.checkpoints / name / MARK).touch()
    assert folder.last_checkpoint().name == "checkpoint-4"


@pytest.fixture(scope="module")
def stopped(tmp_path_factory) -> RunFolder:
    """A whole run with its checkpoints."""
    out = tmp_path_factory.mktemp("stopped") / "run"
    assert main(["sft", "--config", TINY, "--out", str(out), "train.save_steps=1", "train.max_steps=2"]) == 0
    return RunFolder(out)


@pytest.mark.parametrize(("name", "content"), [
    *((name, content) for name in ("trainer_state.json", "optimizer.pt", "scheduler.pt") for content in (None, b"xx")),
    ("trainer_state.json", b"[]"), ("trainer_state.json", b'{"global_step": 7}'), ("*.safetensors", None),
    ("*.safetensors", b"xx"), ("rng_state.pth", None), ("rng_state.pth", b"xx"),
    ("optimizer.pt", b"PK\x05\x06" + bytes(18)),  # an archive with nothing in it
])  # fmt: skip
def test_a_damaged_checkpoint_is_one_line(stopped, capsys, name, content):
    checkpoint = stopped.last_checkpoint()
    check_checkpoint(checkpoint)
    file = next(checkpoint.glob(name))
    kept = file.read_bytes()
    try:
        file.unlink()
        if content is not None:
            file.write_bytes(content)
        assert main(["sft", "--resume", str(stopped.path)]) == 2
    finally:
        file.write_bytes(kept)
    said = capsys.readouterr().err
    assert said.splitlines()[-1].startswith("error: ") and checkpoint.name in said and "remove the checkpoint" in said


# ---- adapters ----
@pytest.mark.parametrize(("name", "content", "words"), [
    ("adapter_config.json", b"{", "adapter_config.json:1: not readable as JSON"),
    ("adapter_config.json", b"\xff", "adapter_config.json: not readable as JSON"),
    ("adapter_config.json", b"[]", "adapter_config.json: holds a list"),
    ("adapter_config.json", b"{}", "does not go onto the model"),
    ("adapter_config.json", b'{"peft_type": "LORA", "r": "x"}', "does not go onto the model"),
    ("adapter_config.json", None, "adapter_config.json is missing"),
    ("adapter_model.safetensors", b"xx", "adapter_model.safetensors: not readable as safetensors"),
    ("adapter_model.safetensors", b"", "adapter_model.safetensors: not readable as safetensors"),
    ("adapter_model.safetensors", None, "adapter_model.safetensors is missing"),
])  # fmt: skip
def test_a_damaged_adapter_is_one_line(stopped, capsys, tmp_path, name, content, words):
    adapter = tmp_path / "adapter"
    shutil.copytree(stopped.adapter, adapter)
    (adapter / name).unlink()
    if content is not None:
        (adapter / name).write_bytes(content)
    assert main(["merge", "--config", TINY, "--adapter", str(adapter), "--out", str(tmp_path / "merged")]) == 2
    said = capsys.readouterr().err.splitlines()[-1]
    assert said.startswith("error: ") and words in said


def test_an_adapter_of_other_sizes_is_one_line(stopped, capsys, tmp_path):
    adapter = tmp_path / "adapter"
    shutil.copytree(stopped.adapter, adapter)
    settings = json.loads((adapter / "adapter_config.json").read_text())
    (adapter / "adapter_config.json").write_text(json.dumps({**settings, "r": 2 * settings["r"]}))
    assert main(["merge", "--config", TINY, "--adapter", str(adapter), "--out", str(tmp_path / "merged")]) == 2
    assert "size mismatch" in capsys.readouterr().err.splitlines()[-1]


def test_a_teacher_that_is_not_there_is_said_before_the_run(capsys):
    line = ["distill", "--config", "training/configs/distill/tiny.yaml", "--dry-run", "distill.teacher_adapter=/nope"]
    assert main(line) == 2
    assert "/nope: there is no adapter here" in capsys.readouterr().err
