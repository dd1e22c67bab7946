"""Several random answers to each question, the same ones for the same seed."""

from __future__ import annotations

from typing import Any


def sample(model: Any, tokenizer: Any, prompts: list[list[int]], count: int, temperature: float, longest: int,
           seed: int, batch: int = 16) -> list[list[str]]:  # fmt: skip
    """``count`` answers to each prompt.

    Args:
        model, tokenizer: the model.
        prompts: token ids.
        count: answers to each.
        temperature: 1 draws from the model's own distribution.
        longest: tokens of an answer.
        seed: of the draws; torch's own random state is left as it was.
        batch: prompts at a time.
    """
    import torch

    from training import template

    stops, answers = sorted(template.stop_ids(tokenizer)), []
    device, pad = next(model.parameters()).device, tokenizer.pad_token_id
    with torch.random.fork_rng(), torch.inference_mode():
        torch.manual_seed(seed)
        for start in range(0, len(prompts), batch):
            part = prompts[start : start + batch]
            width = max(map(len, part))
            ids = torch.tensor([[pad] * (width - len(p)) + p for p in part], device=device)
            mask = torch.tensor([[0] * (width - len(p)) + [1] * len(p) for p in part], device=device)
            written = model.generate(input_ids=ids, attention_mask=mask, do_sample=True, temperature=temperature,
                                     top_k=0, top_p=1.0, max_new_tokens=longest, num_return_sequences=count,
                                     eos_token_id=stops, pad_token_id=pad)  # fmt: skip
            texts = tokenizer.batch_decode(written[:, width:], skip_special_tokens=True)
            answers += [texts[i * count : (i + 1) * count] for i in range(len(part))]
    return answers
