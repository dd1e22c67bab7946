"""Every loss equals TRL's (or sentence-transformers'), and the labs', in float64, on random and on extreme inputs."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="parity needs torch (make test sets it up)")

from labs_py.core import distill, policy, preference  # noqa: E402
from tests.parity import trl_stubs as theirs  # noqa: E402
from tests.parity.matryoshka import matryoshka  # noqa: E402
from training.methods.distill import loss as distill_losses  # noqa: E402
from training.methods.dpo import loss as dpo_losses  # noqa: E402
from training.methods.embed import loss as embed_losses  # noqa: E402
from training.methods.grpo import loss as grpo_losses  # noqa: E402
from training.methods.reward import loss as reward_losses  # noqa: E402
from training.methods.sft import loss as sft_losses  # noqa: E402

SAME = {"rtol": 1e-6, "atol": 1e-12}


def same(ours, other) -> None:
    np.testing.assert_allclose(ours.detach().numpy(), torch.as_tensor(other).detach().numpy(), **SAME)


def numbers(seed: int, *shape: int, scale: float = 1.0):
    return torch.tensor(np.random.default_rng(seed).standard_normal(shape) * scale)


class Pairs:
    """B pairs of answers: log-probabilities per token below a mask, and the reference's sums."""

    def __init__(self, kind: str, seed: int = 0, b: int = 6, t: int = 9):
        rng = np.random.default_rng(seed)
        scale = 1e4 if kind == "huge" else 1.0
        lengths = rng.integers(1, t, (2, b)) if kind != "length one" else np.ones((2, b), dtype=int)
        self.masks, self.tokens = [], []
        for side in range(2):
            mask = torch.zeros(b, t, dtype=torch.long)
            for row, length in enumerate(lengths[side]):
                mask[row, t - length :] = 1
            if kind == "masked row":
                mask[0] = 0
            self.masks.append(mask)
            each = -torch.tensor(rng.exponential(scale, (b, t - 1)))
            self.tokens.append(each * mask[:, 1:])
        if kind == "equal":
            self.tokens[1], self.masks[1] = self.tokens[0].clone(), self.masks[0].clone()
        self.sums = [x.sum(1) for x in self.tokens]
        self.counts = [m.sum(1) for m in self.masks]
        self.reference = [s + torch.tensor(rng.standard_normal(b)) * scale for s in self.sums]
        if kind == "equal":
            self.reference[1] = self.reference[0].clone()

    def trl(self, kinds, beta, weights=None):
        return theirs.dpo(*self.tokens, *self.masks, *self.reference, kinds, weights or [1.0] * len(kinds), beta)


KINDS = ("random", "huge", "length one", "masked row", "equal")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("beta", [0.1, 5.0])
def test_dpo_and_its_relatives_are_trls(kind, beta):
    p = Pairs(kind)
    same(dpo_losses.dpo_loss(*p.sums, *p.reference, beta), p.trl(["sigmoid"], beta))
    same(dpo_losses.ipo_loss(*p.sums, *p.reference, *p.counts, beta), p.trl(["ipo"], beta))
    same(dpo_losses.length_normalised_dpo_loss(*p.sums, *p.reference, *p.counts, beta), p.trl(["sigmoid_norm"], beta))
    with_nll = dpo_losses.dpo_with_nll_loss(*p.sums, *p.reference, p.counts[0], beta, 0.2)
    same(with_nll, p.trl(["sigmoid", "sft"], beta, [1.0, 0.2]))


def test_dpo_is_the_labs():
    p = Pairs("random", 3)
    arrays = [x.numpy() for x in (*p.sums, *p.reference)]
    same(dpo_losses.dpo_loss(*p.sums, *p.reference, 0.3), float(np.mean(preference.dpo_loss(*arrays, 0.3))))
    leaf = p.sums[0].clone().requires_grad_(True)
    dpo_losses.dpo_loss(leaf, p.sums[1], *p.reference, 0.3).backward()
    same(leaf.grad * len(leaf), preference.dpo_gradient(*arrays, 0.3))


