"""Settings of the methods beyond supervised fine-tuning: each adds one section to a run's configuration.

``KINDS`` says which configuration a file's ``method`` asks for; plain ``sft`` files stay as they are.
"""

from __future__ import annotations

from dataclasses import dataclass

from training.settings import Config, setting
from training.stack.distill_settings import StackConfig


@dataclass(frozen=True)
class PreferenceSettings:
    """Pairs of a better and a worse answer, and what is made of them."""

    pairs: str = setting("written: by the task's rules; sampled: the model's own answers, best against worst; file:"
                         " rows of data.train_file", "written", choices=("written", "sampled", "file"))  # fmt: skip
    rule: str = setting("which of two answers is better: complete-and-concise (the task's score), or shortest (a rule"
                        " that misses the point)", "complete-and-concise",
                        choices=("complete-and-concise", "shortest"))  # fmt: skip
    loss: str = setting("the loss on a pair", "dpo", choices=("dpo", "ipo", "length_normalised"))
    beta: float = setting("pull towards the starting model (IPO: tau)", 0.1, low=1e-6)
    nll_weight: float = setting("weight of the chosen answers' cross-entropy beside the loss; 0 leaves it out", 0.0,
                                low=0)  # fmt: skip
    samples: int = setting("answers drawn for each question when pairs are sampled", 4, low=2)
    temperature: float = setting("of those draws", 1.0, low=1e-3)
    least_difference: float = setting("sampled answers whose scores differ by less make no pair", 0.1, low=0, high=1)
    with_examples: bool = setting("the fair baseline's examples (evaluate.few_shot) stand in every prompt of the run"
                                  " too; whoever uses the model has to show them as well", False,
                                  later=True)  # fmt: skip
    rounds: int = setting("times that pairs are sampled and trained on; each round's reference is the model before it",
                          1, low=1)  # fmt: skip
    warm_start_rate: float = setting("learning rate of the supervised start", 5e-4, low=0, high=1)
    warm_start_rows: int = setting("rows of plain SFT before; the model after it is the first reference", 0, low=0)


@dataclass(frozen=True)
class PreferenceConfig(Config):
    """A run on pairs that tunes the model itself."""

    method: str = setting("how it is trained", choices=("dpo",))
    preference: PreferenceSettings = setting("the pairs and the loss on them", PreferenceSettings())


@dataclass(frozen=True)
class GroupSettings:
    """Groups of answers to one question, and the reward that compares them."""

    reward: str = setting("function of training/rewards.py, or several joined by +", "task")
    group: int = setting("answers to each question, G", 8, low=2)
    temperature: float = setting("of the draws", 1.0, low=1e-3)
    longest: int = setting("tokens of an answer", 32, low=1)
    variant: str = setting("which mean the loss takes", "dapo", choices=("grpo", "dr_grpo", "dapo"))
    clip_low: float = setting("how far a token's ratio may fall", 0.2, low=0, high=1)
    clip_high: float = setting("how far it may rise", 0.2, low=0)
    kl_weight: float = setting("weight of the KL to the starting model; 0 leaves the reference out", 0.0, low=0)
    vllm: bool = setting("answers written by vLLM (a GPU, and the package vllm)", False)
    warm_start_rate: float = setting("learning rate of the warm start", 5e-4, low=0, high=1)
    warm_start_rows: int = setting("rows of plain SFT before, so that the full reward occurs at all", 0, low=0)


@dataclass(frozen=True)
class GroupConfig(Config):
    """A run by group-relative policy optimisation."""

    method: str = setting("how it is trained", choices=("grpo",))
    group: GroupSettings = setting("the groups and their reward", GroupSettings())


@dataclass(frozen=True)
class RewardSettings:
    """Pairs for a model that scores answers, and the margins of its gate."""

    pairs: str = setting("written: the task's references against spoilt ones; file: rows of data.train_file and"
                         " data.heldout_files", "written", choices=("written", "file"))  # fmt: skip
    kinds: list[str] = setting("how references are spoilt, in turn", ["long_winded", "cut_short", "vague", "wrong"])
    label_noise: float = setting("share of the training pairs whose choice is turned round, as labellers disagree", 0.0,
                                 low=0, high=0.5)  # fmt: skip
    centre: float = setting("weight of the squared mean reward of a pair, which holds rewards near 0", 0.0, low=0)
    calibration_margin: float = setting("allowed distance between stated and found probability, on average", 0.1,
                                        low=0, high=1)  # fmt: skip


