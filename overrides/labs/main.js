/**
 * Entry of the labs' script. It makes the one bridge to Python and registers <lab-view>; both outlive Material's
 * instant navigation, under which this module is loaded once however many lab pages are visited.
 */

import { Bridge } from "./bridge.js";
import { LabView } from "./page/element.js";

/* global RUNTIME_MANIFEST, WORKER_FILE: put in by overrides/build/bundle.mjs */
const here = new URL(".", import.meta.url);

/** The worker, from a blob: so it is held by its page's Content-Security-Policy, which a file of its own would not be. */
function startWorker() {
  const source = URL.createObjectURL(new Blob([`import ${JSON.stringify(new URL(WORKER_FILE, here).href)};`], { type: "text/javascript" }));
  return new Worker(source, { type: "module" });
}

globalThis.stage10Labs ||= new Bridge({
  base: new URL("../runtime/", here).href,
  manifest: RUNTIME_MANIFEST,
  makeWorker: startWorker,
  settings: globalThis.stage10LabSettings,
});

if (!customElements.get("lab-view")) customElements.define("lab-view", LabView);
