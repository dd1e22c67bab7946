/**
 * Files of the real model: fetched once, checked by their hash, kept by the browser, and gone on with after a break.
 *
 * Of two tabs that want the same file one fetches it, and the other takes what the first has kept.
 * A file that has come whole is kept at once, so after a break only the file that was on its way starts again. Where
 * the browser keeps nothing (storage off or full), the model works all the same and is fetched again the next time.
 */

/** Where the browser keeps the files; the number counts up when they are cut otherwise. */
export const KEPT = "stage10-real-model-1";

async function hexOf(bytes) {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function openKept() {
  try {
    return await caches.open(KEPT);
  } catch {
    return null; // storage is off
  }
}

/** What was kept of a file, when it is still what it was. */
async function fromKept(kept, { url, sha256 }) {
  const found = await kept?.match(url).catch(() => undefined);
  if (!found) return null;
  const bytes = new Uint8Array(await found.arrayBuffer());
  if ((await hexOf(bytes)) === sha256) return bytes;
  await kept.delete(url);
  return null;
}

/**
 * The bytes of a file where the browser has kept it, checked by their hash, else null. Reading and hashing are not this
 * thread's work, so several files are asked for at once.
 *
 * @param {{url: string, sha256: string}} file
 * @returns {Promise<Uint8Array | null>}
 */
export async function readKept(file) {
  return fromKept(await openKept(), file);
}

/** The bytes of an answer, told as they come. */
async function streamed(answer, size, tell) {
  const bytes = new Uint8Array(size);
  const reader = answer.body.getReader();
  let at = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    if (at + value.length > size) throw new Error("longer than it should be");
    bytes.set(value, at);
    at += value.length;
    tell(at);
  }
  if (at !== size) throw new Error("it ended early");
  return bytes;
}

/** A file from the network, checked, and kept where the browser keeps it. */
async function fromNetwork(kept, file, tell) {
  let bytes;
  try {
    const answer = await fetch(file.url, { cache: "no-store" });
    if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
    bytes = await streamed(answer, file.bytes, tell);
  } catch (error) {
    throw new Error(`The file ${file.name} could not be fetched (${error.message}). What has come before it is kept: try again.`);
  }
  if ((await hexOf(bytes)) !== file.sha256) {
    throw new Error(`The file ${file.name} is not what it should be (another hash), so it is not used. Try again.`);
  }
  try {
    await kept.put(file.url, new Response(bytes));
    return { bytes, keeps: true };
  } catch {
    return { bytes, keeps: false };
  }
}

/**
 * The bytes of a file.
 *
 * @param {{url: string, name: string, bytes: number, sha256: string}} file
 * @param {(loaded: number, waits?: boolean) => void} tell bytes of this file that are here; whether another tab is
 *   fetching it
 * @returns {Promise<{bytes: Uint8Array, keeps: boolean}>} keeps: whether the browser holds it for the next visit;
 *   rejects with one plain sentence
 */
export async function fetchFile(file, tell) {
  const kept = await openKept();
  const held = async () => {
    const bytes = await fromKept(kept, file);
    if (bytes) tell(bytes.length);
    return bytes && { bytes, keeps: true };
  };
  const found = await held();
  if (found) return found;
  if (!kept || !navigator.locks) return fromNetwork(kept, file, tell);
  const name = `${KEPT} ${file.sha256}`;
  const first = await navigator.locks.request(name, { ifAvailable: true }, (lock) => lock && fromNetwork(kept, file, tell));
  if (first) return first;
  tell(0, true);
  return navigator.locks.request(name, async () => (await held()) ?? fromNetwork(kept, file, tell));
}

/** Forget all that was kept. */
export async function forget() {
  try {
    return await caches.delete(KEPT);
  } catch {
    return false;
  }
}

/** Bytes of these files that the browser holds already. */
export async function keptBytes(files) {
  const kept = await openKept();
  if (!kept) return 0;
  const held = new Set((await kept.keys()).map((request) => request.url));
  return files.reduce((sum, { url, bytes }) => sum + (held.has(url) ? bytes : 0), 0);
}
