"""The tokenizer of a model, without its weights."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from training.models import bundled, tiny
from training.models.rendering import template
from training.run import machine
from training.run.errors import BadInput, LackingResource
from training.run.settings import ModelSettings

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


def load_tokenizer(settings: ModelSettings) -> PreTrainedTokenizerBase:
    """The tokenizer of ``model.source``; a folder needs to hold no more than the tokenizer's files.

    Raises:
        BadInput: the model is not known, or no tokenizer can be read from the folder.
        LackingResource: it cannot be fetched.
    """
    machine.quiet_libraries()
    kind, _, rest = settings.source.partition(":")
    if kind == "tiny-random":
        if rest not in tiny.ARCHITECTURES:
            raise BadInput(f"model.source: tiny-random:{rest} is not known; there are {', '.join(tiny.ARCHITECTURES)}")
        return prepared(tiny.tokenizer(), settings)
    if kind == "bundled":
        return prepared(_read(str(bundled.folder(rest)), None), settings)
    return prepared(_read(settings.source, settings.revision), settings)


def _read(source: str, revision: str | None) -> Any:
    from transformers import AutoTokenizer

    here = Path(source).exists()
    options: dict[str, Any] = {} if here else {"revision": revision}
    if not here and machine.offline():
        options["local_files_only"] = True
    try:
        return AutoTokenizer.from_pretrained(source, **options)
    except Exception as error:  # besides OSError and ValueError, the tokenizers library raises bare exceptions
        said = " ".join(str(error).split())[:200]
        if here:
            raise BadInput(f"{source}: no tokenizer can be read from this folder ({said}); give a model's folder, with"
                           " tokenizer.json") from error  # fmt: skip
        raise LackingResource(f"model.source: {source} is neither a folder nor to be had from the model hub ({said})"
                              ) from error  # fmt: skip


def prepared(tokenizer: Any, settings: ModelSettings) -> Any:
    """The tokenizer with the run's chat template and something to pad with, its stop token where it has none.

    Raises:
        BadInput: there is no such template.
    """
    if settings.chat_template is not None:
        tokenizer.chat_template = template.text_of(settings.chat_template)
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer
