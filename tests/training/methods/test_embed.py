"""The embedding model on tiny random models: rows, mining, loss, training, resume, figures, gate, faults of a file."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys

import numpy as np
import pytest
import torch

from tests.parity.matryoshka import matryoshka
from tests.training.method_runs import CONFIGS, resumed_is_straight, train
from training import cli
from training.methods import memory_estimate as estimate
from training.methods.configuration import load_config
from training.methods.embed import batches, mining, parts
from training.methods.embed import corpus as embed_corpus
from training.methods.embed import loss as embed_losses
from training.methods.embed import measure as embed_measure
from training.methods.embed import model as embed_model
from training.methods.embed import rows as embed_rows
from training.methods.embed import train as embed
from training.models.shapes import architecture_of
from training.run import config as configuration
from training.run.errors import BadInput, GuardFailed, LackingResource
from training.run.folder import RunFolder

pytestmark = pytest.mark.drawn(14)


def tiny(*overrides):
    return load_config(CONFIGS / "embed" / "tiny.yaml", overrides)


# ---- rows ----
def test_held_out_machines_words_and_wordings_never_occur_in_training():
    rows = embed_rows.load_rows(tiny("data.n_train=768", "data.n_heldout=480"))
    held_out = rows.heldout["held_out"]
    said = " ".join(text for row in rows.train for text in (row["positive"], row.get("unlabelled", ""), row["anchor"]))
    new = [embed_corpus.PARTS[p][0] for p in embed_corpus.NEW_PARTS]
    new += [embed_corpus.JOBS[j][0] for j in embed_corpus.NEW_JOBS]
    assert not [word for word in (*new, *embed_corpus.HELD_OUT_FAMILIES) if word in said]
    for row in held_out:
        has_new, has_known = ([w for w in words if w in row["positive"]] for words in (
            new, [word for word, _ in embed_corpus.PARTS.values()]))  # fmt: skip
        assert bool(has_new) == (row["kind"] == "new words") and (row["kind"] != "note" or not has_known)
    assert not {r["anchor"] for r in rows.train} & {r["anchor"] for r in held_out}
    assert len({r["positive"] for r in held_out}) == len(held_out) == 480
    assert 0.2 < sum("unlabelled" in r for r in rows.train) / 768 < 0.4


def test_the_same_seed_gives_the_same_rows_and_the_held_out_ones_are_everybodys():
    first, again, other = (embed_rows.load_rows(tiny(f"data.seed={seed}")) for seed in (0, 0, 1))
    assert first.train == again.train and first.sha256 == again.sha256 != other.sha256
    assert first.heldout == other.heldout and first.train != other.train


def test_the_general_set_is_large_and_each_passage_its_own():
    rows = embed_rows.general_rows()
    assert len(rows) > 300 and len({r["positive"] for r in rows}) == len(rows) == len({r["anchor"] for r in rows})


@pytest.mark.parametrize("overrides", [
    ["task=orders"], ["data.variant=narrow"], ["data.replay_fraction=0.1"], ["embed.pairs=file"],
    ["embed.negatives=given"], ["embed.pairs=file", "data.train_file=x.jsonl"],
])  # fmt: skip
def test_settings_that_do_not_fit_are_one_line(overrides):
    with pytest.raises(BadInput) as caught:
        embed_rows.load_rows(tiny(*overrides))
    assert "\n" not in str(caught.value)


def files(tmp_path, train_rows, test_rows):
    paths = []
    for name, part in (("train", train_rows), ("test", test_rows)):
        paths.append(tmp_path / f"{name}.jsonl")
        paths[-1].write_text("".join(row if isinstance(row, str) else json.dumps(row) + "\n" for row in part))
    told = ["task=jsonl", "embed.pairs=file", f"data.train_file={paths[0]}", f"data.heldout_files={{test: {paths[1]}}}"]
    return paths[0], told


GOOD = [{"anchor": f"What of {i}?", "positive": f"It is {i}.", "negative": f"Not {i}."} for i in range(8)]


def test_files_are_read_and_their_faults_named_by_line(tmp_path):
    path, told = files(tmp_path, GOOD[:4], GOOD[6:])
    rows = embed_rows.load_rows(tiny(*told, "embed.negatives=given"))
    assert rows.n == {"train": 4, "test": 2} and rows.train[0]["negative"] == "Not 0."
    bad = ["{broken\n", {"positive": "a", "negative": "b"}, {"anchor": "q", "negative": "b"},
           {"anchor": "q", "positive": "a"}, {"anchor": 3, "positive": "a", "negative": "b"},
           {"anchor": " ", "positive": "a", "negative": "b"}, {"anchor": "q", "positive": "A  b", "negative": "a b"},
           {"anchor": "a", "positive": "A", "negative": "c"},
           {**GOOD[6], "anchor": "what OF  6?"}]  # fmt: skip
    codes = ("bad-json", "missing-anchor", "missing-positive", "missing-negative", "missing-anchor", "empty-text",
             "equal-texts", "equal-texts", "test-leak")  # fmt: skip
    path, told = files(tmp_path, [*GOOD[:4], *bad], GOOD[6:])
    with pytest.raises(BadInput) as caught:
        embed_rows.load_rows(tiny(*told))
    lines = str(caught.value).splitlines()
    for place, code in enumerate(codes):
        assert lines[place].startswith(f"{path}:{5 + place}: {code}: "), lines[place]
    path, told = files(tmp_path, [], GOOD)
    with pytest.raises(BadInput, match="no row"):
        embed_rows.load_rows(tiny(*told))


# ---- model ----
@pytest.mark.parametrize("architecture, pooling", [("bert", "mean"), ("llama", "mean"), ("mistral", "lasttoken")])
def test_a_vector_does_not_depend_on_what_stands_beside_its_text(architecture, pooling):
    config = tiny(f"model.source=tiny-random:{architecture}", f"embed.pooling={pooling}")
    embedder = embed_model.load_base(config).model
    alone = [mining.vectors(embedder, [text], config, "q: ")[0] for text in ("a", "a longer text here")]
    together = mining.vectors(embedder, ["a", "a longer text here"], config, "q: ")
    assert np.allclose(alone, together, atol=1e-5) and not np.allclose(together[0], together[1], atol=1e-3)
    assert not np.allclose(together, mining.vectors(embedder, ["a", "a longer text here"], config, ""), atol=1e-3)


@pytest.mark.parametrize("architecture", ["llama", "bert"])
def test_a_text_is_read_as_it_stands_without_a_chat_template(architecture):
    """Also by a model whose tokenizer has one: its system turn would be most of a short text's mean."""
    embedder = embed_model.load_base(tiny(f"model.source=tiny-random:{architecture}")).model
    assert embedder.tokenizer.chat_template
    ids = embedder.preprocess(["How many plates?"])["input_ids"][0].tolist()
    assert ids == embedder.tokenizer("How many plates?")["input_ids"]
    assert embedder.tokenizer.decode(ids).strip() == "How many plates?"


