/** What hangs on the page as it is seen: which charts are in sight, and which selects cut off what was chosen. */

/** A dragged slider draws the charts that are in sight alone, and the others once it rests. @param {import("./element.js").LabView} lab */
export function mountSight(lab) {
  lab.inSight = null; // all, until the first look
  const watcher = new IntersectionObserver((moved) => {
    lab.inSight ||= new Set();
    moved.forEach(({ target, isIntersecting }) => lab.inSight[isIntersecting ? "add" : "delete"](target.dataset.chart));
    if (lab.classList.contains("is-dragged")) lab.refreshTables();
  });
  lab.querySelectorAll("[data-chart]").forEach((figure) => watcher.observe(figure));
  lab.signal.addEventListener("abort", () => watcher.disconnect());
}

/** The build repeats below a select what is certainly too long for it; here it is measured. @param {import("./element.js").LabView} lab */
export function mountChosen(lab) {
  const selects = [...lab.querySelectorAll(".lab-control select")];
  const known = new Map();
  const watcher = new ResizeObserver((changed) => changed.forEach(({ target }) => repeatWhereCut(target)));
  selects.forEach((select) => watcher.observe(select));
  lab.signal.addEventListener("abort", () => watcher.disconnect());
  lab.addEventListener("lab-moved", () => selects.forEach((select) => {
    if (known.get(select) !== select.value) repeatWhereCut(select);
    known.set(select, select.value);
  }), { signal: lab.signal });
}

/** Repeats the chosen text below a select that cuts it off: measured by a select that holds this text alone. */
function repeatWhereCut(select) {
  const chosen = select.selectedOptions[0];
  if (!select.offsetWidth || !chosen) return;
  const alone = select.cloneNode();
  alone.append(chosen.cloneNode(true));
  alone.style.cssText = "position:absolute;visibility:hidden;width:max-content";
  select.after(alone);
  const holder = select.closest("[data-param]");
  if (alone.offsetWidth > select.offsetWidth) holder.dataset.chosen = chosen.text;
  else delete holder.dataset.chosen;
  alone.remove();
}