@pytest.mark.parametrize("scale", [0.0, 1.0, 1e4])
def test_the_reward_models_loss_is_trls_and_the_labs(scale):
    good, bad = numbers(1, 5, scale=scale), numbers(2, 5, scale=scale)
    ours = reward_losses.reward_model_loss(good, bad)
    same(ours, theirs.reward(good, bad))
    differences = (good - bad).numpy()[:, None]
    spent = -preference.log_likelihood(np.ones(1), differences, np.ones(5), np.zeros(5))
    same(ours, spent / 5)


@pytest.mark.parametrize("scale", [0.0, 1.0, 1e4])
def test_simpo_is_trls(scale):
    good, bad = numbers(1, 6, scale=scale), numbers(2, 6, scale=scale)
    same(dpo_losses.simpo_loss(good, bad, 2.0, 1.2), theirs.simpo(good, bad, 2.0, 1.2))


@pytest.mark.parametrize("kind", ["random", "length one", "equal"])
def test_the_loss_without_a_reference_on_every_kind_of_pair(kind, monkeypatch):
    monkeypatch.setattr(torch.Tensor, "float", torch.Tensor.double)
    p = Pairs(kind, 4)
    good, bad = (total / count.clamp(min=1) - 1e-3 for total, count in zip(p.sums, p.counts, strict=True))
    same(dpo_losses.simpo_loss(good, bad, 2.0, 1.2), theirs.simpo(good, bad, 2.0, 1.2))


def group_tensors(scale: float, masked: bool, equal: bool):
    now, drawn, reference = (-numbers(i, 8, 6).abs() for i in range(3))
    now, reference = drawn + (now - drawn) * scale, drawn + (reference - drawn) * scale
    mask = (torch.arange(6) < torch.tensor([6, 1, 3, 2, 5, 6, 1, 4])[:, None]).long()
    if masked:
        mask[2] = 0
    rewards = torch.ones(8).double() if equal else numbers(9, 8).round(decimals=1)
    return now, drawn, reference, mask, rewards


@pytest.mark.parametrize("variant", ["grpo", "dr_grpo", "dapo"])
@pytest.mark.parametrize("kl_weight", [0.0, 0.04])
@pytest.mark.parametrize("case", [(0.1, False, False), (3.0, True, False), (1.0, False, True)])
def test_grpo_and_its_variants_are_trls(variant, kl_weight, case):
    now, drawn, reference, mask, rewards = group_tensors(*case)
    gains = grpo_losses.group_advantages(rewards, 4, variant != "dr_grpo")
    ours = grpo_losses.grpo_loss(now, drawn, gains, mask, variant, 0.2, 0.28, reference, kl_weight, 16)
    same(ours, theirs.grpo(now, drawn, gains, mask, variant, 0.2, 0.28, reference, kl_weight, 16))
    if case[2] and not kl_weight:
        assert float(ours) == 0.0


@pytest.mark.parametrize("variant", ["grpo", "dr_grpo", "dapo"])
def test_grpo_is_trls_on_the_log_probabilities_of_logits_of_ten_thousand(variant):
    """Tokens that were all but impossible, and became more so: ratios of one and of nought."""
    _, drawn, _, mask, rewards = group_tensors(1.0, True, False)
    drawn = drawn * 1e4
    now = drawn - numbers(3, 8, 6).abs() * torch.tensor([0.0, 1e-3, 1e4]).double().repeat(2)
    gains = grpo_losses.group_advantages(rewards, 4, variant != "dr_grpo")
    ours = grpo_losses.grpo_loss(now, drawn, gains, mask, variant, 0.2, 0.28, drawn, 0.0, 16)
    assert bool(ours.isfinite())
    same(ours, theirs.grpo(now, drawn, gains, mask, variant, 0.2, 0.28, drawn, 0.0, 16))


