/**
 * Run labs in the built browser runtime, under node, started by the very boot module of the page's worker.
 *
 *   node overrides/build/pyodide_run.mjs --runtime DIR < requests.json > answers.json
 *
 * Requests and answers are as in lab_requests.py. Recorded data files are handed to the labs first, as in the page.
 */
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { addFullLibrary, addLab, bootRuntime } from '../labs/boot.js';
import { openRuntime } from './runtime_node.mjs';

const HERE = path.dirname(fileURLToPath(import.meta.url));
const DATA = path.resolve(HERE, '../../docs/data/labs/files');

async function main() {
  const options = { runtime: { type: 'string' }, full: { type: 'boolean', default: false }, python: { type: 'string' } };
  const { values } = parseArgs({ options });
  if (!values.runtime) throw new Error('usage: pyodide_run.mjs --runtime DIR [--full] [--python CODE] < requests.json');
  const opened = openRuntime(values.runtime);
  const python = await bootRuntime(opened);
  if (values.full) await addFullLibrary(python, opened);
  const roles = Object.keys(opened.manifest.files).filter((role) => role.startsWith('lab:'));
  for (const role of roles) await addLab(python, role.slice(4), opened);
  if (values.python) return String(python.runPython(values.python));
  const data = python.pyimport('labs_py.data');
  for (const name of fs.existsSync(DATA) ? fs.readdirSync(DATA) : []) {
    data.provide(name, python.toPy(new Uint8Array(fs.readFileSync(path.join(DATA, name)))));
  }
  python.FS.writeFile('/home/pyodide/lab_requests.py', fs.readFileSync(path.join(HERE, 'lab_requests.py'), 'utf8'));
  python.runPython("import sys\nsys.path.append('/home/pyodide')");
  return python.pyimport('lab_requests').answer_all(fs.readFileSync(0, 'utf8'));
}

try {
  process.stdout.write(`${await main()}\n`);
} catch (error) {
  console.error(String(error.message ?? error).slice(-2000));
  process.exitCode = 1;
}
