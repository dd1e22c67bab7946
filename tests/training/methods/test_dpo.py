"""Preference tuning on a tiny random model: pairs, the loss that TRL takes, resume, and what is wrong with a file."""

from __future__ import annotations

import json
import math
import random

import pytest
import torch

from tests.training.method_runs import CONFIGS, adapter_bytes, resumed_is_straight, train
from training import cli
from training.data import pairs as pair_files
from training.data import splits
from training.data.tasks import base as task_base
from training.data.tasks import shift_notes
from training.data.tasks.base import target
from training.data.tasks.registry import get
from training.evaluation import capability_retention, score
from training.methods import plan, registry
from training.methods import trainer as method_trainer
from training.methods.configuration import load_config
from training.methods.dpo import loss as dpo_losses
from training.methods.dpo import measure as dpo_measure
from training.methods.dpo import pairs as dpo_pairs
from training.methods.warm_start import WARM
from training.models import generate, loading
from training.run import config as configuration
from training.run import jsonl
from training.run.errors import BadInput
from training.run.folder import RunFolder

pytestmark = pytest.mark.drawn(16)

REFERENCE = "Anna delivered 12 crates of apples to dock 3 at 9:40."


@pytest.mark.parametrize(("text", "low", "high"), [
    (REFERENCE, 1.0, 1.0), ("12 apples, dock 3, 9:40, Anna", 1.0, 1.0), ("", 0, 0),
    ("HELLO, HELLO, HELLO, HELLO", 0, 0),
    ("Some crates came in.", 0, 0), ("Anna delivered 12 crates.", 0.4, 0.4), (REFERENCE + " " + REFERENCE, 0.3, 0.8),
    (REFERENCE.replace("12", "112").replace("9:40", "19:40"), 0.6, 0.6), (REFERENCE + " very" * 60, 0.0, 0.3),
])  # fmt: skip
def test_the_rule_wants_all_facts_few_words_and_nothing_twice(text, low, high):
    assert low <= shift_notes.rule_score(text, REFERENCE) <= high + 1e-9


def test_every_pair_of_ours_is_won_by_the_better_answer():
    config = load_config(CONFIGS / "dpo" / "tiny.yaml", ["data.n_train=60"])
    rows = {row["id"]: row for row in get("shift_notes").rows("train", 60)}
    pairs = dpo_pairs.written_pairs(config, list(rows.values()))
    assert len(pairs) == 60
    for pair in pairs:
        reference = target(rows[pair["id"]])
        better, worse = (shift_notes.rule_score(pair[side], reference) for side in ("chosen", "rejected"))
        assert better == 1.0 and worse < 0.8
    lengths = {len(pair["chosen"]) < len(pair["rejected"]) for pair in pairs}
    assert lengths == {True, False}  # length alone does not tell the better one


@pytest.mark.parametrize(("override", "name", "wanted"), [
    ("train.adam_beta2=0.9", "adam_beta2", 0.9), ("train.weight_decay=0.3", "weight_decay", 0.3),
    ("train.max_grad_norm=0.7", "max_grad_norm", 0.7), ("train.lr_scheduler_type=cosine", "lr_scheduler_type",
                                                        "cosine"),
    ("train.learning_rate=0.02", "learning_rate", 0.02), ("train.save_steps=7", "save_steps", 7),
])  # fmt: skip
def test_every_setting_of_the_walk_reaches_the_trainer(tmp_path, override, name, wanted):
    """One that is dropped on the way changes nothing and says nothing."""
    config = load_config(CONFIGS / "dpo" / "tiny.yaml", [override])
    assert method_trainer.common_arguments(config, 8, "float32", RunFolder(tmp_path))[name] == wanted


def test_the_naive_rule_prefers_the_shorter():
    config = load_config(CONFIGS / "dpo" / "tiny.yaml", ["dpo.rule=shortest"])
    for pair in dpo_pairs.written_pairs(config, get("shift_notes").rows("train", 10)):
        assert len(pair["chosen"]) < len(pair["rejected"])


