/** A lab's view of its own (SPEC.view), loaded only where it is used. */

import { views } from "lab-views"; // made by overrides/build/bundle.mjs from the files in ../views

/** @param {import("./element.js").LabView} lab */
export async function mountOwnView(lab) {
  const slot = lab.querySelector('[data-part="own-view"]');
  if (!slot || !views[lab.spec.view]) return;
  try {
    const module = await views[lab.spec.view]();
    if (lab.signal.aborted) return;
    const clean = module.mount(slot, lab.viewApi());
    if (clean) lab.signal.addEventListener("abort", clean);
  } catch (error) {
    lab.announce(`A part of this lab could not be loaded (${error.message}). Reload the page to try again.`);
  }
}
