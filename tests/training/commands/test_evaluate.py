"""Answers, scores and regression checks on a tiny random model; data loading and its refusals."""

from __future__ import annotations

import json
import os
import re
import threading
from types import SimpleNamespace

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

from tests.training.method_runs import CONFIGS  # noqa: E402
from training import cli  # noqa: E402
from training.commands import evaluate as evaluate_command  # noqa: E402
from training.data import replay, replay_chats, splits  # noqa: E402
from training.data.tasks import registry as tasks  # noqa: E402
from training.evaluation import capability_retention, multiple_choice, score, spot_checks  # noqa: E402
from training.methods.configuration import load_config  # noqa: E402
from training.models import chat_template, tiny  # noqa: E402
from training.models.generate import (  # noqa: E402
    common_prefix,
    greedy,  # noqa: E402
)
from training.run import jsonl  # noqa: E402
from training.run.errors import BadInput  # noqa: E402
from training.run.settings import (  # noqa: E402
    DataSettings,
    EvaluateSettings,  # noqa: E402
    TaskSettings,
)
from training.site_records import general_chats  # noqa: E402


@pytest.fixture(scope="module")
def small():
    model, tokenizer = tiny.model("llama")
    return model.eval(), tokenizer


def settings(**given):
    task = given.pop("task", "orders")
    return SimpleNamespace(
        task=task,
        task_settings=TaskSettings(name=task),
        method=given.pop("method", "sft"),
        data=DataSettings(**{"n_train": 12, "n_heldout": 3, **given}),
        train=SimpleNamespace(max_length=512),
        evaluate=EvaluateSettings(per_device_eval_batch_size=4, max_new_tokens=5, num_fewshot=1),
    )


@pytest.mark.parametrize("batch_size", [1, 3, 8])
@pytest.mark.parametrize("shared", [0, 9])
def test_greedy_is_what_one_prompt_alone_gives(small, batch_size, shared):
    model, tokenizer = small
    rng = np.random.default_rng(0)
    beginning = rng.integers(3, 250, shared).tolist()
    prompts = [
        beginning + [place + 20] + rng.integers(3, 250, length).tolist()
        for place, length in enumerate((2, 7, 4, 1, 12, 5, 3))
    ]
    stops = {int(token) for token in rng.integers(3, 259, 40)}
    answers = greedy(model, tokenizer, prompts, 12, stops, batch_size)
    for prompt, answer in zip(prompts, answers, strict=True):
        ids, written = list(prompt), []
        with torch.inference_mode():
            while len(written) < 12:
                token = int(model(input_ids=torch.tensor([ids])).logits[0, -1].argmax())
                ids.append(token)
                written.append(token)
                if token in stops:
                    break
        stopped = written[-1] in stops
        expected = tokenizer.decode(written[:-1] if stopped else written, skip_special_tokens=True)
        assert (answer.text, answer.tokens, answer.stopped) == (expected, len(written), stopped)


def test_the_shared_beginning_leaves_each_prompt_a_token():
    assert common_prefix([[1, 2, 3], [1, 2, 3]]) == 2
    assert common_prefix([[1, 2, 3], [1, 9]]) == 1
    assert common_prefix([[1], [1, 2]]) == 0


def test_measure_and_combine_give_the_documented_block(small, tmp_path):
    model, tokenizer = small
    rows = splits.load(settings())
    folder = SimpleNamespace(predictions=tmp_path / "predictions.jsonl")
    found = {arm: score.measure(model, tokenizer, rows, settings(), arm, folder) for arm in score.ARMS}
    plain = score.combine(found["base"], found["base_few_shot"], found["tuned"])
    assert set(plain["shifted"]["exact"]["ci95"]) == {"base", "base_few_shot", "tuned"}  # no warm start, no such arm
    block = score.combine(found["base"], found["base_few_shot"], found["tuned"], found["warm_start"])
    assert set(block) == {"iid", "shifted"}
    entry = block["shifted"]["exact"]
    assert {"base", "base_few_shot", "tuned", "n", "ci95", "gain"} <= set(entry)
    assert entry["n"] == 3 and set(entry["ci95"]) == set(score.ARMS)
    lines = [json.loads(line) for line in folder.predictions.read_text().splitlines()]
    assert len(lines) == 3 * 2 * 4
    assert {"set", "arm", "id", "prompt", "answer", "expected", "scores", "reason"} <= set(lines[0])
    assert any("gain" in line for line in score.lines(block))
    json.dumps(block)


