/**
 * The real model, off the page's thread: Pyodide with labs_py.core.llama, the kernels, the weights.
 *
 * In: {type: "load", base, manifest, parts, folder, kernels, tokenizer, check} first; then, one at a time,
 *     {type: "adapter", name, files} | {type: "peft", name, content, config}
 *     | {type: "lay", name, strength, rank, layers: [lowest, highest]}
 *     | {type: "ask", id, turns, longest, writers, quick} | {type: "right", id, task, text, target}
 *     | {type: "learn", rows, settings} | {type: "measure", writer, asked};
 *     and at any time {type: "stop"}.
 * Out: {type: "progress", loaded, total, waits} | {type: "loaded", keeps, megabytes} | {type: "failed", at, message}
 *     | {type: "adapter", name, rank} | {type: "laid"} | {type: "token", id, writer, token} | {type: "told", id, speed}
 *     | {type: "right", id, right} | {type: "prepared", rows, tokens} | {type: "step", step, loss, seconds}
 *     | {type: "learnt", stopped} | {type: "measured", found} | {type: "files", weights, config}
 *     | {type: "beat"} now and then while it works, so that the page knows
 */

import { bootRuntime } from "../boot.js";
import { makeBlocks } from "./blocks.js";
import { fetchFile, readKept } from "./fetching.js";

let python = null;
let talk = null;
let memory = null;
let kernels = null;
let stopped = false;
let queue = Promise.resolve();

/** Steps after which the page gets the adapter as it is then, in case that this worker ends. */
const KEEP_EVERY = 5;
const BEAT_MS = 2000;
let lastBeat = 0;

/** Let waiting messages in; a timer would cost at least 4 ms. */
const channel = new MessageChannel();
let wake = () => {};
channel.port1.onmessage = () => wake();
const breathe = () =>
  new Promise((resolve) => {
    wake = resolve;
    channel.port2.postMessage(0);
    if (performance.now() - lastBeat < BEAT_MS) return;
    lastBeat = performance.now();
    postMessage({ type: "beat" });
  });

/** The line that says what went wrong: the first one, or the last of a traceback of Python's, without the error's class. */
function sentence(error) {
  const lines = String(error?.message || error).trim().split("\n");
  const line = lines[0].startsWith("Traceback") ? lines.at(-1) : lines[0];
  return line.replace(/^(?:\w+Error|LookupError): /, "").slice(0, 300);
}

/** The pieces of the weights, told as they come: those that the browser keeps all at once, the others one by one. */
async function fetchParts(parts, folder) {
  const files = parts.parts.flat().map((file) => ({ ...file, url: `${folder}${file.name}` }));
  const kept = files.map(readKept);
  const total = files.reduce((sum, file) => sum + file.bytes, 0);
  const found = [];
  let before = 0;
  let last = 0;
  for (const [place, piece] of files.entries()) {
    const tell = (loaded, waits = false) => {
      if (!waits && before + loaded - last < 500_000 && loaded < piece.bytes) return;
      last = before + loaded;
      postMessage({ type: "progress", loaded: last, total, waits });
    };
    const bytes = await kept[place];
    if (bytes) tell(bytes.length);
    found.push(bytes ? { bytes, keeps: true } : await fetchFile(piece, tell));
    before += piece.bytes;
  }
  return found;
}

/** Python starts while the weights come; then they are put where it keeps them. */
async function load({ base, manifest, parts, folder, kernelFile, tokenizer, check }) {
  const booting = bootRuntime({ base, manifest, lab: "real" });
  const compiling = WebAssembly.compileStreaming(fetch(kernelFile));
  const [started, compiled, spelling, come] = await Promise.all([booting, compiling, fetchFile(tokenizer, () => {}), fetchParts(parts, folder)]);
  python = started;
  memory = Object.values(python._module).find((part) => part instanceof WebAssembly.Memory);
  python.pyimport("labs_py.data").provide("smollm2-tokenizer.safetensors", python.toPy(spelling.bytes));
  talk = python.pyimport("labs_py.real_model").Talk();
  const keeps = come.every((file) => file.keeps);
  for (const [place, pieces] of parts.parts.entries()) {
    let at = talk.reserve(place, pieces.reduce((sum, { bytes }) => sum + bytes, 0));
    for (const { bytes } of come.splice(0, pieces.length)) {
      new Uint8Array(memory.buffer, at, bytes.length).set(bytes);
      at += bytes.length;
    }
  }
  talk.assemble(JSON.stringify(parts));
  kernels = makeBlocks(compiled, memory, talk.scratch());
  checkAnswer(check);
  talk.bring(kernels, true);
  postMessage({ type: "loaded", keeps, megabytes: Math.round(memory.buffer.byteLength / 1e6) });
}

