"""The Distillation Lab: its scalars recomputed from the recorded logits, its claims, challenges, and bad input."""

from __future__ import annotations

import hashlib
import math
from pathlib import Path

import numpy as np
import pytest

from labs_py import api, data
from labs_py.core import distill, numerics
from labs_py.labs.distillation import lab, students, tasks, teachers
from labs_py.labs.distillation.spec import SPEC


def scalars(**params) -> dict[str, float]:
    return {k: v["value"] for k, v in api.last_frame("distillation", params)["scalars"].items()}


def test_data_files_are_what_was_recorded(root: Path) -> None:
    for file in SPEC.data_files:
        content = (root / "docs" / "data" / "labs" / "files" / file.name).read_bytes()
        assert (hashlib.sha256(content).hexdigest(), len(content)) == (file.sha256, file.size)
    assert "Transformer Explainer" in teachers.table("gpt2")["source"]
    for prompt, gpt2, smollm2 in zip(teachers.PROMPTS, teachers.table("gpt2")["prompts"],
                                     teachers.table("smollm2")["prompts"], strict=False):  # fmt: skip
        assert prompt == gpt2["prompt"] == smollm2["prompt"]
    assert [p["prompt"] for p in teachers.table("smollm2")["prompts"]] == list(teachers.PROMPTS)


@pytest.mark.parametrize("teacher, prompt", [("gpt2", 1), ("gpt2", 5), ("smollm2", 6), ("smollm2", 12)])
def test_listed_words_and_rest_make_one_and_a_higher_temperature_leaves_more_out(teacher: str, prompt: int) -> None:
    grid = teachers.table(teacher)["temperatures"]
    rests = [teachers.rest_mass(teacher, prompt - 1, t) for t in grid]
    assert all(a <= b + 1e-9 for a, b in zip(rests, rests[1:], strict=False)) and 0 <= rests[0] < 0.01
    view = teachers.full_vocabulary(teacher, prompt - 1, 1.0)
    assert np.exp(view.log_teacher).sum() == pytest.approx(1.0, abs=1e-9)
    assert math.isnan(teachers.rest_mass(teacher, prompt - 1, 2.25))


def test_what_the_page_says_of_the_rest_is_so() -> None:
    at_one = [teachers.rest_mass("gpt2", p, 1) for p in range(5)]
    at_two = [teachers.rest_mass("gpt2", p, 2) for p in range(5)]
    assert 0.30 <= min(at_one) and max(at_one) <= 0.58 and min(at_two) > 0.8


@pytest.mark.parametrize("divergence", ["forward", "reverse", "js"])
@pytest.mark.parametrize("start", ["uniform", "confident", "unigram"])
def test_scalars_equal_a_plain_computation(divergence: str, start: str) -> None:
    t, alpha, beta = 3.25, 0.35, 0.7
    found = scalars(
        teacher="smollm2", prompt=7, temperature=t, alpha=alpha, divergence=divergence, beta=beta, start=start
    )
    top = teachers.table("smollm2")["prompts"][6]["top"]
    teacher = np.array(top["logits"][:64])
    student = np.zeros(64)
    if start == "confident":
        student[teacher.argmin()] = 8.0 + np.log(64)
    if start == "unigram":
        student = -np.log(np.array(top["ids"][:64]) + 1.0)

    def softmax(z: np.ndarray) -> np.ndarray:
        e = np.exp(z - z.max())
        return e / e.sum()

    p, q = softmax(teacher / t), softmax(student / t)
    m = beta * p + (1 - beta) * q
    value = {"forward": (p * np.log(p / q)).sum(), "reverse": (q * np.log(q / p)).sum(),
             "js": beta * (p * np.log(p / m)).sum() + (1 - beta) * (q * np.log(q / m)).sum()}  # fmt: skip
    hard = -np.log(softmax(student)[0])
    assert found["kl"] == pytest.approx(value["forward"], rel=1e-9)
    assert found["divergence_now"] == pytest.approx(value[divergence], rel=1e-9)
    assert found["cross_entropy"] == pytest.approx(hard, rel=1e-9)
    assert found["loss_now"] == pytest.approx(alpha * t * t * value[divergence] + (1 - alpha) * hard, rel=1e-9)
    assert found["teacher_entropy"] == pytest.approx(-(p * np.log(p)).sum(), rel=1e-9)
    assert found["student_entropy"] == pytest.approx(-(q * np.log(q)).sum(), rel=1e-9)


