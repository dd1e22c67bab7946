"""The decision tool's plan: what to do in which order, with its cost and its stop rule."""

from __future__ import annotations

from typing import Any

from labs_py.core import decision, run_cost
from labs_py.core.model_table import MODELS

PLANS = {
    "test": "Build the test first.",
    "probe": "Ask the base first.",
    "prompt": "Do not tune: prompt.",
    "rag": "Do not tune: retrieve.",
    "collect": "Not yet: collect rows.",
    "sft": "Tune: supervised, with an adapter.",
    "sft+rag": "Tune, and retrieve.",
    "dpo": "Tune on preferences (DPO).",
    "grpo": "Tune on checked answers (GRPO).",
    "distillation": "Distil into a small model.",
    "embedding": "Tune the embedding model.",
}
STOP = (
    "Stop rule, fixed now: no gain over the better of prompt and examples, or a loss on general text, and it stays out."
)
METHODS = {
    "cpu": "LoRA on a 135M model: enough to learn the way, too small for most products.",
    "16": "QLoRA: a 7B whose frozen weights are held in four bits.",
    "24": "LoRA on a 7B in 16 bits, activations recomputed, rows one by one.",
    "80": "LoRA on a 7B in 16 bits, eight rows at once.",
}
COLLECT = {
    "sft": "Collect pairs of input and the answer you want, from real use, each checked by a person.",
    "sft+rag": "Collect questions with the passages that answer them, and with passages that do not.",
    "dpo": "Collect pairs of a better and a worse answer to one question, both from the model as it is.",
    "grpo": "Collect questions with a program that checks the answer, and try to fool it.",
    "distillation": "Collect real inputs and the large model's answers to them; drop those that a check refuses.",
    "embedding": "Collect questions with the passage that answers each; hard wrong ones are mined from your own.",
}
MEASURE = {
    "sft": "Score exactly what the form demands, on inputs from another source than the training rows.",
    "sft+rag": "Score answers with the passages and without, and the right refusal when none fits.",
    "dpo": "Let people, or a rule they agree with, compare answers blindly; watch length and topic.",
    "grpo": "Score the checked answers, and read fifty by eye for answers that only please the checker.",
    "distillation": "Compare small and large model on the same inputs, and what the router sends on.",
    "embedding": "Count how often the right passage is among the first ten, and watch search on general text.",
}


def profile_of(params: dict[str, Any]) -> decision.Profile:
    """The answers as the rules want them."""
    return decision.Profile(**{k: v for k, v in params.items() if k in decision.Profile.__dataclass_fields__})


def cost(profile: decision.Profile) -> str:
    """What the first run takes: memory by the estimate's own arithmetic."""
    if decision.decide(profile).plan == "embedding":
        return "Cost: minutes on a laptop for a small embedding model."
    cpu, few = profile.hardware == "cpu", profile.hardware in ("16", "24")
    run = run_cost.Run(nf4=profile.hardware == "16", optimizer="paged_adamw_8bit" if profile.hardware == "16" else
                       "adamw", batch=1 if few else 8, checkpointing=few, labelled=1 / 3)  # fmt: skip
    shape = MODELS["SmolLM2-135M" if cpu else "Mistral-7B-v0.3"]
    size = run_cost.process_bytes(shape, run) if cpu else sum(run_cost.memory(shape, run).values())
    return f"Cost: about {size / 1e9:.1f} GB of memory at 512 tokens a row; hours and money are in What will it cost?"


def steps(profile: decision.Profile) -> list[str]:
    """What to do, in order: the evaluation, the data, the run with its cost, the stop rule."""
    plan = decision.decide(profile).plan
    own = ["Nothing leaves your machines: open weights, and a teacher or judge that you run yourself."]
    own = own if profile.private else []
    if plan == "test":
        return ["Write down a hundred real inputs and what a right answer is.", "Score the base on them.",
                *own, "Come back."]  # fmt: skip
    if plan == "probe":
        return ["Ask the base your items, without and with a few examples in the prompt.", *own,
                "Come back with its score."]  # fmt: skip
    if plan == "collect":
        return ["Put your best rows into the prompt as examples.",
                "Collect until there are fifty, checked by a person.", *own]  # fmt: skip
    if plan in ("prompt", "rag"):
        return ["Improve the prompt, or what is retrieved, against your test.", *own,
                "Ask again when the base or the task changes."]  # fmt: skip
    method = [] if plan == "embedding" else [METHODS[profile.hardware]]
    return [
        f"{MEASURE[plan]} Set that test aside first, large enough for the gain you hope for.",
        f"{COLLECT[plan]} Remove duplicates and everything that leaks from the test.",
        *own,
        " ".join([*method, cost(profile)]),
        f"Begin with the configuration below: python -m training {decision.command(profile)} --config decided.yaml.",
        STOP,
    ]
