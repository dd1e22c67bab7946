"""What the hooks make of a page: owned numbers, sources, coming pages, short addresses, words, quizzes."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "overrides" / "hooks"))

import run_records  # noqa: E402

QUIZ = """# Front

```quiz
- question: What does $B$ start as?
  options:
    - {text: Zero, right: true, why: "So that the first step starts from the base model {{ cite('somebody2020', '§4') }}."}
    - {text: One, right: false, why: Then the first forward pass would already differ.}
```
"""  # noqa: E501


def text_of(html: str) -> str:
    """Text without tags."""
    return re.sub(r"<[^>]+>", "", html)


def test_a_measured_number_prints_its_size_and_interval_and_carries_its_run(tiny):
    page = tiny('# F\n\nIt rose to {{ measured("good", "eval.task.exact.tuned", format="percent") }}.\n').page()
    assert "50.0\u202f%" in page
    assert "n = 120, 95% interval 41.0\u202f% to 59.0\u202f%" in page
    card = re.search(r'role="tooltip" id="number-0".*?</span></span></span>', page)[0]
    for said in ("python -m training", "0123456789ab", "data 1, init 2", "cpu · a processor", "2026-11-23"):
        assert said in card
    assert 'aria-describedby="number-0"' in page


def test_the_base_column_does_not_borrow_the_tuned_interval(tiny):
    page = tiny('# F\n\n{{ measured("good", "eval.task.exact.base", note=False) }}\n').page()
    assert ">0.250<" in page
    assert "95%" not in page


def test_each_column_prints_how_many_rows_it_answered(tiny, run_record):
    exact = {"base": 0.1, "tuned": 0.5, "n": 200, "n_by_arm": {"base": 100, "tuned": 200}}
    files = {"data/runs/arms.json": json.dumps({**run_record, "eval": {"task": {"exact": exact}}})}
    text = '# F\n\n{{ measured("arms", "eval.task.exact.base") }} {{ measured("arms", "eval.task.exact.tuned") }}\n'
    page = text_of(tiny(text, files=files).page())
    assert "(n = 100)" in page and "(n = 200)" in page


def test_the_interval_of_a_change_is_not_lent_to_the_figures_beside_it(tmp_path, run_record):
    text = {"base": 3.1, "tuned": 3.2, "change": 0.1, "n": 900, "ci95": [0.08, 0.12]}
    (tmp_path / "text.json").write_text(json.dumps({**run_record, "regression": {"text": text}}))
    found = {key: run_records.measured(tmp_path, "text", f"regression.text.{key}") for key in text if key != "ci95"}
    assert (found["change"].low, found["change"].high) == (0.08, 0.12)
    assert found["base"].low is None and found["tuned"].low is None


def of_seed(run_record: dict, seed: int, tuned: float, **more) -> str:
    """A record like the sound one, made by another seed."""
    command = f"python -m training train --config x.yaml --seed {seed} --out runs/good-s{seed}"
    run = {**run_record["run"], "command": command, **more}
    record = {**run_record, "run": run, "seeds": {"data": 1, "init": seed}}
    record["eval"] = {"task": {"exact": {"tuned": tuned, "n": 120, "ci95": [tuned - 0.05, tuned + 0.05]}}}
    return json.dumps(record)


def test_a_figure_of_three_seeds_is_their_mean_with_the_interval_over_seeds(tiny, run_record):
    files = {f"data/runs/good-s{seed}.json": of_seed(run_record, seed, tuned)
             for seed, tuned in enumerate((0.50, 0.54, 0.58))}  # fmt: skip
    files["data/runs/good-s0-other.json"] = "{}"  # not of the group
    built = tiny('# F\n\n{{ measured("good-s*", "eval.task.exact.tuned", format="percent") }}\n', files=files)
    assert built.problems == []
    assert "54.0\u202f%" in built.page()
    # 4.303 * 0.04 / sqrt(3) = 0.0994
    assert "3 seeds, n = 120, 95% interval 44.1\u202f% to 63.9\u202f%" in built.page()
    card = text_of(re.search(r'role="tooltip" id="number-0".*?</span></span></span>', built.page())[0])
    for said in ("good-s0; good-s1; good-s2", "data 1, init 0; data 1, init 1", "50.0\u202f%; 54.0\u202f%; 58.0\u202f%",
                 "--seed 0 --out runs/good-s0", "Student"):  # fmt: skip
        assert said in card


def test_seeds_that_share_the_untrained_models_answers_keep_its_own_interval(tiny, run_record):
    files = {f"data/runs/good-s{seed}.json": of_seed(run_record, seed, 0.5) for seed in (0, 1)}
    page = tiny('# F\n\n{{ measured("good-s*", "eval.task.exact.tuned") }}\n', files=files).page()
    assert "(the same for 2 seeds, n = 120, 95% interval 0.450 to 0.550" in page and "Student" not in page


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"0": (0, {})}, "no group of runs"),
        ({"0": (0, {}), "1": (0, {})}, "same seed"),
        ({"0": (0, {}), "1": (1, {"command": "python -m training train --config y.yaml"})}, "more than their seed"),
        ({"0": (0, {}), "1": (1, {"status": "smoke"})}, "only main runs"),
    ],
)
def test_a_group_that_is_none_stops_the_build(tiny, run_record, files, said):
    records = {f"data/runs/good-s{name}.json": of_seed(run_record, seed, 0.5, **more)
               for name, (seed, more) in files.items()}  # fmt: skip
    built = tiny('# F\n\n{{ measured("good-s*", "eval.task.exact.tuned") }}\n', files=records)
    assert any(said in problem for problem in built.problems), built.problems


def test_a_citation_is_numbered_by_first_use_and_listed_with_its_places(tiny):
    page = tiny('# F\n\nA {{ cite("somebody2020", "§1") }} and B {{ cite("somebody2020", "Table 2") }}.\n').page()
    assert page.count(">[1]</a>") == 2
    assert page.count('<li id="source-somebody2020">') == 1
    entry = text_of(re.search(r'<li id="source-somebody2020">.*?</li>', page)[0])
    assert entry.endswith("Cited: §1, Table 2")
    assert 'id="sources"' in page


def test_macros_in_code_stay_as_written(tiny):
    page = tiny('# F\n\n`{{ cite("x", "y") }}`\n\n```text\n{{ measured("x", "y") }}\n```\n').page()
    assert text_of(page).count("{{ ") == 2


def test_macros_work_in_tables_with_bars_in_their_arguments(tiny):
    page = tiny('# F\n\n| a | b |\n| - | - |\n| x | {{ cite("somebody2020", "a | b") }} |\n').page()
    assert 'aria-label="Source 1, a | b"' in page


def test_a_link_to_a_coming_page_is_text_that_says_so(tiny):
    built = tiny("# F\n\nSee [the third](later/third.md) and [the second](second.md).\n")
    page = built.page()
    assert built.problems == []
    assert 'the third<span class="s10-coming__mark"> (coming)</span>' in page
    assert "later/third" not in re.search(r"<article.*?</article>", page, re.DOTALL)[0]
    assert '<a href="second/">the second</a>' in page


def test_a_coming_page_answers_but_is_not_listed(tiny):
    built = tiny("# F\n")
    coming = built.page("later/third")
    assert "This page is coming" in coming
    assert '<meta name="robots" content="noindex">' in coming
    assert "later/third" not in (built.site / "sitemap.xml").read_text()
    assert "later/third" not in (built.site / "search" / "search_index.json").read_text()
    assert "later/third" not in built.page()


def test_short_addresses_lead_on_by_relative_addresses(tiny):
    built = tiny("# F\n")
    assert "url=../../second/" in built.page("s/2")
    assert "url=../../later/third/" in built.page("l/3")


def test_every_page_of_a_group_is_in_the_navigation_also_when_they_are_folders_of_their_own(tiny):
    files = {
        "a/index.md": "# A\n",
        "b/index.md": "# B\n",
        "reference/pages.yml": "- group: stage\n  title: S\n  pages:\n    - {slug: index, title: F, about: x}\n"
        "    - {slug: second, title: S, about: x}\n- group: more\n  title: More\n  pages:\n"
        "    - {slug: a/index, title: First bridge, about: x}\n    - {slug: b/index, title: Next bridge, about: x}\n",
    }
    page = tiny("# F\n", files=files).page()
    navigation = re.search(r'<nav class="md-nav md-nav--primary[^"]*".*</nav>', page, re.DOTALL)
    assert navigation
    shown = {line.strip() for line in text_of(navigation[0]).splitlines()}
    assert {"First bridge", "Next bridge"} <= shown


def test_a_page_becomes_ready_when_its_file_is_there(tiny):
    built = tiny("# F\n\n[third](later/third.md)\n", files={"later/third.md": "# Third\n\nHere.\n"})
    assert '<a href="later/third/">third</a>' in built.page()
    assert "Here." in built.page("later/third")


def test_a_file_that_calls_itself_coming_is_coming(tiny):
    built = tiny("# F\n", files={"later/third.md": "---\nstatus: coming\n---\n# Third\n\nHalf a draft.\n"})
    assert "Half a draft" not in built.page("later/third")


def test_the_header_card_says_what_the_front_matter_says(tiny):
    front = (
        "---\ndescription: A lead.\noutcomes: [do this, do that]\nminutes_read: 5\nhardware: 24 GB\n"
        "prerequisites: [{title: Second, url: second.md}, {title: Third, url: later/third.md}]\n"
        "one_thing: Measure first.\nas_of: 2026-11-23\n---\n# Front\n"
    )
    built = tiny(front)
    card = re.search(r'<aside class="s10-page-card".*?</aside>', built.page(), re.DOTALL)[0]
    assert built.problems == []
    for said in ("do this", "do that", "5 min", "24 GB", "Measure first.", "2026-11-23", '<a href="second/">'):
        assert said in card
    assert "later/third" not in card


def test_glossary_words_are_marked_once_outside_of_code_and_links(tiny):
    words = "# Glossary\n\nLoss mask, mask\n:   Where the loss counts.\n"
    files = {
        "reference/glossary.md": words,
        "reference/pages.yml": "- group: stage\n  title: S\n  pages:\n"
        "    - {slug: index, title: F, about: x}\n    - {slug: second, title: S, about: x}\n"
        "    - {slug: reference/glossary, title: G, about: x}\n",
    }
    built = tiny("# The mask\n\n`mask` [mask](second.md), then mask and loss mask.\n", files=files)
    page = built.page()
    assert built.problems == []
    assert page.count('class="s10-term"') == 1
    assert 'href="reference/glossary/#term-loss-mask"' in page
    assert 'id="term-loss-mask"' in built.page("reference/glossary")


def test_glossary_words_are_found_in_lower_case_and_as_plurals(tiny):
    files = {
        "reference/glossary.md": "# Glossary\n\nStop token\n:   It ends an answer.\n\nDPO\n:   A loss.\n",
        "reference/pages.yml": "- group: stage\n  title: S\n  pages:\n"
        "    - {slug: index, title: F, about: x}\n    - {slug: second, title: S, about: x}\n"
        "    - {slug: reference/glossary, title: G, about: x}\n",
    }
    page = tiny("# F\n\nAfter stop tokens, and a Stop token; dpo is no word, nor is XDPO.\n", files=files).page()
    assert re.findall(r'class="s10-term"[^>]*>([^<]*)<', page) == ["stop tokens"]


def test_a_formula_is_rendered_with_a_reading_for_machines_and_its_style_only_there(tiny):
    built = tiny("# F\n\nThe norm $\\lVert x \\rVert$.\n")
    page = built.page()
    assert 'class="katex"' in page and "<math" in page
    assert "assets/katex/katex.css" in page
    assert "katex.css" not in built.page("second")
    assert "arithmatex" not in page


def test_a_quiz_answers_without_scripts(tiny):
    page = tiny(QUIZ).page()
    assert "<p><quiz-set" not in page  # a paragraph would be closed by the first one inside
    assert page.count('<details class="s10-option"') == 2
    assert "<strong>Right.</strong>" in page and "<strong>Not quite.</strong>" in page
    assert 'class="katex"' in page and ">[1]</a>" in page


def test_edit_and_report_links_are_absent_unless_set(tiny, monkeypatch):
    assert "Report an error" not in tiny("# F\n").page("second")
    monkeypatch.setenv("REPORT_URL", "https://example.org/issues/new")
    monkeypatch.setenv("COMMIT", "abc1234")
    monkeypatch.setenv("REPO_URL", "https://example.org/repo")
    monkeypatch.setenv("EDIT_URI", "edit/main/docs/")
    page = tiny("# F\n").page("second")
    assert "https://example.org/issues/new?title=Error%20on%3A%20Second" in page
    assert "abc1234" in page
    assert 'href="https://example.org/repo/edit/main/docs/second.md"' in page


def test_sources_of_the_build_do_not_leave_for_the_site(tiny):
    site = tiny("# F\n").site
    names = {str(path.relative_to(site)) for path in site.rglob("*") if path.is_file()}
    assert not [name for name in names if name.endswith((".py", ".yml", ".sh", ".mjs", ".map"))]
    assert not [name for name in names if name.startswith(("hooks/", "build/", "labs/"))]
    assert "assets/display.woff2" in names and "assets/display-OFL.txt" in names
