/**
 * Start the labs' Python: the one boot path of the worker in the page and of the tests under node.
 *
 * All parts are fetched at once, the WebAssembly's compiles and the others are unpacked as they come. Of the labs only
 * the asked one travels, with what all of them share. Nothing is asked of any other host; a part that is missing or
 * damaged is one plain sentence, not a boot that never ends.
 */
import { useKernel } from './kernel.js';
import { boundMemory, memoryOf } from './memory.js';
import { unpack, writeInto } from './unzip.js';

const HOME = '/home/pyodide';

/** A zip archive without files. */
export const EMPTY_ZIP = new Uint8Array([0x50, 0x4b, 5, 6, ...new Array(18).fill(0)]);

/** What the runtime needs from its surroundings; tests under node bring their own. */
const BROWSER = {
  /** The bytes of a file; rejects with a sentence. `file` is an entry of the manifest. */
  async read(base, file) {
    const answer = await fetch(fileUrl(base, file), { integrity: `sha256-${base64OfHex(file.sha256)}` }).catch(() => {
      throw new Error(`The part "${file.name}" of the lab's Python could not be fetched, or is damaged.`);
    });
    checkAnswer(answer, file.name);
    return new Uint8Array(await answer.arrayBuffer());
  },
  /** The WebAssembly of a file, compiled while it arrives. No check by hash here: it would have to wait for the end. */
  async compile(base, file) {
    const answer = await fetch(`${base}${file.name}`).catch(() => {
      throw notFetched(file);
    });
    checkAnswer(answer, file.name);
    try {
      if ((answer.headers.get('content-type') ?? '').startsWith('application/wasm')) return await WebAssembly.compileStreaming(answer);
      console.warn(`${file.name} is not served as application/wasm, so it starts more slowly.`);
      return await WebAssembly.compile(await answer.arrayBuffer());
    } catch (error) {
      throw error instanceof WebAssembly.CompileError ? new Error(`The part "${file.name}" is damaged.`) : notFetched(file);
    }
  },
  load: (base, file) => import(/* webpackIgnore: true */ `${base}${file.name}`),
  /** Address of an archive without files: Pyodide insists on fetching a library, and ours is unpacked beside it. */
  emptyLibrary: () => `data:application/zip;base64,${btoa(String.fromCharCode(...EMPTY_ZIP))}`,
};

/** Address of a file; a name that stays the same from build to build carries its hash in the query. */
function fileUrl(base, file) {
  return `${base}${file.name}?v=${file.sha256.slice(0, 8)}`;
}

function base64OfHex(hex) {
  return btoa(String.fromCharCode(...hex.match(/../g).map((pair) => parseInt(pair, 16))));
}

function notFetched(file) {
  return new Error(`The part "${file.name}" of the lab's Python could not be fetched.`);
}

function checkAnswer(answer, name) {
  if (!answer.ok) throw new Error(`The part "${name}" of the lab's Python could not be fetched (HTTP ${answer.status}).`);
}

/**
 * Pyodide with numpy and labs_py importable.
 *
 * @param {object} options
 * @param {string} options.base address of the runtime's folder, with a slash at the end
 * @param {object} options.manifest the content of that folder's manifest.json
 * @param {string} [options.lab] slug of the lab that is asked for first; `addLab` brings in others
 * @param {object} [options.environment] `read` and `load`, for other places than a browser
 * @param {function({loaded: number, total: number, what: string})} [options.onProgress] told as parts arrive
 * @returns {Promise<object>} the Pyodide object; rejects with one plain sentence
 */
export async function bootRuntime({ base, manifest, lab, environment = BROWSER, onProgress = () => {} }) {
  const { files, lock } = manifest;
  const own = files[packOf(lab)];
  const progress = counter(files, own, onProgress);
  const guarded = guardStart(base, files, progress, environment);
  // Unpacked, the library is imported with a tenth less work than out of its archive.
  const archives = [
    [files.stdlib, () => libraryFolder(manifest)],
    [files.numpy, (sitePackages) => sitePackages],
    [files.labs, (sitePackages) => sitePackages],
    ...(own ? [[own, (sitePackages) => sitePackages]] : []),
  ].map(([file, folder]) => ({ contents: readPack(base, file, environment).then(progress(file)), folder }));
  const parts = [files.pyodide_mjs, files.pyodide_asm_mjs].map((file) =>
    environment.load(base, file).then(progress(file), () => {
      throw notFetched(file);
    }),
  );
  const failed = Promise.all([...archives.map(({ contents }) => contents), ...parts]).then(() => new Promise(() => {})); // settles only by rejecting
  const start = async () => {
    const [{ loadPyodide }, { default: createPyodideModule }] = await Promise.all(parts);
    return loadPyodide({
      indexURL: base,
      packageBaseUrl: base,
      stdLibURL: environment.emptyLibrary(),
      lockFileContents: lock,
      createPyodideModule,
      env: { HOME },
      async fsInit(FS, { sitePackages }) {
        for (const { contents, folder } of archives) writeInto(FS, folder(sitePackages), await contents);
      },
    });
  };
  try {
    const python = await Promise.race([start(), failed, guarded.failed]);
    boundMemory(memoryOf(python));
    labsIn.set(python, new Set());
    if (own) arrived(python, lab, manifest);
    return python;
  } finally {
    guarded.release();
  }
}

