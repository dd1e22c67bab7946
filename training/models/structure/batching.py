"""How rows of different lengths may be run together, by what a model's layers look back at.

Rows are filled up on the left. Where the beginning that all rows share is run once, the filling stands between it and
the rest: harmless to a layer that sees every token, and wrong for one that sees the last so many places, which the
filling uses up. A layer that carries a state from token to token has no place for filling at all.
"""

from __future__ import annotations

from typing import Any

SHARED, PADDED, ALONE = "shared beginning", "filled up on the left", "one length at a time"
WAYS = (SHARED, PADDED, ALONE)  # from the quickest to the safest
LOOKING_BACK = ("full_attention", "sliding_attention", "chunked_attention")  # layers that look at kept tokens
STATES = ("linear_attn_config", "mamba_d_state", "state_size", "ssm_state_size", "rwkv", "linear_num_key_heads")


def promised(config: Any, longest: int) -> str:
    """The quickest of ``WAYS`` that a configuration allows.

    Args:
        config: of transformers.
        longest: tokens of the longest row with its answer.
    """
    text = config.get_text_config()
    kinds = set(getattr(text, "layer_types", None) or ())
    if kinds - set(LOOKING_BACK) or any(getattr(text, name, None) is not None for name in STATES):
        return ALONE
    span = window_of(text)
    return SHARED if span is None or span >= longest else PADDED


def window_of(text: Any) -> int | None:
    """Tokens that some layer looks back at, where there is a limit."""
    if getattr(text, "use_sliding_window", True) is False:
        return None
    kinds = set(getattr(text, "layer_types", None) or ())
    if kinds == {"full_attention"}:
        return None
    spans = [getattr(text, "sliding_window", None)]
    if "chunked_attention" in kinds:
        spans.append(getattr(text, "attention_chunk_size", None))
    if "local" in (getattr(text, "attention_layers", None) or ()):  # GPT-Neo
        spans.append(getattr(text, "window_size", None))
    found = [span for span in spans if isinstance(span, int)]
    return min(found) if found else None