@pytest.mark.torch
@pytest.mark.parametrize("vocabulary", ["few", "full"])
def test_the_live_student_equals_torch_sgd(vocabulary: str) -> None:
    torch = pytest.importorskip("torch")
    params = {"temperature": 2.0, "alpha": 0.8, "learning_rate": 0.5, "steps": 40, "vocabulary": vocabulary}
    frame = api.last_frame("distillation", {**params, "train": True}, dtype="float64")
    prompt = teachers.table("gpt2")["prompts"][0]
    p = torch.tensor(prompt["top"]["logits"], dtype=torch.float64) / 2
    counts = torch.zeros(64, dtype=torch.float64)
    if vocabulary == "full":
        listed = (p - prompt["logsumexp"][teachers.table("gpt2")["temperatures"].index(2)]).exp()
        p = torch.cat([listed, 1 - listed.sum()[None]])
        counts = torch.cat([counts, torch.tensor([50257.0 - 64], dtype=torch.float64).log()])
    else:
        p = p.softmax(-1)
    kept = 0.0  # what no student over these entries can remove
    if vocabulary == "full":
        kept = float(p[-1]) * (math.log(50257 - 64) - teachers.full_vocabulary("gpt2", 0, 2.0).within[1])
    z = torch.zeros(p.numel(), dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.SGD([z], lr=0.5)
    curve = []
    for _ in range(40):
        optimiser.zero_grad()
        soft = torch.nn.functional.kl_div((z / 2 + counts).log_softmax(-1), p, reduction="sum") + kept
        loss = 0.8 * 4 * soft + 0.2 * torch.nn.functional.cross_entropy((z + counts)[None], torch.tensor([0]))
        loss.backward()
        curve.append(loss.item())
        optimiser.step()
    assert np.abs(frame["arrays"]["loss"]["data"] - np.array(curve)).max() < 1e-6


@pytest.mark.parametrize("teacher, prompt, words", [("gpt2", 1, 50257), ("gpt2", 5, 50257), ("smollm2", 6, 49152)])
def test_over_the_full_vocabulary_entropy_grows_with_temperature_and_counts_every_word(teacher, prompt, words) -> None:
    settings = {"teacher": teacher, "prompt": prompt, "vocabulary": "full"}
    entropies = []
    for t in teachers.table(teacher)["temperatures"]:
        found = scalars(**settings, temperature=t)
        entropies.append(found["teacher_entropy"])
        # a student that knows nothing is even over all words, and KL from an even one is what entropy lacks
        assert found["student_entropy"] == pytest.approx(math.log(words), rel=1e-9)
        assert found["kl"] == found["divergence_now"] == pytest.approx(math.log(words) - entropies[-1], abs=1e-9)
    assert entropies == sorted(entropies) and entropies[-1] > 10.7


@pytest.mark.parametrize("teacher", ["gpt2", "smollm2"])
def test_the_recorded_entropy_is_shown_as_it_is_and_lies_within_the_bounds_from_the_sums(teacher, monkeypatch) -> None:
    for prompt, entry in enumerate(teachers.table(teacher)["prompts"]):
        found = scalars(teacher=teacher, prompt=prompt + 1, vocabulary="full", temperature=1.0)
        assert found["teacher_entropy"] == pytest.approx(entry["entropy_nats"], abs=1e-6)
        monkeypatch.setitem(entry, "entropy_nats", entry["entropy_nats"])  # put back after the test
        exact = entry.pop("entropy_nats")
        low, middle, high = teachers.full_vocabulary(teacher, prompt, 1.0).teacher_entropies()
        assert low <= exact <= high and abs(middle - exact) < 0.05


def test_bounds_and_what_stays_are_said() -> None:
    texts = api.last_frame("distillation", {"vocabulary": "full", "temperature": 2.0})["texts"]
    assert "8.018 to 8.467" in texts["summary:words"] and "nats of the forward KL stay" in texts["summary:words"]
    reverse = api.last_frame("distillation", {"vocabulary": "full", "divergence": "reverse"})["texts"]
    assert "at least that" in reverse["summary:words"]
    assert "bounds" not in api.last_frame("distillation", {})["texts"]["summary:words"]


def test_a_trained_student_keeps_what_it_cannot_tell_apart() -> None:
    settings = {"vocabulary": "full", "alpha": 1.0, "train": True, "steps": 400, "learning_rate": 3}
    assert scalars(**settings)["kl"] == pytest.approx(teachers.full_vocabulary("gpt2", 0, 2.0).floor(), abs=0.05)


def test_training_falls_and_repeats() -> None:
    first = list(api.run("distillation", {"train": True, "steps": 60}))
    second = list(api.run("distillation", {"train": True, "steps": 60}))
    assert len(first) == 60 and [f["scalars"] for f in first] == [f["scalars"] for f in second]
    loss = first[-1]["arrays"]["loss"]["data"]
    assert loss[-1] < 0.5 * loss[0]
    other = api.last_frame("distillation", {"train": True, "steps": 60, "seed": 1})
    assert other["scalars"]["heldout_kl_soft"]["value"] != first[-1]["scalars"]["heldout_kl_soft"]["value"]


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_soft_labels_win_on_unseen_prompts_over_seeds(seed: int) -> None:
    measured = list(students.compare_on_held_out(8, seed, 200))
    grid = teachers.shared_grid()
    uniform = np.log(64) - numerics.entropy(grid.log_teacher[grid.held_out]).mean()
    best_hard = min(m["kl_hard"] for m in measured)
    assert measured[-1]["kl_soft"] < 0.9 < best_hard < uniform < measured[-1]["kl_hard"]
    assert grid.held_out.sum() == 24 and grid.features.shape == (96, 20)
    seen = grid.features[~grid.held_out].sum(axis=0)
    assert (seen > 0).all()  # every frame and every subject was seen, only not together


def test_forward_covers_and_reverse_seeks() -> None:
    log_teacher = students.two_peaks(14)
    forward, reverse = (students.best_bump(k, log_teacher, 0.5) for k in ("forward", "reverse"))
    assert students.spread(forward)[1] > 5 > 2 > students.spread(reverse)[1]
    assert abs(students.spread(forward)[0] - 21) < 1.5  # between the peaks
    assert abs(students.spread(reverse)[0] - 14) <= 1  # on the higher one, at 21 - 7


def test_a_stuck_student_and_a_narrow_one() -> None:
    stuck = {"divergence": "reverse", "start": "confident", "alpha": 1.0, "temperature": 1.0, "train": True}
    frame = api.last_frame("distillation", stuck)["arrays"]["loss"]["data"]
    assert frame[-1] > 0.99 * frame[0]
    freed = api.last_frame("distillation", {**stuck, "divergence": "forward"})["arrays"]["loss"]["data"]
    assert freed[-1] < 0.01 * freed[0]
    low = {"start": "lowrank", "teacher": "smollm2", "train": True, "temperature": 1.0, "alpha": 1.0, "steps": 400}
    gaps = [scalars(**low, student_rank=r)["mean_kl"] for r in (1, 3, 12)]
    assert gaps[0] > 1.5 * gaps[1] > 1.5 * gaps[2]


def test_a_runaway_is_a_sentence() -> None:
    frame = api.last_frame("distillation", {"start": "lowrank", "learning_rate": 20, "train": True})
    assert any("ran away" in e["message"] for e in frame["errors"]) and frame["final"]
    assert all(math.isfinite(s["value"]) for s in frame["scalars"].values())


@pytest.mark.parametrize(
    "params, name, words",
    [
        ({"prompt": 9}, "prompt", "first five prompts"),
        ({"vocabulary": "full", "temperature": 2.25}, "temperature", "2 is the nearest"),
        ({"start": "lowrank", "divergence": "reverse"}, "divergence", "infinite"),
        ({"start": "lowrank", "vocabulary": "full"}, "vocabulary", "64 words each"),
        ({"temperature": 0}, "temperature", "below the smallest"),
        ({"temperature": 1e9}, "temperature", "above the largest"),
        ({"temperature": float("inf")}, "temperature", "not a number"),
        ({"alpha": "nan"}, "alpha", "not a number"),
        ({"teacher": "gpt5"}, "teacher", "not one of"),
        ({"divergence": "x" * 10_000_000}, "divergence", "not one of"),
    ],
)
def test_bad_input_is_a_sentence(params: dict, name: str, words: str) -> None:
    frame = api.last_frame("distillation", params)
    assert any(e["param"] == name and words in e["message"] for e in frame["errors"]), frame["errors"]
    assert math.isfinite(frame["scalars"]["kl"]["value"])


@pytest.mark.parametrize("temperature", [0.25, 20.0])
@pytest.mark.parametrize("vocabulary", ["few", "full"])
@pytest.mark.parametrize("teacher", ["gpt2", "smollm2"])
def test_the_ends_of_the_temperature_stay_finite(temperature: float, vocabulary: str, teacher: str) -> None:
    for divergence in ("forward", "reverse", "js"):
        params = {"temperature": temperature, "vocabulary": vocabulary, "teacher": teacher, "divergence": divergence}
        frame = api.last_frame("distillation", {**params, "start": "confident", "train": True, "steps": 20})
        assert all(math.isfinite(s["value"]) for s in frame["scalars"].values())


def test_without_its_recordings_the_lab_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data, "_provided", {})
    monkeypatch.setattr(data, "FOLDER", "/nowhere")
    lab.forget()
    frame = api.last_frame("distillation", {"train": True})
    lab.forget()
    assert "could not be loaded" in frame["errors"][0]["message"] and frame["scalars"]["forward_spread"]["value"] > 0


