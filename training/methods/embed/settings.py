"""Settings of an embedding model's fine-tuning."""

from __future__ import annotations

from dataclasses import dataclass

from training.run.settings import Config, setting


@dataclass(frozen=True)
class EmbedSettings:
    """Questions and passages, what they are told apart from, and the margin of the gate."""

    pairs: str = setting("synthetic: of our workshop; file: rows of data.train_file and data.heldout_files",
                         "synthetic",
                         choices=("synthetic", "file"))  # fmt: skip
    negatives: str = setting("batch: the batch's other passages; mined: one more each, which the untrained model finds"
                             " most similar; given: the rows' own", "batch",
                             choices=("batch", "mined", "given"))  # fmt: skip
    range_min: int = setting("how many of the most similar wrong passages mining leaves out", 0, low=0)
    margin: float = setting("mining leaves out what is nearer than the right passage's cosine less this share of it; 0"
                            " leaves nothing out", 0.05, low=0, high=1)  # fmt: skip
    scale: float = setting("of the cosines in the loss, one over the temperature", 20.0, low=1e-3)
    matryoshka_dims: list[int] = setting(
        "nested widths that are trained together (Matryoshka); [] the whole vector only", []
    )
    truncate_dims: list[int] = setting("widths at which the vectors are measured besides, cut short", [])
    mini_batch_size: int = setting("rows that are encoded at once where the batch does not fit the memory (GradCache);"
                                   " 0 the whole batch", 0, low=0)  # fmt: skip
    pooling: str = setting("which token's vector stands for the text", "mean", choices=("mean", "cls", "lasttoken"))
    query_prompt: str = setting("text before every question, in training and in use", "")
    passage_prompt: str = setting("text before every passage", "")
    general_margin: float = setting("allowed fall of the MRR on general text", 0.02, low=0, high=1)


@dataclass(frozen=True)
class EmbedConfig(Config):
    """A run that fine-tunes an embedding model."""

    method: str = setting("how it is trained", choices=("embed",))
    embed: EmbedSettings = setting("the pairs and the loss on them", EmbedSettings())
