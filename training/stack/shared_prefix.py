"""Answers to many prompts that begin alike: the beginning's keys and values are kept once and shared by every row.

An ordinary cache holds the beginning for each row and copies it at each token, and most of the time goes there: with
a long instruction and short answers this is several times quicker, and exact
(tests/training/stack/test_completion_clients.py).
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

import torch
from transformers import AttentionInterface, DynamicCache
from transformers.masking_utils import AttentionMaskInterface, sdpa_mask

from training.models.generate import common_prefix, compact_head, way_of
from training.models.structure.batching import ALONE, SHARED

NAME = "stage10_shared_prefix"
Pick = Callable[[torch.Tensor, list[int]], torch.Tensor]


def attend(module: Any, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor,
           attention_mask: torch.Tensor | None, scaling: float | None = None, dropout: float = 0.0, *,
           shared_prefix: list[tuple[torch.Tensor, torch.Tensor]],
           **_: object) -> tuple[torch.Tensor, None]:  # fmt: skip
    """Attention of each row to the shared beginning and to its own tokens, in one softmax.

    Args:
        query: (B, H, T, D); key, value: (B, K, S, D) of the rows' own tokens, H a multiple of K.
        attention_mask: (B, 1, T, S), true where a token is seen.
        shared_prefix: for each layer the keys and values (1, K, P, D) of the beginning, which every token sees.
    """
    (rows, heads, width, size), pairs = query.shape, key.shape[1]
    asked = query.reshape(rows, pairs, heads // pairs * width, size) * (scaling or size**-0.5)
    own = (asked @ key.transpose(-1, -2)).view(rows, pairs, heads // pairs, width, -1)
    if attention_mask is not None:
        own = own.masked_fill(~attention_mask[:, :, None], float("-inf"))
    keys, values = (part[0] for part in shared_prefix[module.layer_idx])  # (K, P, D)
    flat = asked.transpose(0, 1).reshape(pairs, -1, size)
    common = (flat @ keys.transpose(-1, -2)).view(pairs, rows, -1, keys.shape[1]).transpose(0, 1)
    weight = torch.cat([common, own.flatten(2, 3)], -1).float().softmax(-1).to(value.dtype)
    first, rest = weight.split([keys.shape[1], key.shape[2]], -1)
    read = (first.transpose(0, 1).reshape(pairs, -1, keys.shape[1]) @ values).view(pairs, rows, -1, size)
    out = read.transpose(0, 1) + rest @ value
    return out.reshape(rows, heads, width, size).transpose(1, 2), None


AttentionInterface.register(NAME, attend)


AttentionMaskInterface.register(NAME, sdpa_mask)


@contextmanager
def _own_attention(model: Any) -> Generator[None]:
    """The model as it is, its head on a contiguous tensor."""
    with torch.inference_mode(), compact_head(model):
        yield


@contextmanager
def _shared_prefix_attention(model: Any) -> Generator[None]:
    """The model under an adapter, if there is one, with this attention for a while."""
    inner = model.get_base_model() if hasattr(model, "peft_config") else model
    before = inner.config._attn_implementation
    inner.set_attn_implementation(NAME)
    try:
        with torch.inference_mode(), compact_head(model):
            yield
    finally:
        inner.set_attn_implementation(before)


def write(model: Any, prompts: list[list[int]], longest: int, stops: set[int],
          pick: Pick) -> tuple[list[list[int]], list[list[float]]]:  # fmt: skip
    """Token by token until a stop token or ``longest``; finished rows are dropped.

    Args:
        model: causal language model of transformers, plain or with an adapter.
        prompts: token ids; their common beginning is run once.
        pick: from log-probabilities (B, V) and the rows' places to the next token of each.

    Returns:
        For each prompt its tokens (the stop token included) and their log-probabilities.
    """
    way = way_of(model, max(map(len, prompts)) + longest)
    if way == ALONE:
        return _by_length(model, prompts, longest, stops, pick)
    sharing = way == SHARED and plain_attention(model)
    device, shared = model.device, common_prefix(prompts) if sharing else 0
    own = [prompt[shared:] for prompt in prompts]
    width = max(map(len, own))
    ids = torch.tensor([[0] * (width - len(row)) + row for row in own], device=device)
    seen = torch.tensor([[0] * (width - len(row)) + [1] * len(row) for row in own], device=device)
    written: list[list[int]] = [[] for _ in own]
    chances: list[list[float]] = [[] for _ in own]
    begun: dict[str, Any] = {}
    if shared:
        with torch.inference_mode():
            ids_once = torch.tensor([prompts[0][:shared]], device=device)
            kept_once = model(input_ids=ids_once, use_cache=True, logits_to_keep=1).past_key_values
        begun = {"shared_prefix": [(layer.keys, layer.values) for layer in kept_once.layers]}
    alive, cache = list(range(len(own))), DynamicCache(config=model.config)
    places = (shared + seen.cumsum(1) - 1).clamp(min=0)
    with _shared_prefix_attention(model) if shared else _own_attention(model):
        for _ in range(longest):
            logits = model(input_ids=ids, attention_mask=seen, position_ids=places, past_key_values=cache,
                           use_cache=True, logits_to_keep=1, **begun).logits[:, -1]  # fmt: skip
            chance = logits.float().log_softmax(-1)
            tokens = pick(chance, alive)
            for row, token, value in zip(alive, tokens.tolist(), chance.gather(1, tokens[:, None])[:, 0].tolist(),
                                         strict=True):  # fmt: skip
                written[row].append(token)
                chances[row].append(value)
            left = [at for at, row in enumerate(alive) if written[row][-1] not in stops]
            if not left:
                break
            if len(left) < len(alive):
                kept = torch.tensor(left, device=device)
                cache.batch_select_indices(kept)
                tokens, seen, places = tokens[kept], seen[kept], places[kept]
                alive = [alive[at] for at in left]
            ids, places = tokens[:, None], places[:, -1:] + 1
            seen = torch.cat([seen, seen.new_ones(len(alive), 1)], 1)
    return written, chances


def plain_attention(model: Any) -> bool:
    """Whether the layers' attention is the softmax of scaled products and nothing more, as ``attend`` computes it."""
    inner = model.get_base_model() if hasattr(model, "peft_config") else model
    text = inner.config.get_text_config()
    more = ("attn_logit_softcapping", "alibi", "attention_bias_type")
    sinks = any(name.endswith("sinks") for name, _ in inner.named_parameters())
    return not sinks and not any(getattr(text, name, None) for name in more) and inner._supports_attention_backend


def _by_length(model: Any, prompts: list[list[int]], longest: int, stops: set[int],
               pick: Pick) -> tuple[list[list[int]], list[list[float]]]:  # fmt: skip
    """``write`` for a model whose rows cannot be filled up: row by row, the whole row for each token."""
    written: list[list[int]] = []
    chances: list[list[float]] = []
    for place, prompt in enumerate(prompts):
        answer: list[int] = []
        values: list[float] = []
        with torch.inference_mode():
            while len(answer) < longest and not (answer and answer[-1] in stops):
                out = model(input_ids=torch.tensor([[*prompt, *answer]], device=model.device), use_cache=False)
                chance = out.logits[:, -1].float().log_softmax(-1)
                token = int(pick(chance, [place])[0])
                values.append(float(chance[0, token]))
                answer.append(token)
        written.append(answer)
        chances.append(values)
    return written, chances


def likeliest(chance: torch.Tensor, _: list[int]) -> torch.Tensor:
    """The most likely token of each row (greedy decoding): (B, V) to (B,)."""
    return chance.argmax(-1)


def draws(seeds: list[int], temperature: float) -> Pick:
    """Random tokens that depend on a row's own seed and not on the rows beside it.

    Gumbel noise is added to each log-probability: the place of the largest sum is a draw from the softmax.
    """
    sources = [torch.Generator().manual_seed(seed) for seed in seeds]

    def pick(chance: torch.Tensor, rows: list[int]) -> torch.Tensor:
        waits = torch.stack([torch.empty(chance.shape[-1]).exponential_(generator=sources[row]) for row in rows])
        return (chance / temperature - waits.log().to(chance.device)).argmax(-1)

    return pick
