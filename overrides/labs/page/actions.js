/** The buttons of a lab: run, stop, reset, copy link, try again, presets, links in the prose. */

import { clean, fromQuery, isLinked, ownOf, showInAddress, toQuery } from "../state.js";
import { begin } from "./boot_when.js";
import { undo } from "./undo.js";

const ACTIONS = {
  run: (lab) => lab.compute({ run: true }),
  stop(lab) {
    lab.bridge.stop();
    lab.dispatchEvent(new CustomEvent("lab-asked", { detail: {} })); // what is still to be replayed is let go
    lab.querySelector('[data-part="meter"]').hidden = true;
    lab.state = "ready";
    lab.announce("Stopped. The lab shows the last step that was finished.");
  },
  reset: (lab) => lab.setParams({}, { over: "defaults", why: "Reset" }),
  undo,
  fresh(lab) {
    lab.bridge.fresh();
    lab.remark("Python was started afresh; the lab runs our versions.");
    lab.compute();
  },
  retry: (lab) => begin(lab),
  "copy-link": copyLink,
};

async function copyLink(lab) {
  showInAddress(lab.spec, lab.params);
  const link = location.origin + location.pathname + toQuery(lab.spec, lab.params);
  const stays = lab.spec.params.some((p) => !isLinked(p) && p.name !== "train" && lab.params[p.name] !== p.default);
  const note = stays ? " Text, files and picks are not part of it." : "";
  try {
    await navigator.clipboard.writeText(link);
    lab.announce(`Link copied.${note}`);
  } catch {
    lab.announce(`Your browser did not let the page copy; this is the link: ${link}${note}`);
  }
}

/** @param {import("./element.js").LabView} lab */
export function mountActions(lab) {
  const { signal } = lab;
  lab.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button || !lab.contains(button)) return;
    if (button.dataset.preset) applyPreset(lab, button.dataset.preset);
    else ACTIONS[button.dataset.action]?.(lab, button);
  }, { signal });
  lab.querySelectorAll(".lab-numbers").forEach((details) => {
    details.addEventListener("toggle", () => details.open && lab.refreshTables(), { signal });
  });
  lab.subscribe((frame) => markPreset(lab, frame.params));
  document.addEventListener("click", (event) => followLink(lab, event), { signal, capture: true });
  addEventListener("popstate", () => {
    const { params } = fromQuery(lab.spec, location.search);
    if (lab.isConnected && toQuery(lab.spec, params) !== toQuery(lab.spec, lab.params)) lab.setParams({ ...params, ...ownOf(lab.spec, lab.params) });
  }, { signal });
}

function applyPreset(lab, name) {
  const preset = lab.spec.presets.find((p) => p.name === name);
  const run = Boolean(preset.params.train);
  lab.setParams(preset.params, { over: "defaults", run, why: preset.label }).then((frame) => frame && lab.announce(preset.reason));
}

/** The preset whose settings are shown is marked as pressed. */
function markPreset(lab, params) {
  for (const preset of lab.spec.presets) {
    const same = lab.spec.params.every((p) => p.name === "train" || !isLinked(p) || String(params[p.name]) === String(preset.params[p.name] ?? p.default));
    lab.querySelector(`[data-preset="${preset.name}"]`)?.setAttribute("aria-pressed", String(same));
  }
}

/** A link of the prose such as "?rank=4" moves the lab instead of loading the page anew. */
function followLink(lab, event) {
  const link = event.target.closest?.("a[href]");
  if (!link || link.getAttribute("href").startsWith("#") || event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return;
  const address = new URL(link.href);
  if (address.origin !== location.origin || address.pathname !== location.pathname || !address.search) return;
  event.preventDefault();
  event.stopPropagation();
  const changes = {};
  for (const [name, text] of new URLSearchParams(address.search)) {
    const param = lab.spec.params.find((p) => p.name === name && isLinked(p));
    if (param) changes[name] = clean(param, text).value;
  }
  lab.setParams(changes, { over: "defaults", why: `the link \u201c${link.textContent.trim().slice(0, 40)}\u201d` });
  const instrument = lab.querySelector(".lab-instrument");
  const { top, bottom } = instrument.getBoundingClientRect();
  if (bottom < innerHeight / 2 || top > innerHeight / 2) instrument.scrollIntoView({ block: "start" });
}
