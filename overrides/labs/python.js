/** The one bridge to Python of a visit, whichever page asks for it first. */

import { Bridge } from "./bridge.js";
import { startWorker } from "./start_worker.js";

/* global RUNTIME_MANIFEST, WORKER_FILE: put in by overrides/build/bundle.mjs */
const here = new URL(".", import.meta.url);

/** @returns {Bridge} */
export function bridgeToPython() {
  globalThis.stage10Labs ||= new Bridge({
    base: new URL("../runtime/", here).href,
    manifest: RUNTIME_MANIFEST,
    makeWorker: () => startWorker(new URL(WORKER_FILE, here).href),
    settings: globalThis.stage10LabSettings,
  });
  return globalThis.stage10Labs;
}
