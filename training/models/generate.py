"""Answers to many prompts, greedy or sampled: the common prefix is run once, finished rows are dropped.

The composition of batches is fixed by the prompts alone (sorted by length), because in bfloat16 the rows beside a
prompt can tip a near tie: the same prompts give the same answers.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, groupby
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from training.models.preallocated_kv_cache import preallocated_kv_cache
from training.models.structure import batching
from training.models.structure.batching import ALONE, SHARED
from training.models.structure.halving import in_batches
from training.run import machine

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedTokenizerBase

DROP_SHARE = 0.125  # of a batch's rows: when more have finished, they are taken out of it


@dataclass(frozen=True)
class Generation:
    """One answer.

    Attributes:
        text: decoded, without the stop token.
        tokens: how many were generated, the stop token included.
        stopped: whether a stop token ended it (otherwise the limit did).
    """

    text: str
    tokens: int
    stopped: bool


def common_prefix(sequences: list[list[int]]) -> int:
    """How many first tokens all sequences share, leaving each at least one token of its own."""
    shortest = min(len(sequence) for sequence in sequences) - 1
    first = sequences[0]
    for place in range(shortest):
        if any(sequence[place] != first[place] for sequence in sequences):
            return place
    return max(shortest, 0)


def greedy(model: Any, tokenizer: PreTrainedTokenizerBase, prompts: list[list[int]], max_new_tokens: int,
           stop_ids: set[int], batch_size: int = 100, progress: Callable[[int], None] | None = None
           ) -> list[Generation]:  # fmt: skip
    """The most likely continuation of each prompt, token by token.

    Args:
        model: causal language model of transformers, plain or with an adapter.
        tokenizer: for decoding.
        prompts: token ids.
        max_new_tokens: longest answer.
        stop_ids: tokens that end an answer.
        batch_size: prompts run together.
        progress: called with the number of prompts done after each batch.

    Returns:
        One Generation per prompt, in the order of the prompts.
    """
    return _written(model, tokenizer, prompts, max_new_tokens, stop_ids, batch_size, _likeliest, progress)


def sample(model: Any, tokenizer: PreTrainedTokenizerBase, prompts: list[list[int]], count: int, temperature: float,
           max_new_tokens: int, stop_ids: set[int], seed: int, batch_size: int = 100
           ) -> list[list[Generation]]:  # fmt: skip
    """``count`` random answers to each prompt, the same ones for the same seed; arguments besides as in ``greedy``.

    Args:
        temperature: 1 draws from the model's own distribution.
        seed: of the draws; torch's own random state is left as it was.
    """
    import torch

    generator = torch.Generator().manual_seed(seed)

    def draw(logits: torch.Tensor) -> torch.Tensor:
        shares = torch.softmax(logits.float().cpu() / temperature, -1)
        return torch.multinomial(shares, 1, generator=generator).flatten().to(logits.device)

    each = [prompt for prompt in prompts for _ in range(count)]
    answers = _written(model, tokenizer, each, max_new_tokens, stop_ids, batch_size, draw)
    return [answers[start : start + count] for start in range(0, len(answers), count)]


def _likeliest(logits: torch.Tensor) -> torch.Tensor:
    return logits.argmax(-1)


def _written(model: Any, tokenizer: PreTrainedTokenizerBase, prompts: list[list[int]], max_new_tokens: int,
             stop_ids: set[int], batch_size: int, choose: Callable[[torch.Tensor], torch.Tensor],
             progress: Callable[[int], None] | None = None
             ) -> list[Generation]:  # fmt: skip
    """An answer to each prompt, ``choose`` taking the next tokens, (B,), from their logits, (B, V)."""
    import torch

    if not prompts:
        return []
    model.eval()
    order = sorted(range(len(prompts)), key=lambda place: (len(prompts[place]), place))
    way = way_of(model, max(map(len, prompts)) + max_new_tokens)
    shared = common_prefix(prompts) if way == SHARED and len(prompts) > 1 else 0
    answers: dict[int, Generation] = {}
    done = 0
    with torch.inference_mode(), compact_head(model):
        prefix = _prefix_cache(model, prompts[0][:shared]) if shared else None

        def written_by(places: list[int]) -> list[list[int]]:
            rows = [prompts[place][shared:] for place in places]
            if way == ALONE:
                return _generated(model, rows, max_new_tokens, stop_ids, choose)
            return _batch(model, rows, prefix, shared, max_new_tokens, stop_ids, choose)

        groups = batches(order, prompts, way)
        told = "evaluate.per_device_eval_batch_size"
        for chosen, written in chain.from_iterable(in_batches(g, batch_size, written_by, told) for g in groups):
            for place, ids in zip(chosen, written, strict=True):
                stopped = bool(ids) and ids[-1] in stop_ids
                text = str(tokenizer.decode(ids[:-1] if stopped else ids, skip_special_tokens=True))
                answers[place] = Generation(text, len(ids), stopped)
            done += len(chosen)
            if progress:
                progress(done)
    return [answers[place] for place in range(len(prompts))]


def batches(order: list[int], prompts: list[list[int]], way: str) -> list[list[int]]:
    """Places of the prompts that may be run together: all in ``order``, or those of one length."""
    if way != ALONE:
        return [order]
    return [list(group) for _, group in groupby(order, key=lambda place: len(prompts[place]))]


def way_of(model: Any, longest: int) -> str:
    """How rows of this model can be run together and still answer as each would alone.

    What the configuration promises is tried once on two short rows; where it does not hold, the next safer way is
    taken, and that is said.

    Args:
        longest: tokens of the longest row with its answer.
    """
    inner = model.get_base_model() if hasattr(model, "peft_config") else model
    known = _TRIED.setdefault(inner, {})
    promised = batching.promised(inner.config, longest)
    if promised not in known:
        ways = batching.WAYS[batching.WAYS.index(promised) :]
        known[promised] = next(way for way in ways if way == ALONE or _agrees(model, way))
        if known[promised] == ALONE:
            machine.say(f"  {inner.config.model_type}: rows of different lengths cannot be run together exactly; each"
                        " length is answered by itself, which takes longer")  # fmt: skip
    return known[promised]


_TRIED: WeakKeyDictionary[Any, dict[str, str]] = WeakKeyDictionary()
TRIAL = ([3, 4, 5, 6, 7], [3, 4, 5, 8, 9, 10, 11, 12])  # token ids


def _agrees(model: Any, way: str) -> bool:
    """Whether two rows that are run together give the logits that each gives alone, for two tokens."""
    import torch

    size = model.get_input_embeddings().num_embeddings
    rows = [[number % size for number in row] for row in TRIAL]
    device = next(model.parameters()).device
    seen: list[torch.Tensor] = []

    def keep(logits: torch.Tensor) -> torch.Tensor:
        seen.append(logits.float())
        return logits.argmax(-1)

    shared = common_prefix(rows) if way == SHARED else 0
    try:
        with torch.inference_mode(), compact_head(model):
            prefix = _prefix_cache(model, rows[0][:shared]) if shared else None
            _batch(model, [row[shared:] for row in rows], prefix, shared, 2, set(), keep)
            for place, row in enumerate(rows):
                whole = [*row, int(seen[0][place].argmax())]
                alone = model(input_ids=torch.tensor([whole], device=device), use_cache=False).logits[0, -2:]
                tolerance = 1e-3 if alone.dtype == torch.float32 else 5e-2
                apart = (alone.float() - torch.stack([step[place] for step in seen])).abs().max()
                if not apart <= tolerance * alone.abs().max():
                    return False
    except (TypeError, ValueError, AttributeError, RuntimeError, IndexError):
        return False  # the model takes no such cache, positions or mask
    return True


def _generated(model: Any, rows: list[list[int]], max_new_tokens: int, stop_ids: set[int],
               choose: Callable[[torch.Tensor], torch.Tensor]) -> list[list[int]]:  # fmt: skip
    """Answers to rows of one length by transformers' own ``generate``, ``choose`` taking the tokens."""
    import torch
    from transformers import GenerationConfig

    def only_the_chosen(_: torch.Tensor, logits: torch.Tensor) -> torch.Tensor:
        return torch.full_like(logits, float("-inf")).scatter(1, choose(logits)[:, None], 0.0)

    ids = torch.tensor(rows, device=next(model.parameters()).device)
    told = GenerationConfig(max_new_tokens=max_new_tokens, do_sample=False, eos_token_id=sorted(stop_ids) or None,
                            pad_token_id=min(stop_ids, default=0))  # fmt: skip
    whole = model.generate(input_ids=ids, attention_mask=torch.ones_like(ids), generation_config=told,
                           logits_processor=[only_the_chosen])  # fmt: skip
    written = []
    for answer in whole[:, ids.shape[1] :].tolist():
        end = next((at + 1 for at, token in enumerate(answer) if token in stop_ids), len(answer))
        written.append(answer[:end])
    return written