/** Nothing runs on numbers that were not checked: a stored answer has to come out again, token by token. */
function checkAnswer({ turns, ids }) {
  talk.bring(kernels, false);
  talk.begin("base", JSON.stringify(turns), ids.length);
  const next = () => talk.go_on("base") || next();
  const found = ids.map(() => JSON.parse(next())?.[0]);
  if (found.join() !== ids.join()) throw new Error("This browser's first answer is not the stored one, so the model is not used here.");
}

async function addAdapter({ name, files }) {
  const parts = await Promise.all(files.map((file) => fetchFile(file, () => {})));
  const content = new Uint8Array(await new Blob(parts.map(({ bytes }) => bytes)).arrayBuffer());
  const { rank } = JSON.parse(talk.add_adapter(name, python.toPy(content)));
  postMessage({ type: "adapter", name, rank });
}

/** A writer's next token as JSON, "" when it was stopped. Its prompt is read to the end, and only then the other writer's. */
async function nextToken(writer) {
  for (;;) {
    const started = performance.now();
    const said = talk.go_on(writer);
    if (said) return { said, took: performance.now() - started };
    await breathe();
    if (stopped) return { said: "", took: 0 };
  }
}

async function ask({ id, turns, longest, writers, quick }) {
  stopped = false;
  talk.bring(kernels, quick);
  const open = new Set(writers);
  const reading = new Set(writers);
  for (const writer of writers) talk.begin(writer, JSON.stringify(turns), longest);
  let spent = 0;
  let count = 0;
  while (open.size && !stopped) {
    for (const writer of [...open]) {
      const { said, took } = await nextToken(writer);
      if (!said) break; // stopped
      const token = JSON.parse(said);
      if (!reading.delete(writer)) { // the first token has the prompt's end in it
        spent += took;
        count += 1;
      }
      if (token) postMessage({ type: "token", id, writer, token });
      if (!token || token[1] === "") open.delete(writer);
      await breathe();
      if (stopped) break;
    }
  }
  postMessage({ type: "told", id, speed: count ? (1000 * count) / spent : 0, stopped });
}

/** What was begun, piece by piece. @returns what it found, or null when it was stopped */
async function inPieces() {
  for (;;) {
    const said = talk.piece();
    if (said) return JSON.parse(said);
    await breathe();
    if (stopped) return null;
  }
}

async function learn({ rows, settings }) {
  stopped = false;
  talk.bring(kernels, false);
  if (rows) postMessage({ type: "prepared", ...JSON.parse(talk.learn(JSON.stringify(rows), JSON.stringify(settings))) });
  for (let left = settings.steps; left > 0 && !stopped; left -= 1) {
    const started = performance.now();
    talk.begin_step();
    const told = await inPieces();
    if (!told) break;
    postMessage({ type: "step", ...told, seconds: (performance.now() - started) / 1000 });
    if (told.step % KEEP_EVERY === 0 && left > 1) sendFiles();
    await breathe();
  }
  sendFiles();
  postMessage({ type: "learnt", stopped });
}

/** The adapter of the training as it now is, for the page to keep. */
function sendFiles() {
  talk.learnt("yours");
  const made = talk.files("yours");
  const [weights, config] = made.toJs();
  made.destroy();
  postMessage({ type: "files", weights, config }, [weights.buffer]);
}

async function measure({ writer, asked }) {
  stopped = false;
  talk.bring(kernels, true);
  talk.begin_measure(writer, JSON.stringify(asked));
  postMessage({ type: "measured", found: await inPieces() });
}

const WORK = {
  load,
  adapter: addAdapter,
  peft({ name, content, config }) {
    postMessage({ type: "adapter", name, rank: JSON.parse(talk.add_peft(name, python.toPy(new Uint8Array(content)), config)).rank });
  },
  lay({ name, strength, rank, layers }) {
    talk.lay(name, strength, rank, ...layers);
    postMessage({ type: "laid" });
  },
  ask,
  right({ id, task, text, target }) {
    postMessage({ type: "right", id, right: talk.exact(task, text, target) });
  },
  learn,
  measure,
};

onmessage = ({ data }) => {
  if (data.type === "stop") {
    stopped = true;
    return;
  }
  queue = queue.then(() => WORK[data.type](data)).catch((error) => postMessage({ type: "failed", at: data.type, id: data.id, message: sentence(error) }));
};
