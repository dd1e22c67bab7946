/**
 * The labs' Python, off the page's thread. One of these serves the whole site.
 *
 * In: {type: "boot", base, manifest, slug, files} | {type: "run", id, generation, slug, params, files, frames} | {type: "cancel", id}
 *     | {type: "call", id, name, args} | {type: "complete", id} | {type: "bring", id, slug}
 * Out: {type: "progress", loaded, total} | {type: "ready", milliseconds} | {type: "boot-failed", message}
 *     | {type: "frame", id, generation, header, numbers, final} | {type: "alive", id} | {type: "stopped", id} | {type: "failed", id, error}
 *     | {type: "answer", id, ok, value, error}
 */

import { addFullLibrary, addLab, bootRuntime } from "./boot.js";

/** How long steps are taken before the page hears again; with one step on top it stays under 60 ms. */
const SLICE = 40;

let runtime = null;
let wire = null;
let python = null;
const cancelled = new Set();
/** Ends a run's waiting for a file when it is cancelled; the file goes on coming. */
let quit = () => {};
const provided = new Set();
/** Data files on their way, by address. */
const fetched = new Map();

/** The same after an early state: the page has something to show, and the next place of a dragged slider waits for less. */
const SHORT_SLICE = 8;

/** Let waiting messages in; a timer would cost at least 4 ms. */
const channel = new MessageChannel();
let wake = () => {};
channel.port1.onmessage = () => wake();
function breathe() {
  return new Promise((resolve) => {
    wake = resolve;
    channel.port2.postMessage(0);
  });
}

async function boot({ base, manifest, slug, files }) {
  const started = performance.now();
  runtime = { base, manifest };
  for (const file of (files || []).filter(({ later }) => !later)) fetchData(file).catch(() => {}); // beside Python; the run that needs it says what failed
  try {
    python = await bootRuntime({ ...runtime, lab: slug, onProgress: ({ loaded, total }) => postMessage({ type: "progress", loaded, total }) });
    wire = python.pyimport("labs_py.wire");
    postMessage({ type: "ready", milliseconds: performance.now() - started });
  } catch (error) {
    postMessage({ type: "boot-failed", message: sentence(error) });
  }
}

/** The line that says what went wrong: the first one, or the last of a traceback of Python's. */
function sentence(error) {
  const lines = String(error?.message || error).trim().split("\n");
  return (lines[0].startsWith("Traceback") ? lines.at(-1) : lines[0]).slice(0, 300);
}

/** Content of a recorded data file; one that failed is asked for again the next time. */
function fetchData({ url, name, integrity }) {
  if (!fetched.has(url)) {
    const content = fetch(url, { integrity }).then((answer) => {
      if (!answer.ok) throw new Error();
      return answer.arrayBuffer();
    });
    fetched.set(url, content.catch(() => {
      fetched.delete(url);
      throw new Error(`The recorded data "${name}" could not be fetched.`);
    }));
  }
  return fetched.get(url);
}

/** Hands recorded data to the labs, each file once. */
async function provide(files) {
  await Promise.all(files.filter(({ url }) => !provided.has(url)).map(async (file) => {
    wire.provide(file.name, new Uint8Array(await fetchData(file)));
    provided.add(file.url);
    fetched.delete(file.url);
  }));
}

/** The named ones among files; one that does not come is the lab's to name, and it goes on without. */
function provideNamed(files, names) {
  return provide(files.filter(({ name }) => names.includes(name))).catch(() => {});
}

/** Waits while the page hears that work goes on: fetching over a slow line is not hanging. */
async function aloud(id, work) {
  const alive = setInterval(() => postMessage({ type: "alive", id }), 2000);
  try {
    return await work;
  } finally {
    clearInterval(alive);
  }
}

/** @param {any} run proxy of labs_py.wire.Run */
function sendFrame(run, id, generation, final) {
  if (!run.pack(final)) return false;
  const proxy = run.numbers;
  const buffer = proxy.getBuffer("f32");
  const numbers = buffer.data.slice();
  buffer.release();
  proxy.destroy();
  postMessage({ type: "frame", id, generation, header: run.header, numbers, final }, [numbers.buffer]);
  return true;
}

/**
 * @param {{frames?: number}} request frames: how many are wanted on the way at least, as a run that is looked at needs
 *   more than the few that its short time would give
 */
async function run({ id, generation, slug, params, files, frames = 0 }) {
  let job;
  let sent = 0;
  let slice = SLICE;
  const [now, later] = [false, true].map((wanted) => (files || []).filter((file) => Boolean(file.later) === wanted));
  try {
    await aloud(id, Promise.all([addLab(python, slug, runtime), provide(now)]));
    if (cancelled.has(id)) return postMessage({ type: "stopped", id });
    job = wire.Run(slug, JSON.stringify(params));
    for (;;) {
      const until = performance.now() + slice;
      let state;
      do state = job.advance();
      while (state === "more" && !job.needs && !job.early && performance.now() < until && !(frames && Math.floor(job.share * frames) !== sent));
      sent = Math.floor(job.share * frames);
      if (job.early && !frames) slice = SHORT_SLICE;
      if (state === "failed" || !sendFrame(job, id, generation, state === "done")) {
        return postMessage({ type: "failed", id, error: JSON.parse(job.failure) });
      }
      if (state === "done") return undefined;
      if (job.needs) await aloud(id, Promise.race([provideNamed(later, job.needs.split("\n")), new Promise((resolve) => (quit = resolve))]));
      else await breathe();
      if (cancelled.has(id)) return postMessage({ type: "stopped", id });
    }
  } catch (error) {
    return postMessage({ type: "failed", id, error: { kind: "crash", message: sentence(error), fatal: isFatal(error) } });
  } finally {
    cancelled.delete(id);
    job?.destroy();
  }
}

/** An error of Python itself is survived; one of the runtime below it is not. */
function isFatal(error) {
  return !(error?.constructor?.name === "PythonError") && !(error instanceof Error && /^The (recorded data|part) "/.test(error.message));
}

async function call({ id, name, args }) {
  try {
    if (args.slug) await addLab(python, args.slug, runtime);
    postMessage({ type: "answer", id, ...JSON.parse(wire.call(name, JSON.stringify(args))) });
  } catch (error) {
    postMessage({ type: "answer", id, ok: false, error: { kind: "crash", message: sentence(error), fatal: isFatal(error) } });
  }
}

/** The whole standard library, before a reader's own code runs for the first time. */
async function complete({ id }) {
  try {
    await addFullLibrary(python, runtime);
    postMessage({ type: "answer", id, ok: true, value: null });
  } catch (error) {
    postMessage({ type: "answer", id, ok: false, error: { kind: "library", message: sentence(error) } });
  }
}

/** A pack, before the time of the call that needs it counts. */
async function bring({ id, slug }) {
  try {
    await addLab(python, slug, runtime);
    postMessage({ type: "answer", id, ok: true, value: null });
  } catch (error) {
    postMessage({ type: "answer", id, ok: false, error: { kind: "pack", message: sentence(error) } });
  }
}

function cancel({ id }) {
  cancelled.add(id);
  quit();
}

const HANDLERS = { boot, run, call, complete, bring, cancel };
onmessage = ({ data }) => HANDLERS[data.type](data);