def test_predictions_reveal_what_their_reasons_say() -> None:
    answers = {p.name: scalars(**p.params)[p.reveal] for p in SPEC.predictions}
    assert 25 < answers["shrink"] < 36  # well above 16
    assert 75 < answers["rest"] < 90 and answers["flat"] == pytest.approx(math.log(64), abs=0.01)
    assert 0.4 < answers["held"] < 1.0


SEEDS = range(40)


def verdict(name: str, seed: int, answer=None, **params):
    return api.check("distillation", name, seed, params, answer)


def test_square_challenge() -> None:
    for seed in SEEDS:
        t = tasks._square_of(seed)
        assert verdict("t-squared", seed, t**2).result == "right"
        assert "chain rule" in verdict("t-squared", seed, t).message
        assert "smaller still" in verdict("t-squared", seed, 1 / t**2).message


def test_kl_challenge() -> None:
    for seed in SEEDS:
        p, q = tasks._three_words(seed)
        truth = (p * np.log(p / q)).sum()
        assert verdict("kl", seed, truth).result == "right"
        reverse = (q * np.log(q / p)).sum()
        if abs(reverse - truth) > 0.02 * truth:
            assert "reverse" in verdict("kl", seed, reverse).message
        assert verdict("kl", seed, truth / np.log(2)).result == "wrong"
        assert verdict("kl", seed, -(p * np.log(q)).sum()).result == "wrong"


