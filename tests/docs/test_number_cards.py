"""A number's card says first what a reader wants to know; the list of numbers names each run once."""

from __future__ import annotations

import re


def words(html: str) -> str:
    """Text without tags, with a space for each."""
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def test_the_rounded_value_and_the_plain_meaning_come_first_and_the_exact_value_last(tiny) -> None:
    page = tiny('# F\n\n{{ measured("good", "eval.task.exact.tuned", format="percent") }}\n').page()
    card = words(re.search(r'role="tooltip" id="number-0".*?</span></span></span>', page)[0].partition(">")[2])
    assert card.startswith("50.0 %, measured Meaning held-out rows, task, answers that are exactly right, after")
    assert card.index("Meaning") < card.index("Command") < card.index("0.5 at eval.task.exact.tuned")


def test_a_run_stands_in_the_list_once(tiny) -> None:
    text = '# F\n\n{{ measured("good", "eval.task.exact.tuned") }} {{ measured("good", "eval.task.exact.base") }}\n'
    ledger = words(re.search(r'<details class="s10-ledger".*?</details>', tiny(text).page(), re.DOTALL)[0])
    assert ledger.count("python -m training") == 1
    assert "0.25 at eval.task.exact.base; run as for 0.500 above" in ledger


def test_a_further_number_of_a_run_leaves_its_card_to_the_list(tiny) -> None:
    text = '# F\n\n{{ measured("good", "eval.task.exact.tuned") }} {{ measured("good", "eval.task.exact.base") }}\n'
    page = tiny(text).page()
    assert page.count("s10-card--measured") == 1
    described = re.findall(r'<button[^>]*aria-describedby="(number-\d)"', page)
    assert described == ["number-0", "number-1"]
    assert all(page.count(f'id="{name}"') == 1 for name in described)
    assert re.search(r'<td id="number-1" data-run="0">Meaning: .*?</td>', page) and page.count('id="run-0"') == 1


def test_a_further_mention_of_a_source_leaves_its_card_to_the_sources(tiny) -> None:
    text = '# F\n\n{{ cite("somebody2020", "§1") }} {{ cite("somebody2020", "§2") }}\n'
    page = tiny(text).page()
    assert page.count("s10-card--cite") == 1
    assert re.findall(r'class="s10-cite"[^>]*aria-describedby="([^"]*)"', page) == ["cite-0", "source-somebody2020"]
    assert page.count('id="source-somebody2020"') == 1
