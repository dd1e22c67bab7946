"""Which runs are recorded: every variant of every comparison, with three seeds each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

CONFIGS = "training/configs"
CONFIG = f"{CONFIGS}/sft/smollm2_orders.yaml"
THOROUGH = f"{CONFIGS}/sft/smollm2_orders_thorough.yaml"
SEEDS = (0, 1, 2)
RATES = ("4e-3", "2e-3", "1e-3", "5e-4")  # besides the default's
TEACHER = "orders-main"  # its runs teach where a distilled student answers orders


@dataclass(frozen=True)
class Entry:
    """One run of the list.

    Attributes:
        name: of the record.
        overrides: settings laid over ``config``.
        seed: of data, adapter and order.
        config: file; its folder is the method.
        anyway: train although the probe says don't.
        teacher: name of the entry whose adapter makes the teacher, which must be there first.
        answers: name of the entry whose own right answers are the rows, which must be there first.
        scored: name of the entry whose adapter is asked the sealed set, instead of a training run.
    """

    name: str
    overrides: tuple[str, ...]
    seed: int
    config: str = CONFIG
    anyway: bool = False
    teacher: str = ""
    answers: str = ""
    scored: str = ""

    @property
    def command(self) -> str:
        """The training command that makes the run."""
        if self.scored:
            return "evaluate"
        method = self.config.split("/")[-2]
        return "train" if method == "sft" else method


def plan() -> list[Entry]:
    """Every run that is to be recorded, in the order in which they are run."""
    return [
        *supervised(),
        *adapters(),
        *preferences(),
        *rewards(),
        *groups(),
        *students(),
        *embedders(),
        *forgetting(),
        *others(),
    ]


def supervised() -> list[Entry]:
    """SFT: the default, four times its steps, one change at a time, overtraining; and two small tasks."""
    arms: list[tuple[str, tuple[str, ...]]] = [
        ("orders-main", ()),
        ("orders-no-chats", ("data.replay_chats=0",)),
        ("orders-no-replay", ("data.replay_fraction=0.0", "data.replay_chats=0")),
        ("orders-replay", ("data.replay_fraction=0.1",)),
        ("orders-beta2-0.999", ("train.adam_beta2=0.999",)),
        ("orders-all-layers", ("lora.layers_to_transform=null",)),
        *((f"orders-lr{rate}", (f"train.learning_rate={rate}",)) for rate in RATES),
        *((f"orders-batch{size}", (f"train.per_device_train_batch_size={size}",)) for size in (2, 8)),
        *((f"orders-{variant}", (f"data.variant={variant}",))
          for variant in ("narrow", "few-wordings", "few-products", "plain-structure", "no-noise")),
        *((f"orders-rank{rank}", at_rank(rank)) for rank in (4, 64)),
        *((f"orders-rows{rows}", (f"data.n_train={rows}",)) for rows in (50, 200)),
        ("orders-all-weights", ("lora=null", "train.learning_rate=2e-5")),
        ("orders-overtrained", ("train.learning_rate=5e-3", "data.n_train=250", "train.num_train_epochs=4",
                                "data.replay_fraction=0.0", "data.replay_chats=0")),
    ]  # fmt: skip
    main, *others = arms
    found = seeded([main], CONFIG)
    twice = (
        "data.n_train=1000",
        "data.replay_chats=146",
        "train.num_train_epochs=2",
    )  # as many steps on half of the rows
    found += seeded([("orders-thorough-fresh", ()), ("orders-thorough", twice)], THOROUGH)
    found += [Entry(f"orders-sealed-s{seed}", (), seed, THOROUGH, scored=f"orders-thorough-fresh-s{seed}")
              for seed in SEEDS]  # fmt: skip
    found += seeded(others, CONFIG)
    found += seeded([("meeting-day", ("task=meeting_day", "data.n_train=200"))], CONFIG, anyway=True)
    return found + seeded([("library-desk", ("task=library_desk", "data.n_train=240"))], CONFIG)


def at_rank(rank: int) -> tuple[str, ...]:
    """The adapter's rank, with the scale alpha / rank = 2 of the default."""
    return f"lora.r={rank}", f"lora.lora_alpha={2 * rank}"


def adapters() -> list[Entry]:
    """LoRA against its variants and against 4-bit weights: the same rows, steps and settings, small for a CPU."""
    same = ("data.n_train=200", "data.n_heldout=100", "train.per_device_train_batch_size=4", "evaluate.sets=[shifted]")
    variants = {
        "lora": (),
        "rslora": ("lora.use_rslora=true",),
        "dora": ("lora.use_dora=true",),
        "pissa": ("lora.init_lora_weights=pissa_niter_16",),
        "qlora": ("model.quantization=nf4",),
    }
    arms = [(f"adapter-{name}", (*same, *more)) for name, more in variants.items()]
    return sorted(seeded(arms, CONFIG, anyway=True), key=lambda entry: entry.seed)  # each seed's comparison whole first


def preferences() -> list[Entry]:
    """DPO: the naive run, the same with one thing changed at a time, and pairs that say what is meant."""
    naive = [
        ("dpo-naive", ()),
        ("dpo-naive-nll", ("dpo.nll_weight=1.0",)),
        ("dpo-naive-lower-rate", ("train.learning_rate=2e-5",)),
        ("dpo-naive-after-sft", ("dpo.warm_start_rows=128",)),
    ]
    written = [("dpo-written", ()), ("dpo-written-without-nll", ("dpo.nll_weight=0.0",))]
    sampled = [("dpo-on-policy", ()), ("dpo-on-policy-two-rounds", ("dpo.rounds=2",))]
    shown = [("dpo-with-examples", ()), ("dpo-without-examples", ("dpo.few_shot_prompt=false",))]
    return [
        *seeded(naive, f"{CONFIGS}/dpo/smollm2_naive.yaml", anyway=True),
        *seeded(written, f"{CONFIGS}/dpo/smollm2_shift_notes.yaml", anyway=True),
        *seeded(sampled, f"{CONFIGS}/dpo/smollm2_on_policy.yaml", anyway=True),
        *seeded(shown, f"{CONFIGS}/dpo/smollm2_with_examples.yaml", anyway=True),
    ]


def rewards() -> list[Entry]:
    """Reward models, with clean and with noisy choices."""
    return [
        *seeded([("reward-clean", ())], f"{CONFIGS}/reward/smollm2_shift_notes.yaml"),
        *seeded([("reward-noisy", ())], f"{CONFIGS}/reward/smollm2_noisy.yaml"),
    ]


def groups() -> list[Entry]:
    """GRPO: by the result or by the bare number, each after a warm start and without one; by a loophole."""
    arms: list[tuple[str, str, tuple[str, ...]]] = [
        ("shown-warm", "shown_sums", ()),
        ("shown", "shown_sums", ("grpo.warm_start_rows=0",)),
        ("warm", "sums", ()),
        ("cold", "cold", ()),
        ("loophole", "loophole", ()),
    ]
    found = [seeded([(f"grpo-{arm}", more)], f"{CONFIGS}/grpo/smollm2_{file}.yaml", anyway=True)
             for arm, file, more in arms]  # fmt: skip
    return [entry for entries in found for entry in entries]


def students() -> list[Entry]:
    """Distillation: soft against hard labels on text, the teacher's text, the student's own, and one right answer."""
    found = [entry for arm in ("text", "on_policy", "sequence")
             for entry in seeded([(f"distill-{arm.replace('_', '-')}", ())],
                                 f"{CONFIGS}/distill/smollm2_{arm}.yaml")]  # fmt: skip
    return found + [Entry(f"distill-orders-s{seed}", (), seed, f"{CONFIGS}/distill/smollm2_orders.yaml",
                          teacher=f"{TEACHER}-s{seed}") for seed in SEEDS]  # fmt: skip


def embedders() -> list[Entry]:
    """Embedding models: mined against in-batch negatives, and two ways to do harm; an adapter on 16 and on 4 bits; a
    chat model as embedder."""
    arms = [
        ("embed-mined", ()),
        ("embed-batch", ("embed.negatives=batch",)),
        ("embed-no-margin", ("embed.margin=0.0",)),
        ("embed-lr1e-3", ("train.learning_rate=1e-3",)),
        ("embed-nested", ("embed.matryoshka_dims=[384, 64]",)),
    ]
    found = seeded(arms, f"{CONFIGS}/embed/minilm_workshop.yaml")
    held = [("embed-adapter", ()), ("embed-adapter-nf4", ("model.quantization=nf4",))]
    found += seeded(held, f"{CONFIGS}/embed/minilm_adapter.yaml")
    return found + seeded([("embed-smollm2", ())], f"{CONFIGS}/embed/smollm2_workshop.yaml")


def forgetting() -> list[Entry]:
    """Five ways to learn the same small sums, for what each of them forgets; the first is GRPO's ``grpo-shown``."""
    sft, kept = f"{CONFIGS}/sft/smollm2_shown_sums.yaml", ("data.replay_fraction=0.1", "data.replay_chats=18")
    found = seeded([("forgetting-sft", ()), ("forgetting-replay", kept)], sft, anyway=True)
    found += seeded([("forgetting-dpo", ())], f"{CONFIGS}/dpo/smollm2_shown_sums.yaml", anyway=True)
    return found + [Entry(f"forgetting-self-s{seed}", (), seed, sft, True, answers=f"forgetting-dpo-s{seed}")
                    for seed in SEEDS]  # fmt: skip


def others() -> list[Entry]:
    """Calls of tools; and a second family, last since its terms have to be accepted: Gemma's base, which learns to be
    an assistant."""
    return [
        *seeded([("tools", ())], f"{CONFIGS}/sft/smollm2_tools.yaml"),
        *seeded([("gemma3-library-desk", ())], f"{CONFIGS}/sft/gemma3_library_desk.yaml"),
    ]


def seeded(arms: Sequence[tuple[str, tuple[str, ...]]], config: str, anyway: bool = False) -> list[Entry]:
    """Each variant with every seed."""
    return [Entry(f"{name}-s{seed}", overrides, seed, config, anyway) for name, overrides in arms for seed in SEEDS]