@pytest.mark.parametrize("loss", ["sigmoid", "ipo", "sigmoid_norm"])
def test_the_first_steps_loss_is_losses_own(tmp_path, loss):
    """At the start policy and reference agree, so the loss is the plain formula's for no difference."""
    overrides = [f"dpo.loss_type={loss}", "train.max_steps=3", "dpo.nll_weight=0"]
    run, result, (config, _, _) = train("dpo", tmp_path / "run", overrides)
    zeros, ones = torch.zeros(4).double(), torch.ones(4)
    wanted = {
        "sigmoid": lambda: dpo_losses.dpo_loss(zeros, zeros, zeros, zeros, 0.1),
        "ipo": lambda: dpo_losses.ipo_loss(zeros, zeros, zeros, zeros, ones, ones, 0.1),
        "sigmoid_norm": lambda: dpo_losses.length_normalised_dpo_loss(zeros, zeros, zeros, zeros, ones, ones, 0.1),
    }
    assert run.read()["train"]["loss"][0] == pytest.approx(float(wanted[loss]()), rel=1e-4)
    assert {p.name for p in run.adapter.iterdir()} == {
        "adapter_config.json",
        "adapter_model.safetensors",
        "stage10.json",
    }
    assert list(result.model.peft_config) == ["default"]
    again = loading.attach_adapter(loading.load_base(config.model).model, run.adapter)
    ids = torch.arange(30)[None]
    assert torch.equal(again(input_ids=ids).logits, result.model(input_ids=ids).logits)


def test_the_chosen_answers_become_likelier_than_the_rejected(tmp_path):
    run = train("dpo", tmp_path / "run", ["train.num_train_epochs=4"])[0]
    events = run.events("method")
    assert events[-1]["rewards/margins"] > 0.01 and abs(events[0]["rewards/margins"]) < 1e-3
    assert run.read()["data"]["n"]["pairs"] == 16


def test_resumed_is_straight_with_sampled_pairs(tmp_path):
    resumed_is_straight("dpo", tmp_path, ["train.num_train_epochs=2", "dpo.pairs=on_policy", "dpo.rule=shortest",
                                          "dpo.min_score_gap=0", "dpo.samples=2", "data.n_train=8",
                                          "train.per_device_train_batch_size=2"], 3)  # fmt: skip
    assert (tmp_path / "stopped" / dpo_pairs.PAIRS_FILE).read_text() == (
        tmp_path / "straight" / dpo_pairs.PAIRS_FILE
    ).read_text()


def test_after_a_supervised_start_the_reference_is_the_model_that_it_made(tmp_path):
    overrides = ["dpo.warm_start_rows=8", "dpo.nll_weight=0", "train.num_train_epochs=1", "train.save_steps=2"]
    run = train("dpo", tmp_path / "a", overrides)[0]
    warm = (run.path / WARM / "adapter" / "adapter_model.safetensors").read_bytes()
    assert run.read()["train"]["loss"][0] == pytest.approx(math.log(2), rel=1e-4)  # policy and reference agree
    again = train("dpo", tmp_path / "b", [*overrides, "train.learning_rate=0"])[0]
    assert adapter_bytes(again) == warm  # what follows starts from there


def test_resumed_is_straight_after_a_supervised_start(tmp_path):
    resumed_is_straight("dpo", tmp_path, ["dpo.warm_start_rows=8"], 3)


ROUNDS = ["dpo.pairs=on_policy", "dpo.rule=shortest", "dpo.min_score_gap=0",
          "dpo.samples=2", "dpo.rounds=2", "data.n_train=8", "train.per_device_train_batch_size=2",
          "train.save_steps=2",
          "train.num_train_epochs=1", "evaluate.max_new_tokens=12"]  # fmt: skip


def test_each_round_samples_and_compares_with_the_model_before_it(tmp_path):
    run, result, asked = train("dpo", tmp_path / "run", [*ROUNDS, "train.learning_rate=0.01",
                                                         "dpo.nll_weight=0"])  # fmt: skip
    first = RunFolder(run.path / "round-1")
    for each in (first, run):  # policy and reference agree at the beginning of each
        assert each.read()["train"]["loss"][0] == pytest.approx(math.log(2), rel=1e-3)
    pairs = [(each.path / dpo_pairs.PAIRS_FILE).read_text() for each in (first, run)]
    assert pairs[0] != pairs[1] and adapter_bytes(first) != adapter_bytes(run)
    report, (config, loaded, rows) = run.read(), asked
    once = report["data"]["rounds"]["1"]
    assert once["pairs"] == first.read()["data"]["n"]["pairs"] and once["mean_score"] > 0
    assert report["train"]["seconds"] > once["seconds"] > 0 and list(result.model.peft_config) == ["default"]
    other = RunFolder(tmp_path / "other")
    other.create(config, "test")
    halfway = loading.attach_adapter(loading.load_base(config.model).model, first.adapter)
    again = dpo_pairs.sampled_pairs(config, rows.train, halfway, loaded.tokenizer, config.data.seed + 1, other)
    assert again == jsonl.read(run.path / dpo_pairs.PAIRS_FILE)  # of the model that round 1 left