@contextmanager
def compact_head(model: Any) -> Generator[None, None, None]:
    """Give the output layer a contiguous tensor of the last positions.

    A view into all positions is multiplied row by row in bfloat16, with a copy of the vocabulary's matrix for each
    row: 5.7 GB for a hundred rows of the 135M model.
    """
    head = model.get_output_embeddings()
    handle = head.register_forward_pre_hook(lambda _, given: (given[0].contiguous(), *given[1:]))
    try:
        yield
    finally:
        handle.remove()


def _prefix_cache(model: Any, ids: list[int]) -> list[tuple[Any, Any]]:
    """Keys and values of the common prefix, a pair per layer, each (1, heads, P, head width)."""
    import torch

    device = next(model.parameters()).device
    output = model(input_ids=torch.tensor([ids], device=device), use_cache=True, logits_to_keep=1)
    return [(layer.keys, layer.values) for layer in output.past_key_values.layers]


def _batch(model: Any, suffixes: list[list[int]], prefix: list | None, shared: int, max_new_tokens: int,
           stop_ids: set[int], choose: Callable[[torch.Tensor], torch.Tensor]) -> list[list[int]]:  # fmt: skip
    """Answers of one batch: left-padded suffixes (B, T) after a shared prefix, one token per pass."""
    import torch

    device = next(model.parameters()).device
    rows, width = len(suffixes), max(map(len, suffixes))
    ids = torch.zeros((rows, width), dtype=torch.long)
    own = torch.zeros((rows, width), dtype=torch.long)
    for row, suffix in enumerate(suffixes):
        ids[row, width - len(suffix) :] = torch.tensor(suffix)
        own[row, width - len(suffix) :] = 1
    cache = preallocated_kv_cache(model.config, shared + width + max_new_tokens)
    for layer, (keys, values) in enumerate(prefix or []):
        cache.update(keys.expand(rows, -1, -1, -1), values.expand(rows, -1, -1, -1), layer)
    seen = torch.cat([torch.ones((rows, shared), dtype=torch.long), own], 1).to(device)
    positions = (shared + own.cumsum(1) - 1).clamp(min=0).to(device)
    output = model(
        input_ids=ids.to(device),
        attention_mask=seen,
        position_ids=positions,
        past_key_values=cache,
        use_cache=True,
        logits_to_keep=1,
    )
    following, last = choose(output.logits[:, -1]), positions[:, -1]
    alive, written = list(range(rows)), [[] for _ in range(rows)]
    finished = torch.zeros(rows, dtype=torch.bool, device=device)
    for step in range(max_new_tokens):
        ended = finished.tolist()
        for at, token in enumerate(following.tolist()):
            if not ended[at]:
                written[alive[at]].append(token)
                ended[at] = token in stop_ids
        finished = torch.tensor(ended, device=device)
        if all(ended) or step == max_new_tokens - 1:
            break
        if finished.float().mean() > DROP_SHARE:
            kept = (~finished).nonzero().flatten()
            cache.batch_select_indices(kept)
            seen, following, last, finished = seen[kept], following[kept], last[kept], finished[kept]
            alive = [alive[at] for at in kept.tolist()]
        last = last + 1
        seen = torch.cat([seen, torch.ones((len(alive), 1), dtype=torch.long, device=device)], 1)
        output = model(
            input_ids=following[:, None],
            attention_mask=seen,
            position_ids=last[:, None],
            past_key_values=cache,
            use_cache=True,
            logits_to_keep=1,
        )
        following = choose(output.logits[:, -1])
    return written
