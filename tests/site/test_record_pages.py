"""Questions that come back, and the link that says what was done: from a record, on another day, from hostile links."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from labs_py.exercises import grading
from tests.site.site_axe import still, violations
from tests.site.test_checklist_page import OFF, passing_record, store

pytestmark = pytest.mark.drawn(4)

LORA = "articles/10-fine-tuning/lora-and-qlora/"
CHAT = "articles/10-fine-tuning/supervised-fine-tuning/"


def days_ago(count: int) -> str:
    return (datetime.date.today() - datetime.timedelta(days=count)).isoformat()


def record() -> dict[str, object]:
    """Four questions that are due, one that is not, and one of a page that is no longer there."""
    return {
        f"quiz:{LORA}": {"0": 0, "1": 1, "2": 0},
        f"asked:{LORA}": {
            "0": {"at": days_ago(9), "step": 1},
            "1": {"at": days_ago(0), "step": 2},
            "2": {"at": days_ago(5), "step": 2},
        },
        f"quiz:{CHAT}": {"3": 0, "4": 0},
        f"asked:{CHAT}": {"3": {"at": days_ago(1), "step": 0}, "4": {"at": days_ago(2), "step": 1}},
        "quiz:gone/": {"0": 0},
        "quiz:https://example.invalid/": {"0": 0},
    }


def ready(page: Page) -> None:
    page.wait_for_selector("review-set [data-question]")


def answer(page: Page, place: int, right: bool) -> None:
    question = page.locator("review-set [data-question]").nth(place)
    question.locator(f".s10-option[data-right={str(right).lower()}] summary").first.click()


def kept(page: Page, key: str) -> dict:
    return json.loads(page.evaluate("key => localStorage.getItem('stage10:' + key)", key) or "{}")


def test_three_due_questions_are_asked_and_dated(visit: Callable[..., Page], site_url: str) -> None:
    page = visit("review/", labs=False, init=f"if (!localStorage.length) {{{store(record())}}}")
    ready(page)
    asked = page.locator("review-set [data-question]")
    assert asked.count() == 3 and asked.first.get_attribute("data-question") == "0"
    for place, right in enumerate((True, False, True)):
        answer(page, place, right)
    status = page.locator("review-set [role=status]")
    expect(status).to_contain_text("2 of 3 right. Read again:")
    today = days_ago(0)
    entries = {**{("l", k): v for k, v in kept(page, f"asked:{LORA}").items()},
               **{("c", k): v for k, v in kept(page, f"asked:{CHAT}").items()}}  # fmt: skip
    assert entries["l", "0"] == {"at": today, "step": 2}
    assert sorted(v["step"] for v in entries.values() if v["at"] == today) == [0, 2, 2, 3]
    assert kept(page, f"quiz:{LORA}") == {"0": 0, "1": 1, "2": 0}, "the first answers stay"
    assert all(url.startswith((site_url, "blob:", "data:")) for url in page.requested)
    status.get_by_role("button").click()
    expect(asked).to_have_count(2)
    assert page.complaints == []


def test_nothing_due_and_nothing_answered_are_said(visit: Callable[..., Page]) -> None:
    page = visit("review/", labs=False)
    expect(page.locator("review-set [role=status]")).to_contain_text("nothing to ask yet")
    answered = {"quiz:x/": {"0": 1}, "asked:x/": {"0": {"at": days_ago(1), "step": 2}}}
    page = visit("review/", labs=False, init=store(answered))
    expect(page.locator("review-set [role=status]")).to_contain_text("comes back in 2 days")


def test_a_self_check_notes_the_day_and_the_front_page_calls(visit: Callable[..., Page]) -> None:
    page = visit(LORA, labs=False)
    for question in page.locator("quiz-set [data-question]").all():
        question.locator(".s10-option[data-right=false] summary").first.click()
    tally = page.locator(".s10-quiz__tally")
    expect(tally).to_contain_text("Read again what stands under questions 1, 2, 3, 4, 5.")
    assert kept(page, f"asked:{LORA}")["0"] == {"at": days_ago(0), "step": 0}
    page.goto(page.url.replace(LORA, ""))
    expect(page.locator("[data-part=due]")).to_have_text("Due again: three of 5 questions")
    page.locator("[data-part=due] a").click()
    ready(page)


def test_the_link_says_what_was_done_and_opens_as_that(visit: Callable[..., Page], site_url: str) -> None:
    done = {**passing_record(), "exercise:bm25": {"result": "wrong", "solved": True, "text": "x", "tries": 3}}
    page = visit("certificate/", labs=False, init=store(done))
    field = page.get_by_label("Your link")
    link = field.input_value()
    assert link.startswith(f"{site_url}certificate/?") and len(link) < 1500
    assert parse_qs(urlsplit(link).query)["exercises"] == ["bm25"]
    expect(page.locator("[data-exercise-of=bm25]")).to_contain_text("✓ solved")
    expect(page.locator("certificate-panel")).not_to_contain_text("needs scripts")
    other = visit(f"certificate/?{urlsplit(link).query}", labs=False)
    panel = other.locator("certificate-panel")
    expect(panel).to_contain_text("Nobody watched, and anybody can write such a link by hand.")
    expect(panel).to_contain_text(f"Exercises solved: 1 of {len(grading.names())}")
    assert "of 7" in panel.locator("h3").first.inner_text() and not panel.locator("input").count()


HOSTILE = [
    "?rungs=<img src=x onerror=alert(1)>&exercises=__proto__,constructor,bm25,bm25"
    "&labs=lora:99999,<b>:1,mask:1e3&on=\"><script>alert(1)</script>",
    "?exercises=javascript:alert(1)&labs=toString:1,__proto__:1&on=2026-99-99",
    "?exercises=bm25&on=2026-19-39",
    "?rungs=" + "x" * 5000,
    "?" + "exercises=" + "%F0%9F" * 300,
    "?labs=lora:-1,lora:0,lora:1:2&rungs=%00",
]  # fmt: skip


@pytest.mark.few(3)
@pytest.mark.parametrize("query", HOSTILE)
def test_a_hostile_link_shows_names_of_ours_and_nothing_else(visit: Callable[..., Page], query: str) -> None:
    page = visit("certificate/", labs=False)
    alerts: list[str] = []
    page.on("dialog", lambda dialog: (alerts.append(dialog.message), dialog.dismiss()))
    page.goto(page.url + query)
    panel = page.locator("certificate-panel")
    page.wait_for_function("document.querySelector('certificate-panel')?.shown")
    said = panel.inner_text()
    for foreign in ("alert", "onerror", "__proto__", "constructor", "99999", "xxxx", "99-99", "19-39", "toString"):
        assert foreign not in said
    assert panel.locator("img, script, b").count() == 0 and not alerts and not page.complaints
    if "bm25" in query:
        assert "Exercises solved: 1 of" in said and "Labs with challenges solved: 0 of" in said


def test_with_storage_off_both_pages_say_so(visit: Callable[..., Page]) -> None:
    page = visit("certificate/", labs=False, init=OFF)
    expect(page.locator("certificate-panel")).to_contain_text("stores nothing")
    page = visit("review/", labs=False, init=OFF)
    expect(page.locator("review-set")).to_contain_text("nothing to ask yet")


@pytest.mark.few(1)
@pytest.mark.parametrize(("path", "scheme"), [("review/", "light"), ("review/", "dark"), ("certificate/", "dark")])
def test_axe_finds_nothing_on_a_phone(visit: Callable[..., Page], path: str, scheme: str) -> None:
    options = {"viewport": {"width": 390, "height": 844}, "color_scheme": scheme}
    page = visit(path, labs=False, init=store({**record(), "exercise:bm25": {"solved": True}}), **options)
    if path == "review/":
        ready(page)
    still(page)
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_pages_are_registered(site_dir: Path) -> None:
    assert "review/" in (site_dir / "sitemap.xml").read_text() and (site_dir / "certificate" / "index.html").exists()
