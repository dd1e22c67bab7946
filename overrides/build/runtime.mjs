/**
 * Build the Python that the labs run on in the reader's tab, into a folder that the site serves as it is.
 *
 *   node overrides/build/runtime.mjs --out DIR
 *
 * Pyodide's core files are copied untouched. The standard library and numpy are compiled to bytecode once; a trace
 * of all labs says which of their modules are needed; these travel as packs, and so does each lab's own part of labs_py.
 * The rest goes into archives that are fetched only for a reader's own code. Everything is kept under STAGE10_CACHE (or .cache) by the content that it was made from.
 */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

import { EMPTY_ZIP, bootRuntime } from '../labs/boot.js';
import { Plain, describe, filledOnce, keepNewest, keyOf, publish, sentenceFor, sha256, sourceTree } from './runtime_files.mjs';
import { NODE } from './runtime_node.mjs';

const HERE = path.dirname(fileURLToPath(import.meta.url));
const ROOT = path.resolve(HERE, '../..');
const PYODIDE = path.join(ROOT, 'node_modules/pyodide');
const CORE = { pyodide_mjs: 'pyodide.mjs', pyodide_asm_mjs: 'pyodide.asm.mjs', wasm: 'pyodide.asm.wasm' };
const NAMES = { stdlib: 'python_stdlib.pack', numpy: 'numpy.pack', stdlib_rest: 'python_stdlib_rest.zip', numpy_rest: 'numpy_rest.zip', lock: 'pyodide-lock.json' };

// Kept whether the trace met them or not: codecs that Python looks up by name, and numpy's own small loaders.
const ALWAYS = {
  stdlib: ['encodings/(ascii|latin_1|utf_8|cp437|idna)\\.pyc$', '(?!.*\\.pyc$)_sysconfigdata'],
  numpy: ['numpy/(__config__|version|exceptions|_distributor_init)\\.pyc$'],
};

const text = (name) => fs.readFileSync(path.join(HERE, name), 'utf8');
const cacheFolder = () => path.join(process.env.STAGE10_CACHE || path.join(ROOT, '.cache'), 'runtime');

/** Everything that the result depends on, and the cache keys made of it. */
function readInputs() {
  if (!fs.existsSync(PYODIDE)) throw new Plain('node_modules/pyodide is missing: run "npm ci" (or "make setup") first.');
  const lock = JSON.parse(fs.readFileSync(path.join(PYODIDE, 'pyodide-lock.json'), 'utf8'));
  const stock = lock.packages.numpy;
  const core = [...Object.values(CORE), 'python_stdlib.zip'].map((name) => sha256(fs.readFileSync(path.join(PYODIDE, name))));
  const labs = sourceTree(path.join(ROOT, 'labs_py'));
  const compiled = keyOf(...core, stock.sha256, text('runtime_compile.py'));
  const data = sourceTree(path.join(ROOT, 'docs/data/labs/files'));
  const scripts = ['runtime.mjs', 'runtime_trace.py', 'runtime_labs.py', 'runtime_files.mjs', '../labs/boot.js', '../labs/kernel.js', '../labs/unzip.js'].map(text);
  return { lock, stock, labs, data, compiled, whole: keyOf(compiled, ...scripts, ...labs.flat(), ...data.flat()) };
}

/** The numpy wheel as Pyodide publishes it, by the Python script that knows where to look. */
function numpyWheel() {
  const python = process.env.PYTHON ?? [path.join(ROOT, '.venv/bin/python')].find(fs.existsSync) ?? 'python3';
  try {
    return execFileSync(python, [path.join(HERE, 'numpy_wheel.py')], { stdio: ['ignore', 'pipe', 'inherit'] }).toString().trim();
  } catch (error) {
    if (error.code === 'ENOENT') throw new Plain(`${python} is not there: run "make setup" first, or name a Python in PYTHON.`);
    throw new Plain(''); // the script has said its line
  }
}

