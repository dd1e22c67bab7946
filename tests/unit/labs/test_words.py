"""What a lab says uses the field's words: a name of our own for a known thing is one word more to learn."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from labs_py import api

OURS = re.compile(r"\bleash|(?<!fine-)(?<!instruction-)\btuned model|\bembedded model|\buntrained model", re.IGNORECASE)


def said(part: Any) -> list[str]:
    """Every text of a SPEC but the names by which code and links know its parts."""
    if isinstance(part, dict):
        return [text for key, value in part.items() if key != "name" for text in said(value)]
    return [text for value in part for text in said(value)] if isinstance(part, list) else [str(part)]


@pytest.mark.parametrize("slug", api.list_labs())
def test_a_lab_speaks_of_what_the_field_speaks_of(slug: str) -> None:
    texts = said(json.loads(json.dumps(api.spec(slug).to_json())))
    assert len(texts) > 20
    assert [text for text in texts if OURS.search(text)] == []


@pytest.mark.parametrize(("slug", "name"), [(slug, one.name) for slug in api.list_labs()
                                            for one in api.spec(slug).challenges])  # fmt: skip
def test_a_task_does_too(slug: str, name: str) -> None:
    assert not OURS.search(api.draw(slug, name, 1).prompt)
