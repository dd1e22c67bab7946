"""Settings of an embedding model's fine-tuning."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from training.run.section import HashedAs, Number, Section, Text, Whole
from training.run.settings import Config


class EmbedSettings(Section):
    """Questions and passages, what they are told apart from, and the margin of the gate."""

    pairs: Literal["synthetic", "file"] = Field(
        "synthetic", description="synthetic: of our workshop; file: rows of data.train_file and data.heldout_files"
    )
    negatives: Literal["batch", "mined", "given"] = Field(
        "batch", description="batch: the batch's other passages; mined: one more each, which the base model finds"
        " most similar; given: the rows' own"
    )  # fmt: skip
    range_min: Whole = Field(0, ge=0, description="how many of the most similar wrong passages mining leaves out")
    margin: Number = Field(
        0.05, ge=0, le=1, description="mining leaves out what is nearer than the right passage's cosine less this share"
        " of it; 0 leaves nothing out"
    )  # fmt: skip
    scale: Number = Field(20.0, ge=1e-3, description="of the cosines in the loss, one over the temperature")
    matryoshka_dims: list[Whole] = Field(
        [], description="nested widths that are trained together (Matryoshka); [] the whole vector only"
    )
    truncate_dims: list[Whole] = Field([], description="widths at which the vectors are measured besides, cut short")
    mini_batch_size: Whole = Field(
        0, ge=0, description="rows that are encoded at once where the batch does not fit the memory (GradCache); 0 the"
        " whole batch"
    )  # fmt: skip
    pooling: Annotated[Literal["mean", "cls", "lasttoken"] | None, HashedAs("mean")] = Field(
        None, description="which token's vector stands for the text; null: as the model's folder says, mean where it"
        " says nothing"
    )  # fmt: skip
    query_prompt: Annotated[Text | None, HashedAs("")] = Field(
        None, description="text before every question, in training and in use; null: as the model's folder says"
    )  # fmt: skip
    passage_prompt: Annotated[Text | None, HashedAs("")] = Field(
        None, description="text before every passage; null: as the model's folder says"
    )  # fmt: skip
    general_margin: Number = Field(0.02, ge=0, le=1, description="allowed fall of the MRR on general text")


class EmbedConfig(Config):
    """A run that fine-tunes an embedding model."""

    method: Literal["embed"] = Field(description="how it is trained")
    embed: EmbedSettings = Field(EmbedSettings(), description="the pairs and the loss on them")