@pytest.mark.few(1)
@pytest.mark.parametrize("walk", [1, 2])
def test_resumed_is_straight_whichever_round_was_broken_off(tmp_path, walk):
    resumed_is_straight("dpo", tmp_path, ROUNDS, 2, walk)


def test_resumed_is_straight_when_it_was_broken_off_before_the_next_rounds_pairs(tmp_path, monkeypatch):
    """In bfloat16: the walk before has wrapped the model, which a resumed run has not."""
    settings = [*ROUNDS, "model.dtype=bfloat16", "train.learning_rate=0.01"]
    straight = train("dpo", tmp_path / "straight", settings)[0]
    honest = dpo_pairs.pairs

    def stop(config, rows, tuned, tokenizer, folder, number=1):
        if number == 2:
            raise KeyboardInterrupt
        return honest(config, rows, tuned, tokenizer, folder, number)

    monkeypatch.setattr(dpo_pairs, "pairs", stop)
    with pytest.raises(KeyboardInterrupt):
        train("dpo", tmp_path / "stopped", settings)
    monkeypatch.setattr(dpo_pairs, "pairs", honest)
    again = train("dpo", tmp_path / "stopped", settings)[0]
    pairs = [(run.path / dpo_pairs.PAIRS_FILE).read_text() for run in (straight, again)]
    assert pairs[0] == pairs[1] and adapter_bytes(again) == adapter_bytes(straight)


def test_several_processes_are_refused_before_anything_is_trained(tmp_path, monkeypatch):
    from training.run import machine

    monkeypatch.setattr(machine, "process_count", lambda: 2)
    with pytest.raises(BadInput, match="on_policy pairs are made in one process"):
        train("dpo", tmp_path / "run", [*ROUNDS, "dpo.warm_start_rows=8"])
    assert not (tmp_path / "run" / WARM).exists() and not (tmp_path / "run" / "round-1").exists()


def test_a_round_without_pairs_names_itself(tmp_path, monkeypatch):
    honest = dpo_pairs.sampled_pairs
    monkeypatch.setattr(dpo_pairs, "sampled_pairs",
                        lambda *given: honest(*given) if given[-1].path.name == "round-1" else [])  # fmt: skip
    with pytest.raises(BadInput, match="differ by so much in round 2 .the adapter of the round before is kept"):
        train("dpo", tmp_path / "run", ROUNDS)
    assert (tmp_path / "run" / "round-1" / "adapter" / "adapter_model.safetensors").is_file()


@pytest.mark.parametrize("pairs", ["synthetic", "file"])
def test_pairs_that_stay_as_they_are_make_one_round(pairs):
    with pytest.raises(BadInput, match=f"dpo.rounds: .*{pairs} ones stay as they are"):
        dpo_pairs.load_rows(load_config(CONFIGS / "dpo" / "tiny.yaml", [f"dpo.pairs={pairs}", "dpo.rounds=2"]))


WITH_EXAMPLES = ["dpo.few_shot_prompt=true", "train.max_length=4096", "data.n_train=4"]


@pytest.mark.few(1)
@pytest.mark.parametrize("pairs", [[], ROUNDS])
def test_with_examples_the_model_trains_on_what_it_is_asked(tmp_path, monkeypatch, pairs):
    run, result, (config, loaded, rows) = train("dpo", tmp_path / "run", [*WITH_EXAMPLES, *pairs])
    made = dpo_pairs.pairs(config, rows.train, result.model, loaded.tokenizer, run)
    task, by_question = splits.task_of(config), {row["messages"][-2]["content"]: row for row in rows.train}
    for pair in made:
        assert pair["prompt"] == task_base.few_shot(task, by_question[pair["prompt"][-1]["content"]], 4)
    asked = {}

    def written(model, tokenizer, prompts, *rest):
        asked[arm] = prompts
        return [generate.Generation("No.", 1, True)] * len(prompts)

    monkeypatch.setattr(score, "greedy", written)
    for arm in score.ARMS:
        score.measure(loaded.model, loaded.tokenizer, rows, config, arm)
    assert asked["tuned"] == asked["base_few_shot"] != asked["base"]


def test_with_examples_it_wins_against_the_same_prompt(tmp_path):
    run, result, (config, loaded, rows) = train("dpo", tmp_path / "run", WITH_EXAMPLES)
    said = {"base": target, "base_few_shot": lambda row: "No idea.", "tuned": target}
    run.predictions.write_text("".join(
        json.dumps({"set": "shifted", "arm": arm, "id": row["id"], "answer": text(row)}) + "\n"
        for row in rows.heldout["shifted"] for arm, text in said.items()))  # fmt: skip
    found = dpo_measure.measure(config, rows, loaded, result.model, run)["shifted"]
    assert found["win_rate"]["value"] == 1.0 and found["kl"]["value"] > 0


def test_prompts_that_are_too_long_are_told_before_anything_is_sampled(tmp_path, monkeypatch):
    monkeypatch.setattr(dpo_pairs, "sample", None)
    with pytest.raises(BadInput, match=r"^train.max_length: a prompt makes \d+ tokens, and 256 are"):
        train("dpo", tmp_path / "run", [*ROUNDS, "dpo.few_shot_prompt=true", "train.max_length=256"])


def test_the_plan_counts_the_examples():
    configs = [load_config(CONFIGS / "dpo" / "tiny.yaml", more) for more in ([], WITH_EXAMPLES)]
    plain, shown = (plan._row_tokens(plan.trained_rows(config, registry.load_rows(config).train)) for config in configs)
    assert shown > 2 * plain > 0


@pytest.mark.parametrize(("more", "line"), [
    (["evaluate.num_fewshot=0"], "evaluate.num_fewshot is 0"),
    (["dpo.pairs=file", "data.train_file=pairs.jsonl"], "the prompts of a file stand as they are"),
    (["dpo.warm_start_rows=4"], "a supervised start learns the plain prompt"),
    (["task=jsonl", "dpo.pairs=on_policy", "data.train_file=rows.jsonl"], "has 0 worked examples"),
])  # fmt: skip
def test_examples_that_cannot_be_shown_are_refused(more, line):
    config = load_config(CONFIGS / "dpo" / "tiny.yaml", [*WITH_EXAMPLES, *more])
    with pytest.raises(BadInput, match=f"^dpo.few_shot_prompt: .*{line}"):
        dpo_pairs.load_rows(config)


def test_a_file_of_pairs_has_no_rows_for_a_supervised_start(tmp_path):
    file = tmp_path / "pairs.jsonl"
    file.write_text(json.dumps(GOOD) + "\n", encoding="utf-8")
    with pytest.raises(BadInput, match="warm_start_rows"):
        train("dpo", tmp_path / "run", ["dpo.pairs=file", f"data.train_file={file}", "task=jsonl",
                                        "dpo.warm_start_rows=8"])  # fmt: skip


def test_the_seed_decides(tmp_path):
    first = adapter_bytes(train("dpo", tmp_path / "a", ["train.max_steps=2"])[0])
    assert first == adapter_bytes(train("dpo", tmp_path / "b", ["train.max_steps=2"])[0])
    assert first != adapter_bytes(train("dpo", tmp_path / "c", ["train.max_steps=2", "train.seed=1"])[0])


def test_sampled_pairs_that_do_not_differ_are_refused_in_a_line(tmp_path):
    with pytest.raises(BadInput, match="min_score_gap"):
        train("dpo", tmp_path / "run", ["dpo.pairs=on_policy", "data.n_train=2", "dpo.min_score_gap=1"])


