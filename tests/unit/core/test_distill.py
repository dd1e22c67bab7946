"""Distillation against central differences, against torch where it is installed, and where naive forms break."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labs_py.core import distill, numerics

KINDS = ("forward", "reverse", "js")
TEMPERATURES = (0.25, 1.0, 2.0, 20.0)


def logits_pair(seed: int, n_words: int = 9, n_prompts: int = 3, scale: float = 3.0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return scale * rng.normal(size=(n_prompts, n_words)), scale * rng.normal(size=(n_prompts, n_words))


def numeric_gradient(function, at: np.ndarray, step: float = 1e-6) -> np.ndarray:
    gradient = np.zeros_like(at)
    for index in np.ndindex(at.shape):
        up, down = at.copy(), at.copy()
        up[index] += step
        down[index] -= step
        gradient[index] = (function(up).sum() - function(down).sum()) / (2 * step)
    return gradient


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("temperature", TEMPERATURES)
@pytest.mark.parametrize("alpha, square", [(1.0, True), (0.3, True), (0.7, False)])
def test_gradients_equal_central_differences(kind: str, temperature: float, alpha: float, square: bool) -> None:
    teacher, student = logits_pair(4, scale=1.0)
    counts = np.append(np.zeros(8), np.log(50.0))
    goal = distill.Objective(distill.soften(teacher, temperature, counts), np.array([0, 3, 5]), temperature, alpha,
                             kind, 0.3, counts, square)  # fmt: skip
    numeric = numeric_gradient(lambda z: distill.loss(z, goal), student)
    assert np.abs(distill.loss_gradient(student, goal) - numeric).max() < 1e-6 * max(1.0, np.abs(numeric).max())


@pytest.mark.torch
@pytest.mark.parametrize("temperature", TEMPERATURES)
@pytest.mark.parametrize("one_hot", [False, True])
def test_forward_loss_and_gradient_equal_torch(temperature: float, one_hot: bool) -> None:
    torch = pytest.importorskip("torch")
    functional = torch.nn.functional
    teacher, student = logits_pair(7)
    log_p = distill.soften(teacher, temperature)
    if one_hot:
        log_p = np.where(np.eye(9)[[2, 0, 8]] > 0, 0.0, -np.inf)
    labels = np.array([1, 4, 0])
    goal = distill.Objective(log_p, labels, temperature, 0.7)
    z = torch.tensor(student, requires_grad=True)
    soft = functional.kl_div((z / temperature).log_softmax(-1), torch.tensor(np.exp(log_p)), reduction="sum")
    hard = functional.cross_entropy(z, torch.tensor(labels), reduction="sum")
    total = 0.7 * temperature**2 * soft + 0.3 * hard
    total.backward()
    assert distill.loss(student, goal).sum() == pytest.approx(total.item(), rel=1e-6)
    assert np.abs(distill.loss_gradient(student, goal) - z.grad.numpy()).max() < 1e-6 * max(1, z.grad.abs().max())


@pytest.mark.torch
@pytest.mark.parametrize("kind", ["reverse", "js"])
@pytest.mark.parametrize("temperature", TEMPERATURES)
def test_other_divergences_equal_torch_autograd(kind: str, temperature: float) -> None:
    torch = pytest.importorskip("torch")
    teacher, student = logits_pair(8)
    z = torch.tensor(student, requires_grad=True)
    log_p = (torch.tensor(teacher) / temperature).log_softmax(-1)
    log_q = (z / temperature).log_softmax(-1)
    kl = torch.nn.functional.kl_div
    if kind == "reverse":
        value = kl(log_p, log_q, reduction="sum", log_target=True)
    else:
        log_m = torch.logaddexp(log_p + np.log(0.2), log_q + np.log(0.8))
        value = 0.2 * kl(log_m, log_p, reduction="sum", log_target=True)
        value = value + 0.8 * kl(log_m, log_q, reduction="sum", log_target=True)
    value.backward()
    ours_q = distill.soften(student, temperature)
    assert distill.divergence(kind, log_p.numpy(), ours_q, 0.2).sum() == pytest.approx(value.item(), rel=1e-6, abs=1e-9)
    gradient = distill.divergence_gradient(kind, log_p.numpy(), ours_q, temperature, 0.2)
    assert np.abs(gradient - z.grad.numpy()).max() < 1e-6 * max(1.0, float(z.grad.abs().max()))


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_the_naive_forms_break_where_ours_do_not() -> None:
    logits = np.array([[300.0, 0.0, -300.0]])
    naive = np.exp(logits / 0.25) / np.exp(logits / 0.25).sum()
    assert np.isnan(naive).any()
    log_q = distill.soften(logits, 0.25)
    assert log_q[0].tolist() == [0.0, -1200.0, -2400.0]
    p, log_p = np.array([[0.0, 1.0, 0.0]]), np.array([[-np.inf, 0.0, -np.inf]])
    assert np.isnan((p * (np.log(p) - log_q)).sum())
    assert distill.divergence("forward", log_p, log_q)[0] == 1200.0
    assert np.isfinite(distill.divergence("js", log_p, log_q)[0])
    assert distill.divergence("reverse", log_p, log_q)[0] == np.inf  # the truth: q has mass where p has none
    for kind in ("forward", "js"):
        assert np.isfinite(distill.divergence_gradient(kind, log_p, log_q, 0.25)).all()


@given(st.integers(0, 5000), st.sampled_from(KINDS), st.floats(0.05, 0.95))
def test_divergences_are_never_negative_and_zero_only_for_equals(seed: int, kind: str, beta: float) -> None:
    teacher, student = logits_pair(seed)
    log_p, log_q = numerics.log_softmax(teacher), numerics.log_softmax(student)
    assert (distill.divergence(kind, log_p, log_q, beta) > 1e-6).all()
    assert np.abs(distill.divergence(kind, log_p, log_p, beta)).max() < 1e-12
    assert np.abs(distill.divergence_gradient(kind, log_p, log_p, 2.0, beta)).max() < 1e-12


@given(st.integers(0, 5000), st.floats(-1e4, 1e4))
def test_a_shift_of_all_logits_changes_nothing(seed: int, shift: float) -> None:
    teacher, _ = logits_pair(seed)
    assert np.allclose(numerics.log_softmax(teacher), numerics.log_softmax(teacher + shift), atol=1e-9)
    assert np.allclose(np.exp(numerics.log_softmax(teacher)).sum(axis=-1), 1.0)


def test_logsumexp_of_nothing_is_minus_infinity() -> None:
    assert np.isneginf(numerics.logsumexp(np.array([-np.inf, -np.inf])))[0]
    assert numerics.logsumexp(np.array([1e4, 1e4]))[0] == pytest.approx(1e4 + np.log(2))


def test_a_bin_of_n_words_is_n_words_with_one_logit() -> None:
    listed, rest, n = np.array([2.0, 1.0]), -0.5, 40
    whole = distill.soften(np.append(listed, np.full(n, rest)), 3.0)
    binned = distill.soften(np.append(listed, rest), 3.0, np.array([0.0, 0.0, np.log(n)]))
    assert np.allclose(np.exp(binned[:2]), np.exp(whole[:2])) and np.exp(binned[2]) == pytest.approx(
        np.exp(whole[2:]).sum()
    )


def test_the_soft_gradient_goes_as_one_over_t_squared_in_the_limit() -> None:
    teacher, student = logits_pair(1)
    sizes = []
    for t in (200.0, 400.0):
        log_p, log_q = distill.soften(teacher, t), distill.soften(student, t)
        sizes.append(np.linalg.norm(distill.divergence_gradient("forward", log_p, log_q, t)))
    assert sizes[0] / sizes[1] == pytest.approx(4.0, rel=0.02)


def test_a_low_rank_student_descends_along_its_gradient() -> None:
    teacher, _ = logits_pair(2, n_words=6, n_prompts=4, scale=1.0)
    goal = distill.Objective(numerics.log_softmax(teacher), teacher.argmax(axis=1))
    student = distill.new_student(np.eye(4), 2, 6, seed=0)
    gradient = distill.loss_gradient(student.logits(), goal)

    def with_second(second: np.ndarray) -> np.ndarray:
        return distill.loss(student.features @ student.first @ second, goal)

    def with_first(first: np.ndarray) -> np.ndarray:
        return distill.loss(student.features @ first @ student.second, goal)

    first, second = student.first.copy(), student.second.copy()
    expected = numeric_gradient(with_first, first), numeric_gradient(with_second, second)
    student.descend(gradient, 1.0)
    assert np.allclose(first - student.first, expected[0], atol=1e-6)
    assert np.allclose(second - student.second, expected[1], atol=1e-6)


@pytest.mark.parametrize("seed", range(6))
def test_the_rests_entropy_is_bounded_by_its_sums_at_other_temperatures(seed: int) -> None:
    rng = np.random.default_rng(seed)
    logits = np.sort(rng.normal(0, rng.uniform(1, 4), 3000))[::-1]
    rest = logits[50:]
    temperatures = np.array([0.25, 0.5, 1, 1.5, 2, 3, 5, 9, 20])
    sums = numerics.logsumexp(rest / temperatures[:, None])[:, 0]
    for at, t in enumerate(temperatures):
        exact = float(numerics.entropy(numerics.log_softmax(rest / t)))
        low, middle, high = distill.rest_entropy(1 / temperatures, sums, at, rest.size, logits[49])
        assert low - 1e-9 <= exact <= high + 1e-9 and low <= middle <= high
        assert t < 1 or abs(middle - exact) < 0.2 * max(high - low, 0.05) + 0.05


def test_a_bins_own_entropy_makes_the_entropy_over_all_words() -> None:
    p = np.random.default_rng(0).dirichlet(np.ones(40))
    rest = p[10:].sum()
    log_bins = np.log(np.append(p[:10], rest))
    within = np.append(np.zeros(10), numerics.entropy(np.log(p[10:] / rest)))
    assert distill.binned_entropy(log_bins, within) == pytest.approx(numerics.entropy(np.log(p)), rel=1e-12)