@pytest.mark.parametrize("overrides, error, text", [
    (["embed.truncate_dims=[33]"], BadInput, "embed.truncate_dims.*1 to 32"), (["embed.matryoshka_dims=[0]"], BadInput,
                                                                               "embed.matryoshka_dims"),
    (["model.source=bundled:other"], BadInput, "bundled:other is not known"),
    (["model.source=tiny-random:none"], BadInput, "none is not known"),
    (["model.source=somebody/nothing", "model.revision=main"], LackingResource, "somebody/nothing"),
])  # fmt: skip
def test_a_model_that_cannot_be_had_is_one_line(overrides, error, text):
    with pytest.raises(error, match=text) as caught:
        embed_model.load_base(tiny(*overrides))
    assert "\n" not in str(caught.value)


def test_a_vector_that_is_no_number_is_refused():
    config = tiny()
    embedder = embed_model.load_base(config).model
    next(embedder.parameters()).data.fill_(float("nan"))
    with pytest.raises(GuardFailed, match="not a number"):
        mining.vectors(embedder, ["a"], config, "")


# ---- negatives and loss ----
def mined(monkeypatch, tmp_path, cosines: dict[str, float], *overrides):
    """What is mined for one question when the passages have these cosines with it; "right" is its own."""

    def vectors(model, texts, config, prompt):
        return np.array([[1.0, 0.0] if t == "q" else [cosines[t], (1 - cosines[t] ** 2) ** 0.5] for t in texts])

    monkeypatch.setattr(mining, "vectors", vectors)
    config = tiny("embed.negatives=mined", *overrides)
    run = RunFolder(tmp_path)
    run.create(config, "test")
    first, *others = [name for name in cosines if name != "right"]
    rows = [{"anchor": "q", "positive": "right", "unlabelled": first}]
    rows += [{"anchor": "q", "positive": other} for other in others]
    found = mining.with_negatives(config, rows, type("L", (), {"model": None}), run)
    assert mining.with_negatives(config, [], None, run) == found  # kept for a resumed run
    return found[0]["negative"], run.read()["embed"]["mined"]


