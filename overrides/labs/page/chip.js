/** The prediction over the instrument: one at a time, answered or skipped; what stood there goes back to the drawer. */

/** @param {import("./element.js").LabView} lab */
export function mountChip(lab) {
  const chip = lab.querySelector('[data-part="chip"]');
  if (!chip) return;
  const { signal } = lab;
  const place = chip.querySelector("ol");
  const list = lab.querySelector('[data-part="predictions"]');
  const names = lab.spec.predictions.map(({ name }) => name);
  const item = (name) => lab.querySelector(`[data-prediction="${name}"]`);
  const skip = chip.querySelector('[data-action="skip"]');
  const skipped = new Set();

  /** Back among the others, at its place in their order. */
  function putBack(shown) {
    const after = names.slice(names.indexOf(shown.dataset.prediction) + 1).map(item).find((other) => other?.parentElement === list);
    list.insertBefore(shown, after ?? null);
  }

  function next() {
    const shown = place.firstElementChild;
    if (shown) putBack(shown);
    const waiting = names.find((name) => !skipped.has(name) && !item(name)?.dataset.result);
    chip.hidden = !waiting;
    if (waiting) place.append(item(waiting));
    label();
  }

  /** An answered prediction is left by "Next", an open one by "Skip". */
  function label() {
    skip.textContent = place.firstElementChild?.dataset.result ? "Next" : "Skip";
  }

  skip.addEventListener("click", () => {
    if (place.firstElementChild) skipped.add(place.firstElementChild.dataset.prediction);
    next();
  }, { signal });
  const answers = new MutationObserver(label);
  answers.observe(place, { subtree: true, attributeFilter: ["data-result"] });
  signal.addEventListener("abort", () => answers.disconnect());
  if (place.firstElementChild?.dataset.result) next();
}