@pytest.mark.parametrize("variant", ["grpo", "dr_grpo", "dapo"])
@pytest.mark.parametrize("kl_weight", [0.0, 0.04])
def test_grpo_of_ratios_that_overflow_is_the_clipped_side_and_flat(variant, kl_weight):
    """exp(1e4) is inf: TRL has NaN slopes for every answer there, and a NaN loss where the advantage is 0."""
    drawn = torch.full((4, 3), -2e4).double()
    now = (drawn + 1e4).requires_grad_(True)
    gains, mask = torch.tensor([0.0, 0.5, 0.0, 2.0]).double(), torch.ones(4, 3)
    ours = grpo_losses.grpo_loss(now, drawn, gains, mask, variant, 0.2, 0.28, now.detach(), kl_weight, 3)
    assert float(ours) == pytest.approx(-1.28 * 2.5 / 4, rel=1e-12)
    ours.backward()
    assert (now.grad == 0).all()


@pytest.mark.parametrize("variant", ["grpo", "dr_grpo", "dapo"])
def test_padding_may_hold_anything_and_gets_no_slope(variant):
    now, drawn, reference, mask, rewards = group_tensors(1.0, True, False)
    clean = now.clone().requires_grad_(True)
    grpo_losses.grpo_loss(clean, drawn, rewards, mask, variant, 0.2, 0.28, reference, 0.04, 16).backward()
    for filling in (math.nan, math.inf, -math.inf):
        now, drawn, reference = (x.masked_fill(mask == 0, filling) for x in (now, drawn, reference))
        leaf = now.clone().requires_grad_(True)
        grpo_losses.grpo_loss(leaf, drawn, rewards, mask, variant, 0.2, 0.28, reference, 0.04, 16).backward()
        same(leaf.grad, clean.grad)


@pytest.mark.parametrize("divide", [True, False])
def test_rewards_may_be_whole_numbers_or_a_column_of_a_table(divide):
    table = torch.tensor([[1, 0], [0, 0], [1, 0], [1, 0], [0, 1], [0, 1]])
    wanted = grpo_losses.group_advantages(table.double()[:, 0].clone(), 3, divide)
    same(grpo_losses.group_advantages(table[:, 0], 3, divide), wanted)
    same(grpo_losses.group_advantages(table[:, 0].bool(), 3, divide), wanted)
    by_question = table.double()[:, 0].view(2, 3).T.contiguous().T  # rows that do not lie side by side in memory
    same(grpo_losses.group_advantages(by_question, 3, divide), wanted)


@pytest.mark.parametrize("group", [0, -1, 4])
def test_rewards_that_make_no_groups_are_refused(group):
    with pytest.raises(ValueError, match="6 rewards cannot be parted into groups of"):
        grpo_losses.group_advantages(torch.ones(6), group)


@pytest.mark.parametrize("divide", [True, False])
def test_advantages_are_the_labs_and_equal_rewards_give_exactly_nothing(divide):
    rewards = numbers(4, 12, scale=100.0)
    rewards[4:8] = 0.1
    ours = grpo_losses.group_advantages(rewards, 4, divide)
    same(ours, policy.group_advantages(rewards.numpy().reshape(3, 4), divide).ravel())
    assert (ours[4:8] == 0).all()


def test_an_unscored_answer_leaves_its_siblings_alone():
    rewards = torch.tensor([1.0, math.nan, 0.0, 2.0, math.nan, math.nan, math.nan, math.nan]).double()
    ours = grpo_losses.group_advantages(rewards, 4)
    same(ours[[0, 2, 3]], grpo_losses.group_advantages(rewards[[0, 2, 3]], 3))
    assert (ours[[1, 4, 5, 6, 7]] == 0).all()


@pytest.mark.parametrize("beta", [0.0, 0.1, 0.5, 1.0])
@pytest.mark.parametrize("scale", [1.0, 1e4])
def test_divergences_are_trls_and_the_labs(beta, scale):
    from trl.experimental.gkd import GKDTrainer

    student, teacher = numbers(1, 5, 11, scale=scale), numbers(2, 5, 11, scale=scale)
    labels = torch.tensor([3, -100, 4, 5, -100])
    kept = labels != -100
    for temperature in (1.0, 4.0):
        wanted = GKDTrainer.generalized_jsd_loss(student[None], teacher[None], labels[None], beta, temperature)
        log_p, log_q = (teacher / temperature).log_softmax(-1), (student / temperature).log_softmax(-1)
        ours = distill_losses.divergence(log_p, log_q, beta)
        same(ours[kept].mean(), wanted)
        kind = {0.0: "forward", 1.0: "reverse"}.get(beta, "js")
        same(ours, distill.divergence(kind, log_p.numpy(), log_q.numpy(), beta))


