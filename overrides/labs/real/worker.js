/**
 * The real model, off the page's thread: Pyodide with labs_py.core.llama, the kernels, the weights.
 *
 * In: {type: "load", base, manifest, parts, folder, kernels, tokenizer, check} first; then, one at a time,
 *     {type: "adapter", name, files} | {type: "peft", name, content, config} | {type: "lay", name, strength, rank}
 *     | {type: "ask", id, turns, longest, writers, quick} | {type: "right", id, task, text, target}
 *     | {type: "learn", rows, settings} | {type: "files", name}; and at any time {type: "stop"}.
 * Out: {type: "progress", loaded, total} | {type: "loaded", keeps, megabytes} | {type: "failed", at, message}
 *     | {type: "adapter", name, rank} | {type: "laid"} | {type: "token", id, writer, token} | {type: "told", id, speed}
 *     | {type: "right", id, right} | {type: "prepared", rows, tokens} | {type: "step", step, loss, seconds}
 *     | {type: "learnt"} | {type: "files", name, weights, config}
 */

import { addFullLibrary, bootRuntime } from "../boot.js";
import { useKernel } from "../kernel.js";
import { makeBlocks } from "./blocks.js";
import { fetchFile } from "./fetching.js";

let python = null;
let talk = null;
let memory = null;
let kernels = null;
let stopped = false;
let queue = Promise.resolve();

/** Let waiting messages in; a timer would cost at least 4 ms. */
const channel = new MessageChannel();
let wake = () => {};
channel.port1.onmessage = () => wake();
const breathe = () =>
  new Promise((resolve) => {
    wake = resolve;
    channel.port2.postMessage(0);
  });

/** The line that says what went wrong: the first one, or the last of a traceback of Python's, without the error's class. */
function sentence(error) {
  const lines = String(error?.message || error).trim().split("\n");
  const line = lines[0].startsWith("Traceback") ? lines.at(-1) : lines[0];
  return line.replace(/^(?:\w+Error|LookupError): /, "").slice(0, 300);
}

async function load({ base, manifest, parts, folder, kernelFile, tokenizer, check }) {
  const files = parts.parts.flat();
  const total = files.reduce((sum, file) => sum + file.bytes, 0);
  let before = 0;
  let keeps = true;
  const booting = bootRuntime({ base, manifest }).then(async (started) => {
    await addFullLibrary(started, { base, manifest });
    return started;
  });
  booting.catch(() => {});
  const compiled = WebAssembly.compileStreaming(fetch(kernelFile));
  compiled.catch(() => {});
  const spelling = fetchFile(tokenizer, () => {});
  spelling.catch(() => {});
  python = await booting;
  useKernel(python);
  memory = Object.values(python._module).find((part) => part instanceof WebAssembly.Memory);
  const data = python.pyimport("labs_py.data");
  data.provide("smollm2-tokenizer.safetensors", python.toPy((await spelling).bytes));
  talk = python.pyimport("labs_py.real_model").Talk();
  for (const [place, pieces] of parts.parts.entries()) {
    let at = talk.reserve(place, pieces.reduce((sum, { bytes }) => sum + bytes, 0));
    for (const piece of pieces) {
      const told = { last: 0 };
      const come = await fetchFile({ ...piece, url: `${folder}${piece.name}` }, (loaded) => {
        if (loaded - told.last < 500_000 && loaded < piece.bytes) return;
        told.last = loaded;
        postMessage({ type: "progress", loaded: before + loaded, total });
      });
      new Uint8Array(memory.buffer, at, piece.bytes).set(come.bytes);
      keeps &&= come.keeps;
      at += piece.bytes;
      before += piece.bytes;
    }
  }
  talk.assemble(JSON.stringify(parts));
  kernels = makeBlocks(await compiled, memory, talk.scratch());
  checkAnswer(check);
  talk.bring(kernels.multiply, kernels.expand, true);
  postMessage({ type: "loaded", keeps, megabytes: Math.round(memory.buffer.byteLength / 1e6) });
}

/** Nothing runs on numbers that were not checked: a stored answer has to come out again, token by token. */
function checkAnswer({ turns, ids }) {
  talk.bring(kernels.multiply, kernels.expand, false);
  talk.begin("base", JSON.stringify(turns), ids.length);
  const found = ids.map(() => JSON.parse(talk.go_on("base"))?.[0]);
  if (found.join() !== ids.join()) throw new Error("This browser's first answer is not the stored one, so the model is not used here.");
}

async function addAdapter({ name, files }) {
  const parts = await Promise.all(files.map((file) => fetchFile(file, () => {})));
  const content = new Uint8Array(await new Blob(parts.map(({ bytes }) => bytes)).arrayBuffer());
  const { rank } = JSON.parse(talk.add_adapter(name, python.toPy(content)));
  postMessage({ type: "adapter", name, rank });
}

async function ask({ id, turns, longest, writers, quick }) {
  stopped = false;
  talk.bring(kernels.multiply, kernels.expand, quick);
  const open = new Set(writers);
  for (const writer of writers) talk.begin(writer, JSON.stringify(turns), longest);
  let spent = 0;
  let count = 0;
  const first = new Set();
  while (open.size && !stopped) {
    for (const writer of [...open]) {
      const started = performance.now();
      const token = JSON.parse(talk.go_on(writer));
      if (first.has(writer)) {
        spent += performance.now() - started;
        count += 1;
      }
      first.add(writer); // the first token has the prompt's reading in it
      if (token) postMessage({ type: "token", id, writer, token });
      if (!token || token[1] === "") open.delete(writer);
      await breathe();
      if (stopped) break;
    }
  }
  postMessage({ type: "told", id, speed: count ? (1000 * count) / spent : 0, stopped });
}

async function learn({ rows, settings }) {
  stopped = false;
  talk.bring(kernels.multiply, kernels.expand, false);
  if (rows) postMessage({ type: "prepared", ...JSON.parse(talk.learn(JSON.stringify(rows), JSON.stringify(settings))) });
  for (let left = settings.steps; left > 0 && !stopped; left -= 1) {
    const started = performance.now();
    const told = JSON.parse(talk.step());
    postMessage({ type: "step", ...told, seconds: (performance.now() - started) / 1000 });
    await breathe();
  }
  talk.learnt("yours");
  postMessage({ type: "learnt", stopped });
}

function files({ name }) {
  const made = talk.files(name);
  const [content, config] = made.toJs();
  made.destroy();
  postMessage({ type: "files", name, weights: content, config });
}

const WORK = {
  load,
  adapter: addAdapter,
  peft({ name, content, config }) {
    postMessage({ type: "adapter", name, rank: JSON.parse(talk.add_peft(name, python.toPy(new Uint8Array(content)), config)).rank });
  },
  lay({ name, strength, rank }) {
    talk.lay(name, strength, rank);
    postMessage({ type: "laid" });
  },
  ask,
  right({ id, task, text, target }) {
    postMessage({ type: "right", id, right: talk.exact(task, text, target) });
  },
  learn,
  files,
};

onmessage = ({ data }) => {
  if (data.type === "stop") {
    stopped = true;
    return;
  }
  queue = queue.then(() => WORK[data.type](data)).catch((error) => postMessage({ type: "failed", at: data.type, id: data.id, message: sentence(error) }));
};
