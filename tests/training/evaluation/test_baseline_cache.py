"""The base model's scores are kept once, and found again only for the very same question."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.checkout import ROOT
from training.data import splits
from training.evaluation import baseline_cache
from training.methods.configuration import load_config
from training.models.loading import load_base
from training.run import config as configuration
from training.run import machine
from training.run.folder import RunFolder

TINY = ROOT / "training" / "configs" / "sft" / "tiny.yaml"


@pytest.fixture
def asked(tmp_path, monkeypatch):
    monkeypatch.setenv("STAGE10_CACHE", str(tmp_path / "cache"))
    config = configuration.smoke(load_config(TINY), "llama")
    loaded = load_base(config.model)
    folder = RunFolder(tmp_path / "run")
    folder.create(config, "test")
    return config, loaded, splits.load(config, loaded.tokenizer), folder


def test_kept_scores_come_back_with_their_answers(asked):
    config, loaded, rows, folder = asked
    name = baseline_cache.key(loaded, rows, config)
    assert baseline_cache.recall(name, folder) is None
    folder.predictions.write_text('{"arm": "base", "id": 1}\n{"arm": "tuned", "id": 1}\n')
    baseline_cache.keep(name, {"base": {"x": 1}}, folder)
    folder.predictions.unlink()
    assert baseline_cache.recall(name, folder) == {"base": {"x": 1}}
    assert folder.predictions.read_text() == '{"arm": "base", "id": 1}\n'


@pytest.mark.parametrize("content", ["{}", "[]", "5", '{"scores": {}, "predictions": []}',
                                     '{"scores": {"a": 1}, "predictions": [1]}'])  # fmt: skip
def test_a_damaged_file_of_the_cache_only_costs_asking_again(asked, content):
    baseline_cache.keep("name", {"base": 1}, asked[3])
    baseline_cache._file("name").write_text(content)
    assert baseline_cache.recall("name", asked[3]) is None


def test_another_question_has_another_name_and_another_way_of_training_has_not(asked):
    config, loaded, rows, _ = asked
    name = baseline_cache.key(loaded, rows, config)
    assert baseline_cache.key(loaded, rows, config.replace(train=config.train.replace(learning_rate=0.5))) == name
    fewer = config.replace(evaluate=config.evaluate.replace(base_rows=3))
    assert baseline_cache.key(loaded, rows, fewer) != name
    assert baseline_cache.key(replace(loaded, dtype="bfloat16"), rows, config) != name


def test_a_folder_of_weights_is_never_taken_on_its_name(asked):
    model = asked[0].model
    assert baseline_cache.pinned(model)
    assert not baseline_cache.pinned(model.replace(source="./my-weights", revision=None))
    assert baseline_cache.pinned(model.replace(source="org/name", revision="abc"))


def test_a_broken_file_is_asked_again(asked):
    config, loaded, rows, folder = asked
    name = baseline_cache.key(loaded, rows, config)
    file = machine.cache_dir() / "base-scores" / f"{name[:24]}.json"
    file.parent.mkdir(parents=True)
    file.write_text("{half")
    assert baseline_cache.recall(name, folder) is None


def test_line_separators_in_an_answer_and_half_an_answer_do_no_harm(asked):
    config, loaded, rows, folder = asked
    name = baseline_cache.key(loaded, rows, config)
    whole = '{"arm": "base", "id": 1, "answer": "one\u2028two\u2029three\x85four"}\n'
    folder.predictions.write_text(whole + '{"arm": "ba', encoding="utf-8")
    baseline_cache.keep(name, {"base": {}}, folder)
    baseline_cache.recall(name, folder)  # the answers that a killed run has already are not there twice
    assert folder.predictions.read_text(encoding="utf-8") == whole


def test_scores_on_general_text_are_kept_by_the_model_whatever_the_task(asked):
    config, loaded = asked[:2]
    asked_for = []

    def measure():
        asked_for.append(1)
        return {"passage_nats": [1.0, 2.0]}

    named = config.replace(model=config.model.replace(source="bundled:smollm2-135m-instruct"))
    others = [named, named.replace(task="library_desk", train=config.train.replace(seed=7))]
    assert [baseline_cache.general(loaded, one, measure) for one in others] == [measure()] * 2 and len(asked_for) == 2
    larger = named.replace(evaluate=named.evaluate.replace(per_device_eval_batch_size=3))
    for one in (larger, config, config):  # other batches; a tiny random model is never kept
        baseline_cache.general(loaded, one, measure)
    assert len(asked_for) == 5