/** The standard library and numpy as bytecode, whole: `stdlib.zip` and `numpy.zip` beside Pyodide's core files. */
async function compileAll(folder) {
  console.error('runtime: compiling the standard library and numpy (once, about 20 s)');
  const wheel = fs.readFileSync(numpyWheel());
  const { loadPyodide } = await import(pathToFileURL(path.join(PYODIDE, 'pyodide.mjs')).href);
  const python = await loadPyodide({ indexURL: PYODIDE + path.sep, env: { HOME: '/home/pyodide', PYTHONHASHSEED: '0' } });
  python.FS.writeFile('/stdlib_source.zip', new Uint8Array(fs.readFileSync(path.join(PYODIDE, 'python_stdlib.zip'))));
  python.FS.writeFile('/numpy_source.zip', new Uint8Array(wheel));
  importScripts(python, 'runtime_labs', 'runtime_compile');
  python.runPython(`
import runtime_compile
runtime_compile.compile_stdlib('/stdlib_source.zip', '/stdlib.zip')
runtime_compile.compile_numpy('/numpy_source.zip', '/numpy.zip')`);
  for (const name of ['stdlib.zip', 'numpy.zip']) fs.writeFileSync(path.join(folder, name), python.FS.readFile(`/${name}`));
  for (const name of Object.values(CORE)) fs.copyFileSync(path.join(PYODIDE, name), path.join(folder, name));
}

function importScripts(python, ...names) {
  python.FS.mkdirTree('/build');
  for (const name of names) python.FS.writeFile(`/build/${name}.py`, text(`${name}.py`));
  python.runPython("import sys\nif '/build' not in sys.path: sys.path.append('/build')");
}

/** Pyodide on the whole compiled library, with the labs' sources in place: where the trace and the cutting run. */
async function startTracer({ lock, labs, data }, compiled) {
  const file = (name) => ({ name, sha256: '', bytes: 0 });
  const manifest = {
    python: lock.info.python,
    lock: { ...lock, packages: {} },
    files: {
      ...Object.fromEntries(Object.entries(CORE).map(([role, name]) => [role, file(name)])),
      stdlib: file('stdlib.zip'),
      numpy: file('numpy.zip'),
      labs: file(''),
    },
  };
  const read = (base, wanted) => (wanted.name ? NODE.read(base, wanted) : Promise.resolve(EMPTY_ZIP));
  const python = await bootRuntime({ base: compiled + path.sep, manifest, environment: { ...NODE, read } });
  const put = (target, bytes) => {
    python.FS.mkdirTree(path.posix.dirname(target));
    python.FS.writeFile(target, new Uint8Array(bytes));
  };
  for (const [name, bytes] of labs) put(`/lib/python3.14/site-packages/${name}`, bytes);
  for (const [name, bytes] of data) put(`/lab_data/${path.posix.basename(name)}`, bytes);
  return python;
}

/** Modules that the labs load, as the page's worker uses them: frames by buffer and by JSON, errors as text. */
async function traceLabs(python) {
  importScripts(python, 'runtime_labs', 'runtime_trace');
  const answer = JSON.parse(
    python.runPython(`
import json, runtime_trace
try:
    runtime_trace.exercise_all()
    answer = {}
except runtime_trace.LabFails as failure:
    answer = {"failure": str(failure)}
json.dumps(answer)`),
  );
  if (answer.failure) throw new Plain(`runtime: ${answer.failure}`);
  const array = python.runPython('import numpy\nnumpy.arange(3.0, dtype="float32")');
  array.toJs();
  array.getBuffer('f32').release();
  array.destroy();
  await python.runPythonAsync('import asyncio\nawait asyncio.sleep(0)');
  try {
    python.runPython('1/0');
  } catch {
    python.pyimport('labs_py.api').list_labs().toJs();
  }
  return python.runPython('json.dumps(runtime_trace.module_files())');
}

