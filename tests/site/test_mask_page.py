"""The mask inspector in the page: by keyboard, a file of ten thousand lines, hostile text, no scripts."""

from __future__ import annotations

import json

import pytest

from tests.site.lab_pages import BOOT, READY, VALUE
from tests.unit.labs.test_mask import numbered, thirteen

pytestmark = pytest.mark.drawn(5)


@pytest.fixture
def lab(lab_page):
    page = lab_page("labs/mask/")
    return page


def test_the_rule_changes_by_keyboard(lab):
    lab.focus("select[name=rule]")
    lab.keyboard.press("End")
    lab.wait_for_function(f"({VALUE})('trained_share') === 1 && {READY}", timeout=BOOT)
    assert lab.locator("[data-part=pieces] pre").inner_text().startswith("<|im_start|>system")
    assert not lab.complaints


def test_a_file_of_ten_thousand_lines_is_read_byte_by_byte(lab, tmp_path):
    lines = [numbered(n).encode() for n in range(1, 10_001)]
    lines[1233] = b'{"messages": "caf\xe9"}'
    lines[8765] = lines[7]
    file = tmp_path / "rows.jsonl"
    file.write_bytes(b"\n".join(lines))
    lab.set_input_files("input[name=rows_file]", file)
    lab.wait_for_function(f"({VALUE})('lines') === 10000 && {READY}", timeout=3 * BOOT)
    found = lab.locator("[data-part=findings] tbody tr").all_inner_texts()
    assert [row.split("\t")[:2] for row in found] == [["1234", "bad-encoding"], ["8766", "duplicate"]]
    assert "0xe9" in found[0] and not lab.complaints


def test_twelve_planted_faults_are_listed_with_their_lines(lab, tmp_path):
    lines, wanted = thirteen(numbered)
    file = tmp_path / "rows.jsonl"
    file.write_bytes("\n".join(lines).encode().replace("\U0010fee9".encode(), b"\xe9"))
    lab.set_input_files("input[name=rows_file]", file)
    lab.wait_for_function(f"({VALUE})('lines') === 10000 && {READY}", timeout=3 * BOOT)
    found = [row.split("\t")[:2] for row in lab.locator("[data-part=findings] tbody tr").all_inner_texts()]
    assert found == [[str(line), code] for line, code in wanted] and not lab.complaints


def test_tokens_are_cut_at_the_limit_and_the_file_comes_once_after_python(browser, site_url):
    page = browser.new_page()
    asked = []
    page.context.on("request", lambda request: asked.append(request.url))
    page.goto(f"{site_url}labs/mask/?limit=53")
    page.wait_for_function(f"({VALUE})('lost_tokens') === 2 && {READY}", timeout=BOOT)
    assert page.locator("[data-part=tokens] .tok.is-lost").count() == 2
    files = [url for url in asked if "smollm2-tokenizer" in url]
    packs = [i for i, url in enumerate(asked) if "lab-mask.pack" in url]
    assert len(files) == len(packs) == 1 and asked.index(files[0]) > packs[0]
    page.close()


def test_while_the_tokenizer_is_on_its_way_the_lab_answers_by_characters(browser, site_url):
    context = browser.new_context(service_workers="block")
    held = []
    context.route("**/smollm2-tokenizer*", lambda route: held.append(route))
    page = context.new_page()
    page.goto(f"{site_url}labs/mask/")
    note = "document.querySelector('[data-part=tokenizer]').innerText"
    page.wait_for_function(f"{note}.includes('is on its way')", timeout=BOOT)
    assert page.get_attribute("lab-view", "data-state") == "running"
    page.select_option("select[name=rule]", "all")
    page.wait_for_function(f"({VALUE})('trained_characters') === 256", timeout=BOOT)
    assert page.locator("[data-part=drawn].is-old .tok").count() == 55
    held[0].continue_()
    page.wait_for_function(f"({VALUE})('trained_tokens') === 55 && {READY}", timeout=BOOT)
    assert page.locator("[data-part=tokens] .is-learnt").count() == 55 and len(held) == 1
    context.close()


