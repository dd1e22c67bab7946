"""Shapes of open decoders, each from the model's published configuration, beside the count of its checkpoint.

Shape and count were looked up apart, on 2026-11-25, in stored copies of public pages: the shape in config.json (of the
repository named, or of a copy that names it as its base), the count in the header or index of the safetensors files
(bytes over bytes a number), or as others printed it from the loaded model. A test adds the shape up and wants the
count to the last digit; another has transformers build each model without its weights and count. Rows whose
configuration could not be found were dropped. Llama 2's files also hold rotary tables, which nothing trains; they
are not counted.
"""

from __future__ import annotations

from dataclasses import dataclass

# What a block holds beside its linear layers: (norms of width hidden, norm over queries and keys, bias on q, k and v).
PLAIN, BIASED, HEAD_NORMS, WIDE_NORMS, FOUR_NORMS = "plain", "biased", "head norms", "wide norms", "four norms"
EXTRAS = (PLAIN, BIASED, HEAD_NORMS, WIDE_NORMS, FOUR_NORMS)
HEAD = 128


@dataclass(frozen=True)
class DecoderShape:
    """The shape of a decoder with a gated MLP.

    Attributes:
        layers: blocks.
        hidden: width of the stream.
        query: width of all query heads together; not always ``hidden``.
        key_value: width of the keys, or of the values; below ``query`` it is grouped-query attention.
        inner: width of the gated MLP.
        vocabulary: rows of the embedding.
        tied: the output head is the embedding.
    """

    layers: int
    hidden: int
    query: int
    key_value: int
    inner: int
    vocabulary: int
    tied: bool

    @property
    def fused(self) -> bool:
        """Whether queries, keys and values are one layer, and so are the MLP's gate and what it lets through (Phi)."""
        return False

    @property
    def linears(self) -> dict[str, tuple[int, int]]:
        """(D_in, D_out) of a block's linear layers."""
        h, q, k, m = self.hidden, self.query, self.key_value, self.inner
        if self.fused:
            return {"qkv_proj": (h, q + 2 * k), "o_proj": (q, h), "gate_up_proj": (h, 2 * m), "down_proj": (m, h)}
        return {"q_proj": (h, q), "k_proj": (h, k), "v_proj": (h, k), "o_proj": (q, h),
                "gate_proj": (h, m), "up_proj": (h, m), "down_proj": (m, h)}  # fmt: skip

    @property
    def linear_parameters(self) -> int:
        """Weights of all blocks' linear layers: what 4-bit loading shrinks."""
        return self.layers * sum(a * b for a, b in self.linears.values())

    @property
    def other_parameters(self) -> int:
        """Biases and norms of one block; each kind of shape says its own."""
        raise NotImplementedError

    @property
    def parameters(self) -> int:
        """All parameters, added up from the shape: embeddings, blocks and the last norm."""
        embeddings = self.vocabulary * self.hidden * (1 if self.tied else 2)
        return embeddings + self.linear_parameters + self.layers * self.other_parameters + self.hidden


@dataclass(frozen=True)
class Decoder(DecoderShape):
    """A row of the table.

    Attributes:
        extras: biases and norms of a block, one of the names above.
        published: parameters of the checkpoint, as its files say.
        repository: on the model hub, whose config.json the shape is.
    """

    extras: str
    published: int
    repository: str
    name: str

    @property
    def fused(self) -> bool:
        """Whether queries, keys and values are one layer, as in the rows of the Phi family."""
        return self.name.startswith("Phi-")

    @property
    def other_parameters(self) -> int:
        """Biases and norms of one block."""
        h, q, k = self.hidden, self.query, self.key_value
        return {PLAIN: 2 * h, BIASED: 2 * h + q + 2 * k, HEAD_NORMS: 2 * h + 2 * HEAD, WIDE_NORMS: 2 * h + q + k,
                FOUR_NORMS: 4 * h}[self.extras]  # fmt: skip