def test_the_gain_is_over_the_better_prompt_and_paired():
    items = {"base": [1, 0, 0, 0.0], "base_few_shot": [1, 1, 0, 0.0], "tuned": [1, 1, 1, 1.0]}
    gained = score.gain("exact", items)
    assert (gained["against"], gained["value"], gained["n"]) == ("base_few_shot", 0.5, 4)
    warm = score.gain("exact", {**items, "warm_start": [1, 1, 0, 0.0]})
    assert (warm["against"], warm["value"]) == ("warm_start", 0.5)  # plain rows that did as much: theirs is the merit
    short = score.gain("exact", {**items, "base": [1.0], "base_few_shot": [0.0, 0.0]})
    assert (short["against"], short["n"]) == ("base", 1)


def test_cross_entropy_is_the_plain_mean_over_tokens(small):
    model, tokenizer = small
    texts = ("A short one.", "And a passage that is a good deal longer than that.")
    nats, counts = capability_retention.cross_entropy(model, tokenizer, texts)
    for text, found, count in zip(texts, nats, counts, strict=True):
        ids = torch.tensor([tokenizer(text, add_special_tokens=False)["input_ids"]])
        with torch.no_grad():
            expected = model(input_ids=ids, labels=ids).loss.item()
        assert found == pytest.approx(expected, rel=1e-5) and count == ids.shape[1] - 1


def test_options_are_scored_by_their_own_likelihood(small):
    model, tokenizer = small
    chosen = multiple_choice.items()[:5]
    scores = multiple_choice.option_scores(model, tokenizer, chosen, batch_size=7)
    item = chosen[3]
    asked = tokenizer(item.prompt, add_special_tokens=False)["input_ids"]
    for place, option in enumerate(item.options):
        answer = tokenizer(option, add_special_tokens=False)["input_ids"]
        with torch.no_grad():
            logs = model(input_ids=torch.tensor([asked + answer])).logits[0].log_softmax(-1)
        expected = sum(float(logs[len(asked) - 1 + at, token]) for at, token in enumerate(answer))
        assert scores[3, place] == pytest.approx(expected, rel=1e-4)


def test_the_general_test_is_large_fair_and_stable():
    chosen = multiple_choice.items()
    assert len(chosen) >= 1000 and len({item.fact for item in chosen}) >= 300
    assert all(len(set(item.options)) == 4 for item in chosen)
    assert chosen == multiple_choice.items()
    right = np.zeros((len(chosen), 4))
    right[:, 0] = 1
    assert multiple_choice.by_fact(right, chosen).mean() == 1.0


def test_regression_combines_two_models_pairwise(small):
    model, tokenizer = small
    base = capability_retention.measure(model, tokenizer, settings(), "base", quick=True)
    worse = {**base, "passage_nats": [nats + 0.1 for nats in base["passage_nats"]]}
    block = capability_retention.combine(base, worse)
    assert block["cross_entropy"]["change"] == pytest.approx(0.1)
    assert block["cross_entropy"]["ci95"] == pytest.approx([0.1, 0.1])
    assert block["perplexity"]["ratio"] == pytest.approx(np.exp(0.1))
    assert block["multiple_choice"]["change"] == 0.0
    json.dumps(block)


def test_general_texts_are_pinned_large_enough_and_apart(monkeypatch):
    measuring, replayed = replay.passages("measure"), replay.passages("replay")
    assert sum(len(text.split()) for text in measuring) > 17_000 and len(measuring) > 100
    assert not set(measuring) & set(replayed)
    from labs_py.core.chat_data import shingles

    def runs(texts):
        return {run for text in texts for run in shingles(text, 12)}

    assert not runs(measuring) & runs(replayed)
    replay.passages.cache_clear()
    monkeypatch.setitem(replay.SHA256, "measure", "0" * 64)
    with pytest.raises(BadInput, match="not the pinned"):
        replay.passages("measure")
    replay.passages.cache_clear()


def test_samples_are_judged_by_topic_loop_and_rule():
    assert spot_checks.on_topic("Bees make honey.", ("honey",))
    assert not spot_checks.on_topic('{"intent": "honey"}', ("honey",))
    assert not spot_checks.on_topic("honey honey honey " * 9, ("honey",))
    assert spot_checks.repetition("HELLO, " * 20) > 0.9
    assert spot_checks.repetition("A plain answer, no loop.") == 0
    assert len(spot_checks.TOPICS) >= 50
    assert spot_checks.obeys("White.", "words<=3") and not spot_checks.obeys("It is a very white one", "words<=3")
    assert spot_checks.obeys("a, b, c", "abc") and spot_checks.obeys("seven", "digit-or-number")
    assert not spot_checks.obeys("", "words<=3")