def test_mining_takes_the_nearest_and_the_margin_keeps_right_answers_out(monkeypatch, tmp_path):
    cosines = {"right": 0.8, "twin": 0.9, "near": 0.79, "far": 0.5}
    naive, facts = mined(monkeypatch, tmp_path / "a", cosines, "embed.margin=0")
    assert naive == "twin" and facts["right_answers_among_negatives"] == pytest.approx(1 / 3)
    guarded, facts = mined(monkeypatch, tmp_path / "b", cosines, "embed.margin=0.05")
    assert guarded == "far" and facts["right_answers_among_negatives"] == 0
    assert mined(monkeypatch, tmp_path / "c", cosines, "embed.margin=0", "embed.range_min=1")[0] == "near"
    left, facts = mined(monkeypatch, tmp_path / "d", {"right": 0.1, "twin": 0.9, "near": 0.5, "far": 0.4},
                        "embed.margin=0.05")  # fmt: skip
    assert left in ("twin", "near", "far") and facts["without_candidate"] > 0.3


@pytest.mark.parametrize("widths, slices", [([], 0), ([8, 32], 0), ([], 2)])
def test_the_loss_is_ours(tmp_path, widths, slices):
    """The library's loss on the model's own vectors is our info_nce, nested widths and slices too."""
    config = tiny(f"embed.matryoshka_dims={widths}", f"embed.mini_batch_size={slices}")
    embedder = embed_model.load_base(config).model
    sides = [["q one", "q two", "q 3"], ["p one", "p two", "p 3"], ["n one", "n two", "n 3"]]
    features = [embedder.preprocess(texts) for texts in sides]
    with torch.no_grad():
        vectors = [embedder(dict(part))["sentence_embedding"] for part in features]
    found = embed.loss_of(config, embedder)([dict(part) for part in features], None)
    ours = matryoshka(embed_losses.info_nce, vectors[0], torch.cat(vectors[1:]), widths or [32])
    assert found.item() == pytest.approx(ours.item(), rel=1e-5)


# ---- training ----
@pytest.mark.parametrize("lora, rate", [("{r: 4, lora_alpha: 8, use_dora: true}", 0.03), ("null", 0.01)])
def test_training_brings_questions_to_their_passages_and_the_folder_holds_the_model(tmp_path, lora, rate):
    settings = ["train.num_train_epochs=10", f"train.learning_rate={rate}", "embed.negatives=batch", f"lora={lora}",
                "train.weight_decay=0.01"]  # fmt: skip
    run, result, (config, loaded, rows) = train("embed", tmp_path / "run", settings, architecture="bert")
    facts = run.read()["train"]
    assert facts["steps"] == 40 and facts["loss"][0] == pytest.approx(np.log(4), abs=0.2)
    assert min(facts["loss"]) < facts["loss"][0] - 0.1 and facts["tokens"] > 1000
    fresh = embed_model.attach(config, embed_model.load_base(config), run)
    texts = [row["anchor"] for row in rows.train]
    shipped, trained, base = (mining.vectors(m, texts, config, "") for m in
                              (fresh, result.model, embed_model.load_base(config).model))  # fmt: skip
    assert np.allclose(shipped, trained, atol=1e-5) and not np.allclose(shipped, base, atol=1e-2)
    assert (run.adapter / ("model.safetensors" if lora == "null" else "adapter_model.safetensors")).is_file()


def test_resumed_is_straight_with_an_adapter_and_mined_negatives(tmp_path):
    resumed_is_straight("embed", tmp_path, ["model.source=tiny-random:bert"], 3)


def test_resumed_is_straight_with_all_weights(tmp_path, monkeypatch):
    whole = ["model.source=tiny-random:bert", "lora=null", "embed.matryoshka_dims=[8, 32]"]
    monkeypatch.setattr("tests.training.method_runs.adapter_bytes",
                        lambda run: (run.adapter / "model.safetensors").read_bytes())  # fmt: skip
    resumed_is_straight("embed", tmp_path, whole, 3)


@pytest.mark.few(2)
@pytest.mark.parametrize("file", sorted(p.name for p in (CONFIGS / "embed").glob("*.yaml") if p.name != "tiny.yaml"))
def test_every_configuration_trains_a_tiny_model_of_its_architecture(tmp_path, file):
    whole = load_config(CONFIGS / "embed" / file)
    few = ["model.revision=null", "model.dtype=float32", "data.n_train=8", "data.n_heldout=4", "train.max_steps=2",
           "train.per_device_train_batch_size=4", "train.max_length=4096", "embed.truncate_dims=[8]",
           "model.quantization=none",
           "train.optim=adamw_torch_fused"]  # fmt: skip
    run = train("embed", tmp_path / "run", few, architecture=architecture_of(whole.model.source), file=file)[0]
    assert run.read()["train"]["steps"] == 2


@pytest.mark.parametrize("path", sorted((CONFIGS / "embed").glob("*_7b_*.yaml")), ids=lambda path: path.stem)
def test_a_7b_embedder_fits_the_card_that_its_file_names(path):
    """In slices: the whole batch's activations would not."""
    config = load_config(path)
    card = int(match[1]) if (match := re.search(r"_(\d+)gb", path.stem)) else 80
    assert len(config.model.revision) == 40 and f"-m training embed --config training/configs/embed/{path.name}\n" in (
        path.read_text(encoding="utf-8").split("\nname:")[0] + "\n"
    )
    assert estimate.estimate(config)["total_bytes"] < 0.95 * card * 1e9
    whole = config.replace(embed=config.embed.replace(mini_batch_size=0))
    assert estimate.rows_at_once(whole) == 3 * config.train.per_device_train_batch_size
    assert estimate.estimate(whole)["total_bytes"] > 2 * estimate.estimate(config)["total_bytes"]


# ---- figures ----
def test_places_count_what_stands_above_and_ties_count_against():
    q, p = np.array([[1.0, 0], [0, 1.0]]), np.array([[1.0, 0], [0.9, 0.1], [0, 1.0], [0, 2.0]])
    assert embed_measure.places(q, p, [[0], [2]]) == [1, 2]
    assert embed_measure.places(q, p, [[1], [2, 3]]) == [2, 1]  # several right ones: the first counts
    found = embed_measure.by_question([1, 2, 11])
    assert found["mrr"].tolist() == [1, 0.5, 1 / 11] and found["recall_at_1"].tolist() == [1, 0, 0]
    assert found["recall_at_10"].tolist() == [1, 1, 0]
    assert found["ndcg_at_10"].tolist() == pytest.approx([1, 1 / np.log2(3), 0])


def gate_of(before, after, general_after):
    found = {"held_out": embed_measure.compare(before, after),
             "general": embed_measure.compare([1, 2, 4, 5] * 30, general_after * 30)}  # fmt: skip
    return embed_measure.gate(found, tiny())


def test_the_gate_wants_a_gain_and_general_retrieval_kept():
    ship = gate_of([5] * 40, [1] * 40, [1, 2, 4, 5])
    assert (ship["verdict"], ship["exit_code"], ship["set"]) == ("ship", 0, "held_out")
    assert gate_of([5] * 40, [1] * 40, [9, 20, 40, 50])["exit_code"] == 10
    assert gate_of([1] * 40, [5] * 40, [1, 2, 4, 5])["exit_code"] == 11
    assert gate_of([5, 1] * 20, [1, 4] * 20, [1, 2, 4, 5])["exit_code"] == 12


