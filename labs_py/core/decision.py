"""Should I fine-tune? A table of rules that one can read from top to bottom: the first that fits decides.

Each rule names its evidence. Tests hold that each can fire, that every profile gets exactly one plan, and that more
labelled rows never turn the plan from fine-tuning to something else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from labs_py.core import starting_recipes
from labs_py.core.starting_recipes import Recipe

FEW_ROWS = 50  # OpenAI's guide: start with 50 well-made examples
MANY_ROWS = 1000  # LIMA's size
MANY_REQUESTS = 100_000  # a day; a convention: below it a prompt's price seldom pays for a model of one's own


@dataclass(frozen=True)
class Profile:
    """What the reader says about a task.

    Attributes:
        goal: behaviour, knowledge, preference, reasoning, retrieval or cheaper.
        base: what the base does with its best prompt on one's own items: unknown, poor, half or fine.
        tested: a test set with a score exists.
        rows: labelled examples (or pairs, or checkable questions) at hand.
        changing: the facts change faster than one would retrain.
        hardware: cpu, 16, 24 or 80 (GB).
        requests: a day, in use.
        hurry: the model that does it answers too slowly.
        private: inputs may not leave one's own machines.
    """

    goal: str
    base: str
    tested: bool
    rows: int
    changing: bool
    hardware: str
    requests: int = 1000
    hurry: bool = False
    private: bool = False


@dataclass(frozen=True)
class Rule:
    """One line of the table: when it fits, what to do, why, and where the evidence stands."""

    name: str
    fits: Callable[[Profile], bool]
    plan: str
    reason: str
    evidence: str


# fmt: off
# --8<-- [start:rules]
RULES = (
    Rule(
        "test first",
        lambda p: not p.tested,
        "test",
        "Without a test nobody will know whether fine-tuning helped; "
        "build it before anything else.",
        "OpenAI, supervised fine-tuning guide: evaluations first",
    ),
    Rule(
        "ask the base",
        lambda p: p.base == "unknown",
        "probe",
        "The base may already do this. Ask it your own items, "
        "with its best prompt, before you train.",
        "Gekhman et al. 2024, table 2: training on what is known well is not the best "
        "use of rows",
    ),
    Rule(
        "fine, but slow or expensive",
        lambda p: (
            p.base == "fine"
            and p.goal not in ("cheaper", "knowledge", "retrieval")
            and p.rows >= FEW_ROWS
            and (p.hurry or p.requests >= MANY_REQUESTS)
        ),
        "distillation",
        "The prompt works, and every request pays for it again: teach a small model "
        "from its answers, keep the prompt for what the small one cannot do.",
        "Hinton et al. 2015; the break-even of Ship 16",
    ),
    Rule(
        "already fine",
        lambda p: p.base == "fine" and p.goal != "cheaper",
        "prompt",
        "The base is fine on this. Tuning can only cost you elsewhere.",
        "Qi et al. 2023: even harmless fine-tuning can weaken safety",
    ),
    Rule(
        "facts that change",
        lambda p: p.goal == "knowledge" and p.changing,
        "rag",
        "Facts that change belong into a store that can change; "
        "weights would be out of date.",
        "Ovadia et al. 2023: retrieval beats unsupervised fine-tuning for new facts",
    ),
    Rule(
        "facts and rows",
        lambda p: p.goal == "knowledge" and p.rows >= MANY_ROWS,
        "sft+rag",
        "Retrieval brings the facts; fine-tuning teaches how to use them. "
        "The gains were found to add up.",
        "Balaguer et al. 2024, abstract",
    ),
    Rule(
        "facts",
        lambda p: p.goal == "knowledge",
        "rag",
        "New facts are learned late and make a model invent; retrieve them.",
        "Gekhman et al. 2024; Ovadia et al. 2023",
    ),
    Rule(
        "too few rows",
        lambda p: p.rows < FEW_ROWS,
        "collect",
        "Put the rows you have into the prompt, and collect fifty good ones.",
        "OpenAI, supervised fine-tuning guide: 50 examples to start with",
    ),
    Rule(
        "search",
        lambda p: p.goal == "retrieval",
        "embedding",
        "What has to improve is which passages are found: "
        "tune the embedding model on your pairs.",
        "sentence-transformers documentation",
    ),
    Rule(
        "cheaper",
        lambda p: p.goal == "cheaper",
        "distillation",
        "A large model does it already; teach a small one from its answers, "
        "and route what it cannot do.",
        "Hinton et al. 2015",
    ),
    Rule(
        "checkable and within reach",
        lambda p: p.goal == "reasoning" and p.base == "half",
        "grpo",
        "A program can check the answers and the base is right sometimes, "
        "so there is something to reinforce.",
        "Shao et al. 2024; Yu et al. 2025: groups all right or all wrong teach nothing",
    ),
    Rule(
        "judged by comparing",
        lambda p: p.goal == "preference" and p.base == "half",
        "dpo",
        "The base can do it and does it in a way that people like less: "
        "train on pairs.",
        "Rafailov et al. 2023",
    ),
    Rule(
        "show it how",
        lambda p: True,
        "sft",
        "The base does not do it yet; show it examples first. "
        "Pairs and rewards come after.",
        "Ouyang et al. 2022: supervised fine-tuning comes first",
    ),
)
# --8<-- [end:rules]
# fmt: on

TUNING = ("sft", "sft+rag", "dpo", "grpo", "distillation", "embedding")


def decide(profile: Profile) -> Rule:
    """The first rule that fits; the last one always does."""
    return next(rule for rule in RULES if rule.fits(profile))


# What differs between the classes of hardware: model, revision, precision, quantisation, the most rows at once,
# optimiser, whether a shared beginning is read once, longest row.
BUNDLED, BUNDLED_PARAMETERS, MISTRAL_PARAMETERS = "bundled:smollm2-135m-instruct", 134_515_008, 7_248_023_552
_MISTRAL = ("mistralai/Mistral-7B-Instruct-v0.3", "c170c708c41dac9275d15a8fff4eca08d52bab71")
_SETUPS = {
    "cpu": (BUNDLED, "null", "bfloat16", "none", 8, "adamw_torch_fused", "true", 512),
    "16": (*_MISTRAL, "bfloat16", "nf4", 1, "paged_adamw_8bit", "false", 1024),
    "24": (*_MISTRAL, "bfloat16", "none", 1, "adamw_torch_fused", "false", 1024),
    "80": (*_MISTRAL, "bfloat16", "none", 8, "adamw_torch_fused", "true", 1024),
}


_EMBEDDING = """# The embedding model on pairs of question and passage. Your own rows: data.train_file.
name: decided-retrieval
method: embed
task: workshop
model:
  source: bundled:all-minilm-l6-v2
  revision: null
  dtype: float32