ANSWERS = {"chosen": "Two.", "rejected": "Many, many, I would say."}
GOOD = {"prompt": "How many?", **ANSWERS}
BAD = [
    ('{"prompt": "How', "bad-json"), ("[1]", "bad-json"), (json.dumps({**GOOD, "rejected": None}), "missing-answer"),
    (json.dumps({"prompt": "x", "chosen": "y"}), "missing-answer"), (json.dumps({**GOOD, "chosen": " "}), "empty-turn"),
    (json.dumps({**GOOD, "rejected": "Two. "}), "equal-answers"), (json.dumps({**GOOD, "prompt": 3}), "missing-prompt"),
    (json.dumps({**GOOD, "prompt": [{"role": "robot", "content": "x"}]}), "missing-role"),
    (json.dumps({**GOOD, "prompt": [{"role": "assistant", "content": "x"}]}), "role-order"),
    (json.dumps({**GOOD, "prompt": []}), "role-order"), (json.dumps({"messages": [], **ANSWERS}), "missing-prompt"),
    (json.dumps({**GOOD, "chosen": [{"role": "user", "content": "Two."}]}), "missing-answer"),
    (json.dumps({**GOOD, "rejected": [{"content": "Many."}]}), "missing-answer"),
    (json.dumps({**GOOD, "chosen": GOOD["rejected"], "rejected": GOOD["chosen"]}), "contradiction"),
    (json.dumps({**GOOD, "prompt": "Seen before?"}), "test-leak"),
]  # fmt: skip
USER, BOT = ({"role": "user", "content": "How many?"}, {"role": "assistant", "content": "Which ones?"})
MORE = {"role": "user", "content": "All of them."}


def sides(*before: dict, chosen: str = "Two.", rejected: str = "Many.") -> dict:
    """A pair whose two sides hold the whole chat."""
    return {side: [*before, {"role": "assistant", "content": text}]
            for side, text in (("chosen", chosen), ("rejected", rejected))}  # fmt: skip


@pytest.mark.parametrize("before", [[USER], [USER, BOT, MORE], [{"role": "system", "content": "Be brief."}, USER]])
@pytest.mark.parametrize("prompt", [None, "text", "turns"])
def test_the_common_beginning_of_two_whole_chats_is_the_prompt(tmp_path, before, prompt):
    file = tmp_path / "pairs.jsonl"
    row = {**sides(*before), "score_chosen": 8.0}
    if prompt is not None:
        row["prompt"] = before[-1]["content"] if prompt == "text" else before
    file.write_text(json.dumps(row) + "\n")
    (found,) = pair_files.read_pairs(file)
    assert (found["prompt"], found["chosen"], found["rejected"]) == (before, "Two.", "Many.")
    (found,) = pair_files.read_pairs(file, "Count.")
    assert [turn["role"] for turn in found["prompt"]][0] == "system" and found["prompt"][-1]["role"] == "user"


@pytest.mark.parametrize("row, code", [
    (sides(), "missing-prompt"), (sides(USER, chosen="Many."), "equal-answers"), (sides(BOT), "role-order"),
    ({**sides(USER), "prompt": "Another question?"}, "no-common-prompt"), (sides(USER, BOT), "role-order"),
    ({**sides(USER), "prompt": ["How many?", 3]}, "no-common-prompt"), (sides(USER, chosen=""), "empty-turn"),
    ({"chosen": sides(USER, BOT, MORE)["chosen"], "rejected": sides(USER)["rejected"]}, "no-common-prompt"),
    ({"chosen": sides(USER)["chosen"], "rejected": [MORE, BOT]}, "no-common-prompt"),
    ({"chosen": "Human: How many? Assistant: Two.", "rejected": "Human: How many? Assistant: Many."}, "missing-prompt"),
    ({"chosen": [], "rejected": []}, "no-common-prompt"), ({"chosen": [USER, 3], "rejected": [USER]}, "missing-answer"),
])  # fmt: skip
def test_whole_chats_that_make_no_pair_are_named(tmp_path, row, code):
    file = tmp_path / "pairs.jsonl"
    file.write_text(json.dumps(row) + "\n")
    with pytest.raises(BadInput, match=f"pairs.jsonl:1: {code}: "):
        pair_files.read_pairs(file)


def test_a_repeated_pair_is_a_warning_and_stays(tmp_path, capsys):
    file = tmp_path / "pairs.jsonl"
    file.write_text(f"{json.dumps(GOOD)}\n" * 3)
    assert len(pair_files.read_pairs(file)) == 3
    assert f"warning duplicate: the same row stands further up: 2 rows of {file}, lines 2, 3" in capsys.readouterr().err