@dataclass(frozen=True)
class RewardConfig(Config):
    """A run that makes a Bradley-Terry reward model."""

    method: str = setting("how it is trained", choices=("reward",))
    reward: RewardSettings = setting("the pairs", RewardSettings())


@dataclass(frozen=True)
class DistillSettings:
    """Teacher, student, and the ways of teaching that are compared."""

    rows: str = setting("text: general English, where many a next word is right; task: the rows of the task (or of"
                        " data.train_file)", "text", choices=("text", "task"))  # fmt: skip
    arms: list[str] = setting("ways of teaching, each on the same data for the same steps; the first is the control,"
                              " the last is judged", ["hard", "soft"])  # fmt: skip
    layers: int = setting("layers of the teacher that the student keeps, first and last among them", 10, low=1)
    teacher_adapter: str | None = setting("a run's adapter folder that makes the teacher; null: the model itself", None)
    temperature: float = setting("T, softens both sides of the soft part", 1.0, low=1e-2)
    alpha: float = setting("share of the soft part in the arm soft", 1.0, low=0, high=1)
    beta: float = setting("divergence: 0 forward KL, 1 reverse, between them generalised Jensen-Shannon", 0.0, low=0,
                          high=1)  # fmt: skip
    top_k: int = setting("0 keeps the teacher's hidden states (exact); k keeps the k likeliest tokens and the mass of"
                         " the rest", 0, low=0)  # fmt: skip
    prompt_tokens: int = setting("tokens of a text that teacher or student goes on from (sequence, on_policy)", 16,
                                 low=1)  # fmt: skip
    draw_temperature: float = setting("of texts that the teacher or the student writes", 1.0, low=1e-3)
    longest: int = setting("tokens that teacher or student writes", 64, low=1)
    kl_margin: float = setting("allowed rise of the divergence from the teacher over the control, nats", 0.05, low=0)


@dataclass(frozen=True)
class DistillConfig(Config):
    """A run that teaches a smaller model."""

    method: str = setting("how it is trained", choices=("distill",))
    distill: DistillSettings = setting("teacher, student and arms", DistillSettings())


@dataclass(frozen=True)
class EmbedSettings:
    """Questions and passages, what they are told apart from, and the margin of the gate."""

    pairs: str = setting("written: of our workshop; file: rows of data.train_file and data.heldout_files", "written",
                         choices=("written", "file"))  # fmt: skip
    negatives: str = setting("batch: the batch's other passages; mined: one more each, which the untrained model finds"
                             " most similar; given: the rows' own", "batch",
                             choices=("batch", "mined", "given"))  # fmt: skip
    skip: int = setting("how many of the most similar wrong passages mining leaves out", 0, low=0)
    margin: float = setting("mining leaves out what is nearer than the right passage's cosine less this share of it; 0"
                            " leaves nothing out", 0.05, low=0, high=1)  # fmt: skip
    scale: float = setting("of the cosines in the loss, one over the temperature", 20.0, low=1e-3)
    widths: list[int] = setting("nested widths that are trained together (Matryoshka); [] the whole vector only", [])
    cut: list[int] = setting("widths at which the vectors are measured besides, cut short", [])
    slice_rows: int = setting("rows that are encoded at once where the batch does not fit the memory (GradCache); 0 the"
                              " whole batch", 0, low=0)  # fmt: skip
    pooling: str = setting("which token's vector stands for the text", "mean", choices=("mean", "cls", "lasttoken"))
    query_prompt: str = setting("text before every question, in training and in use", "")
    passage_prompt: str = setting("text before every passage", "")
    general_margin: float = setting("allowed fall of the MRR on general text", 0.02, low=0, high=1)


@dataclass(frozen=True)
class EmbedConfig(Config):
    """A run that tunes an embedding model."""

    method: str = setting("how it is trained", choices=("embed",))
    embed: EmbedSettings = setting("the pairs and the loss on them", EmbedSettings())


KINDS: dict[str, type[Config]] = {
    "distill-stack": StackConfig,
    "dpo": PreferenceConfig,
    "reward": RewardConfig,
    "grpo": GroupConfig,
    "distill": DistillConfig,
    "embed": EmbedConfig,
}