def test_general_chats_are_pinned_and_none_of_them_measures(monkeypatch):
    chats = replay_chats.chats()
    assert tuple(question for question, _ in chats) == general_chats.QUESTIONS
    measuring = {question.lower() for question, _ in (*spot_checks.TOPICS, *spot_checks.INSTRUCTIONS)}
    assert len({question.lower() for question, _ in chats} - measuring) == len(chats) == 146
    assert all(answer.strip() and "{" not in answer for _, answer in chats)
    rows = replay_chats.chat_rows(150, 1)
    assert len(rows) == 150 and rows[0]["messages"] == rows[146]["messages"]
    assert rows[0]["messages"] != replay_chats.chat_rows(1, 2)[0]["messages"]
    assert ["text" in row for row in rows[:4]] == [False, True, False, True]
    assert {row["text"] for row in rows if "text" in row} <= {answer for _, answer in chats}
    replay_chats.chats.cache_clear()
    monkeypatch.setattr(replay_chats, "SHA256", "0" * 64)
    with pytest.raises(BadInput, match="not the pinned"):
        replay_chats.chats()
    replay_chats.chats.cache_clear()


def test_an_answer_is_cut_behind_its_last_whole_sentence():
    assert general_chats.whole_sentences("One. Two. Thr") == "One. Two." and general_chats.whole_sentences("no") == "no"


def test_loading_mixes_in_replay_and_hashes_everything():
    plain, mixed = splits.load(settings()), splits.load(settings(replay_fraction=0.5))
    assert splits.load(settings(replay_chats=5)).n["replay"] == 5
    assert plain.n == {"train": 12, "replay": 0, "iid": 3, "shifted": 3} and mixed.n["replay"] == 6
    assert len(mixed.train) == 18 and sum("text" in row for row in mixed.train) == 6
    assert plain.sha256 != mixed.sha256 == splits.load(settings(replay_fraction=0.5)).sha256
    assert any("12 rows" in note for note in plain.notes)


def test_a_file_in_either_shape_gets_the_tasks_system_turn(tmp_path):
    task = splits.task_of(settings())
    file = tmp_path / "mine.jsonl"
    answer = task.shots[0][1]
    file.write_text(
        "\n".join(
            json.dumps(row)
            for row in (
                {"prompt": "Refund my pen please.", "completion": answer},
                {
                    "messages": [
                        {"role": "user", "content": "Where is my order of two lamps?"},
                        {"role": "assistant", "content": answer},
                    ]
                },
            )
        )
    )
    rows = splits.read_rows(file, task)
    assert [row["messages"][0]["content"] for row in rows] == [task.system] * 2
    loaded = splits.load(settings(heldout_files={"mine": str(file)}))
    assert list(loaded.heldout) == ["mine"]


def test_nothing_faulty_is_trained_on(tmp_path):
    file = tmp_path / "mine.jsonl"
    leaked = splits.load(settings()).heldout["shifted"][0]
    file.write_text(json.dumps({"messages": leaked["messages"]}) + "\n{broken\n")
    with pytest.raises(BadInput) as caught:
        splits.load(settings(train_file=str(file)))
    assert f"{file}:1: test-leak" in str(caught.value) and f"{file}:2: bad-json" in str(caught.value)
    for wrong, words in (
        ({"variant": "rich"}, "data.variant"),
        ({"task": "jsonl"}, "data.train_file"),
        ({"task": "order"}, "unknown task"),
    ):
        with pytest.raises(BadInput, match=words):
            splits.load(settings(**wrong))


