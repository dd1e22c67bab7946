/**
 * Entry of the labs' script. It makes the one bridge to Python and registers <lab-view>; both outlive Material's
 * instant navigation, under which this module is loaded once however many lab pages are visited.
 */

import { Bridge } from "./bridge.js";
import { LabView } from "./page/element.js";
import { startWorker } from "./start_worker.js";

/* global RUNTIME_MANIFEST, WORKER_FILE: put in by overrides/build/bundle.mjs */
const here = new URL(".", import.meta.url);

globalThis.stage10Labs ||= new Bridge({
  base: new URL("../runtime/", here).href,
  manifest: RUNTIME_MANIFEST,
  makeWorker: () => startWorker(new URL(WORKER_FILE, here).href),
  settings: globalThis.stage10LabSettings,
});

if (!customElements.get("lab-view")) customElements.define("lab-view", LabView);
