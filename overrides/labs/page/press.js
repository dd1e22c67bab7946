/** A histogram's point is pressed: the largest weight is left out, then the next one. Undo brings each back. */

/** @param {import("./element.js").LabView} lab */
export function mountPress(lab) {
  for (const chart of lab.spec.charts.filter(({ kind, drag }) => kind === "histogram" && drag)) {
    const param = lab.spec.params.find(({ name }) => name === chart.drag);
    mountPoint(lab, lab.querySelector(`[data-chart="${chart.name}"]`), param);
  }
}

function mountPoint(lab, figure, param) {
  const plot = figure.querySelector('[data-part="plot"]');
  const button = figure.querySelector(".lab-point") || document.createElement("button");
  Object.assign(button, { type: "button", className: "lab-point" });
  figure.append(button);
  button.addEventListener("click", () => {
    const next = Math.min(param.max, lab.params[param.name] + param.step);
    lab.setParams({ [param.name]: next }, { why: `${param.label}: ${next}` });
  }, { signal: lab.signal });

  function place() {
    const mark = figure.checkVisibility() && plot.querySelector(".lab-dots path, .lab-dots circle");
    button.hidden = !mark;
    if (!mark) return;
    const [at, box] = [mark, figure].map((part) => part.getBoundingClientRect());
    button.style.left = `${at.left + at.width / 2 - box.left - figure.clientLeft}px`;
    button.style.top = `${at.top + at.height / 2 - box.top - figure.clientTop}px`;
    button.title = `${param.label}: ${lab.params[param.name]}. Press for one more.`;
    button.setAttribute("aria-label", button.title);
  }
  let due = 0;
  const soon = () => {
    due ||= requestAnimationFrame(() => {
      due = 0;
      if (!lab.signal.aborted) place();
    });
  };
  lab.addEventListener("lab-frame", soon, { signal: lab.signal });
  const watcher = new ResizeObserver(soon);
  watcher.observe(plot);
  lab.signal.addEventListener("abort", () => watcher.disconnect());
  soon();
}