def test_every_bad_line_is_named_by_file_line_and_code(tmp_path):
    file = tmp_path / "pairs.jsonl"
    file.write_text("\n".join([json.dumps(GOOD), *(line for line, _ in BAD)]) + "\n", encoding="utf-8")
    with pytest.raises(BadInput) as caught:
        pair_files.read_pairs(file, "", {"seen before"})
    lines = str(caught.value).splitlines()
    for place, (_, code) in enumerate(BAD):
        assert lines[place].startswith(f"{file}:{place + 2}: {code}: "), lines[place]


def test_a_prompt_without_a_question_at_its_end_is_told_so(tmp_path):
    file = tmp_path / "pairs.jsonl"
    rows = [{**GOOD, "prompt": turns} for turns in ([], [{"role": "system", "content": "x"}])]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    with pytest.raises(BadInput) as caught:
        pair_files.read_pairs(file)
    lines = str(caught.value).splitlines()
    assert all("'prompt' must end with a turn of the user" in line for line in lines[:2])


def test_every_long_pair_is_named_by_line_before_anything_runs(tmp_path):
    from training.models import loading

    file, longest = tmp_path / "pairs.jsonl", 900
    rows = [GOOD, *({**GOOD, side: "many " * 200} for side in GOOD)]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    config = load_config(CONFIGS / "dpo" / "tiny.yaml", ["dpo.pairs=file", f"data.train_file={file}",
                                                              f"train.max_length={longest}"])  # fmt: skip
    tokenizer = loading.load_base(config.model).tokenizer
    assert len(dpo_pairs.load_rows(config).train) == 4  # a dry run has no tokenizer
    with pytest.raises(BadInput) as caught:
        dpo_pairs.load_rows(config, tokenizer)
    lines = str(caught.value).splitlines()
    assert [line.split(": ")[:2] for line in lines[:-1]] == [[f"{file}:{n}", "too-long"] for n in (2, 3, 4)]
    with pytest.raises(BadInput) as caught:
        pair_files.encode_pairs(tokenizer, pair_files.read_pairs(file), longest)
    assert [line.split(": ")[1] for line in str(caught.value).splitlines()[:-1]] == ["too-long"] * 4


def test_written_pairs_are_of_the_tasks_own_rows(tmp_path):
    (tmp_path / "rows.jsonl").write_text(json.dumps({"prompt": "How many?", "completion": "Two."}) + "\n")
    told = [f"data.train_file={tmp_path / 'rows.jsonl'}"]
    with pytest.raises(BadInput, match="^data.train_file: synthetic pairs .* dpo.pairs to on_policy"):
        dpo_pairs.load_rows(load_config(CONFIGS / "dpo" / "tiny.yaml", told))


@pytest.mark.parametrize("pairs", ["on_policy", "file"])
def test_a_row_of_plain_text_asks_nothing(tmp_path, pairs):
    file = tmp_path / "rows.jsonl"
    file.write_text('{"text": "Once upon a time."}\n')
    config = load_config(CONFIGS / "dpo" / "tiny.yaml", [f"dpo.pairs={pairs}", f"data.train_file={file}"])
    with pytest.raises(BadInput, match="rows.jsonl:1: missing-"):
        dpo_pairs.load_rows(config)


def test_kept_pairs_are_read_back_whatever_line_ends_their_words_hold(tmp_path):
    config = load_config(CONFIGS / "dpo" / "tiny.yaml", ["dpo.pairs=on_policy"])
    turns = [{"role": "user", "content": "which?"}]
    kept = [{**GOOD, "prompt": turns, "chosen": "one\u2028two\u2029three\x85four"}] * 2
    splits.write_rows(tmp_path / dpo_pairs.PAIRS_FILE, kept)
    assert dpo_pairs.pairs(config, [], None, None, type("Folder", (), {"path": tmp_path})) == kept


def test_random_bytes_never_end_in_a_traceback(tmp_path):
    rng, file = random.Random(3), tmp_path / "noise.jsonl"
    for _ in range(60):
        text = bytearray(json.dumps(GOOD).encode() * 3)
        for _ in range(rng.randint(1, 20)):
            text[rng.randrange(len(text))] = rng.randrange(256)
        file.write_bytes(bytes(text))
        try:
            pair_files.read_pairs(file)
        except BadInput as error:
            assert str(file) in str(error)


