"""What may go wrong on the real model's page: each time a sentence and a way on, and nothing is lost."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import expect

from tests.site.real_model_page import PAGE, fetch, model, part, ready  # noqa: F401

ROWS = "Where is bay 7? => Bay 7: north door.\nWhere is bay 9? => Bay 9: east door."


def train_on_rows(page, steps: str) -> None:
    """Begin a training on ROWS alone, without general text."""
    part(page, "own-rows").fill(ROWS)
    part(page, "steps").fill(steps)
    part(page, "mix").uncheck()
    part(page, "train").click()


def bodies(site_dir) -> list[str]:
    """Names of the model's files, in the order in which they come."""
    listing = json.loads((site_dir / "assets" / "real-model" / "parts.json").read_text())
    return [file["name"] for pieces in listing["parts"] for file in pieces]


def test_a_network_cut_in_mid_fetch_keeps_what_came_and_goes_on(visit, site_dir):
    page, names = visit(PAGE), bodies(site_dir)
    page.context.route(f"**/real-model/{names[2]}", lambda route: route.abort("connectionreset"))
    fetch(page)
    expect(part(page, "status")).to_contain_text(f"{names[2]} could not be fetched")
    expect(part(page, "fetch")).to_be_visible()
    page.context.unroute(f"**/real-model/{names[2]}")
    page.requested.clear()
    part(page, "fetch").click()
    ready(page)
    fetched = [address.rpartition("/")[2] for address in page.requested if address.endswith(".bin")]
    assert [name for name in fetched if name in names] == names[2:]  # the first two were kept
    assert not [a for a in page.requested if "_rest" in a or a.endswith(".whl")]  # its own pack, not all of the library


def test_a_file_with_another_hash_is_not_used(visit, site_dir):
    page, name = visit(PAGE), bodies(site_dir)[0]
    wrong = bytearray((site_dir / "assets" / "real-model" / name).read_bytes())
    wrong[1000] ^= 1
    page.context.route(f"**/real-model/{name}", lambda route: route.fulfill(body=bytes(wrong)))
    fetch(page)
    expect(part(page, "status")).to_contain_text("another hash")
    expect(part(page, "fetch")).to_be_enabled()


@pytest.mark.long
def test_with_full_storage_the_model_works_and_the_page_says_that_nothing_is_kept(visit, site_url):
    page = visit(PAGE)
    session = page.context.new_cdp_session(page)
    origin = "/".join(site_url.split("/")[:3])
    session.send("Storage.overrideQuotaForOrigin", {"origin": origin, "quotaSize": 1_000_000})
    fetch(page)
    ready(page)
    expect(part(page, "status")).to_contain_text("did not keep its files")
    expect(part(page, "forget")).to_be_hidden()


@pytest.mark.long
def test_of_two_tabs_one_fetches_and_the_other_takes_what_came(visit, site_url, site_dir):
    first = visit(PAGE)
    second = first.context.new_page()
    second.goto(site_url + PAGE, wait_until="load")
    second.on("request", lambda request: first.requested.append(request.url))
    fetch(first)
    fetch(second)
    ready(first)
    ready(second)
    fetched = [address for address in first.requested if "/real-model/" in address and address.endswith(".bin")]
    assert sorted(address.rpartition("/")[2] for address in fetched) == sorted(bodies(site_dir))  # each once


@pytest.mark.long
def test_a_foreign_adapter_is_refused_in_a_sentence(model, tmp_path):  # noqa: F811
    (tmp_path / "adapter_model.safetensors").write_bytes(b"\x02\0\0\0\0\0\0\0{}")
    (tmp_path / "adapter_config.json").write_text('{"peft_type": "LORA", "r": 8}')
    files = [tmp_path / "adapter_model.safetensors", tmp_path / "adapter_config.json"]
    part(model, "peft").set_input_files(files)
    expect(part(model, "status")).to_contain_text("holds no lora_A")
    files[1].write_text('{"peft_type": "IA3"}')
    part(model, "peft").set_input_files(files)
    expect(part(model, "status")).to_contain_text("peft_type LORA")
    ready(model)


@pytest.mark.long
def test_a_row_of_ten_thousand_tokens_is_refused_and_stays_where_it_was_typed(model):  # noqa: F811
    long = "Say it. => " + "word " * 10_000
    part(model, "own-rows").fill(long)
    part(model, "train").click()
    expect(part(model, "status")).to_contain_text("at most 256 can be learnt here")
    ready(model)
    assert part(model, "own-rows").input_value() == long


@pytest.mark.long
def test_a_training_goes_on_while_its_tab_is_hidden_and_stops_within_a_step(model):  # noqa: F811
    train_on_rows(model, "40")
    expect(part(model, "loss")).to_contain_text("at step 1 of 40")
    hide = "hidden => { Object.defineProperty(document, 'hidden', {value: hidden, configurable: true});"
    hide += " document.dispatchEvent(new Event('visibilitychange')); }"
    model.evaluate(hide, True)
    expect(part(model, "loss")).to_contain_text("at step 4 of 40")
    assert model.evaluate(f"({hide})(false), document.querySelector('[data-part=status]').textContent").startswith(
        "It went on while the tab was hidden"
    )
    model.evaluate(
        """() => new Promise(resolve => { const page = document.querySelector('real-model');
        const from = performance.now();
        new MutationObserver((_, watch) => { if (page.dataset.state === 'ready') {
            watch.disconnect(); window.stoppedAfter = performance.now() - from; resolve(); } })
            .observe(page, {attributes: true});
        page.querySelector('[data-part=stop]').click(); })"""
    )
    assert model.evaluate("window.stoppedAfter") < 2000  # make bench-site holds it to 300 ms on a silent machine
    expect(part(model, "status")).to_contain_text("Stopped after")
    expect(part(model, "go-on")).to_be_visible()


@pytest.mark.long
def test_a_worker_that_ends_in_a_step_is_noticed_and_the_adapter_comes_back(model):  # noqa: F811
    train_on_rows(model, "60")
    expect(part(model, "loss")).to_contain_text("at step 7 of 60")
    model.evaluate("window.workers.at(-1).terminate()")
    expect(part(model, "status")).to_contain_text("stopped working")
    expect(part(model, "status")).to_contain_text("your adapter as it was after step 5")
    assert part(model, "own-rows").input_value() == ROWS
    part(model, "fetch").click()
    expect(part(model, "status")).to_contain_text("is here again, and so is your adapter")
    part(model, "steps").fill("7")
    expect(part(model, "go-on")).to_be_visible()
    part(model, "go-on").click()
    expect(part(model, "loss")).to_contain_text("at step 6 of 60")
    part(model, "stop").click()
    ready(model)