@pytest.mark.parametrize("beta", [0.0, 0.5, 1.0])
def test_divergences_are_the_stable_trainers_too(beta):
    from trl.trainer.distillation_trainer import _chunked_divergence_loss

    student, teacher = numbers(1, 1, 5, 7), numbers(2, 1, 5, 7)
    head = torch.eye(7).double()
    found = _chunked_divergence_loss(student, teacher, head, head, torch.ones(1, 5), beta)[0]
    ours = distill_losses.divergence(teacher[0].log_softmax(-1), student[0].log_softmax(-1), beta).mean()
    assert float(ours) == pytest.approx(float(found), rel=1e-6)


@pytest.mark.parametrize("beta", [0.0, 0.3, 1.0])
def test_a_teacher_that_rules_words_out_has_the_mathematical_value(beta):
    """Where -inf makes TRL's arithmetic NaN, ours is the definition's value, from 40 digits."""
    teacher = torch.tensor([[0.5, 1.0, -math.inf, 0.0]]).double()
    student = torch.tensor([[0.1, -1e3, -2.0, 3.0]]).double()
    ours = distill_losses.divergence(teacher.log_softmax(-1), student.log_softmax(-1), beta)
    if beta == 1.0:
        assert float(ours) == math.inf
        return
    with mpmath.workdps(40):
        p, q = ([mpmath.exp(x) if x > -math.inf else mpmath.mpf(0) for x in row[0].tolist()]
                for row in (teacher, student))  # fmt: skip
        p, q = [x / sum(p) for x in p], [x / sum(q) for x in q]
        m = [beta * a + (1 - beta) * b for a, b in zip(p, q, strict=True)] if beta else q

        def kl(first, second):
            return sum(a * mpmath.log(a / b) for a, b in zip(first, second, strict=True) if a)

        wanted = beta * kl(p, m) + (1 - beta) * kl(q, m) if beta else kl(p, q)
    assert float(ours) == pytest.approx(float(wanted), rel=1e-9)


@pytest.mark.parametrize("beta", [0.0, 0.3, 1.0])
def test_a_word_that_both_rule_out_has_no_slope(beta):
    """As if it were not in the vocabulary; the top k are no exception."""
    teacher, student = numbers(1, 4, 5), numbers(2, 4, 5)
    ruled_out = torch.tensor([False, True, False, False, False])
    leaf = student.masked_fill(ruled_out, -math.inf).requires_grad_(True)
    few = student[:, ~ruled_out].clone().requires_grad_(True)
    log_p = teacher.masked_fill(ruled_out, -math.inf).log_softmax(-1)
    found = [distill_losses.divergence(log_p, leaf.log_softmax(-1), beta)]
    if beta == 0.0:
        found += [
            distill_losses.top_k_divergence(*distill_losses.keep_top_k(log_p, k), leaf.log_softmax(-1)) for k in (4, 5)
        ]
    wanted = distill_losses.divergence(log_p[:, ~ruled_out], few.log_softmax(-1), beta)
    (wanted_slope,) = torch.autograd.grad(wanted.sum(), few)
    for ours in found:
        same(ours, wanted)
        (slope,) = torch.autograd.grad(ours.sum(), leaf)
        same(slope[:, ~ruled_out], wanted_slope)
        assert (slope[:, ruled_out] == 0).all()


