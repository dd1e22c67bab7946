/** The progress bar of a long run, with the time left. */

import { duration } from "../format.js";

/** @param {import("./element.js").LabView} lab */
export function mountMeter(lab) {
  const meter = lab.querySelector('[data-part="meter"]');
  const bar = meter.querySelector("progress");
  const time = meter.querySelector('[data-part="time"]');
  let started = 0;
  let last = 0;
  lab.subscribe((frame) => {
    const { done, total } = frame.progress;
    if (frame.final || !total) {
      meter.hidden = true;
      started = 0;
      return;
    }
    if (!started || done < last) started = performance.now();
    last = done;
    meter.hidden = false;
    bar.value = done / total;
    const elapsed = (performance.now() - started) / 1000;
    time.textContent = done && elapsed > 0.3 ? `${done} of ${total}, ${duration((elapsed * (total - done)) / done)} left` : `${done} of ${total}`;
  });
  lab.addEventListener("lab-failed", () => (meter.hidden = true), { signal: lab.signal });
  lab.bridge.addEventListener("stopped", () => (meter.hidden = true), { signal: lab.signal });
}
