"""The real model's page for ``make bench-site``: bytes, click to first token, speed, training, memory, input, stop."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import BrowserContext, Page

PATH = "labs/real-model/"
OTHER_QUESTION = "What is the capital of France?"  # not the one that was read for the check on loading
READY, WORKING = 'real-model[data-state="ready"]', 'real-model[data-state="working"]'
TRAINED = 4  # steps of two rows that stand for the twenty-five of fifty rows
STOP = """() => new Promise(resolve => {
  const page = document.querySelector('real-model'), from = performance.now();
  new MutationObserver((_, watch) => {
    if (page.dataset.state !== 'ready') return;
    watch.disconnect();
    resolve(performance.now() - from);
  }).observe(page, {attributes: true});
  page.querySelector('[data-part=stop]').click();
})"""
# The longest time from a key to the frame that shows it.
WATCH = """() => {
  window.slowest = 0;
  const shown = event => window.slowest = Math.max(window.slowest, performance.now() - event.timeStamp);
  const rows = document.querySelector('[data-part=held-rows]');
  rows.addEventListener('input', event => requestAnimationFrame(() => setTimeout(() => shown(event))));
}"""


def part(page: Page, name: str):
    return page.locator(f'real-model [data-part="{name}"]')


def load(page: Page, address: str) -> float:
    """Open the page and fetch the model; milliseconds from the click until it may be asked."""
    page.goto(f"{address}{PATH}", wait_until="load")
    page.wait_for_function("document.querySelector('[data-part=fetch]').textContent.includes('odel (')")
    from_click = page.evaluate("(document.querySelector('[data-part=fetch]').click(), performance.now())")
    page.wait_for_selector(READY, timeout=120_000)
    return page.evaluate("performance.now()") - from_click


def ask(page: Page, question: str) -> float:
    """Ask both models; milliseconds until the first token stands there."""
    part(page, "own").fill(question)
    from_click = page.evaluate("(document.querySelector('[data-part=ask]').click(), performance.now())")
    page.wait_for_selector('real-model [data-part="answer-base"] span')
    return page.evaluate("performance.now()") - from_click


def memory(context: BrowserContext) -> float:
    """Bytes that the largest renderer holds, where /proc tells; else 0."""
    session = context.browser.new_browser_cdp_session()
    held = [0.0]
    for process in session.send("SystemInfo.getProcessInfo")["processInfo"]:
        status = Path(f"/proc/{process['id']}/status")
        if process["type"] == "renderer" and status.exists():
            lines = dict(line.split(":", 1) for line in status.read_text().splitlines() if ":" in line)
            held.append(1024.0 * int(lines["RssAnon"].split()[0]))
    return max(held)


def sixty_tokens(place: int) -> str:
    """A row of about sixty tokens, the template's included."""
    return (
        f"Where is bay {place}, and who keeps its key? => Bay {place}: north door, the key hangs at desk {place + 3}."
    )


def measure_real_model(context: BrowserContext, address: str, say: Callable[[str], None]) -> dict[str, float]:
    """All figures of the page, by the names of their budgets."""
    page, sizes = context.new_page(), {}
    context.on("response", lambda answer: sizes.update({answer.url: int(answer.headers.get("content-length", 0))}))
    say("real model: fetched for the first time")
    load(page, address)
    found = {"model_bytes": float(sum(size for url, size in sizes.items() if url.endswith(".bin")))}
    say("real model: from the browser's own storage")
    found["model_start"] = load(page, address) / 1000
    part(page, "adapter").select_option("")
    found["model_first_token"] = found["model_start"] + ask(page, OTHER_QUESTION) / 1000
    page.wait_for_selector(READY)
    ask(page, "Write one sentence about rain on a tin roof.")
    page.wait_for_selector(READY)
    found["model_speed"] = float(part(page, "status").inner_text().split(" tokens")[0])
    say("real model: training")
    part(page, "own-rows").fill("\n".join(map(sixty_tokens, range(10))))
    part(page, "mix").uncheck()
    part(page, "steps").fill("200")
    part(page, "train").click()
    page.wait_for_function("document.querySelector('[data-part=loss]').textContent.includes('at step 1 ')")
    started = page.evaluate("performance.now()")
    page.evaluate(WATCH)
    step = 1
    while step < 1 + TRAINED:
        part(page, "held-rows").press_sequentially("a? => b", delay=50)
        step = int(part(page, "loss").inner_text().split("at step ")[1].split(" ")[0])
    seconds = (page.evaluate("performance.now()") - started) / 1000
    found["model_fifty_rows"] = seconds / (step - 1) * 25
    found["model_input"] = page.evaluate("window.slowest")
    found["model_stop"] = page.evaluate(STOP)
    found["model_memory"] = memory(context)
    page.close()
    return found