@pytest.mark.parametrize("beta", [0.0, 0.3, 1.0])
def test_mass_too_small_for_a_number_is_none_here_and_in_the_labs(beta):
    teacher = torch.tensor([[0.5, 1.0, -math.inf]]).double().log_softmax(-1)
    leaf = torch.tensor([[0.1, 0.3, -1e4]]).double().requires_grad_(True)
    ours = distill_losses.divergence(teacher, leaf.log_softmax(-1), beta)
    kind = {0.0: "forward", 1.0: "reverse"}.get(beta, "js")
    same(ours, distill.divergence(kind, teacher.numpy(), leaf.detach().log_softmax(-1).numpy(), beta))
    assert bool(ours.isfinite().all()) and bool(torch.autograd.grad(ours.sum(), leaf)[0].isfinite().all())


def test_what_no_divergence_has_is_refused():
    x, labels = numbers(1, 2, 3), torch.tensor([0, 1])
    for beta in (-0.1, 1.1, math.nan):
        with pytest.raises(ValueError, match="beta"):
            distill_losses.divergence(x, x, beta)
    for temperature in (0.0, -1.0):
        with pytest.raises(ValueError, match="temperature"):
            distill_losses.distillation_loss(x, x, labels, temperature)
    with pytest.raises(ValueError, match="shape"):
        distill_losses.distillation_loss(x, x[:1], labels)
    for k in (0, 4):
        with pytest.raises(ValueError, match="k must lie between 1 and the 3"):
            distill_losses.keep_top_k(x, k)


@pytest.mark.parametrize("alpha", [0.0, 0.4, 1.0])
def test_the_mixed_loss_is_the_labs(alpha):
    student, teacher, labels = numbers(1, 4, 9), numbers(2, 4, 9), torch.tensor([1, 0, 8, 3])
    goal = distill.Objective(distill.soften(teacher.numpy(), 3.0), labels.numpy(), 3.0, alpha)
    same(
        distill_losses.distillation_loss(student, teacher, labels, 3.0, alpha),
        distill.loss(student.numpy(), goal).mean(),
    )
    assert float(distill_losses.distillation_loss(student[:0], teacher[:0], labels[:0])) == 0.0


def test_the_top_k_is_exact_for_all_and_a_lower_bound_for_few():
    log_p, log_q = numbers(1, 6, 20, scale=3).log_softmax(-1), numbers(2, 6, 20, scale=3).log_softmax(-1)
    exact = distill_losses.divergence(log_p, log_q, 0.0)
    before = torch.zeros(6).double()
    for k in (1, 5, 19, 20):
        found = distill_losses.top_k_divergence(*distill_losses.keep_top_k(log_p, k), log_q)
        assert (found <= exact + 1e-12).all() and (found >= before - 1e-12).all()
        before = found
    same(before, exact)
    kept, tokens, rest = distill_losses.keep_top_k(log_p, 3)
    others = torch.ones(6, 20).bool().scatter(1, tokens, False)
    rest_q = log_q[others].view(6, 17).logsumexp(-1)
    wanted = distill_losses.divergence(torch.cat([kept, rest[:, None]], 1),
                               torch.cat([log_q.gather(1, tokens), rest_q[:, None]], 1), 0.0)  # fmt: skip
    same(distill_losses.top_k_divergence(kept, tokens, rest, log_q), wanted)
    same(rest.exp(), 1 - kept.exp().sum(1))


@pytest.mark.parametrize("case", ["random", "one pair", "equal", "huge"])
def test_info_nce_is_sentence_transformers(case):
    from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss

    b, scale = (1 if case == "one pair" else 5), (1e4 if case == "huge" else 1.0)
    questions, passages, hard = (numbers(i, b, 8, scale=scale) for i in range(3))
    if case == "equal":
        questions, passages, hard = (torch.ones(b, 8).double() for _ in range(3))
    for docs in ([passages], [passages, hard]):
        wanted = MultipleNegativesRankingLoss(None).compute_loss_from_embeddings([questions, *docs], None)
        same(embed_losses.info_nce(questions, torch.cat(docs)), wanted)
    if case == "equal":
        same(embed_losses.info_nce(questions, torch.cat([passages, hard])), math.log(2 * b))