/** Where Python looks for its library. */
function libraryFolder({ python }) {
  return `/lib/python${python.split('.').slice(0, 2).join('.')}`;
}

/** Tells `onProgress` the bytes that have come so far, as each part of the first start arrives. */
function counter(files, own, onProgress) {
  const roles = ['pyodide_mjs', 'pyodide_asm_mjs', 'wasm', 'stdlib', 'numpy', 'labs'];
  const total = roles.reduce((sum, role) => sum + files[role].bytes, own?.bytes ?? 0);
  let loaded = 0;
  return (file) => (value) => {
    loaded += file.bytes;
    onProgress({ loaded, total, what: file.name });
    return value;
  };
}

/**
 * Hand Pyodide the WebAssembly that has been compiling since the start, in place of what it would fetch by itself later.
 * A file that is missing, cut off or damaged would leave it waiting for ever; here that rejects.
 */
function guardStart(base, files, progress, environment) {
  if (!environment.compile) return { failed: new Promise(() => {}), release() {} };
  const { fetch: plainFetch } = globalThis;
  const { instantiateStreaming: plainStart } = WebAssembly;
  let fail;
  const failed = new Promise((_, reject) => {
    fail = reject;
  });
  failed.catch(() => {});
  const compiled = environment.compile(base, files.wasm).then(progress(files.wasm));
  compiled.catch(fail);
  globalThis.fetch = async (address, options) =>
    String(address).includes(files.wasm.name) ? new Response() : plainFetch(address, options);
  WebAssembly.instantiateStreaming = async (_, imports) => {
    try {
      const module = await compiled;
      return { module, instance: await WebAssembly.instantiate(module, imports) };
    } catch (error) {
      fail(error);
      throw error;
    }
  };
  const release = () => {
    globalThis.fetch = plainFetch;
    WebAssembly.instantiateStreaming = plainStart;
  };
  return { failed, release };
}

/** Role of a lab's own pack in the manifest. */
function packOf(lab) {
  return `lab:${lab}`;
}

async function readPack(base, file, environment) {
  return unpack(await environment.read(base, file));
}

/**
 * Bring in what a lab needs beside what all share. Asked again, it does nothing; after a failure it tries again.
 *
 * @param {object} pyodide as `bootRuntime` gave it
 * @param {string} lab its slug
 * @param {object} options `base`, `manifest` and `environment` as for `bootRuntime`
 * @returns {Promise<void>} rejects with one plain sentence
 */
export async function addLab(pyodide, lab, { base, manifest, environment = BROWSER }) {
  const file = manifest.files[packOf(lab)];
  if (!file || labsIn.get(pyodide).has(lab)) return;
  writeInto(pyodide.FS, sitePackagesOf(manifest), await readPack(base, file, environment));
  pyodide.runPython(LOOK_AGAIN);
  arrived(pyodide, lab, manifest);
}

// Not importlib.invalidate_caches(), which imports the whole of importlib.metadata.
const LOOK_AGAIN = `
import sys
for finder in filter(None, sys.path_importer_cache.values()):
    finder.invalidate_caches()
del finder, sys
`;

/** Labs whose packs are in place, for each Pyodide. */
const labsIn = new WeakMap();

/** The faster matrix product is for labs that multiply much: its Python half came with them. */
function arrived(pyodide, lab, manifest) {
  labsIn.get(pyodide).add(lab);
  const { exists } = pyodide.FS.analyzePath(`${sitePackagesOf(manifest)}/labs_py/core/products.py`);
  if (exists) useKernel(pyodide);
}

function sitePackagesOf(manifest) {
  return `${libraryFolder(manifest)}/site-packages`;
}

/**
 * Bring in the whole standard library, the rest of numpy and all labs: a reader's own code may import what no lab does.
 * Asked again, it does nothing.
 *
 * @param {object} pyodide as `bootRuntime` gave it
 * @param {object} options `base`, `manifest` and `environment` as for `bootRuntime`
 */
export async function addFullLibrary(pyodide, { base, manifest, environment = BROWSER }) {
  if (completed.has(pyodide)) return;
  const { stdlib_rest, numpy_rest, labs_wheel } = manifest.files;
  const [library, ...packages] = await Promise.all(
    [stdlib_rest, numpy_rest, labs_wheel].map((file) => readPack(base, file, environment)),
  );
  writeInto(pyodide.FS, libraryFolder(manifest), library);
  for (const files of packages) writeInto(pyodide.FS, sitePackagesOf(manifest), files);
  pyodide.runPython(USE_WHOLE);
  completed.add(pyodide);
}

const completed = new WeakSet();

// Some modules came as stand-ins; their own files have now taken the place of those.
const USE_WHOLE = `
import importlib, sys
importlib.invalidate_caches()
for module in [m for m in list(sys.modules.values()) if 'STAND_IN' in getattr(m, '__dict__', ())]:
    for name in ('STAND_IN', '__getattr__'):
        vars(module).pop(name)
    importlib.reload(module)
    del module
del importlib, sys
`;
