"""From a question to the assistant's reply: retrieve, write or extract, refuse, hand on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from training.data.retrieval.answer import Answer, Cited, Written, prompt, quotable, read
from training.data.retrieval.pages import sentences
from training.data.retrieval.search import Hit, Index, terms
from training.stack.assistant.settings import Settings

Model = Callable[[str], Written]
Fallback = Callable[[str], Answer]


def reply(question: str, index: Index, settings: Settings, model: Model | None = None,
          fallback: Fallback | None = None) -> Answer:  # fmt: skip
    """Search, decide whether the pages hold an answer, and write it with citations, or let another write it.

    Args:
        fallback: who answers where the model is not trusted; None trusts it always.
    """
    hits = index.search(question, settings.passages)
    confidence = max((hit.coverage for hit in hits), default=0.0)
    if confidence < settings.threshold or not hits:
        return Answer((), True, confidence)
    if model is None:
        cited = _extract(question, index, hits, settings.sentences)
        return Answer(cited, not cited, confidence)
    written = model(prompt(question, [hit.passage for hit in hits], settings.form))
    cited, dropped = read(written.text, [hit.passage for hit in hits])
    own = Answer(cited, not cited, confidence, written.tokens_in, written.tokens_out, dropped, written.sure,
                 written.passed)  # fmt: skip
    return route(own, question, settings.sure, fallback) if fallback else own


# --8<-- [start:route]
def route(own: Answer, question: str, least: float, fallback: Fallback) -> Answer:
    """The model's answer; that of ``fallback`` where it is less sure than ``least`` or
    no sentence was supported."""
    if own.sure >= least and (own.cited or not own.dropped):
        return own
    other = fallback(question)
    return replace(
        other,
        sure=own.sure,
        dropped=own.dropped,
        handed_on=True,
        tokens_in=own.tokens_in + other.tokens_in,
        tokens_out=own.tokens_out + other.tokens_out,
    )


# --8<-- [end:route]


def _extract(question: str, index: Index, hits: Sequence[Hit], limit: int) -> tuple[Cited, ...]:
    asked = terms(question)
    ranked = []
    for place, hit in enumerate(hits):
        for line, sentence in enumerate(sentences(hit.passage.text)):
            if quotable(sentence):
                ranked.append((-index.coverage(asked, set(terms(sentence))) + 0.05 * place, place, line, sentence))
    best = sorted(sorted(ranked)[:limit], key=lambda found: found[1:3])
    return tuple(Cited(text, hits[place].passage) for score, place, _, text in best if score < 0.05 * place)
