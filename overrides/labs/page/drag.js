/**
 * What a chart shows of a setting is taken hold of in the chart itself: the cut in a spectrum, the point on a curve, the
 * temperature between the bars. The slider of the setting moves along, so everything else follows from that.
 */

import { boundsOf } from "../state.js";
import { hasControl, thumbOf } from "../view/controls.js";

const MARGIN = { top: 26, bottom: 40, left: 118, right: 12 }; // of a chart's box; left: of one with words
const KEYS = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 10, PageDown: -10 };

/** The setting that a hand can move in a chart: the one that the SPEC names, or that of a marker. */
function paramOf(spec, chart) {
  if (chart.kind === "histogram") return undefined; // page/press.js
  const names = [chart.drag, ...chart.markers.map(([name]) => name)];
  return spec.params.find((param) => names.includes(param.name) && param.kind === "range" && hasControl(param));
}

/** @param {import("./element.js").LabView} lab */
export function mountDrag(lab) {
  const grips = lab.spec.charts.map((chart) => [chart, paramOf(lab.spec, chart)]).filter(([, param]) => param)
    .map(([chart, param]) => gripOf(lab, chart, param)).filter(Boolean);
  if (!grips.length) return;
  let due = 0;
  const place = () => {
    due ||= requestAnimationFrame(() => {
      due = 0;
      // All are measured before the first is moved, so that the page is laid out once.
      if (!lab.signal.aborted) grips.map((grip) => grip.placing()).forEach((move) => move());
    });
  };
  ["lab-frame", "lab-moved"].forEach((kind) => lab.addEventListener(kind, place, { signal: lab.signal }));
  const watcher = new ResizeObserver(place);
  grips.forEach(({ plot }) => watcher.observe(plot));
  lab.signal.addEventListener("abort", () => watcher.disconnect());
  place();
}

function gripOf(lab, chart, param) {
  const figure = lab.querySelector(`[data-chart="${chart.name}"]`);
  const slider = lab.querySelector(`[data-param="${param.name}"] input[type="range"]`);
  if (!figure || !slider) return null;
  const plot = figure.querySelector('[data-part="plot"]');
  const grip = figure.querySelector(".lab-grip") || document.createElement("div");
  grip.className = "lab-grip";
  grip.tabIndex = 0;
  grip.setAttribute("role", "slider");
  grip.setAttribute("aria-label", `${param.label}, in \u201c${chart.title}\u201d`);
  grip.title = `Drag: ${param.label}`;
  figure.append(grip);

  function set(value) {
    const { min, max } = boundsOf(param, lab.params);
    slider.value = String(thumbOf(param, Math.min(max, Math.max(min, value))));
    slider.dispatchEvent(new Event("input", { bubbles: true }));
  }

  function follow({ clientX }) {
    const axis = axisOf(lab, chart, param, plot);
    if (axis) set(axis.valueAt(clientX));
  }

  function hold(event) {
    if (event.button) return;
    event.preventDefault();
    grip.focus({ preventScroll: true, focusVisible: false });
    grip.setPointerCapture(event.pointerId);
    follow(event);
  }

  const { signal } = lab;
  grip.addEventListener("pointerdown", hold, { signal });
  // With a mouse the whole plot is a place to begin; a finger there goes on to the next chart.
  plot.addEventListener("pointerdown", (event) => event.pointerType === "mouse" && hold(event), { signal });
  grip.addEventListener("pointermove", (event) => grip.hasPointerCapture(event.pointerId) && follow(event), { signal });
  grip.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Home" || event.key === "End") slider.value = event.key === "Home" ? slider.min : slider.max;
    else if (KEYS[event.key] > 0) slider.stepUp(KEYS[event.key]);
    else if (KEYS[event.key]) slider.stepDown(-KEYS[event.key]);
    else return;
    event.preventDefault();
    slider.dispatchEvent(new Event("input", { bubbles: true }));
  }, { signal });

  /** Measures, and returns what is then to be written. */
  function placing() {
    const axis = figure.checkVisibility() && axisOf(lab, chart, param, plot);
    if (!axis) return () => (grip.hidden = true);
    const value = lab.params[param.name];
    const { min, max } = boundsOf(param, lab.params);
    const box = figure.getBoundingClientRect();
    const [left, top] = [axis.placeOf(value) - box.left - figure.clientLeft, axis.top - box.top - figure.clientTop];
    const text = slider.getAttribute("aria-valuetext") || String(value);
    return () => {
      grip.hidden = false;
      Object.assign(grip.style, { left: `${left}px`, top: `${top}px`, height: `${axis.height}px` });
      Object.entries({ valuemin: min, valuemax: max, valuenow: value, valuetext: text }).forEach(
        ([name, said]) => grip.setAttribute(`aria-${name}`, String(said)));
    };
  }
  return { plot, placing };
}

/** Between places on the screen and values of a setting: along the chart's axis, or across a chart of words. */
function axisOf(lab, chart, param, plot) {
  const svg = plot.querySelector(".lab-svg");
  const screen = svg?.getScreenCTM();
  if (!screen) return null;
  const told = svg.querySelector("[data-axis]");
  if (!told && chart.kind !== "tokens") return null;
  const { width, height } = svg.viewBox.baseVal;
  const { min, max } = boundsOf(param, lab.params);
  const [from, to, left, right] = told ? told.dataset.axis.split(" ").map(Number) : [min, max, MARGIN.left, width - MARGIN.right];
  const bend = (told ? chart.x_log : min > 0) ? [Math.log, Math.exp] : [Number, Number];
  const [low, high] = [bend[0](from), bend[0](to)];
  const within = (share) => Math.min(1, Math.max(0, share));
  return {
    valueAt: (x) => bend[1](low + within(((x - screen.e) / screen.a - left) / (right - left)) * (high - low)),
    placeOf: (value) => screen.e + screen.a * (left + within((bend[0](value) - low) / (high - low)) * (right - left)),
    top: screen.f + screen.d * MARGIN.top,
    height: screen.d * (height - MARGIN.top - MARGIN.bottom),
  };
}
