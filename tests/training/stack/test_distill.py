"""The distillation pipeline: what is asked and paid for, what is kept, what is trained on, what may go out."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.checkout import ROOT
from tests.training.stack.fake_teacher import FakeTeacher, reference
from training.data.tasks import base as task_base
from training.data.tasks import registry as tasks
from training.methods import plan
from training.methods.sft import train as sft
from training.run.errors import BadInput, LackingResource
from training.stack import completion_clients
from training.stack.calls import Calls
from training.stack.completion_clients import Reply
from training.stack.distill import command, pipeline, release, seeds
from training.stack.distill.settings import load as load_config

pytestmark = pytest.mark.drawn(15)

CONFIGS = Path(pipeline.__file__).parents[1] / "configs"
TINY = CONFIGS / "distill-tiny.yaml"
TASK = tasks.get("delivery_log")
GOOD = "Tom | 12 crates of apples | gate 2 | 9:12"
NOTE = "At 9:12 Tom drove up and left 12 crates of apples at gate 2."


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("STAGE10_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def teacher():
    one = FakeTeacher()
    yield one
    one.close()


def arguments(teacher, tmp_path: Path, *more: str) -> list[str]:
    return ["--config", str(TINY), "teacher.kind=endpoint", "teacher.model=big", f"teacher.url={teacher.url}",
            "teacher.batch=1", "verify=true", *more, "--out", str(tmp_path / "run"), "--cache",
            str(tmp_path / "calls.jsonl")]  # fmt: skip


def report(tmp_path: Path) -> dict:
    return json.loads((tmp_path / "run" / "report.json").read_text())


def tiny(*overrides: str):
    return load_config(TINY, list(overrides))


def answered(text: str, finished: bool = True, confidence: float = 0.5) -> Reply:
    return Reply(text, 100, 10, finished, confidence)


# ---- the whole way ----
def test_a_smoke_run_goes_the_whole_way_and_never_ships(tmp_path, capsys):
    code = command.main(["--config", str(TINY), "--smoke", "--out", str(tmp_path / "run")])
    found = report(tmp_path)
    assert code == found["gate"]["exit_code"] != 0 and found["gate"]["release"] == "don't ship"
    assert found["run"]["status"] == "smoke" and (tmp_path / "run" / "adapter" / "adapter_config.json").is_file()
    assert {"teacher", "teacher_one", "base", "base_few_shot", "tuned", "routed"} <= found["economics"]["tokens"].keys()
    assert {"base", "base_few_shot", "tuned", "teacher", "n", "ci95"} <= found["eval"]["shifted"]["exact"].keys()
    assert "Don't ship" in capsys.readouterr().out


def test_what_is_trained_on_was_verified_and_refusals_are_kept(teacher, tmp_path, monkeypatch):
    """Cut-off, empty and wrong answers of the teacher never reach the trainer; right ones of a later try do."""
    known, rows = reference(), []
    deliveries = [note for note in known if known[note] != TASK.refusal]
    spoilt = {note: ("cut", "empty", "wrong", "late")[place % 4] for place, note in enumerate(deliveries)}

    def reply(note, count):
        kind = spoilt.get(note)
        text = {"cut": known[note], "empty": "", "wrong": "I am glad to help.",
                "late": "no" if count == 1 else known[note], None: known[note]}[kind]  # fmt: skip
        return text, "length" if kind == "cut" else "stop"

    def stop(config, mixed, *rest):
        rows.extend(mixed)
        raise LackingResource("far enough")

    teacher.reply = reply
    monkeypatch.setattr(sft, "train", stop)
    assert command.main(arguments(teacher, tmp_path, "data.n_train=60")) == 3
    trained = {row["messages"][1]["content"]: task_base.target(row) for row in rows}
    seeds_ = {row["messages"][1]["content"] for row in TASK.rows("train", 60, 0)}
    assert trained == {note: known[note] for note in seeds_ if spoilt.get(note) in (None, "late")}
    assert sum(line == TASK.refusal for line in trained.values()) > 3
    found = report(tmp_path)["teacher"]
    assert {"cut-off", "empty", "not-four-parts"} <= found["dropped"].keys()
    assert found["pass_at"][0]["value"] < found["pass_at"][1]["value"] < 1
    assert found["rows_right"]["value"] == 1


# ---- calls: kept, resumed, capped ----
def test_killed_halfway_it_asks_nothing_twice(teacher, tmp_path):
    given = arguments(teacher, tmp_path, "data.n_train=10")
    line = [sys.executable, "-m", "training.stack.distill", *given]
    teacher.hold = 5
    first = subprocess.Popen(line, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL, env=os.environ)
    assert teacher.held.wait(300)  # a busy machine takes two minutes to start it
    first.send_signal(signal.SIGKILL)
    first.wait()
    assert teacher.asked.total() == 5 and len((tmp_path / "calls.jsonl").read_text().splitlines()) == 5
    teacher.hold = 0
    assert command.main(given) in (0, 10, 11, 12)
    assert max(teacher.asked.values()) == 1
    assert len(teacher.asked) == 10 + 6 + 6  # seeds, the test set at the teacher's temperature, and at zero


def test_a_spent_budget_is_one_line_and_a_higher_one_goes_on(teacher, tmp_path, capsys):
    small = arguments(teacher, tmp_path, "teacher.budget_tokens=3000")
    assert command.main(small) == 3
    line = capsys.readouterr().err.strip().splitlines()[-1]
    assert line.startswith("error: teacher.budget_tokens: 3000 would not last") and "run the same command" in line
    paid = teacher.asked.total()
    assert 0 < paid * 110 <= 3000
    assert command.main(small) == 3 and teacher.asked.total() == paid
    money = arguments(teacher, tmp_path, "teacher.price_in=1000", "teacher.budget_money=0.01")
    assert command.main([*money[:-3], str(tmp_path / "other"), *money[-2:]]) == 3
    assert "budget_money" in capsys.readouterr().err and teacher.asked.total() == paid


def test_a_finished_run_answers_through_its_router(teacher, tmp_path, capsys):
    """A random student passes no verifier, so the teacher answers; and no earlier than the run is finished."""
    given = arguments(teacher, tmp_path, "data.n_train=4", "data.n_heldout=2")
    assert command.main([*given, "--ask", NOTE]) == 2
    assert "there is no run" in capsys.readouterr().err
    assert command.main(given) in (11, 12)
    note, line = next((note, line) for note, line in reference().items() if line != TASK.refusal)
    capsys.readouterr()
    assert command.main([*given, "--ask", note]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["answer"], found["by"], found["verified"]) == (line, "teacher", True)
    assert found["confidence"] < found["threshold"]


def test_a_cache_that_cannot_be_written_is_one_line(teacher, tmp_path, capsys):
    (tmp_path / "calls.jsonl").mkdir()
    assert command.main(arguments(teacher, tmp_path)) == 2
    assert "calls.jsonl" in capsys.readouterr().err.strip().splitlines()[-1]


def test_half_a_line_of_a_killed_run_costs_one_call(tmp_path):
    class Counting:
        name, batch, calls = "counting", 4, 0

        def ask(self, prompts, seeds_, temperature, longest):
            for at, _ in enumerate(prompts):
                self.calls += 1
                yield at, answered("x")

    file, asker = tmp_path / "calls.jsonl", Counting()
    prompts = [[{"role": "user", "content": str(n)}] for n in (1, 2, 3, 3)]
    settings = tiny().teacher
    Calls(asker, file, settings, 8).ask(prompts, 0, 0.5, "x")
    assert asker.calls == 3  # the same question twice is one call
    file.write_bytes(file.read_bytes()[:-20])
    again = Calls(asker, file, settings, 8)
    again.ask(prompts, 0, 0.5, "x")
    assert asker.calls == 4 and again.spent() == (330, 0.0)
    Calls(asker, file, settings, 8).ask(prompts, 0, 0.5, "x")
    assert asker.calls == 4
    Calls(asker, file, settings, 9).ask(prompts[:1], 0, 0.5, "x")  # another length is another question
    assert asker.calls == 5


def test_a_dead_endpoint_is_one_line(tmp_path, capsys):
    one = FakeTeacher()
    one.close()
    assert command.main(arguments(one, tmp_path)) == 3
    assert "does not answer" in capsys.readouterr().err.strip().splitlines()[-1]


def test_an_endpoint_that_sends_no_completion_is_one_line(teacher, tmp_path, capsys):
    teacher.reply = lambda note, count: ("not json", "stop")
    assert command.main(arguments(teacher, tmp_path)) == 3
    assert "no chat completion" in capsys.readouterr().err.strip().splitlines()[-1]


def test_a_dry_run_asks_nobody_and_says_what_it_may_cost(teacher, tmp_path, capsys):
    assert command.main([*arguments(teacher, tmp_path, "teacher.price_in=2"), "--dry-run"]) == 0
    said = capsys.readouterr().out
    assert "at most 42 calls" in said.replace("calls     at most 42", "at most 42 calls") and not teacher.asked
    assert not (tmp_path / "run").exists()


# ---- seeds and filter ----
def test_ctrl_c_before_the_run_says_how_to_go_on(teacher, tmp_path, monkeypatch, capsys):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(plan, "check_resources", interrupted)
    assert command.main([*arguments(teacher, tmp_path), "data.heldout_files={a: a b.jsonl, b: c}"]) == 130
    said = capsys.readouterr().err.splitlines()
    assert said[0] == "stopped; resume with:" and said[1].endswith(" 'data.heldout_files={a: a b.jsonl, b: c}'")


def write(path: Path, *rows) -> str:
    path.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows))
    return str(path)


def test_a_test_set_leaked_into_the_seeds_is_caught_with_file_and_line(teacher, tmp_path, capsys):
    tests = [row["messages"][1]["content"] for row in TASK.rows("shifted", 6)]
    wrapped = {"messages": [{"role": "user", "content": f"Please note: {tests[4]} Thank you very much."}]}
    file = write(tmp_path / "seeds.jsonl", {"prompt": NOTE}, {"prompt": tests[2].upper()}, wrapped)
    assert command.main(arguments(teacher, tmp_path, f"data.train_file={file}")) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert [line.removeprefix("error: ").split(": ")[:2] for line in lines[:-1]] == [
        [f"{file}:2", "test-leak"], [f"{file}:3", "test-leak"]]  # fmt: skip
    assert not teacher.asked


@pytest.mark.parametrize(("line", "code"), [
    ("{", "bad-json"), ({"question": "?"}, "missing-prompt: 'prompt' must be"), ({"prompt": " "}, "empty-turn"),
    ({"messages": [{"role": "system", "content": "x"}]}, "prompt-only"), ({"text": "Once."}, "missing-prompt"),
    ({"prompt": []}, "role-order: 'prompt' must end with a turn of the user"), ({"prompt": 3}, "missing-prompt"),
    ({"prompt": [{"role": role, "content": "x"} for role in ("user", "assistant", "user")]}, "prompt-only: 2 turns"),
    ({"messages": [{"role": "user", "content": x} for x in "ab"]}, "prompt-only: 2 turns"),
    ({"prompt": "a " * 750_000}, "huge-line: 1,500,015 bytes"),
])  # fmt: skip
def test_a_bad_seed_is_named(tmp_path, line, code):
    file = write(tmp_path / "seeds.jsonl", {"prompt": NOTE}, line)
    with pytest.raises(BadInput, match=rf"seeds.jsonl:2: {code}"):
        seeds.read_seeds(tiny(f"data.train_file={file}"), TASK, TASK.rows("shifted", 3))


def test_bad_seeds_past_the_first_twenty_are_counted(tmp_path):
    file = write(tmp_path / "seeds.jsonl", *["{"] * 27)
    with pytest.raises(BadInput) as caught:
        seeds.read_seeds(tiny(f"data.train_file={file}"), TASK, [])
    assert "and 7 more" in str(caught.value).splitlines()


@pytest.mark.parametrize("told", [["--config", "training/configs/sft/tiny.yaml"], ["--config",
    "training/configs/dpo/tiny.yaml", "--smoke"], ["--config", str(TINY), "lora=null"],
    ["--config", str(TINY), "evaluate.sets=[shifted,shifted]"], ["--config", str(TINY), "data.variant=nope"],
])  # fmt: skip
def test_a_configuration_that_cannot_be_distilled_is_one_line(told, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    assert command.main([*told, "--out", str(tmp_path / "run"), "--dry-run"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: ") and said.count("\n") == 1
    assert any(word in said for word in ("method is", "'lora'", "two different sets", "data.variant"))


@pytest.mark.parametrize("url", ["ftp://host", "http://x y", "http://", "http://[x", "http://host:abc", "http://a\0b",
                                 "http://host:99999/v1", "http://host/\u00fc"])  # fmt: skip
def test_an_address_that_leads_nowhere_is_refused_before_anything_is_sent(url, tmp_path, capsys):
    told = ["--config", str(TINY), "teacher.kind=endpoint", "teacher.model=m", f"teacher.url={json.dumps(url)}"]
    assert command.main([*told, "--out", str(tmp_path / "run"), "--dry-run"]) == 2
    said = capsys.readouterr().err
    assert "'teacher.url'" in said and said.count("\n") == 1


def test_broken_lines_of_kept_calls_are_asked_again(tmp_path):
    file = tmp_path / "calls.jsonl"
    file.write_text('5\n"x"\n[1]\nnull\n' + "[" * 100_000 + '\n{"key": "k", "no": 1}\n')
    assert Calls(None, file, tiny().teacher, 8).kept == {}


def test_answers_in_a_seed_file_are_left_behind(tmp_path):
    file = write(tmp_path / "seeds.jsonl", {"prompt": NOTE, "completion": "gold"})
    (row,) = seeds.read_seeds(tiny(f"data.train_file={file}"), TASK, TASK.rows("shifted", 3))
    assert "gold" not in json.dumps(row) and seeds.asked(row) == NOTE


def test_repeats_and_overlap_with_the_test_set_are_dropped():
    test = TASK.rows("shifted", 5)[0]
    notes = [NOTE, NOTE.lower().replace("tom", "Tom"), NOTE, seeds.asked(test)]
    rows = [TASK.row(note, "", id=str(place)) for place, note in enumerate(notes)]
    tries = {0: [answered(GOOD)], 1: [answered(GOOD)], 2: [answered(GOOD)], 3: [answered(task_base.target(test))]}
    kept, gone = pipeline.keep(TASK, rows, tries, [test], tiny("verify=true"))
    assert [row["id"] for row in kept] == ["0"] and gone == {"duplicate": 2, "test-overlap": 1}
    with pytest.raises(BadInput, match="no answer of the teacher passed"):
        pipeline.keep(TASK, rows[:1], {0: [answered("no")]}, [test], tiny("verify=true"))


@pytest.mark.parametrize(("text", "reason"), [
    (GOOD, ""), ("NOTHING", "refused-with-goods"), ("Tom, 12 crates", "not-four-parts"), ("", "empty"),
    ("Ann | 12 crates of apples | gate 2 | 9:12", "not-in-the-note:who"),
    ("Tom | 12 crates of apple | gate 2 | 9:12", "not-in-the-note:goods"),
    ("Tom | 12 crates of apples | gate | 9:12", "not-in-the-note:place"),
    ("Tom | 12 crates of apples | at gate 2 | 9:12", "no-place"),
    ("Tom | 12 crates of apples | gate 2 | 9:13", "not-in-the-note:time"),
    ("gate 2 | 12 crates of apples | gate 2 | 9:12", "no-name"),
])  # fmt: skip
def test_the_verifier_reads_the_note_and_not_the_answer(text, reason):
    assert TASK.verify(NOTE, text) == reason


def test_the_verifier_passes_every_reference_and_can_be_wrong():
    for name in TASK.sets:
        for row in TASK.rows(name):
            assert TASK.verify(seeds.asked(row), task_base.target(row)) == ""
    asked = "Ann had ordered 12 crates of apples. Tom unloaded them at gate 2 at 9:12."
    assert TASK.verify(asked, GOOD.replace("Tom", "Ann")) == ""


# ---- router, economics, gate ----
@given(st.lists(st.tuples(st.sampled_from([0.1, 0.2, 0.5, 0.7, 0.9]), st.booleans()), min_size=1, max_size=40),
       st.sampled_from([0.5, 0.8, 0.9, 1.0]))  # fmt: skip
def test_the_threshold_keeps_its_promise_and_takes_as_many_as_it_may(pairs, wanted):
    confidence, right = zip(*pairs, strict=True)
    threshold = pipeline.calibrate(confidence, right, wanted)

    def precision(at: float) -> float:
        chosen = [good for level, good in pairs if level >= at]
        return sum(chosen) / len(chosen) if chosen else 0.0

    assert threshold > 1 or precision(threshold) >= wanted
    assert not any(precision(lower) >= wanted for lower in set(confidence) if lower < threshold)


def test_an_answer_that_the_verifier_refuses_is_never_taken_however_sure():
    row, config = TASK.row(NOTE, ""), tiny("verify=true")
    assert pipeline.taken(TASK, row, answered(GOOD, confidence=0.6), 0.5, config)
    assert not pipeline.taken(TASK, row, answered(GOOD, confidence=0.4), 0.5, config)
    assert not pipeline.taken(TASK, row, answered("12 crates", confidence=1.0), 0.5, config)
    assert not pipeline.taken(TASK, row, answered(GOOD, finished=False, confidence=1.0), 0.5, config)


def test_the_economics_count_every_try_and_the_student_of_a_handed_on_request():
    long, short = Reply("", 900, 100, True), Reply("", 90, 10, True)
    answers = {"teacher": [[long], [long, long], [long], [long]], "teacher_one": [[long]] * 4, "tuned": [[short]] * 4,
               "base": [[short]] * 4, "base_few_shot": [[long]] * 4}  # fmt: skip
    config = tiny("teacher.price_in=1", "teacher.price_out=2", "student_price_in=1", "student_price_out=2")
    found = release.economics(answers, [True, True, True, False], config, 46_000)
    assert found["tokens"] == {"teacher": 1250, "teacher_one": 1000, "tuned": 100, "base": 100, "base_few_shot": 1000,
                               "routed": 100 + 1000 / 4}  # fmt: skip
    assert found["times_fewer_per_call"] == 12.5 and found["times_fewer_than_one_try"] == 10
    assert found["times_fewer_routed"] == pytest.approx(1250 / 350)
    assert found["times_fewer_if_rows_cost_alike"] == pytest.approx(1 / (0.25 + 0.08))
    assert found["requests_to_pay_back"] == 40  # 46,000 / 1,150
    assert found["cost_per_1000"]["tuned"] == pytest.approx(0.11) and found["share_taken"] == 0.75


SHIPS = {"verdict": "ship", "exit_code": 0, "sentence": "Ship: it is better."}


@pytest.mark.parametrize(("verdict", "behind", "routed", "fewer", "release_", "code"), [
    (SHIPS, (0.0, -0.04, 0.04), (0.0, -0.02, 0.02), 4, "ship", 0),
    (SHIPS, (-0.1, -0.2, 0.0), (0.0, -0.04, 0.04), 4, "ship behind a router", 0),
    (SHIPS, (-0.1, -0.2, 0.0), (0.0, -0.04, 0.04), 0.9, "don't ship", 12),
    (SHIPS, (-0.2, -0.3, -0.1), (-0.1, -0.15, -0.06), 4, "don't ship", 11),
    (SHIPS, (-0.2, -0.3, -0.1), (-0.04, -0.1, 0.02), 4, "don't ship", 12),
    ({"verdict": "gain with regression", "exit_code": 10, "sentence": "Gain."}, (0.2, 0.1, 0.3), (0.2, 0.1, 0.3), 4,
     "don't ship", 10),
])  # fmt: skip
def test_the_gate_says_ship_router_or_not(verdict, behind, routed, fewer, release_, code):
    found = release.decide(dict(verdict), behind, routed, fewer, 0.05)
    assert (found["release"], found["exit_code"]) == (release_, code)
    assert found["sentence"].startswith({"ship": "Ship:", "ship behind a router": "Ship behind", "don't ship": "Don't"}[
        release_])  # fmt: skip


def test_routed_scores_are_the_students_where_it_is_trusted(tmp_path):
    rows = TASK.rows("shifted", 2)
    good = [[answered(task_base.target(row))] for row in rows]
    scores = {arm: release.scored(TASK, rows, good if arm != "base" else [[answered("no")]] * 2)
              for arm in ("base", "base_few_shot", "tuned", "teacher", "teacher_one", "routed")}  # fmt: skip
    block = release.side_by_side(scores)
    assert block["exact"]["tuned"] == block["exact"]["routed"] == 1 and block["exact"]["base"] == 0
    assert block["exact"]["ci95"]["teacher"][1] == 1 and "gain" in block["exact"]
    assert np.isclose(block["verified"]["base"], 0)


# ---- configurations ----
def test_every_configuration_loads_and_a_7b_student_has_an_endpoint_teacher(monkeypatch):
    monkeypatch.setenv("TEACHER_KEY", "x")
    files = sorted(CONFIGS.glob("distill-*.yaml"))
    assert len(files) == 3
    for file in files:
        config = load_config(file)
        completion_clients.check(config, str(file))
        assert config.method == "distill-stack" and (config.verify or "tiny" in file.name)
    big = load_config(CONFIGS / "distill-endpoint-7b.yaml")
    assert big.teacher.kind == "endpoint" and "7B" in big.model.source and len(big.model.revision) == 40


@pytest.mark.parametrize(("override", "line"), [
    (("teacher.kind=endpoint", "teacher.model=x"), "'teacher.url' must begin with http"),
    (("teacher.kind=vllm",), "'teacher.model' is missing"),
    (("teacher.budget_money=1",), "'teacher.budget_money' needs prices"),
    (("evaluate.sets=[shifted]",), "'evaluate.sets'"),
    (("teacher.sample=3",), "did you mean 'samples'"),
    (("router.precision=2",), "'router.precision' must be between 0 and 1"),
    (("teacher.kind=oracle",), "'teacher.kind' must be one of"),
])  # fmt: skip
def test_a_slip_in_the_configuration_is_one_line(override, line, capsys):
    assert command.main(["--config", str(TINY), *override, "--dry-run"]) == 2
    said = capsys.readouterr().err.strip()
    assert line in said and "distill-tiny.yaml" in said and "\n" not in said


def test_a_missing_key_is_named_before_anything_is_asked(monkeypatch, capsys):
    monkeypatch.delenv("TEACHER_KEY", raising=False)
    assert command.main(["--config", str(CONFIGS / "distill-endpoint-7b.yaml")]) == 3
    assert "TEACHER_KEY is empty" in capsys.readouterr().err


def test_help_teaches(capsys):
    assert command.main(["--help"]) == 0
    said = capsys.readouterr().out
    assert "--smoke" in said and "Exit codes" in said and "no answered call is made again" in said
