"""The assistant's student and its router: whom it trusts, what both cost, and how the threshold is set."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from training import cli
from training.data.retrieval import answer, pages, search
from training.data.tasks import site_answers
from training.run.errors import BadInput, LackingResource
from training.stack.assistant import evaluate, models, reply
from training.stack.assistant import settings as assistant_settings

PAGE = """# Rank

Training begins with the matrix B at zero, and with a random A.

# Costs

A merge costs nothing at all.
"""
INDEX = search.Index(pages.passages_of("labs/rank", PAGE))
CHOSEN = assistant_settings.Settings(name="t", backend="extract", threshold=0.3, form="short", sure=0.5)
TINY = assistant_settings.Settings(name="tiny", backend="local", threshold=0.3, form="short", model="tiny-random:llama",
                         max_new_tokens=6, passages=2)  # fmt: skip
SITE = "training/configs/sft/smollm2_site_answers.yaml"
QUESTION = "With what does the matrix B begin?"


def search_alone(question: str) -> answer.Answer:
    return reply.reply(question, INDEX, CHOSEN)


def writes(text: str, sure: float) -> reply.Model:
    return lambda prompt: answer.Written(text, 100, 10, sure)


@pytest.mark.parametrize(("text", "sure", "handed_on", "refused"), [
    ("Training begins with the matrix B at zero. [1]", 0.9, False, False),
    ("Training begins with the matrix B at zero. [1]", 0.2, True, False),
    ("NO ANSWER", 0.9, False, True), ("NO ANSWER", 0.2, True, False),
    ("Penguins swim under the ice. [1]", 0.9, True, False),
])  # fmt: skip
def test_what_is_unsure_or_unsupported_is_handed_on(text, sure, handed_on, refused) -> None:
    found = reply.reply(QUESTION, INDEX, CHOSEN, writes(text, sure), search_alone)
    assert (found.handed_on, found.refused) == (handed_on, refused)
    assert found.sure == sure and (found.tokens_in, found.tokens_out) == (100, 10)


def test_both_models_are_paid_for() -> None:
    fallback = lambda question: reply.reply(question, INDEX, CHOSEN, writes("Training begins with A. [1]", 1.0))  # noqa: E731
    found = reply.reply(QUESTION, INDEX, CHOSEN, writes("NO ANSWER", 0.1), fallback)
    assert (found.tokens_in, found.tokens_out) == (200, 20) and found.cited


def test_what_search_declines_asks_no_model() -> None:
    def never(_):
        raise AssertionError("asked")

    found = reply.reply("Who won in Lisbon?", INDEX, CHOSEN, never, never)
    assert found.refused and not found.handed_on and found.tokens_in == 0


def question(text: str, holds: str, half: str, places=("labs/rank#rank",)) -> evaluate.Question:
    return evaluate.Question("answerable" if places else "boundary", text, places, holds, half)


def test_the_threshold_is_the_one_with_most_right_answers() -> None:
    asked = [question(QUESTION, "zero", "calibration"), question("What does a merge cost?", "cheap", "calibration",
             ("labs/rank#costs",)), question("a random matrix for Lisbon", "", "calibration", ())]  # fmt: skip
    fallback = search_alone
    said = lambda q, text, sure: evaluate.Scored(  # noqa: E731
        q, reply.reply(q.question, INDEX, CHOSEN, writes(text, sure)), 1.0
    )
    unsure_and_wrong = said(asked[0], "NO ANSWER", 0.4)  # search alone has it
    sure_and_right = said(asked[2], "NO ANSWER", 0.7)  # search alone answers what it should not
    least = evaluate.calibrate_router([unsure_and_wrong, sure_and_right], fallback)
    assert 0.4 < least <= 0.7
    found = evaluate.routed([unsure_and_wrong, sure_and_right], least, fallback)
    assert [s.answer.handed_on for s in found] == [True, False] and all(evaluate.right(s) for s in found)
    assert all(s.seconds >= 1.0 for s in found)
    assert evaluate.calibrate_router([said(asked[1], "NO ANSWER", 0.4)], fallback) == 1.0  # of equals the most careful


def test_a_router_that_trusts_all_or_none_is_one_of_its_two_arms() -> None:
    asked = [question(QUESTION, "zero", "held_out"), question("What does a merge cost?", "nothing", "held_out")]
    scored = evaluate.ask_all(asked, INDEX, CHOSEN, writes("A merge costs nothing. [1]", 0.6))
    alone = [reply.reply(q.question, INDEX, CHOSEN).cited for q in asked]
    assert [s.answer.cited for s in evaluate.routed(scored, 1.0, search_alone)] == alone
    kept = [s.answer for s in evaluate.routed(scored, 0.0, search_alone) if not s.answer.handed_on]
    assert kept == [s.answer for s in scored if s.answer.cited]


def test_the_report_has_both_arms_and_where_the_adapter_comes_from(tmp_path: Path) -> None:
    (tmp_path / "adapter").mkdir()
    (tmp_path / "report.json").write_text(json.dumps({"seeds": {"init": 7}, "gate": {"sentence": "no"}, "log": 1}))
    chosen = assistant_settings.Settings(**{**CHOSEN.__dict__, "adapter": str(tmp_path / "adapter")})
    asked = [question(QUESTION, "zero", half) for half in evaluate.HALVES] + [
        question("the matrix of Lisbon", "", half, ()) for half in evaluate.HALVES]  # fmt: skip
    model = writes("Training begins with the matrix B at zero. [1]", 0.6)
    report = evaluate.evaluate(INDEX, chosen, model, tmp_path / "out", "a command", asked, search_alone)
    assert report["run"]["id"] == "assistant-t-s7" and report["run"]["seed"] == 7
    assert set(report["eval"]) == {"held_out", "calibration", "routed"}
    assert report["training"] == {"seeds": {"init": 7}, "gate": {"sentence": "no"}}
    assert report["router"]["kept"]["n"] == 2 and 0 <= report["router"]["sure_calibrated"] <= 1


def test_a_local_model_gives_the_same_answer_twice_and_says_how_sure_it_is() -> None:
    write, shown = models.local(TINY), answer.prompt(QUESTION, INDEX.passages, "short")
    once = write(shown)
    assert once == write(shown) and 0 < once.sure <= 1 and once.tokens_out <= 6 and once.passed == 0
    several = models.local(assistant_settings.Settings(**{**TINY.__dict__, "tries": 3, "form": "taught"}))(shown)
    assert several.tokens_in > once.tokens_in and 3 <= several.tokens_out <= 18


def test_a_trained_student_is_asked_as_it_was_trained(tmp_path: Path, capsys) -> None:
    out = tmp_path / "run"
    assert cli.main(["sft", "--smoke", "--config", SITE, "--out", str(out), "train.max_steps=1"]) == 0
    tuned = assistant_settings.Settings(**{**TINY.__dict__, "adapter": str(out / "adapter")})
    shown = answer.prompt(QUESTION, INDEX.passages, "short")
    assert models.turns_of(tuned, shown) == [*site_answers.TASK.row(shown, "")["messages"][:2]]
    assert models.local(tuned)(shown).tokens_in == models.local(TINY)(shown).tokens_in
    with pytest.raises(LackingResource, match="tiny"):
        models.local(assistant_settings.Settings(**{**TINY.__dict__, "adapter": str(tmp_path)}))


class Endpoint(BaseHTTPRequestHandler):
    """Answers the second draw well, and with log-probabilities when it is asked for them."""

    asked: list[dict] = []

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.asked.append(body)
        good = body.get("seed", 1) == 1
        text = "Training begins with the matrix B at zero. [1]" if good else "Who knows?"
        chances = {"content": [{"logprob": -0.1}, {"logprob": -0.6931}]} if body.get("logprobs") else None
        reply = {"choices": [{"message": {"content": text}, "logprobs": chances}],
                 "usage": {"prompt_tokens": 50, "completion_tokens": 9}}  # fmt: skip
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(reply).encode())

    def log_message(self, *_):
        pass


def test_an_endpoint_is_asked_again_until_the_verifier_is_content_and_says_how_sure_it_is() -> None:
    server = HTTPServer(("127.0.0.1", 0), Endpoint)
    Thread(target=server.serve_forever, daemon=True).start()
    chosen = {**CHOSEN.__dict__, "backend": "endpoint", "url": f"http://127.0.0.1:{server.server_port}/v1"}
    shown = answer.prompt(QUESTION, INDEX.passages, "short")
    one = models.writer(assistant_settings.Settings(**{**chosen, "fallback": "assistant-retrieval.yaml"}))(shown)
    assert one.sure == pytest.approx(0.5, abs=1e-3) and one.passed == 1
    two = models.writer(assistant_settings.Settings(**{**chosen, "tries": 2, "form": "taught"}))(shown)
    server.shutdown()
    assert two.passed == 2 and (two.tokens_in, two.tokens_out) == (100, 18) and two.sure == 0.0
    assert [call["temperature"] for call in Endpoint.asked] == [0.0, 0.8, 0.8]
    assert "Lisbon" not in json.dumps(Endpoint.asked) and Endpoint.asked[-1]["messages"][0]["role"] == "system"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("form: loud\n", "loud"),
        ("tries: 0\n", "tries"),
        ("sure: 2\n", "sure"),
        ("fallback: a.yaml\n", "of its own"),
        ("fallback: b.yaml\n", "b.yaml"),
    ],
)
def test_a_wrong_router_is_named(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "a.yaml").write_text("name: a\nbackend: extract\nthreshold: 0.5\nfallback: c.yaml\n")
    (tmp_path / "c.yaml").write_text("name: c\nbackend: extract\nthreshold: 0.5\n")
    (tmp_path / "t.yaml").write_text(f"name: t\nbackend: extract\nthreshold: 0.5\n{text}")
    with pytest.raises(BadInput, match=said):
        assistant_settings.load(tmp_path / "t.yaml")


def test_every_fallback_of_ours_answers() -> None:
    chosen = assistant_settings.load(assistant_settings.FOLDER / "assistant-student.yaml")
    found = models.fallback(chosen, INDEX)(QUESTION)
    assert found.cited and models.fallback(CHOSEN, INDEX) is None