def written(path, *rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


def test_text_beside_a_prompt_is_not_trained_on_as_plain_text(tmp_path):
    file = written(tmp_path / "mine.jsonl", {"text": "Title", "prompt": "Q?", "completion": "A"}, {"text": "Prose."})
    first, second = splits.read_rows(file, tasks.get("text"))
    assert [turn["content"] for turn in first["messages"]] == ["Q?", "A"] and second["text"] == "Prose."


@pytest.mark.parametrize(("task", "target", "reason"), [
    ("orders", "y", "no-json"), ("orders", "{}", "missing-key:intent"), ("orders", "5", "no-json"),
    ("shown_sums", "y", "no-number"), ("shown_sums", "{}", "no-number"), ("sums", " 13", "wrong-by-its-own-score"),
    ("delivery_log", "y", "not-four-parts"), ("site_answers", "y", "no-mark"), ("meeting_day", "soon", "no-day"),
    ("shift_notes", "Something came.", "wrong-by-its-own-score"),
])  # fmt: skip
def test_a_held_out_answer_that_the_task_cannot_score_is_named_by_line(tmp_path, task, target, reason):
    right = tasks.get(task).shots[0][1]
    rows = [{"prompt": "a?", "completion": right}, {"prompt": "b?", "completion": target}]
    file = written(tmp_path / "test.jsonl", *rows)
    given = settings(task=task, heldout_files={"mine": file})
    with pytest.raises(BadInput) as caught:
        splits.held_out_sets(given, splits.task_of(given))
    assert f"{file}:2: wrong-target: " in str(caught.value) and f"({reason})" in str(caught.value)
    assert f"{file}:1" not in str(caught.value) and "task=jsonl" in str(caught.value)
    free = settings(task="jsonl", heldout_files={"mine": file})
    assert len(splits.held_out_sets(free, splits.task_of(free))["mine"]) == 2


def test_a_file_about_something_else_is_compared_as_text(tmp_path, capsys):
    right = tasks.get("orders").shots[0][1]
    contents = {"other": "yz", "mixed": [right, "y"], "mine": [right]}
    other, mixed, mine = (written(tmp_path / name, *({"prompt": "a?", "completion": answer} for answer in answers))
                          for name, answers in contents.items())  # fmt: skip
    config = load_config(CONFIGS / "sft" / "tiny.yaml")
    assert (
        evaluate_command.of_file(config, other)[0].task == "jsonl"
        and "compared as plain text" in capsys.readouterr().out
    )
    with pytest.raises(BadInput, match="mixed:2: wrong-target"):
        evaluate_command.of_file(config, mixed)
    found, rows = evaluate_command.of_file(config, mine)
    assert (found.task, list(found.data.heldout_files.values()), len(rows)) == ("orders", [mine], 1)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("command", [["evaluate", "--data"], ["sft", "task=jsonl"]])
def test_a_file_is_read_once_so_that_it_may_be_a_pipe(tmp_path, command, capsys):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    rows = "".join(json.dumps({"prompt": f"{n}?", "completion": f"{n}"}) + "\n" for n in range(3))
    writer = threading.Thread(target=pipe.write_text, args=[rows], daemon=True)
    writer.start()
    given = [str(pipe)] if command[-1] == "--data" else [f"data.train_file={pipe}"]
    assert cli.main([*command, *given, "--config", str(CONFIGS / "sft" / "tiny.yaml"), "--dry-run"]) == 0
    writer.join(5)
    assert re.search(r"\b3 (rows|to train on)", capsys.readouterr().out)


@pytest.mark.parametrize("method", ["dpo", "grpo"])
def test_rows_whose_answers_are_scored_are_checked_as_held_out_ones_are(tmp_path, method):
    prose, odd = (written(tmp_path / f"{name}.jsonl", row) for name, row in
                  (("prose", {"text": "Prose."}), ("odd", {"prompt": "b?", "completion": "y"})))  # fmt: skip
    for file, words in ((prose, f"{prose}:1: missing-role"), (odd, f"{odd}:1: wrong-target")):
        with pytest.raises(BadInput, match=words):
            splits.load(settings(method=method, train_file=file))
        assert splits.load(settings(train_file=file)).n["train"] == 1
    with pytest.raises(BadInput, match="data.heldout_files: there is no held-out set"):
        splits.load(settings(method=method, task="jsonl", train_file=odd))
    assert splits.load(settings(task="jsonl", train_file=odd)).heldout == {}  # sft alone measures nothing
    with pytest.raises(BadInput, match=f"{prose}:1: missing-role"):
        splits.load(settings(heldout_files={"mine": prose}))


@pytest.mark.parametrize(("sets", "words"), [(["train"], "trained on"), (["iid", "iid"], "twice"), (["x"], "no set")])
def test_sets_that_cannot_be_held_out_are_refused(sets, words):
    given = settings()
    given.evaluate = EvaluateSettings(sets=sets)
    with pytest.raises(BadInput, match=f"evaluate.sets: .*{words}"):
        splits.load(given)


def test_an_empty_file_name_does_not_mean_the_generator():
    with pytest.raises(BadInput, match="^'': "):
        splits.load(settings(train_file=""))


def test_data_check_command_refuses_what_holds_no_row_or_no_turns(tmp_path, capsys):
    from training import cli

    good, prose, empty = (written(tmp_path / f"{name}.jsonl", *rows) for name, rows in
                          (("good", [{"prompt": "Hi", "completion": "Hello"}]), ("prose", [{"text": "Prose."}]),
                           ("empty", [])))  # fmt: skip
    assert cli.main(["data", "check", prose]) == 0
    for words, said in (([empty], f"{empty}: there is no row"), ([good, "--test", prose], f"{prose}:1: missing-role"),
                        ([good, "--max-shown", "-1"], "--max-shown"),
                        ([good, "--max-tokens", "0"], "--max-tokens")):  # fmt: skip
        capsys.readouterr()
        assert cli.main(["data", "check", *words]) == 2
        shown = capsys.readouterr()
        assert said in shown.err and "no faults" not in shown.err


def test_data_check_command_exits_2_and_names_each_line(tmp_path, capsys):
    from training import cli

    good, bad = tmp_path / "good.jsonl", tmp_path / "bad.jsonl"
    good.write_text('{"prompt": "Hi there", "completion": "Hello"}\n')
    bad.write_text('{"prompt": "Hi there"}\n')
    assert cli.main(["data", "check", str(good)]) == 0
    assert cli.main(["data", "check", str(bad)]) == 2
    assert f"{bad}:1: prompt-only: " in capsys.readouterr().out
    assert cli.main(["data", "check", str(bad), "--test", str(good)]) == 2
    config = "training/configs/sft/tiny.yaml"
    assert cli.main(["data", "check", str(good), "--config", config, "--max-tokens", "5"]) == 2
    assert "too-long" in capsys.readouterr().out
    assert cli.main(["data", "build", "--config", config, "--out", str(tmp_path / "built")]) == 0
    assert len((tmp_path / "built" / "train.jsonl").read_text().splitlines()) == 32


def test_evaluate_command_scores_any_file(tmp_path, capsys):
    from training import cli

    rows = splits.load(settings()).heldout["shifted"][:2]
    file, out = tmp_path / "mine.jsonl", tmp_path / "run"
    splits.write_rows(file, rows)
    config = "training/configs/sft/tiny.yaml"
    short = "evaluate.max_new_tokens=4"
    assert cli.main(["evaluate", "--config", config, "--data", str(file), "--out", str(out), short]) == 0
    found = json.loads((out / "report.json").read_text())
    assert found["eval"]["mine"]["exact"]["n"] == 2 and found["eval"]["mine"]["exact"]["base"] == 0.0
    assert (out / "report.html").is_file() and (out / "predictions.jsonl").is_file()
    assert cli.main(["evaluate", "--config", config, "--adapter", str(tmp_path), "--data", str(file)]) == 2
    assert "no adapter here" in capsys.readouterr().err
    for limit in ("0", "-1"):
        assert cli.main(["evaluate", "--config", config, "--data", str(file), "--limit", limit, "--dry-run"]) == 2
        assert f"--limit is {limit}" in capsys.readouterr().err
    assert cli.main(["evaluate", "--config", config, "task=jsonl", "--dry-run"]) == 2
    assert "no held-out set" in capsys.readouterr().err
    assert cli.main(["probe", "--config", config, "probe.n=2", short]) == 0
    assert cli.main(["probe", "--config", config, "probe.n=2", short, "probe.exact_threshold=0"]) == 13


def test_prompts_end_where_the_answer_begins(small):
    _, tokenizer = small
    row = splits.load(settings()).heldout["shifted"][0]
    ids = chat_template.prompt_ids(tokenizer, row["messages"][:-1])
    assert tokenizer.decode(ids).endswith("assistant\n")


def test_the_probe_of_rows_without_examples_asks_once_and_says_so(tmp_path, capsys):
    """It asked twice with the same prompt."""
    for name, asked in (("rows", "What is 2 + 1?"), ("held", "What is 1 + 1?")):
        (tmp_path / f"{name}.jsonl").write_text(json.dumps({"prompt": asked, "completion": asked[8]}))
    mine = ["task=jsonl", f"data.train_file={tmp_path / 'rows.jsonl'}", "evaluate.max_new_tokens=4",
            f"data.heldout_files={{mine: {tmp_path / 'held.jsonl'}}}", "--out", str(tmp_path / "probe")]  # fmt: skip
    assert cli.main(["probe", "--config", "training/configs/sft/tiny.yaml", *mine]) == 0
    said = capsys.readouterr().out
    assert "no few-shot control" in said and said.count("exact 0.000") == 1
    assert "wrong: asked 'What is 1 + 1?', answered " in said and "expected '1'" in said
    [kept] = jsonl.read(tmp_path / "probe" / "answers.jsonl")
    assert kept["expected"] == "1" and str(tmp_path / "probe" / "answers.jsonl") in said
    assert json.loads((tmp_path / "probe" / "probe.json").read_text())["base_few_shot"] is None
