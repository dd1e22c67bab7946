"""An answer as the JSON that a client gets."""

from __future__ import annotations

from training.data.retrieval.answer import REFUSAL, Answer


def as_json(answer: Answer) -> dict:
    """The reply's body; citations number the sentences' places in order."""
    places = list(dict.fromkeys(item.passage.address for item in answer.cited))
    lines = [f"{item.text} [{places.index(item.passage.address) + 1}]" for item in answer.cited]
    titles = {item.passage.address: f"{item.passage.title}: {item.passage.heading}" for item in answer.cited}
    return {
        "answer": " ".join(lines) if lines else REFUSAL,
        "refused": answer.refused,
        "citations": [{"n": n, "page": place.partition("#")[0], "address": _link(place), "title": titles[place]}
                      for n, place in enumerate(places, 1)],
        "confidence": round(answer.confidence, 4),
    }  # fmt: skip


def _link(place: str) -> str:
    page, hash_mark, anchor = place.partition("#")
    return f"/{page}/{hash_mark}{anchor}"