lora: null
embed:
  negatives: mined
  margin: 0.05
data:
  n_train: 384
  n_heldout: 288
  seed: 0
train:
  learning_rate: 2.0e-4
  lr_scheduler_type: linear
  warmup_steps: 0.1
  num_train_epochs: 2
  per_device_train_batch_size: 32
  gradient_accumulation_steps: 1
  weight_decay: 0.0
  max_grad_norm: 1.0
  seed: 0
  max_length: 128
  save_steps: 6
"""


def command(profile: Profile) -> str:
    """The training command that takes ``configuration``; "" when there is none."""
    return {"": "", _EMBEDDING: "embed"}.get(configuration(profile), "sft")


def recipe(profile: Profile) -> Recipe:
    """Where a supervised run begins on this hardware, with the reason for each figure."""
    source = _SETUPS[profile.hardware][0]
    parameters = BUNDLED_PARAMETERS if source == BUNDLED else MISTRAL_PARAMETERS
    return starting_recipes.recipe(parameters, rows_of(profile), source=source)


def rows_of(profile: Profile) -> int:
    """Rows of the configuration: as many as are at hand, within what its task draws."""
    return min(max(profile.rows, 50), 10_000)


def configuration(profile: Profile) -> str:
    """A configuration for ``python -m training`` that fits the hardware; "" when the plan is not to fine-tune.

    The supervised run (``sft``) is the first step of every plan to fine-tune but embeddings (``embed``). Its task is a
    generator, so that it runs as it stands; ``data.train_file`` puts one's own rows in.
    """
    plan = decide(profile).plan
    if plan == "embedding":
        return _EMBEDDING
    if plan not in ("sft", "sft+rag", "dpo", "grpo", "distillation"):
        return ""
    source, revision, dtype, quantization, at_once, optimizer, prefix, length = _SETUPS[profile.hardware]
    rows, start = rows_of(profile), recipe(profile)
    batch = min(at_once, start.batch)
    accumulation, why = max(1, start.batch // batch), start.why
    checkpointing = "true" if profile.hardware in ("16", "24") else "false"
    return f"""# First step of the plan: {plan}. For your own rows: task: jsonl, data.train_file, data.heldout_files.
name: decided-{profile.goal}
method: sft
task: orders
model:
  source: {source}
  revision: {revision}
  dtype: {dtype}
  quantization: {quantization}
lora:
  r: {start.r}  # {why["r"]}
  lora_alpha: {start.lora_alpha}  # {why["lora_alpha"]}
  lora_dropout: 0.0
  target_modules: all-linear
  layers_to_transform: {start.layers_to_transform or "null"}  # {why["layers_to_transform"]}
data:
  n_train: {rows}
  n_heldout: 200
  seed: 0
  replay_fraction: {start.replay_fraction}  # {why["replay_fraction"]}
  replay_chats: {start.replay_chats}  # {why["replay_chats"]}
train:
  learning_rate: {start.learning_rate:.1e}  # {why["learning_rate"]}
  lr_scheduler_type: cosine
  warmup_steps: 0.05
  num_train_epochs: {start.num_train_epochs}  # {why["num_train_epochs"]}
  per_device_train_batch_size: {batch}  # {why["batch"]}
  gradient_accumulation_steps: {accumulation}
  weight_decay: 0.0
  max_grad_norm: 1.0
  seed: 0
  max_length: {length}
  sparse_logits: true
  shared_prefix: {prefix}
  train_sampling_strategy: group_by_length
  gradient_checkpointing: {checkpointing}
  optim: {optimizer}
  save_steps: 20
"""
