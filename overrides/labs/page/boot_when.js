/**
 * When Python starts: once the page is idle on wide screens, when the lab comes near on small ones, and only on
 * the first touch of a control where the reader asked the browser to save data.
 */

const WIDE = "(min-width: 760px)";
const IDLE = globalThis.requestIdleCallback || ((callback) => setTimeout(callback, 200));

/**
 * @param {import("./element.js").LabView} lab
 * @param {boolean} wanted the link asks for settings of its own, so their results are due
 */
export function mountBoot(lab, wanted) {
  const { bridge, signal } = lab;
  // Whoever has asked for something before the page was idle has started Python by that; one more request would overtake it.
  const start = () => !signal.aborted && lab.state === "static" && begin(lab);
  bridge.addEventListener("progress", ({ detail }) => showLoading(lab, detail), { signal });
  if (bridge.booted || wanted) start();
  else if (navigator.connection?.saveData) {
    lab.announce("Your browser asks to save data, so Python (about 7 MB) starts only when you move a control.");
  } else if (matchMedia(WIDE).matches) IDLE(start, { timeout: 3000 });
  else whenNear(lab, start);
}

function whenNear(lab, start) {
  const watcher = new IntersectionObserver((entries) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    watcher.disconnect();
    IDLE(start);
  }, { rootMargin: "300px" });
  watcher.observe(lab);
  lab.signal.addEventListener("abort", () => watcher.disconnect());
}

/** Starts Python and computes the frame that is already painted, so that every array is at hand. */
export function begin(lab) {
  lab.state = lab.bridge.booted ? "running" : "booting";
  return lab.compute();
}

function showLoading(lab, { loaded, total }) {
  if (lab.state !== "booting") return;
  const megabytes = (n) => (n / 1e6).toFixed(1);
  lab.querySelector('[data-part="meter"]').hidden = false;
  lab.querySelector("progress").value = loaded / total;
  lab.querySelector('[data-part="time"]').textContent = `Python: ${megabytes(loaded)} of ${megabytes(total)} MB`;
}
