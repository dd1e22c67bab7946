"""Navigation, ladder and addresses come from one registry, and it holds what was promised."""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "overrides" / "hooks"))

import journey  # noqa: E402
import registry  # noqa: E402

FIXED = """articles/10-fine-tuning/index articles/10-fine-tuning/when-to-fine-tune
articles/10-fine-tuning/supervised-fine-tuning articles/10-fine-tuning/lora-and-qlora
articles/10-fine-tuning/rlhf-dpo-grpo articles/10-fine-tuning/preference-tuning
articles/10-fine-tuning/reinforcement-learning articles/10-fine-tuning/distillation
articles/10-fine-tuning/embedding-fine-tuning articles/10-fine-tuning/data-and-tooling exercise
articles/10-fine-tuning/phi-3-field-report articles/10-fine-tuning/llama-3-field-report
articles/07-modern-llms/reasoning-models articles/07-modern-llms/deepseek-r1-field-report
labs/lora labs/rlhf labs/distillation labs/quantization build/12-finetune ship/16-next ship/17-distillation
case-studies/05-distilled-bot""".split()
SHORT = {"build/12", "ship/16", "ship/17", "case-studies/05"}


def test_every_promised_address_is_registered_in_ladder_order():
    entries = registry.entries(registry.load(ROOT / "docs"))
    slugs = [entry.slug for entry in entries]
    assert [slug for slug in slugs if slug in FIXED] == FIXED
    assert {entry.short for entry in entries if entry.short} == SHORT
    assert len(set(slugs)) == len(slugs)


def test_the_ladder_keeps_its_seven_rungs():
    [ladder] = [group for group in registry.load(ROOT / "docs") if group.key == "ladder"]
    assert [rung.slug.removeprefix("articles/10-fine-tuning/") for rung in ladder.rungs] == [
        "when-to-fine-tune", "supervised-fine-tuning", "lora-and-qlora", "rlhf-dpo-grpo", "distillation",
        "embedding-fine-tuning", "data-and-tooling",
    ]  # fmt: skip
    assert {entry.part_of for entry in ladder.pages if entry.part_of} == {"articles/10-fine-tuning/rlhf-dpo-grpo"}


def test_the_two_parts_of_a_rung_are_told_apart():
    found = journey.steps(registry.load(ROOT / "docs"))
    names = ("lora-and-qlora", "rlhf-dpo-grpo", "preference-tuning", "reinforcement-learning")
    steps = [found[f"articles/10-fine-tuning/{name}.md"] for name in names]
    places = [(step.rung, step.part) for step in steps]
    assert places == [(3, 0), (4, 0), (4, 1), (4, 2)]


def test_every_page_that_is_written_is_registered():
    known = {entry.src_uri for entry in registry.entries(registry.load(ROOT / "docs"))}
    # data/snippets are parts of pages; SKILL.md is served as it is
    written = {str(path.relative_to(ROOT / "docs")) for path in (ROOT / "docs").rglob("*.md")}
    assert {page for page in written if not page.startswith("data/")} - {"SKILL.md"} <= known


def addresses(items: list) -> list[str]:
    """The pages of a navigation, in order, whatever they are grouped under."""
    found = []
    for item in items:
        [inside] = item.values()
        found += [inside] if isinstance(inside, str) else addresses(inside)
    return found


def test_the_navigation_is_the_registry_without_what_is_coming():
    groups = registry.load(ROOT / "docs")
    assert addresses(registry.navigation(groups)) == [
        entry.src_uri for entry in registry.entries(groups) if entry.ready
    ]


def test_four_tabs_stand_at_the_top():
    tabs = [name for item in registry.navigation(registry.load(ROOT / "docs")) for name in item]
    assert tabs == ["Learn", "Labs", "Build", "Reference"]


def test_listings_are_sections_that_exist():
    for path in (ROOT / "docs").rglob("*.md"):
        for file, section in re.findall(r'^ *--8<-- "([^":]+)(?::(\w+))?"', path.read_text(), re.MULTILINE):
            source = (ROOT / file).read_text()
            assert not section or f"--8<-- [start:{section}]" in source, f"{path.name}: {file} has no part {section}"


def test_code_on_a_page_is_included_or_marked():
    """A listing in Python stands in a tested file; what is typed into a page is a command, data or plain text.

    The recipes of reference/contributing.md are run by tests/repo/test_recipes.py: every block there with a title.
    """
    for path in (ROOT / "docs").rglob("*.md"):
        for language, title, body in re.findall(
            r"^ *```(?:\{ ?\.)?(py\w*)([^\n]*)\n(.*?)```", path.read_text(), re.M | re.S
        ):
            recipe = path == ROOT / "docs" / "reference" / "contributing.md" and "title=" in title
            assert recipe or "--8<--" in body, f"{path.relative_to(ROOT)}: a {language} listing that no test runs"


def test_the_links_of_a_page_that_is_shown_twice_lead_to_the_same_files():
    import pages

    text = '---\nprerequisites:\n  - {title: "b", url: "../b/index.md"}\n---\n[c](c.md#part) [d](https://d.org/e.md)\n'
    moved = pages.moved(text, "articles/a/index", "index")
    assert 'url: "articles/b/index.md"' in moved
    assert "[c](articles/a/c.md#part) [d](https://d.org/e.md)" in moved
