"""Hook: the stage's four outcomes with their self-checks and challenges, for a page that shows the reader's record.

``docs/reference/outcomes.yml`` names pages and challenges; this looks up their titles, addresses and right answers, so
that the page stands without scripts and the script only has to compare.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from pathlib import Path

import yaml

sys.path.insert(0, str(Path(__file__).parent))

import quiz  # noqa: E402
import registry  # noqa: E402

log = logging.getLogger("mkdocs.hooks.outcomes")
FENCE = re.compile(r"^```+ ?quiz\n(.*?)^```+$", re.DOTALL | re.MULTILINE)


def right_answers(markdown: str) -> list[list[int] | dict[int, int]]:
    """For each self-check of a page, the index of the right option of each question, by the question's number.

    A list where the questions are numbered by their places, a mapping where earlier questions moved to another page.
    """
    found: list[list[int] | dict[int, int]] = []
    for source in FENCE.findall(markdown):
        questions = yaml.safe_load(source)
        right = [next(i for i, option in enumerate(question["options"]) if option["right"]) for question in questions]
        numbers = list(quiz.numbers(questions))
        found.append(right if numbers == list(range(len(right))) else dict(zip(numbers, right, strict=True)))
    return found


def _check(docs: Path, slug: str, known: dict) -> dict | None:
    """A self-check: title, address, whether it can be taken, and the storage keys with their right answers."""
    entry = known.get(slug)
    if entry is None:
        log.warning("reference/outcomes.yml: no page '%s'", slug)
        return None
    sets = right_answers((docs / entry.src_uri).read_text(encoding="utf-8")) if entry.ready else []
    if entry.ready and not sets:
        log.warning("reference/outcomes.yml: %s has no self-check", slug)
    keys = {f"quiz:{entry.address}{f'#{nth}' if nth else ''}": right for nth, right in enumerate(sets)}
    return {"title": entry.title, "address": entry.address, "ready": entry.ready, "answers": keys}


def _challenge(docs: Path, name: str, known: dict) -> dict | None:
    """A lab's challenge: the lab's title and address, and the challenge's own title."""
    lab, _, wanted = name.partition("/")
    file = docs / "data" / "labs" / f"{lab}.json"
    spec = json.loads(file.read_text(encoding="utf-8"))["spec"] if file.is_file() else {}
    found = [challenge for challenge in spec.get("challenges", []) if challenge["name"] == wanted]
    if not found:
        log.warning("reference/outcomes.yml: no challenge '%s'", name)
        return None
    entry = known[f"labs/{lab}"]
    return {
        "title": found[0]["title"],
        "lab": entry.title,
        "address": entry.address,
        "key": f"lab:{lab}",
        "name": wanted,
    }


def load(docs: Path, groups) -> list[dict]:
    """The outcomes with everything that the page shows; unknown names are warned of, so a strict build stops."""
    known = {entry.slug: entry for entry in registry.entries(groups)}
    file = docs / "reference" / "outcomes.yml"
    outcomes = yaml.safe_load(file.read_text(encoding="utf-8")) if file.is_file() else []
    for outcome in outcomes:
        outcome["checks"] = [found for slug in outcome["checks"] if (found := _check(docs, slug, known))]
        outcome["challenges"] = [found for name in outcome["challenges"] if (found := _challenge(docs, name, known))]
    return outcomes


def on_env(env, config, files):
    """The partial that shows them asks for them by this name."""
    env.globals["outcomes"] = lambda: load(Path(config.docs_dir), config.extra["groups"])
    return env