# ---- the command ----
def test_the_command_goes_all_the_way_and_goes_on(tmp_path, capsys):
    command = ["embed", "--config", str(CONFIGS / "embed" / "tiny.yaml")]
    code = cli.main([*command, "--out", str(tmp_path / "run")])
    folder = RunFolder(tmp_path / "run")
    report = folder.read()
    assert code == report["gate"]["exit_code"] and report["run"]["status"] == "smoke"
    assert set(report["eval"]) == {"held_out", "general"} == set(report["embed"]["bm25"])
    assert set(report["eval"]["held_out"]) == {"mrr", "recall_at_1", "recall_at_10", "ndcg_at_10"}
    assert "Mean reciprocal rank of the right passage" in folder.html.read_text()
    lines = [json.loads(line) for line in folder.predictions.read_text().splitlines()]
    assert len(lines) == 8 + embed_measure.SMOKE_GENERAL
    assert np.mean([1 / x["place"] for x in lines if x["set"] == "held_out"]) == pytest.approx(
        report["eval"]["held_out"]["mrr"]["tuned"])  # fmt: skip
    assert cli.main(["embed", "--resume", str(tmp_path / "run")]) == code
    again = folder.read()
    assert again["eval"] == report["eval"] and again["train"]["seconds"] == report["train"]["seconds"]
    assert cli.main([*command, "--dry-run"]) == 0
    capsys.readouterr()
    assert cli.main(["embed", "--config", str(CONFIGS / "sft" / "tiny.yaml")]) == 2
    assert "method is sft, not embed" in capsys.readouterr().err
    assert cli.main([*command, "embed.negative=batch"]) == 2
    assert "did you mean 'negatives'" in capsys.readouterr().err


