"""A key-value cache whose memory is allocated once: new tokens are written behind the last, nothing is copied.

transformers' growing cache allocates a new tensor of every layer's keys and values for each token, a large part of a
small model's step; its static cache lets every token attend over the whole allocated length.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch
    from transformers import Cache, PreTrainedConfig


@cache
def layer_class() -> type:
    """The layer's class, made when it is first needed: importing transformers' caches takes seconds."""
    from transformers.cache_utils import DynamicLayer

    class PreallocatedLayer(DynamicLayer):
        """One layer's keys and values, (B, heads, T, width), as views into room for more tokens.

        Args:
            room: tokens that will ever be kept.
        """

        def __init__(self, room: int) -> None:
            super().__init__()
            self.room = room

        def lazy_initialization(self, key_states: torch.Tensor, value_states: torch.Tensor) -> None:
            """Allocate the memory, in the shape and type of the first tokens."""
            super().lazy_initialization(key_states, value_states)
            self.all_keys, self.all_values = (
                states.new_empty((*states.shape[:2], self.room, states.shape[3]))
                for states in (key_states, value_states)
            )

        def update(self, key_states: torch.Tensor, value_states: torch.Tensor, *args: Any, **kwargs: Any
                   ) -> tuple[torch.Tensor, torch.Tensor]:  # fmt: skip
            """Write the new tokens, (B, heads, T, width), behind the others; keys and values of all tokens so far.

            Raises:
                ValueError: there is no room left.
            """
            if not self.is_initialized:
                self.lazy_initialization(key_states, value_states)
            start = self.get_seq_length()
            end = start + key_states.shape[2]
            if end > self.room:
                raise ValueError(f"a cache with room for {self.room} tokens was given {end}")
            self.all_keys[:, :, start:end] = key_states
            self.all_values[:, :, start:end] = value_states
            self.keys, self.values = self.all_keys[:, :, :end], self.all_values[:, :, :end]
            return self.keys, self.values

        def batch_select_indices(self, indices: torch.Tensor) -> None:
            """Keep the rows at ``indices``, (rows,)."""
            end = self.get_seq_length()
            self.all_keys, self.all_values = self.all_keys[indices], self.all_values[indices]
            self.keys, self.values = self.all_keys[:, :, :end], self.all_values[:, :, :end]

    return PreallocatedLayer


def preallocated_kv_cache(config: PreTrainedConfig, room: int) -> Cache:
    """A cache for ``room`` tokens a row; transformers' own where a layer does not keep every token (sliding window)."""
    from transformers import Cache, DynamicCache

    text = config.get_text_config()
    if any(kind != "full_attention" for kind in getattr(text, "layer_types", None) or ()):
        return DynamicCache(config=config)
    return Cache(layers=[layer_class()(room) for _ in range(text.num_hidden_layers)])
