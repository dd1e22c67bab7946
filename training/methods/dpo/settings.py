"""Settings of preference optimisation."""

from __future__ import annotations

from dataclasses import dataclass

from training.run.settings import Config, setting


@dataclass(frozen=True)
class DpoSettings:
    """Pairs of a better and a worse answer, and what is made of them."""

    pairs: str = setting("synthetic: by the task's rules; on_policy: the model's own answers, best against worst; file:"
                         " rows of data.train_file", "synthetic", choices=("synthetic", "on_policy",
                                                                           "file"))  # fmt: skip
    rule: str = setting("which of two answers is better: complete-and-concise (the task's score), or shortest (a rule"
                        " that misses the point)", "complete-and-concise",
                        choices=("complete-and-concise", "shortest"))  # fmt: skip
    loss_type: str = setting("the loss on a pair: sigmoid (DPO), ipo, or sigmoid_norm (DPO per token of the answer)",
                             "sigmoid", choices=("sigmoid", "ipo", "sigmoid_norm"))  # fmt: skip
    beta: float = setting("pull towards the starting model (IPO: tau)", 0.1, low=1e-6)
    nll_weight: float = setting("weight of the chosen answers' cross-entropy beside the loss; 0 leaves it out", 0.0,
                                low=0)  # fmt: skip
    samples: int = setting("answers drawn for each question when pairs are on_policy", 4, low=2)
    temperature: float = setting("of those draws", 1.0, low=1e-3)
    min_score_gap: float = setting("sampled answers whose scores differ by less make no pair", 0.1, low=0, high=1)
    few_shot_prompt: bool = setting("the fair baseline's examples (evaluate.num_fewshot) stand in every prompt of the"
                                  " run too; whoever uses the model has to show them as well", False,
                                  later=True)  # fmt: skip
    rounds: int = setting("times that pairs are sampled and trained on; each round's reference is the model before it",
                          1, low=1)  # fmt: skip
    warm_start_rate: float = setting("learning rate of the supervised start", 5e-4, low=0, high=1)
    warm_start_rows: int = setting("rows of plain SFT before; the model after it is the first reference", 0, low=0)


@dataclass(frozen=True)
class DpoConfig(Config):
    """A run on pairs that fine-tunes the model itself."""

    method: str = setting("how it is trained", choices=("dpo",))
    dpo: DpoSettings = setting("the pairs and the loss on them", DpoSettings())