# name, layers, hidden, query, key_value, inner, vocabulary, tied, extras, published, repository
_ROWS = (
    ("SmolLM2-135M", 30, 576, 576, 192, 1536, 49_152, True, PLAIN, 134_515_008, "HuggingFaceTB/SmolLM2-135M-Instruct"),
    ("SmolLM2-360M", 32, 960, 960, 320, 2560, 49_152, True, PLAIN, 361_821_120, "HuggingFaceTB/SmolLM2-360M"),
    ("SmolLM2-1.7B", 24, 2048, 2048, 2048, 8192, 49_152, True, PLAIN, 1_711_376_384,
     "HuggingFaceTB/SmolLM2-1.7B-Instruct"),
    ("TinyLlama-1.1B", 22, 2048, 2048, 256, 5632, 32_000, False, PLAIN, 1_100_048_384,
     "TinyLlama/TinyLlama-1.1B-Chat-v1.0"),
    ("Llama-2-7B", 32, 4096, 4096, 4096, 11_008, 32_000, False, PLAIN, 6_738_415_616, "meta-llama/Llama-2-7b-hf"),
    ("Llama-2-13B", 40, 5120, 5120, 5120, 13_824, 32_000, False, PLAIN, 13_015_864_320, "meta-llama/Llama-2-13b-hf"),
    ("Llama-2-70B", 80, 8192, 8192, 1024, 28_672, 32_000, False, PLAIN, 68_976_648_192, "meta-llama/Llama-2-70b-hf"),
    ("Llama-3.1-8B", 32, 4096, 4096, 1024, 14_336, 128_256, False, PLAIN, 8_030_261_248, "meta-llama/Llama-3.1-8B"),
    ("Llama-3.1-70B", 80, 8192, 8192, 1024, 28_672, 128_256, False, PLAIN, 70_553_706_496, "meta-llama/Llama-3.1-70B"),
    ("Llama-3.2-1B", 16, 2048, 2048, 512, 8192, 128_256, True, PLAIN, 1_235_814_400, "meta-llama/Llama-3.2-1B"),
    ("Llama-3.2-3B", 28, 3072, 3072, 1024, 8192, 128_256, True, PLAIN, 3_212_749_824, "meta-llama/Llama-3.2-3B"),
    ("Qwen2.5-0.5B", 24, 896, 896, 128, 4864, 151_936, True, BIASED, 494_032_768, "Qwen/Qwen2.5-0.5B"),
    ("Qwen2.5-1.5B", 28, 1536, 1536, 256, 8960, 151_936, True, BIASED, 1_543_714_304, "Qwen/Qwen2.5-1.5B"),
    ("Qwen2.5-3B", 36, 2048, 2048, 256, 11_008, 151_936, True, BIASED, 3_085_938_688, "Qwen/Qwen2.5-3B"),
    ("Qwen2.5-7B", 28, 3584, 3584, 512, 18_944, 152_064, False, BIASED, 7_615_616_512, "Qwen/Qwen2.5-7B"),
    ("Qwen2.5-14B", 48, 5120, 5120, 1024, 13_824, 152_064, False, BIASED, 14_770_033_664, "Qwen/Qwen2.5-14B"),
    ("Qwen2.5-32B", 64, 5120, 5120, 1024, 27_648, 152_064, False, BIASED, 32_763_876_352, "Qwen/Qwen2.5-32B"),
    ("Qwen2.5-72B", 80, 8192, 8192, 1024, 29_568, 152_064, False, BIASED, 72_706_203_648, "Qwen/Qwen2.5-72B"),
    ("Qwen3-0.6B", 28, 1024, 2048, 1024, 3072, 151_936, True, HEAD_NORMS, 596_049_920, "Qwen/Qwen3-0.6B"),
    ("Qwen3-1.7B", 28, 2048, 2048, 1024, 6144, 151_936, True, HEAD_NORMS, 1_720_574_976, "Qwen/Qwen3-1.7B"),
    ("Qwen3-4B", 36, 2560, 4096, 1024, 9728, 151_936, True, HEAD_NORMS, 4_022_468_096, "Qwen/Qwen3-4B"),
    ("Qwen3-8B", 36, 4096, 4096, 1024, 12_288, 151_936, False, HEAD_NORMS, 8_190_735_360, "Qwen/Qwen3-8B"),
    ("Qwen3-14B", 40, 5120, 5120, 1024, 17_408, 151_936, False, HEAD_NORMS, 14_768_307_200, "Qwen/Qwen3-14B"),
    ("Qwen3-32B", 64, 5120, 8192, 1024, 25_600, 151_936, False, HEAD_NORMS, 32_762_123_264, "Qwen/Qwen3-32B"),
    ("Mistral-7B-v0.1", 32, 4096, 4096, 1024, 14_336, 32_000, False, PLAIN, 7_241_732_096, "mistralai/Mistral-7B-v0.1"),
    ("Mistral-7B-v0.3", 32, 4096, 4096, 1024, 14_336, 32_768, False, PLAIN, 7_248_023_552,
     "mistralai/Mistral-7B-Instruct-v0.3"),
    ("Mistral-Nemo-12B", 40, 5120, 4096, 1024, 14_336, 131_072, False, PLAIN, 12_247_782_400,
     "mistralai/Mistral-Nemo-Instruct-2407"),
    ("Mistral-Small-24B", 40, 5120, 4096, 1024, 32_768, 131_072, False, PLAIN, 23_572_403_200,
     "mistralai/Mistral-Small-24B-Base-2501"),
    ("OLMo-2-7B", 32, 4096, 4096, 4096, 11_008, 100_352, False, WIDE_NORMS, 7_298_617_344, "allenai/OLMo-2-1124-7B"),
    ("OLMo-2-13B", 40, 5120, 5120, 5120, 13_824, 100_352, False, WIDE_NORMS, 13_716_198_400, "allenai/OLMo-2-1124-13B"),
    ("Phi-3-mini", 32, 3072, 3072, 3072, 8192, 32_064, False, PLAIN, 3_821_079_552, "microsoft/Phi-3-mini-4k-instruct"),
    ("Phi-4", 40, 5120, 5120, 1280, 17_920, 100_352, False, PLAIN, 14_659_507_200, "microsoft/phi-4"),
    ("Gemma-2-2B", 26, 2304, 2048, 1024, 9216, 256_000, True, FOUR_NORMS, 2_614_341_888, "google/gemma-2-2b"),
    ("Gemma-2-9B", 42, 3584, 4096, 2048, 14_336, 256_000, True, FOUR_NORMS, 9_241_705_984, "google/gemma-2-9b"),
    ("Gemma-2-27B", 46, 4608, 4096, 2048, 36_864, 256_000, True, FOUR_NORMS, 27_227_128_320, "google/gemma-2-27b"),
)  # fmt: skip
MODELS = {row[0]: Decoder(*row[1:], name=row[0]) for row in _ROWS}