def test_what_no_contrast_can_be_made_of_is_refused():
    x = numbers(1, 3, 4)
    for questions, passages in ((x, x[:2]), (x[:0], x)):
        with pytest.raises(ValueError, match="passages"):
            embed_losses.info_nce(questions, passages)
    for widths in ([], [0], [5, 2]):
        with pytest.raises(ValueError, match="widths must lie between 1 and 4"):
            matryoshka(embed_losses.info_nce, x, x, widths)
    weights = torch.tensor([1.0, 0.5])
    same(matryoshka(embed_losses.info_nce, x, x, [4, 2], weights),
         matryoshka(embed_losses.info_nce, x, x, [4, 2], [1.0, 0.5]))  # fmt: skip


def test_shapes_that_torch_would_stretch_are_refused():
    """A reward head's (B, 1) beside (B,) would compare every answer with every other."""
    x, column = -numbers(1, 4).abs(), -numbers(1, 4, 1).abs()
    for call in (
        lambda: reward_losses.reward_model_loss(x, column),
        lambda: dpo_losses.dpo_loss(x, column, x, x, 0.1),
        lambda: dpo_losses.dpo_with_nll_loss(x, x, x, x, column, 0.1, 0.2),
        lambda: dpo_losses.length_normalised_dpo_loss(x, x, x, x, x, column, 0.1),
        lambda: dpo_losses.ipo_loss(x, x, x, column, x, x, 0.1),
        lambda: dpo_losses.simpo_loss(column, x, 2.0, 0.5),
    ):
        with pytest.raises(ValueError, match="shapes must be the same"):
            call()


def test_matryoshka_is_sentence_transformers():
    from sentence_transformers.sentence_transformer.losses import MatryoshkaLoss, MultipleNegativesRankingLoss

    class Given(torch.nn.Module):
        """A model that hands on vectors."""

        def forward(self, features):
            return dict(features)

        def get_embedding_dimension(self):
            return 8

    model = Given()
    loss = MatryoshkaLoss(model, MultipleNegativesRankingLoss(model), [8, 4, 2], [1.0, 0.5, 0.25])
    questions, passages = numbers(1, 5, 8), numbers(2, 5, 8)
    wanted = loss([{"sentence_embedding": questions}, {"sentence_embedding": passages}], None)
    same(matryoshka(embed_losses.info_nce, questions, passages, [8, 4, 2], [1.0, 0.5, 0.25]), wanted)


@pytest.mark.parametrize("scale", [1.0, 1e4])
def test_sft_and_the_log_probabilities_are_transformers_and_trls(scale, monkeypatch):
    from transformers.loss.loss_utils import ForCausalLMLoss
    from trl.trainer.utils import selective_log_softmax

    monkeypatch.setattr(torch.Tensor, "float", torch.Tensor.double)
    logits, labels = numbers(1, 4, 7, 13, scale=scale), torch.randint(0, 13, (4, 7))
    labels[:, :2], labels[0], labels[1, :6] = -100, -100, -100  # a row without labels, and one of a single token
    same(sft_losses.sft_loss(logits, labels), ForCausalLMLoss(logits, labels, 13))
    sums, counts = sft_losses.answer_log_probabilities(logits, labels)
    each = selective_log_softmax(logits[:, :-1], labels[:, 1:].clamp(min=0))
    same(sums, (each * (labels[:, 1:] != -100)).sum(1))
    assert counts.tolist() == [0, 1, 5, 5] and float(sums[0]) == 0.0
    same(-sums.sum() / counts.sum(), sft_losses.sft_loss(logits, labels))