@pytest.mark.long  # make test starts two processes for sft (test_sft.py); each start loads torch again
def test_two_processes_tell_a_question_from_the_passages_of_both(tmp_path):
    """Gloo on one CPU: the loss begins at the logarithm of all processes' candidates; one process measures after."""
    out = tmp_path / "run"
    given = {**os.environ, "PYTHONPATH": str(CONFIGS.parents[1]), "STAGE10_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    line = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2", "-m", "training",
            "embed", "--config", str(CONFIGS / "embed" / "tiny.yaml"), "train.max_steps=2", "--out",
            str(out)]  # fmt: skip
    done = subprocess.run(line, cwd=CONFIGS.parents[1], env=given, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    report = json.loads((out / "report.json").read_text())
    assert report["train"]["loss"][0] == pytest.approx(np.log(2 * 4 * 2), abs=0.2) and "eval" not in report
    assert f"python -m training embed --resume {out}" in done.stderr
    code = cli.main(["embed", "--resume", str(out)])
    report = json.loads((out / "report.json").read_text())
    assert code == report["gate"]["exit_code"] and report["eval"]["held_out"]["mrr"]["n"] == 8


def test_ctrl_c_keeps_the_step_and_says_how_to_go_on(tmp_path, monkeypatch, capsys):
    from training.methods.callbacks import StepLog

    honest = StepLog.on_log

    def on_log(self, args, state, control, **rest):
        honest(self, args, state, control, **rest)
        self.stopped = self.stopped or state.global_step == 2

    monkeypatch.setattr(StepLog, "on_log", on_log)
    out = tmp_path / "run"
    assert cli.main(["embed", "--config", str(CONFIGS / "embed" / "tiny.yaml"), "--out", str(out)]) == 130
    assert f"python -m training embed --resume {out}" in capsys.readouterr().err
    stopped = RunFolder(out).events("step")[-1]["step"]
    monkeypatch.setattr(StepLog, "on_log", honest)
    assert cli.main(["embed", "--resume", str(out)]) in (0, 10, 11, 12)
    report = RunFolder(out).read()
    assert report["train"]["steps"] == 8 == len(report["train"]["loss"]) > stopped


def test_smoke_needs_no_download(tmp_path):
    config = str(CONFIGS / "embed" / "minilm_workshop.yaml")
    assert cli.main(["embed", "--config", config, "--smoke", "--out", str(tmp_path / "run"), "train.max_steps=1"]) in (
        0, 10, 11, 12)  # fmt: skip
    assert json.loads((tmp_path / "run" / "adapter" / "stage10.json").read_text())["model"]["architecture"] == "bert"


# ---- batches ----
def pairs_of(rows: int, passages: int) -> list[dict]:
    return [{"anchor": f"question {n}", "positive": f"passage {n % passages}"} for n in range(rows)]


@pytest.mark.parametrize("rows, passages, batch, drawn", [(32, 2, 16, 4), (30, 3, 10, 9), (12, 6, 8, 12), (9, 9, 4, 9)])
def test_rows_that_an_epoch_leaves_out_are_said_before_training(capsys, rows, passages, batch, drawn):
    config = tiny(f"train.per_device_train_batch_size={batch}", "train.num_train_epochs=1", "embed.negatives=batch")
    batches.say_what_is_drawn(config, pairs_of(rows, passages))
    said = capsys.readouterr().err
    if drawn == rows:
        assert said == ""
    else:
        assert f"warning: an epoch draws {drawn} of {rows} rows and leaves {rows - drawn} out" in said
        assert f"{passages} different passages" in said


@pytest.mark.parametrize("rows, passages, batch", [(16, 1, 4), (1, 1, 4), (8, 8, 1)])
def test_rows_with_nothing_to_tell_apart_are_refused(rows, passages, batch):
    config = tiny(f"train.per_device_train_batch_size={batch}", "embed.negatives=batch")
    with pytest.raises(BadInput, match="embed.negatives: with .* no question has a wrong passage"):
        batches.say_what_is_drawn(config, pairs_of(rows, passages))
    batches.say_what_is_drawn(config, [{**pair, "negative": "another"} for pair in pairs_of(rows, passages)])


# ---- what a folder says of itself ----
PROMPTS = {"query": "Q: ", "document": "D: "}


def folder_of(tmp_path, pooling="cls", normalize=True, prompts=PROMPTS, usual=None, name="base"):
    """A model folder as sentence-transformers saves it."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer

    plain = tmp_path / f"plain-{name}"
    embed_model.save_tiny("bert", plain)
    modules = [Transformer(str(plain), **embed_model.PLAIN_TEXT), Pooling(32, pooling)] + [Normalize()] * normalize
    made = SentenceTransformer(modules=modules, device="cpu", prompts=prompts, default_prompt_name=usual)
    made.save_pretrained(str(tmp_path / name), create_model_card=False)
    return str(tmp_path / name)


@pytest.mark.parametrize(
    "pooling, normalize, usual", [("cls", True, None), ("max", False, "query"), ("mean", True, None)]
)
def test_pooling_normalisation_and_prompts_are_the_folders(tmp_path, pooling, normalize, usual):
    from sentence_transformers import SentenceTransformer

    source = folder_of(tmp_path, pooling, normalize, usual=usual)
    config = tiny(f"model.source={source}", "lora=null")
    loaded = embed_model.load_base(config)
    theirs = SentenceTransformer(source, device="cpu")
    texts = ["a", "a longer text here"]
    for side, prompt in (("anchor", "Q: "), ("positive", "D: ")):
        wanted = theirs.encode(texts, prompt=prompt, show_progress_bar=False)
        found = mining.vectors(loaded.model, texts, config, parts.of_side(loaded.model, side))
        assert np.allclose(found, wanted, atol=1e-5)
    assert np.allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5) == normalize
    assert loaded.facts["pooling"] == pooling
    loaded.model.save_pretrained(str(tmp_path / "saved"))
    saved = SentenceTransformer(str(tmp_path / "saved"), device="cpu")
    assert saved.prompts == theirs.prompts and saved.default_prompt_name == usual
    assert [type(m).__name__ for m in saved] == [type(m).__name__ for m in theirs]
    assert np.allclose(saved.encode(texts, prompt="D: "), wanted, atol=1e-5)


@pytest.mark.parametrize("setting, words", [
    ("embed.pooling=mean", "embed.pooling: mean disagrees with .* says cls"),
    ("embed.query_prompt='other: '", "embed.query_prompt: 'other: ' disagrees with .* say 'Q: '"),
    ("embed.passage_prompt=''", "embed.passage_prompt: '' disagrees with .* say 'D: '"),
])  # fmt: skip
def test_a_setting_that_disagrees_with_the_folder_is_an_error(tmp_path, setting, words):
    source = folder_of(tmp_path)
    with pytest.raises(BadInput, match=words):
        embed_model.load_base(tiny(f"model.source={source}", setting))
    agreeing = ["embed.pooling=cls", "embed.query_prompt='Q: '", "embed.passage_prompt='D: '"]
    assert embed_model.load_base(tiny(f"model.source={source}", *agreeing)).facts["pooling"] == "cls"


def test_prompts_of_the_settings_are_saved_with_the_model(tmp_path):
    config = tiny("embed.query_prompt='ask: '", "embed.passage_prompt='text: '")
    model = embed_model.load_base(config).model
    assert model.prompts["query"] == "ask: " and parts.of_side(model, "negative") == "text: "


def test_settings_left_out_are_hashed_as_before():
    assert configuration.sha(tiny()) == configuration.sha(
        tiny("embed.pooling=mean", "embed.query_prompt=''", "embed.passage_prompt=''"))  # fmt: skip
    assert configuration.sha(tiny()) != configuration.sha(tiny("embed.pooling=cls"))
