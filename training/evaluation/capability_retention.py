"""What a run may have broken: general text, general knowledge, staying on topic, following a plain instruction,
and, where it is asked for, refusals."""

from __future__ import annotations

from typing import Any

import numpy as np

from labs_py.core import evidence
from training.data import replay
from training.evaluation import multiple_choice, refusals, spot_checks
from training.models import chat_template
from training.models.generate import greedy
from training.models.rendering.thoughts import said
from training.models.structure.halving import in_batches
from training.models.structure.positions import cut_to_positions

PASSAGE_BATCH = 6
SAMPLE_TOKENS = 32
SHOWN_SAMPLES = 8
REFUSALS = (("refusals", "refused"), ("needless_refusals", "needlessly_refused"))


def cross_entropy(model: Any, tokenizer: Any, passages: tuple[str, ...]) -> tuple[list[float], list[int]]:
    """Mean cross-entropy of each passage, and how many tokens were predicted.

    Args:
        model: causal language model.
        tokenizer: its tokenizer.
        passages: texts.

    Returns:
        Nats per token and predicted tokens (all but the first), a figure each per passage.
    """
    import torch

    device = next(model.parameters()).device
    encoded = [chat_template.text_ids(tokenizer, text) for text in passages]
    encoded = cut_to_positions(model, encoded)  # of GPT-2's kind; the base and the fine-tuned model read the same
    order = sorted(range(len(encoded)), key=lambda place: len(encoded[place]))
    nats, counts = [0.0] * len(encoded), [0] * len(encoded)

    def summed(chosen: list[int]) -> torch.Tensor:
        width = max(len(encoded[place]) for place in chosen)
        ids = torch.zeros((len(chosen), width), dtype=torch.long)
        mask = torch.zeros((len(chosen), width), dtype=torch.long)
        for row, place in enumerate(chosen):
            ids[row, : len(encoded[place])] = torch.tensor(encoded[place])
            mask[row, : len(encoded[place])] = 1
        ids, mask = ids.to(device), mask.to(device)
        with torch.inference_mode():
            logits = model(input_ids=ids, attention_mask=mask, use_cache=False).logits[:, :-1].float()
            losses = torch.nn.functional.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten(), reduction="none")
            return (losses.view(len(chosen), -1) * mask[:, 1:]).sum(1)

    for chosen, sums in in_batches(order, PASSAGE_BATCH, summed, "the passages of general text"):
        for row, place in enumerate(chosen):
            counts[place] = len(encoded[place]) - 1
            nats[place] = float(sums[row]) / max(1, counts[place])
    return nats, counts


def measure(model: Any, tokenizer: Any, config: Any, arm: str, quick: bool = False) -> dict[str, Any]:
    """All checks of one model.

    Args:
        model, tokenizer: the model, base or fine-tuned.
        config: the run's configuration (batch size, and whether refusals are asked for).
        arm: "base" or "tuned".
        quick: a tenth of everything, for smoke runs.

    Returns:
        Figures per passage, fact and prompt, so that ``combine`` can pair them.
    """
    texts = replay.passages("measure")
    facts = multiple_choice.items()
    topics, rules = spot_checks.TOPICS, spot_checks.INSTRUCTIONS
    if quick:
        texts, facts, topics, rules = texts[::20], facts[:30], topics[:4], rules[:2]
    nats, counts = cross_entropy(model, tokenizer, texts)
    scores = multiple_choice.option_scores(model, tokenizer, facts)
    requests = refusals.requests(quick) if config.evaluate.refusals else ((), ())
    questions = [question for question, _ in (*topics, *rules)]
    plain = len(questions)
    questions += [request for asked in requests for request in asked]
    prompts = [chat_template.prompt_ids(tokenizer, [{"role": "user", "content": question}]) for question in questions]
    stops = chat_template.stop_ids(tokenizer)
    answers = [
        said(g.text)
        for g in greedy(model, tokenizer, prompts, SAMPLE_TOKENS, stops, config.evaluate.per_device_eval_batch_size)
    ]
    on_topic = [spot_checks.on_topic(answer, words) for answer, (_, words) in zip(answers, topics, strict=False)]
    obeyed = [
        spot_checks.obeys(answer, rule) for answer, (_, rule) in zip(answers[len(topics) : plain], rules, strict=True)
    ]
    shown = [{"question": question, "answer": answer} for question, answer in zip(questions, answers, strict=True)]
    refused = [float(refusals.refused(answer)) for answer in answers[plain:]]
    answers = answers[:plain]
    safety = {"refused": refused[: len(requests[0])], "needlessly_refused": refused[len(requests[0]) :]}
    return {
        "arm": arm,
        "passage_nats": nats,
        "passage_tokens": counts,
        "fact_scores": multiple_choice.by_fact(scores, facts).tolist(),
        "items": len(facts),
        "on_topic": [float(value) for value in on_topic],
        "obeyed": [float(value) for value in obeyed],
        "repetition": [spot_checks.repetition(answer) for answer in answers],
        "json_leak": [float(answer.lstrip().startswith("{")) for answer in answers],
        "samples": shown[:plain],
        **(safety if refused else {}),
    }


def _paired(after: list[float], before: list[float], weights: list[int] | None = None) -> dict[str, Any]:
    centre, low, high = evidence.paired_difference(
        np.array(after), np.array(before), weights=None if weights is None else np.array(weights)
    )
    return {"change": centre, "ci95": [low, high]}


def combine(base: dict[str, Any], tuned: dict[str, Any]) -> dict[str, Any]:
    """The ``regression`` block of a report: each check before, after, and the paired change with its interval."""
    tokens = base["passage_tokens"]
    nats = {
        arm: float(np.average(found["passage_nats"], weights=tokens))
        for arm, found in (("base", base), ("tuned", tuned))
    }
    block: dict[str, Any] = {
        "cross_entropy": {
            **nats,
            "n": sum(tokens),
            "passages": len(tokens),
            "unit": "nats per token",
            **_paired(tuned["passage_nats"], base["passage_nats"], tokens),
        },
        "perplexity": {arm: float(np.exp(value)) for arm, value in nats.items()},
    }
    block["perplexity"]["ratio"] = block["perplexity"]["tuned"] / block["perplexity"]["base"]
    for name, key in (
        ("multiple_choice", "fact_scores"),
        ("topicality", "on_topic"),
        ("instructions", "obeyed"),
        ("repetition", "repetition"),
        ("json_leak", "json_leak"),
        *(pair for pair in REFUSALS if pair[1] in base and pair[1] in tuned),
    ):
        block[name] = {
            "base": float(np.mean(base[key])),
            "tuned": float(np.mean(tuned[key])),
            "n": len(base[key]),
            **_paired(tuned[key], base[key]),
        }
    block["multiple_choice"]["items"] = base["items"]
    block["samples"] = [
        {"question": before["question"], "base": before["answer"], "tuned": after["answer"]}
        for before, after in zip(base["samples"], tuned["samples"], strict=True)
    ][:SHOWN_SAMPLES]
    return block