ONE_ANSWER = torch.tensor([[-100, 1, 2, -100]])
GRADIENTS = {
    "reward": lambda x: reward_losses.reward_model_loss(x[0], x[1]),
    "dpo": lambda x: dpo_losses.dpo_loss(*x, 0.3),
    "dpo_nll": lambda x: dpo_losses.dpo_with_nll_loss(*x, torch.tensor([3, 1, 4, 2]), 0.3, 0.2),
    "ipo": lambda x: dpo_losses.ipo_loss(*x, torch.tensor([3, 1, 4, 2]), torch.tensor([1, 2, 2, 5]), 0.3),
    "length": lambda x: dpo_losses.length_normalised_dpo_loss(*x, torch.tensor([3, 1, 4, 2]), torch.ones(4), 0.3),
    "simpo": lambda x: dpo_losses.simpo_loss(x[0], x[1], 2.0, 0.5),
    "grpo": lambda x: grpo_losses.grpo_loss(x, x.detach() + 0.3, x.detach()[:, 0], torch.ones(4, 4), "dapo", 0.2, 0.28,
                                       x.detach() - 0.1, 0.04),
    "distillation": lambda x: distill_losses.distillation_loss(x, x.detach().flip(0), torch.arange(4), 2.0, 0.5, 0.3),
    "top k": lambda x: distill_losses.top_k_divergence(
        *distill_losses.keep_top_k(x.detach().flip(0).log_softmax(-1), 2), x.log_softmax(-1)).sum(),
    "info_nce": lambda x: matryoshka(embed_losses.info_nce, x, x.detach().flip(1), [4, 2]),
    "log-probabilities": lambda x: sft_losses.answer_log_probabilities(x[None], ONE_ANSWER)[0].sum(),
    "sft": lambda x: sft_losses.sft_loss(x[None], ONE_ANSWER),
    "sft, sparse": lambda x: sft_losses.answer_loss_sum(x[None], ONE_ANSWER, lambda hidden: hidden),
}  # fmt: skip


@pytest.mark.parametrize("name", GRADIENTS)
def test_gradients_are_the_slopes(name):
    """Autograd's gradient against finite differences in float64."""
    x = numbers(7, 4, 4).requires_grad_(True)
    frozen = x.detach().clone()

    def fixed(value):
        # what the losses call detached is held at its first value, as in training
        return GRADIENTS[name](_Frozen(value, frozen))

    assert torch.autograd.gradcheck(fixed, (x,), eps=1e-6, atol=1e-6)


@pytest.mark.parametrize("name", GRADIENTS)
def test_gradients_stay_finite_at_the_ends(name):
    x = numbers(7, 4, 4, scale=1e4).requires_grad_(True)
    if name == "grpo":  # a ratio of exp(1e4) is not a number that training meets; its clipped side is
        x = (numbers(7, 4, 4) * 5).requires_grad_(True)
    GRADIENTS[name](x).backward()
    assert torch.isfinite(x.grad).all()


def _Frozen(value, frozen):
    """A tensor whose ``detach`` gives the first value's tensor."""
    held = value.view_as(value)
    held.__dict__["detach"] = lambda: frozen
    return held


def test_labels_of_the_variants_are_checked():
    now, drawn, _, mask, rewards = group_tensors(1.0, False, False)
    for wrong, words in (({"variant": "ppo"}, "variant"), ({"variant": "dr_grpo"}, "longest"),
                         ({"kl_weight": 0.1}, "reference"), ({"reference": now[:1], "kl_weight": 0.1}, "reference"),
                         ({"advantages": rewards[:, None]}, "advantages"), ({"mask": mask[:1]}, "mask"),
                         ({"sampled_by": drawn[:1]}, "sampled_by")):  # fmt: skip
        given = {"policy": now, "sampled_by": drawn, "advantages": rewards, "mask": mask, **wrong}
        with pytest.raises(ValueError, match=words):
            grpo_losses.grpo_loss(**given)


def test_the_kl_estimate_is_never_negative_and_right_on_average():
    logits, other = numbers(1, 5), numbers(2, 5)
    log_pi, log_ref = logits.log_softmax(-1), other.log_softmax(-1)
    each = grpo_losses.kl_estimate(log_pi, log_ref)
    assert (each >= 0).all()
    same((log_pi.exp() * each).sum(), distill_losses.divergence(log_ref, log_pi, 1.0))
    assert float(grpo_losses.kl_estimate(log_pi, log_pi).abs().max()) == 0.0
