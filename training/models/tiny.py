"""Tiny random models of real architectures, with a tokenizer made in code: tests and ``--smoke`` need no download."""

from __future__ import annotations

from typing import TYPE_CHECKING

from training.run.errors import BadInput

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerFast

SEED = 1234
WIDTH, LAYERS, HEADS, KEY_VALUE_HEADS, INNER, POSITIONS, VOCABULARY = 32, 2, 4, 2, 64, 4096, 259
STOP, START, END_OF_TEXT = "<|im_end|>", "<|im_start|>", "<|endoftext|>"


# ChatML, the form of SmolLM2 and Qwen: each turn ends with the stop token and a line break.
TEMPLATE = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] "
    "+ '<|im_end|>' + '\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)

ARCHITECTURES = ("llama", "qwen2", "olmo2", "mistral")


def tokenizer() -> PreTrainedTokenizerFast:
    """A byte-level tokenizer (259 tokens) with the ChatML template; pad and stop are one token, as in SmolLM2."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    special = [END_OF_TEXT, START, STOP]
    inner = Tokenizer(models.BPE({token: i for i, token in enumerate(special + alphabet)}, []))
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    made = PreTrainedTokenizerFast(tokenizer_object=inner, eos_token=STOP, pad_token=STOP, bos_token=START,
                                   additional_special_tokens=[END_OF_TEXT])  # fmt: skip
    made.chat_template = TEMPLATE
    return made


def model(architecture: str) -> tuple[PreTrainedModel, PreTrainedTokenizerFast]:
    """A random model of ``architecture`` with two layers of width 32, float32, and its tokenizer.

    The weights are the same every time; torch's random state is left as it was.

    Raises:
        BadInput: there is no such architecture.
    """
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    if architecture not in ARCHITECTURES:
        raise BadInput(f"model.source: tiny-random:{architecture} is not known; there are {', '.join(ARCHITECTURES)}")
    made = tokenizer()
    config = AutoConfig.for_model(
        architecture, vocab_size=len(made), hidden_size=WIDTH, intermediate_size=INNER, num_hidden_layers=LAYERS,
        num_attention_heads=HEADS, num_key_value_heads=KEY_VALUE_HEADS, max_position_embeddings=POSITIONS,
        tie_word_embeddings=architecture == "llama", bos_token_id=made.bos_token_id, eos_token_id=made.eos_token_id,
        pad_token_id=made.pad_token_id, head_dim=WIDTH // HEADS, sliding_window=None,
    )  # fmt: skip
    with torch.random.fork_rng():
        torch.manual_seed(SEED)
        return AutoModelForCausalLM.from_config(config, dtype=torch.float32), made