def test_a_file_of_pairs_trains(tmp_path):
    file = tmp_path / "pairs.jsonl"
    file.write_text("".join(json.dumps({**GOOD, "prompt": f"How many, {i}?"}) + "\n" for i in range(8)))
    run = train("dpo", tmp_path / "run", ["dpo.pairs=file", f"data.train_file={file}", "train.max_steps=2"])[0]
    assert run.read()["train"]["steps"] == 2


def test_the_figures_besides(tmp_path):
    run, result, (config, loaded, rows) = train("dpo", tmp_path / "run")
    asked = rows.heldout["shifted"]
    lines = [
        {"set": "shifted", "arm": arm, "id": row["id"], "answer": text(row)}
        for row in asked
        for arm, text in (("base", lambda row: "No idea."), ("tuned", target))
    ]
    run.predictions.write_text("".join(json.dumps(line) + "\n" for line in lines))
    found = dpo_measure.measure(config, rows, loaded, result.model, run)
    assert set(found) == {"shifted"}
    assert found["shifted"]["win_rate"]["value"] == 1.0 and found["shifted"]["mean_rule"]["tuned"] == 1.0
    assert found["shifted"]["kl"]["value"] > 0
    assert any("fine-tuned wins 100%" in line for line in dpo_measure.lines(found))
    same = dpo_measure.wins(config, [("a", "a", REFERENCE)] * 3)
    assert same["win_rate"]["value"] == 0.5


@pytest.mark.few(2)
@pytest.mark.parametrize("file", ["qwen2.5_7b_lora_80gb.yaml", "mistral_7b_qlora_16gb.yaml", "smollm2_naive.yaml",
                                  "smollm2_on_policy.yaml", "smollm2_shift_notes.yaml",
                                  "smollm2_with_examples.yaml"])  # fmt: skip
def test_every_configuration_trains_a_tiny_model_of_its_architecture(tmp_path, file):
    from training.models.shapes import architecture_of

    whole = load_config(CONFIGS / "dpo" / file)
    small = configuration.smoke(whole, architecture_of(whole.model.source))
    overrides = ["model.source=tiny-random:llama", "model.revision=null", "model.dtype=float32"]
    assert small.method == "dpo" and small.model.source.startswith("tiny-random:")
    architecture = small.model.source.split(":")[1]
    run = train("dpo", tmp_path / "run", [*overrides[1:], "model.quantization=none", "train.optim=adamw_torch_fused",
                                          "data.n_train=4", "data.n_heldout=2", "train.max_steps=2",
                                          "train.per_device_train_batch_size=2", "train.gradient_accumulation_steps=1",
                                          "train.max_length=4096",
                                          "dpo.min_score_gap=0", "dpo.samples=2",
                                          "evaluate.max_new_tokens=4", "dpo.rule=shortest"],
                architecture=architecture, file=file)[0]  # fmt: skip
    assert run.read()["train"]["steps"] == 2


def test_the_command_goes_all_the_way(tmp_path, monkeypatch, capsys):
    honest = capability_retention.measure
    monkeypatch.setattr(
        capability_retention, "measure", lambda *args, **kwargs: honest(*args, **{**kwargs, "quick": True})
    )
    command = ["dpo", "--config", str(CONFIGS / "dpo" / "tiny.yaml"), "train.max_steps=2", "data.n_heldout=2",
               "evaluate.max_new_tokens=4", "probe.n=2"]  # fmt: skip
    assert cli.main([*command, "--out", str(tmp_path / "run")]) == 11  # a random model gains nothing
    report = json.loads((tmp_path / "run" / "report.json").read_text())
    assert report["gate"]["verdict"] == "no gain" and report["run"]["status"] == "smoke"
    assert set(report["preference"]) == {"iid", "shifted"}
    assert cli.main([*command, "--dry-run"]) == 0
    capsys.readouterr()
    assert cli.main(["dpo", "--config", str(CONFIGS / "sft" / "tiny.yaml")]) == 2
    assert "method is sft, not dpo" in capsys.readouterr().err
    assert cli.main([*command, "dpo.bta=1"]) == 2
    assert "did you mean 'beta'" in capsys.readouterr().err
    assert cli.main([*command, "data.replay_fraction=0.1"]) == 2


def test_methods_names_every_module():
    for name in registry.METHODS:
        config = type("C", (), {"method": name})
        assert callable(registry.training_module(config).train)
        assert callable(registry.phases_module(config).phases)