def test_a_tokenizer_that_does_not_come_is_said_and_the_pieces_stand(browser, site_url):
    context = browser.new_context(service_workers="block")
    context.route("**/smollm2-tokenizer*", lambda route: route.abort())
    page = context.new_page()
    page.goto(f"{site_url}labs/mask/?rule=all")
    page.wait_for_function("document.querySelector('[data-part=tokens]').innerText.includes('could not be loaded')",
                           timeout=BOOT)  # fmt: skip
    assert page.inner_text("[data-part=pieces]").startswith("<|im_start|>system")
    assert page.locator("[data-part=tokens] .tok").count() == 0
    context.close()


PASTE = """([name, text]) => {
  const area = document.querySelector(`textarea[name=${name}]`);
  area.value = eval(text);
  area.dispatchEvent(new Event("input", { bubbles: true }));
  area.dispatchEvent(new Event("change", { bubbles: true }));
}"""
PASTES = {  # what is pasted (JavaScript), and a word of the sentence that it must give
    "'['.repeat(40000)": "deeper than 100",
    "'['.repeat(29000) + ']'.repeat(29000)": "deeper than 100",
    "'{\"a\":'.repeat(9000)": "deeper than 100",
    "'a'.repeat(1e7)": "does not fit",
    "'user: ' + '\\ud800'.repeat(9)": "surrogate",
    "'\\0'.repeat(5000)": "Begin each turn",
    "'{\"messages\": null}'": "no turns",
    '\'[{"role": ["user"], "content": "x"}]\'': "no role",
    "'[{\"role\": \"user\", \"content\": ' + '['.repeat(900) + ']'.repeat(900) + '}]'": "deeper than 100",
    "'[' + '9'.repeat(50000) + ']'": "example is used",
}


def test_hostile_pastes_each_give_a_sentence_and_leave_the_lab_working(lab):
    for text, wanted in PASTES.items():
        lab.evaluate(PASTE, ["chat", text])
        lab.wait_for_function("(word) => document.querySelector('lab-view').innerText.includes(word)", arg=wanted,
                              timeout=BOOT)  # fmt: skip
        lab.wait_for_function(READY, timeout=BOOT)
        lab.evaluate(PASTE, ["chat", "'user: Hi\\nassistant: Yo'"])
        lab.wait_for_function(f"({VALUE})('answers') === 1 && {READY}", timeout=BOOT)
    for text in PASTES:
        lab.evaluate(PASTE, ["rows", text])
        lab.evaluate(PASTE, ["held_out", text])
    lab.evaluate(PASTE, ["rows", "'{}'"])
    lab.wait_for_function(f"({VALUE})('lines') === 1 && {READY}", timeout=BOOT)
    assert not lab.complaints


def test_hostile_words_stay_words(lab):
    chat = [{"role": "user", "content": "<img src=x onerror=alert(1)>"}, {"role": "assistant", "content": "<b>"}]
    lab.fill("textarea[name=chat]", json.dumps(chat))
    lab.wait_for_function(f"({VALUE})('answers') === 1 && {READY}", timeout=BOOT)
    assert "<img src=x" in lab.inner_text("[data-part=pieces]") and lab.locator("[data-part=pieces] img").count() == 0
    lab.fill("textarea[name=chat]", "[{")
    lab.wait_for_function("document.querySelector('lab-view').innerText.includes('not JSON')", timeout=BOOT)
    assert not lab.complaints


def test_without_scripts_the_first_frame_stands(visit):
    page = visit("labs/mask/", java_script_enabled=False)
    assert page.locator("[data-part=pieces] u").count() == 4
    assert page.locator("[data-part=tokens] .tok").count() == 55
    assert page.locator("[data-part=tokens] .tok.is-learnt").count() == 13
    assert page.locator("[data-part=findings] tbody tr").count() == 8
