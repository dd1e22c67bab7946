/** Grading through the labs' own Python: fetched at a page's first check, and no sooner. */

import { bridgeToPython } from "../python.js";

const PACK = "exercises";
/** The part of the library that the labs came with knows numpy and math; other imports want the whole. */
const OTHER_IMPORT = /^\s*(?:import|from)\s+(?!numpy\b|math\b|__future__\b)/m;
const AGAIN = "Your text is kept, and Python was started again.";
/** What is said where the worker had to be replaced, by the kind of the failure. */
const ENDED = {
  stuck: { result: "wrong", key: "endless", message: `Your code gave no answer in time, so it was stopped. Is there an endless loop, or something that grows without an end? ${AGAIN}` },
  crash: { result: "wrong", key: "broken", message: `Your code broke Python itself, as code does that takes all memory. ${AGAIN}` },
};

/**
 * @param {string} name of the exercise
 * @param {string} text the reader's code
 * @param {(sentence: string) => void} say told while Python is fetched
 * @returns {Promise<{result: string, key: string, message: string}>} rejects with a sentence
 */
export async function grade(name, text, say) {
  const bridge = bridgeToPython();
  const heard = ({ detail: { loaded, total } }) => say(`Starting Python: ${(loaded / 1e6).toFixed(1)} of ${(total / 1e6).toFixed(1)} MB\u2026`);
  bridge.addEventListener("progress", heard);
  try {
    if (!bridge.booted) say("Starting Python\u2026");
    await bridge.boot();
    await bridge.bring(PACK);
    if (OTHER_IMPORT.test(text)) await bridge.complete().catch(() => {});
    say("Checking\u2026");
    const seed = crypto.getRandomValues(new Uint32Array(1))[0] % 100_000;
    return await graded(bridge, { slug: PACK, name, text, seed });
  } finally {
    bridge.removeEventListener("progress", heard);
  }
}

/** A verdict, also on code that takes Python down with it. What code has filled is given back only by a new worker. */
async function graded(bridge, asked) {
  const { spawned } = bridge;
  let verdict;
  try {
    verdict = await bridge.grade(asked);
    if (verdict.key !== "memory") return verdict;
    verdict.message += ` ${AGAIN}`;
  } catch (error) {
    const kind = error.failure?.kind;
    if (!kind || kind === "boot") throw error;
    verdict = ENDED[kind] ?? ENDED.crash;
  }
  if (bridge.spawned === spawned) bridge.fresh();
  return verdict;
}
