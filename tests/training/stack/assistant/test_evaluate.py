"""The assistant's question set, its threshold, and what its score counts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.data.retrieval import pages, search
from training.run.errors import BadInput
from training.stack.assistant import __main__, evaluate, models
from training.stack.assistant import settings as assistant_settings

PAGE = "# Rank\n\nTraining begins with the matrix B at zero, and with a random A.\n"
SMALL = search.Index(pages.passages_of("labs/rank", PAGE))
CHOSEN = assistant_settings.Settings(name="t", backend="extract", threshold=0.5, price_in=2.0, price_out=10.0)


def question(bucket: str, text: str, half: str = "held_out", holds: str = "") -> evaluate.Question:
    places = ("labs/rank#rank",) if bucket == "answerable" else ()
    return evaluate.Question(bucket, text, places, holds, half)


def test_the_set_is_large_halved_and_its_places_exist() -> None:
    questions = evaluate.read_questions()
    addresses = {passage.address for passage in pages.read_site()}
    assert len(questions) >= 150 and len({q.question.lower() for q in questions}) == len(questions)
    assert {q.bucket for q in questions} == set(evaluate.BUCKETS)
    held_out = sum(q.half == "held_out" for q in questions)
    assert abs(2 * held_out - len(questions)) <= 3
    assert [p for q in questions for p in q.places if p not in addresses] == []


@pytest.mark.parametrize("line", ["{", "{}", '{"bucket": "answerable", "question": "q", "places": [], "holds": "", '
                                  '"half": "held_out"}', '{"bucket": "odd", "question": "q", "places": [], '
                                  '"holds": "", "half": "held_out"}'])  # fmt: skip
def test_a_broken_question_is_named(tmp_path: Path, line: str) -> None:
    (tmp_path / "q.jsonl").write_text(line + "\n")
    with pytest.raises(BadInput, match=r"q\.jsonl:1"):
        evaluate.read_questions(tmp_path / "q.jsonl")


@pytest.mark.parametrize(("row", "word"), [
    ({"question": 5}, "must be a text"), ({"places": ["/a", 3]}, "must be a text"), ({"more": 1}, "not a question"),
])  # fmt: skip
def test_a_question_of_other_types_is_named(tmp_path: Path, row: dict, word: str) -> None:
    whole = {"bucket": "answerable", "question": "q", "places": ["/a"], "holds": "", "half": "held_out"}
    (tmp_path / "q.jsonl").write_text(json.dumps(whole) + "\n\n" + json.dumps({**whole, **row}) + "\n")
    with pytest.raises(BadInput, match=rf"q\.jsonl:3: .*{word}"):
        evaluate.read_questions(tmp_path / "q.jsonl")


def test_a_line_ends_at_a_newline_only(tmp_path: Path) -> None:
    asked = "one\u2028two\x85three"
    row = {"bucket": "boundary", "question": asked, "places": [], "holds": "", "half": "held_out"}
    (tmp_path / "q.jsonl").write_text(json.dumps(row, ensure_ascii=False) + "\n", encoding="utf-8")
    assert [q.question for q in evaluate.read_questions(tmp_path / "q.jsonl")] == [asked]


def test_ctrl_c_is_one_line(monkeypatch, capsys) -> None:
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(__main__, "read_site", interrupted)
    assert __main__.main(["ask", "what is rank"]) == 130
    assert capsys.readouterr().err == "stopped; the same command begins again\n"


def test_calibration_splits_what_can_be_split() -> None:
    assert evaluate.calibrate([0.9, 0.8, 0.2, 0.1], [True, True, False, False]) == 0.21
    with pytest.raises(BadInput):
        evaluate.calibrate([0.9], [True])


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=2).filter(lambda x: len({g for _, g in x}) == 2))
def test_the_threshold_is_never_worse_than_answering_all(pairs) -> None:
    threshold = evaluate.calibrate([c for c, _ in pairs], [g for _, g in pairs])
    yes, no = [c for c, g in pairs if g], [c for c, g in pairs if not g]
    assert sum(c >= threshold for c in yes) / len(yes) + sum(c < threshold for c in no) / len(no) >= 1


def test_the_score_counts_places_words_and_refusals() -> None:
    asked = [question("answerable", "With what does the matrix B begin?", holds="zero"),
             question("answerable", "Which random A does training begin with?", holds="one half"),
             question("out_of_scope", "Who won in Lisbon?"), question("boundary", "matrix random training begins"),
             question("answerable", "With what does B begin?", half="calibration")]  # fmt: skip
    ticks = iter(range(100))
    scored = evaluate.ask_all(asked, SMALL, CHOSEN, None, lambda: next(ticks))
    found = evaluate.measures(scored, SMALL, CHOSEN)
    assert found["exact"]["value"] == 0.5 and found["exact"]["n"] == 2
    assert found["citation_correct"]["value"] == 1.0 and found["sentence_supported"]["value"] == 1.0
    assert found["refusal_precision"]["value"] == 1.0 and found["refusal_recall"]["value"] == 0.5
    assert found["latency_p50"]["value"] == 1 and found["refused_answerable"]["value"] == 0.0


def test_tokens_and_prices_make_the_cost_of_a_thousand() -> None:
    asked = [question("answerable", "With what does the matrix B begin?")]
    scored = evaluate.ask_all(asked, SMALL, CHOSEN, lambda prompt: models.Written("NO ANSWER", 500, 100))
    assert evaluate.measures(scored, SMALL, CHOSEN)["cost_per_1000"]["value"] == pytest.approx(2.0)


def test_a_model_that_goes_down_gives_no_half_comparison() -> None:
    def down(prompt: str):
        raise models.ModelDown("gone")

    with pytest.raises(BadInput, match="after 0 questions: gone"):
        evaluate.ask_all([question("answerable", "With what does the matrix B begin?")], SMALL, CHOSEN, down)


def test_the_command_writes_a_report_and_every_answer(tmp_path: Path, capsys) -> None:
    pytest.importorskip("torch")
    assert __main__.main(["evaluate", "--out", str(tmp_path)]) == 0
    report = json.loads((tmp_path / "retrieval" / "report.json").read_text())
    answers = (tmp_path / "retrieval" / "predictions.jsonl").read_text().splitlines()
    assert len(answers) == report["data"]["held_out"] and "refusal_recall" in capsys.readouterr().out
    assert report["eval"]["held_out"]["refused_out_of_scope"]["value"] >= 0.9
    assert report["eval"]["held_out"]["passage_found"]["value"] >= 0.75


def test_a_missing_configuration_is_one_line(capsys) -> None:
    assert __main__.main(["ask", "--config", "nowhere.yaml", "what is rank"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_one_question_on_the_command_line(capsys) -> None:
    assert __main__.main(["ask", "Which exit code means don't train?"]) == 0
    reply = json.loads(capsys.readouterr().out)
    assert not reply["refused"] and reply["citations"][0]["address"].startswith("/")
