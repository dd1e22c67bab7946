"""From a real input event on a lab's slider to the redrawn frame; from the press of stop to a stop."""

from __future__ import annotations

import statistics
import time

STEPS = 240
FRAME_SECONDS = 1 / 60

# Counted for each input event: until the first drawn frame that shows its value or a later one.
LISTEN = """
([slug, name]) => {
  const view = document.querySelector(`lab-view[slug=${slug}]`);
  const waiting = [];
  const times = [];
  let draws = 0;
  // A logarithmic slider's thumb stands on a place, not on a value: the page has turned it by the time it bubbles here.
  view.addEventListener('input', ({ target, timeStamp }) => {
    if (target.type !== 'range' || (target.dataset.thumb ?? target.name) !== name) return;
    waiting.push({ value: view.params[name], at: timeStamp });
  });
  view.addEventListener('lab-frame', () => {
    const shown = JSON.parse(view.dataset.params)[name];
    const last = waiting.map(({ value }) => value).lastIndexOf(shown);
    const done = waiting.splice(0, last + 1);
    if (!done.length) return;
    draws += 1;
    requestAnimationFrame(() => {
      const channel = new MessageChannel();
      channel.port1.onmessage = () => {
        channel.port1.close();
        const now = performance.now();
        for (const { at } of done) times.push(now - at);
      };
      channel.port2.postMessage(0);
    });
  });
  globalThis.latencies = () => ({ times, draws, missing: waiting.length });
}
"""


def open_ready(context, url: str, slug: str = "lora", timeout_seconds: float = 60):
    """The lab's page in a new tab, once its lab has booted and shown a computed frame."""
    page = context.new_page()
    page.goto(url)
    page.locator(f"lab-view[slug={slug}]").scroll_into_view_if_needed()
    page.wait_for_function(
        f"document.querySelector('lab-view[slug={slug}]')?.dataset.state === 'ready'", timeout=timeout_seconds * 1000
    )
    return page


def measure_latency(context, url: str, slug: str = "lora", name: str = "rank") -> dict[str, float]:
    """Drag a slider of a lab for some seconds, everything else at its default (the LoRA Lab's size: 64).

    Args:
        context: of the browser.
        url: the lab's page.
        slug: the lab.
        name: the slider's parameter.

    Returns:
        ``p50`` and ``p95`` in milliseconds, ``events`` and ``draws``, and ``missing``: events never drawn.
    """
    page = open_ready(context, url, slug)
    slider = page.locator(f"lab-view[slug={slug}] input[type=range]:is([name={name}], [data-thumb={name}])").first
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    drag(page, box, STEPS // 4)  # the first redraws compile code; they are not what is asked
    page.evaluate(LISTEN, [slug, name])
    drag(page, box, STEPS)
    page.wait_for_timeout(500)
    measured = page.evaluate("latencies()")
    page.close()
    times = sorted(measured["times"])
    if len(times) < STEPS // 8:
        raise RuntimeError(f"only {len(times)} slider events were drawn; the page may not be listening")
    return {
        "p50": statistics.median(times),
        "p95": times[int(0.95 * (len(times) - 1))],
        "events": len(times),
        "draws": measured["draws"],
        "missing": measured["missing"],
    }


def drag(page, box: dict[str, float], steps: int) -> None:
    """Press on the slider and move to and fro over its left half, one move per frame of the screen."""
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 0.1 * box["width"], middle)
    page.mouse.down()
    due = time.monotonic()
    for number in range(steps):
        turn = abs((number % 80) - 40) / 40
        page.mouse.move(box["x"] + (0.1 + 0.8 * turn) * box["width"], middle)
        due += FRAME_SECONDS
        time.sleep(max(0.0, due - time.monotonic()))
    page.mouse.up()


# The next lab's page, reached by Material's instant navigation: the worker lives on, so the call is all there is.
NEXT_PAGE = """
(slug) => new Promise((resolve, reject) => {
  const view = document.querySelector(`lab-view[slug=${slug}]`);
  const control = view.querySelector('input[type=range]:not(:disabled)');
  if (!control) return reject(new Error('no slider on the next lab page'));
  view.addEventListener('lab-frame', () => resolve(performance.now() - started), { once: true });
  const started = performance.now();
  const higher = Number(control.value) + Number(control.step || 1);
  control.value = higher <= Number(control.max) ? higher : control.min;
  control.dispatchEvent(new Event('input', { bubbles: true }));
});
"""


def measure_next_page(context, url: str, slug: str, visits: int = 5) -> float:
    """Milliseconds from the first touch to a drawn result on the lab page that is visited next (median of visits).

    The page is reached by a link, without a reload, so that the worker that has booted serves it too.

    Args:
        context: of the browser.
        url: the LoRA Lab's page, where each visit starts.
        slug: the lab that is visited next.
        visits: how often; each has a page and a worker of its own.
    """
    return statistics.median(visit_next_page(context, url, slug) for _ in range(visits))


def visit_next_page(context, url: str, slug: str) -> float:
    """One visit of ``measure_next_page``."""
    page = open_ready(context, url)
    page.evaluate("globalThis.sameDocument = true")
    page.locator(f"a[href$='{slug}/']").first.evaluate("element => element.click()")
    view = page.locator(f"lab-view[slug={slug}]")
    view.wait_for(state="attached", timeout=20_000)
    view.scroll_into_view_if_needed()
    page.wait_for_function(f"document.querySelector('lab-view[slug={slug}]').dataset.state === 'ready'", timeout=60_000)
    if not page.evaluate("globalThis.sameDocument === true"):
        raise RuntimeError("the next lab page came by a reload: instant navigation is off")
    try:
        return page.evaluate(NEXT_PAGE, slug)
    finally:
        page.close()


# A run is started and stopped at its first frame; the state says when the lab is free again. null: it was over first.
STOP = """
(slug) => new Promise((resolve, reject) => {
  const view = document.querySelector(`lab-view[slug=${slug}]`);
  const began = performance.now();
  let firstFrame = 0;
  const words = () => (firstFrame ? 'not free 20 s after stop' : 'no frame of a run');
  const late = setTimeout(() => reject(new Error(words())), 20000);
  const finish = (found) => { clearTimeout(late); resolve(found); };
  view.addEventListener('lab-frame', () => {
    firstFrame = performance.now() - began;
    setTimeout(() => {
      const button = view.querySelector('[data-action=stop]');
      if (view.dataset.state !== 'running' || button.disabled) return finish(null);
      const pressed = performance.now();
      const watch = () => view.dataset.state !== 'running' && finish({ firstFrame, stop: performance.now() - pressed });
      new MutationObserver(watch).observe(view, { attributes: true, attributeFilter: ['data-state'] });
      button.click();
    });
  }, { once: true });
  view.querySelector('[data-action=run]').click();
});
"""


def measure_stop(context, url: str, slug: str, rounds: int = 7) -> dict[str, float]:
    """Milliseconds from the press of "stop" until the lab is free again, and to a run's first frame (medians).

    Raises:
        RuntimeError: the lab's runs are over with their first frame, so that there is nothing to stop.
    """
    page = open_ready(context, url, slug)
    found = []
    for _ in range(2 * rounds):
        found.append(page.evaluate(STOP, slug))
        page.wait_for_timeout(200)
    page.close()
    found = [one for one in found if one]
    if len(found) < rounds // 2:
        raise RuntimeError(f"only {len(found)} of {2 * rounds} runs of the lab {slug} could be stopped")
    return {name: statistics.median(one[name] for one in found) for name in ("stop", "firstFrame")}
