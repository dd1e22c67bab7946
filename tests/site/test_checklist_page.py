"""The four outcomes with the reader's own record: from answers, from a file, with storage off, without scripts."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "overrides" / "hooks"))

import outcomes  # noqa: E402
import registry  # noqa: E402

pytestmark = pytest.mark.drawn(5)

DOCS = ROOT / "docs"
OFF = "Object.defineProperty(window, 'localStorage', {get() { throw new DOMException('off', 'SecurityError') }})"
ESTIMATE = "[data-outcome=estimate]"


def listed() -> list[dict]:
    """The outcomes as the build sees them."""
    return outcomes.load(DOCS, registry.load(DOCS))


def passing_record() -> dict[str, object]:
    """Storage entries of a reader who has solved everything that is there."""
    entries: dict[str, dict] = {}
    for outcome in listed():
        for check in outcome["checks"]:
            for key, right in check["answers"].items():
                by_number = right if isinstance(right, dict) else dict(enumerate(right))
                entries[key] = {str(question): option for question, option in by_number.items()}
        for challenge in outcome["challenges"]:
            kept = entries.setdefault(challenge["key"], {"challenges": {}})
            kept["challenges"][challenge["name"]] = {"result": "wrong", "solved": True}
    return entries


def store(entries: dict[str, object]) -> str:
    """A script that puts them into storage before the page runs."""
    return "".join(
        f"localStorage.setItem({'stage10:' + k!r}, {json.dumps(json.dumps(v))});" for k, v in entries.items()
    )


def test_each_outcome_has_a_check_and_a_challenge_and_all_names_are_known(caplog):
    found = listed()
    assert len(found) == 4
    assert all(outcome["checks"] and outcome["challenges"] for outcome in found)
    assert not caplog.records
    for outcome in found:
        for check in outcome["checks"]:
            assert not check["ready"] or all(len(right) >= 2 for right in check["answers"].values())


def test_right_answers_are_read_from_the_fence():
    options = "    - {text: a, right: false, why: w}\n    - {text: b, right: true, why: w}\n"
    fence = f"```quiz\n- question: Q\n  options:\n{options}```\n"
    assert outcomes.right_answers(f"# T\n\n{fence}") == [[1]]
    assert outcomes.right_answers("# T") == []
    numbered = fence.replace("- question: Q", "- id: 4\n  question: Q")
    assert outcomes.right_answers(f"# T\n\n{numbered}") == [{4: 1}]


def test_an_answer_given_on_its_page_shows_on_the_list(visit):
    page = visit("labs/lora/", labs=False)
    right = listed()[2]["checks"][-1]["answers"]["quiz:labs/lora/"]
    page.locator("[data-question='0'] .s10-option").nth(right[0]).locator("summary").click()
    page.wait_for_selector(".s10-quiz__tally >> text=1 of 1 right")
    page.goto(page.url.replace("labs/lora/", "checklist/"))
    item = page.locator(f"{ESTIMATE} li", has_text="LoRA Lab").first
    page.wait_for_selector(f"{ESTIMATE}[data-state=begun]")
    assert "1 of 1 right at the first try, 4 to go" in item.inner_text()
    assert page.inner_text(".s10-outcome__sum").startswith("0 of 4 outcomes reached")


def test_all_that_is_there_solved_is_four_outcomes(visit):
    page = visit("checklist/", labs=False, init=store(passing_record()))
    assert page.inner_text(".s10-outcome__sum").startswith("4 of 4 outcomes reached")
    assert page.locator("[data-part=state]").all_inner_texts() == ["reached"] * 4
    assert page.complaints == []


def test_too_many_wrong_first_answers_do_not_pass(visit):
    entries = passing_record()
    quiz = entries["quiz:labs/lora/"]
    for question in ("0", "1"):
        quiz[question] = (quiz[question] + 1) % 2
    page = visit("checklist/", labs=False, init=store(entries))
    assert page.inner_text(".s10-outcome__sum").startswith("3 of 4 outcomes reached")
    assert "3 of 5 right at the first try; read the explanations" in page.inner_text(ESTIMATE)


def test_a_record_comes_in_from_a_page_and_from_a_lab_and_goes_when_erased(visit, tmp_path):
    entries = passing_record()
    page = visit("checklist/", labs=False)
    for name, prefix in (("page.json", ""), ("lab.json", "stage10:")):
        file = tmp_path / name
        kept = {prefix + key: value for key, value in entries.items()}
        file.write_text(json.dumps({"format": "stage10-progress", "version": 1, "entries": kept}))
        page.set_input_files("progress-panel input", file)
        page.wait_for_selector(".s10-outcome__sum >> text=4 of 4 outcomes reached")
        with page.expect_download() as download:
            page.click("text=Export my record")
        assert set(json.loads(Path(download.value.path()).read_text())["entries"]) == set(entries)
        page.click("text=Erase my record")
        page.wait_for_selector(".s10-outcome__sum >> text=0 of 4 outcomes reached")


def test_broken_storage_is_no_obstacle(visit):
    init = store({"quiz:labs/lora/": "not a record", "lab:rlhf": 7}) + "localStorage.setItem('stage10:lab:lora', '{')"
    page = visit("checklist/", labs=False, init=init)
    assert page.inner_text(".s10-outcome__sum").startswith("0 of 4")
    assert page.complaints == []


def test_with_storage_off_the_list_says_so(visit):
    page = visit("checklist/", labs=False, init=OFF)
    assert "Tick the list by hand" in page.inner_text(".s10-outcome__sum")
    assert page.locator(".s10-outcome a").count() >= 5


def test_without_scripts_it_is_a_checklist(browser, site_url):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(site_url + "checklist/")
    assert page.locator(".s10-outcome").count() == 4
    for link in page.locator(".s10-outcome a").all():
        target = page.request.get(page.evaluate("(a) => a.href", link.element_handle()))
        assert target.status == 200
    context.close()
