/**
 * The real model under node, in the built browser runtime with the page's own kernels: run some Python there.
 *
 *   node overrides/build/real_model_node.mjs --runtime DIR --parts DIR --python FILE
 *
 * The Python finds `talk` (labs_py.real_model.Talk, weights in place), `record` (docs/data/real-model/record.json as text),
 * `kernel`, `read(path)` (bytes of a file of the checkout), `now()` and `busy()` (milliseconds by the clock, and of
 * processor time). The library is the checkout's, not the built one. What its last expression gives is printed.
 */
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { addFullLibrary, bootRuntime } from '../labs/boot.js';
import { useKernel } from '../labs/kernel.js';
import { makeBlocks } from '../labs/real/blocks.js';
import { openRuntime } from './runtime_node.mjs';

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const bytesOf = (...names) => new Uint8Array(fs.readFileSync(path.join(...names)));

/** Lay the checkout's labs_py over the built one. */
function overlay(python) {
  const folder = python.runPython(`
import importlib, pathlib, shutil, sys
import labs_py
folder = pathlib.Path(labs_py.__file__).parent
for cache in folder.rglob("__pycache__"):  # compiled once for all, whatever stands in the source
    shutil.rmtree(cache)
for name in [name for name in sys.modules if name.startswith("labs_py")]:
    del sys.modules[name]
str(folder)`);
  for (const name of fs.readdirSync(path.join(ROOT, 'labs_py'), { recursive: true })) {
    if (!name.endsWith('.py')) continue;
    const target = `${folder}/${name}`;
    python.FS.mkdirTree(path.posix.dirname(target));
    python.FS.writeFile(target, bytesOf(ROOT, 'labs_py', name));
  }
  python.runPython('importlib.invalidate_caches()');
}

async function main() {
  const { values } = parseArgs({ options: { runtime: { type: 'string' }, parts: { type: 'string' }, python: { type: 'string' } } });
  const opened = openRuntime(values.runtime);
  const python = await bootRuntime(opened);
  await addFullLibrary(python, opened);
  overlay(python);
  useKernel(python);
  const memory = Object.values(python._module).find((part) => part instanceof WebAssembly.Memory);
  python.pyimport('labs_py.data').provide('smollm2-tokenizer.safetensors', python.toPy(bytesOf(ROOT, 'docs/data/labs/files/smollm2-tokenizer.safetensors')));
  const talk = python.pyimport('labs_py.real_model').Talk();
  const listing = JSON.parse(fs.readFileSync(path.join(values.parts, 'parts.json'), 'utf8'));
  for (const [place, pieces] of listing.parts.entries()) {
    let at = talk.reserve(place, pieces.reduce((sum, { bytes }) => sum + bytes, 0));
    for (const piece of pieces) {
      new Uint8Array(memory.buffer, at, piece.bytes).set(bytesOf(values.parts, piece.name));
      at += piece.bytes;
    }
  }
  talk.assemble(JSON.stringify(listing));
  const kernel = makeBlocks(await WebAssembly.compile(bytesOf(ROOT, 'overrides/labs/real/blocks.wasm')), memory, talk.scratch());
  talk.bring(kernel, true);
  const given = {
    talk, kernel, record: fs.readFileSync(path.join(ROOT, 'docs/data/real-model/record.json'), 'utf8'),
    read: (name) => bytesOf(ROOT, name), now: () => performance.now(), busy: () => process.cpuUsage().user / 1000,
  };
  for (const [name, value] of Object.entries(given)) python.globals.set(name, value);
  return String(await python.runPythonAsync(fs.readFileSync(values.python, 'utf8')));
}

try {
  console.log(await main());
} catch (error) {
  console.error(String(error.message ?? error).slice(-2000));
  process.exitCode = 1;
}