def test_push_challenge() -> None:
    for seed in SEEDS:
        p, q, t, alpha = tasks._push_of(seed)
        assert verdict("push", seed, alpha * t * (q - p)).result == "right"
        assert "sign" in verdict("push", seed, -alpha * t * (q - p)).message
        assert verdict("push", seed, alpha * t**2 * (q - p)).result == "wrong"


def test_rest_challenge() -> None:
    for seed in SEEDS:
        prompt, t = tasks._rest_of(seed)
        truth = 100 * teachers.rest_mass("gpt2", prompt, t)
        assert verdict("rest", seed, truth).result == "right"
        assert "64 words hold" in verdict("rest", seed, 100 - truth).message
        assert "T = 1" in verdict("rest", seed, 100 * teachers.rest_mass("gpt2", prompt, 1.0)).message
        assert "trap" in verdict("rest", seed, 0).message


def test_entropy_challenge() -> None:
    passed = total = 0
    for seed in SEEDS:
        prompt, wanted = tasks._entropy_of(seed)
        right = 0
        for t in np.arange(0.25, 20.25, 0.25):
            found = verdict("entropy", seed, teacher="gpt2", prompt=prompt + 1, temperature=float(t))
            entropy = numerics.entropy(distill.soften(np.array(
                teachers.table("gpt2")["prompts"][prompt]["top"]["logits"]), t))  # fmt: skip
            assert (found.result == "right") == (abs(entropy - wanted) <= 0.02)
            right += found.result == "right"
            total += 1
        assert right >= 1
        passed += right
        assert "grows with" in verdict("entropy", seed, prompt=prompt + 1, temperature=0.25).message
        assert "lower temperature" in verdict("entropy", seed, prompt=prompt + 1, temperature=20).message
        assert "keep those" in verdict("entropy", seed, prompt=(prompt + 1) % 5 + 1).message
    assert passed < 0.1 * total


def test_random_numbers_rarely_pass() -> None:
    rng = np.random.default_rng(0)
    for name, scale in (("t-squared", 400), ("kl", 2), ("push", 2), ("rest", 100)):
        assert sum(verdict(name, s, rng.uniform(0, scale)).result == "right" for s in range(200)) < 20