/** The packs, the archives of the rest and the labs' wheel, written into `folder`; returns the manifest. */
function cutRuntime(python, modules, { lock, stock, labs }, compiled, folder) {
  importScripts(python, 'runtime_labs', 'runtime_compile');
  for (const name of ['stdlib.zip', 'numpy.zip']) python.FS.writeFile(`/${name}`, new Uint8Array(fs.readFileSync(path.join(compiled, name))));
  const version = /__version__ = "([^"]+)"/.exec(labs.find(([name]) => name === 'labs_py/__init__.py')[1].toString())[1];
  python.globals.set('settings', python.toPy({ modules: JSON.parse(modules), always: ALWAYS, version, labs: labs.map(([name]) => name) }));
  python.runPython(`
import json, runtime_compile as build
used = lambda name, prefix: json.loads(build.members_used(settings["modules"], f"/{name}.zip", prefix, settings["always"][name]))
build.cut('/stdlib.zip', used('stdlib', build.STDLIB_PREFIX), '/stdlib.pack', '/rest_stdlib.zip')
build.cut('/numpy.zip', used('numpy', build.SITE_PACKAGES), '/numpy.pack', '/rest_numpy.zip')
labs = {n: open(build.SITE_PACKAGES + n, 'rb').read() for n in settings["labs"]}
build.labs_wheel(labs, settings["version"], '/labs.whl')
slugs = json.dumps(build.labs_packs(labs, '/'))`);
  const put = (source, name) => fs.writeFileSync(path.join(folder, name), python.FS.readFile(source));
  put('/stdlib.pack', NAMES.stdlib);
  put('/numpy.pack', NAMES.numpy);
  put('/rest_numpy.zip', NAMES.numpy_rest);
  put('/rest_stdlib.zip', NAMES.stdlib_rest);
  const wheel = `labs_py-${version}-0${sha256(python.FS.readFile('/labs.whl')).slice(0, 8)}-py3-none-any.whl`;
  put('/labs.whl', wheel);
  const packs = { labs_wheel: wheel, labs: 'labs.pack' };
  put('/shared.pack', packs.labs);
  for (const slug of JSON.parse(python.globals.get('slugs'))) put(`/${slug}.pack`, (packs[`lab:${slug}`] = `lab-${slug}.pack`));
  for (const name of Object.values(CORE)) fs.copyFileSync(path.join(compiled, name), path.join(folder, name));
  writeManifest(folder, { lock, stock, version, packs });
}

function writeManifest(folder, { lock, stock, version, packs }) {
  const wheel = packs.labs_wheel;
  const own = { ...stock, depends: [], file_name: wheel, imports: ['labs_py'], name: 'labs-py', version, sha256: describe(folder, wheel).sha256 };
  const cutLock = { ...lock, packages: { 'labs-py': own } };
  fs.writeFileSync(path.join(folder, NAMES.lock), JSON.stringify(cutLock));
  const names = { ...CORE, ...NAMES, ...packs };
  const files = Object.fromEntries(Object.entries(names).map(([role, name]) => [role, describe(folder, name)]));
  const pyodide = JSON.parse(fs.readFileSync(path.join(PYODIDE, 'package.json'), 'utf8')).version;
  const manifest = { pyodide, python: lock.info.python, numpy: stock.version, lock: cutLock, files };
  fs.writeFileSync(path.join(folder, 'manifest.json'), `${JSON.stringify(manifest, null, 1)}\n`);
}

async function build(out) {
  const inputs = readInputs();
  const cache = cacheFolder();
  fs.mkdirSync(cache, { recursive: true });
  const target = path.join(cache, `built-${inputs.whole}`);
  await filledOnce(target, async (folder) => {
    const compiled = await filledOnce(path.join(cache, `compiled-${inputs.compiled}`), compileAll);
    console.error('runtime: tracing the labs');
    const python = await startTracer(inputs, compiled);
    cutRuntime(python, await traceLabs(python), inputs, compiled, folder);
  });
  const manifest = publish(target, path.resolve(out));
  keepNewest(cache, 'built-', 4);
  keepNewest(cache, 'compiled-', 2);
  return manifest;
}

const { values } = parseArgs({ options: { out: { type: 'string' } } });
try {
  if (!values.out) throw new Plain('usage: node overrides/build/runtime.mjs --out DIR');
  const { files } = await build(values.out);
  const first = ['pyodide_mjs', 'pyodide_asm_mjs', 'wasm', 'stdlib', 'numpy', 'labs'].reduce((sum, role) => sum + files[role].bytes, 0);
  console.log(`runtime: ${values.out}, ${(first / 1e6).toFixed(1)} MB before compression for any lab's first result`);
} catch (error) {
  const sentence = sentenceFor(error);
  if (process.env.STAGE10_DEBUG) console.error(String(error.stack ?? error).slice(-3000));
  const first = String(error.message ?? error).split('\n')[0].slice(0, 200);
  if (sentence !== '') console.error(sentence ?? `The browser runtime could not be made (${first}): delete node_modules and run again; STAGE10_DEBUG=1 shows where it failed.`);
  process.exitCode = 1;
}
