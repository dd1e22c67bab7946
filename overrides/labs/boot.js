/**
 * Start the labs' Python: the one boot path of the worker in the page and of the tests under node.
 *
 * The wheels are fetched beside the runtime and unzipped while the WebAssembly compiles; nothing is asked of any
 * other host; a part that is missing or damaged is one plain sentence, not a boot that never ends.
 */
import { useKernel } from './kernel.js';
import { unzipInto } from './unzip.js';

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
 * @param {object} [options.environment] `read` and `load`, for other places than a browser
 * @param {function({loaded: number, total: number, what: string})} [options.onProgress] told as parts arrive
 * @returns {Promise<object>} the Pyodide object; rejects with one plain sentence
 */
export async function bootRuntime({ base, manifest, environment = BROWSER, onProgress = () => {} }) {
  const { files, lock } = manifest;
  const progress = counter(files, onProgress);
  // Unpacked, the library is imported with a tenth less work than out of its archive.
  const archives = [
    [files.stdlib, () => libraryFolder(manifest)],
    [files.numpy, (sitePackages) => sitePackages],
    [files.labs, (sitePackages) => sitePackages],
  ].map(([file, folder]) => ({ bytes: environment.read(base, file).then(progress(file)), folder }));
  const parts = [files.pyodide_mjs, files.pyodide_asm_mjs].map((file) =>
    environment.load(base, file).then(progress(file), () => {
      throw notFetched(file);
    }),
  );
  const failed = Promise.all([...archives.map(({ bytes }) => bytes), ...parts]).then(() => new Promise(() => {})); // settles only by rejecting
  const guarded = guardStart(files, progress);
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
        for (const { bytes, folder } of archives) await unzipInto(FS, folder(sitePackages), await bytes);
      },
    });
  };
  try {
    const python = await Promise.race([start(), failed, guarded.failed]);
    useKernel(python);
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
function counter(files, onProgress) {
  const roles = ['pyodide_mjs', 'pyodide_asm_mjs', 'wasm', 'stdlib', 'numpy', 'labs'];
  const total = roles.reduce((sum, role) => sum + files[role].bytes, 0);
  let loaded = 0;
  return (file) => (value) => {
    loaded += file.bytes;
    onProgress({ loaded, total, what: file.name });
    return value;
  };
}

/**
 * While Pyodide starts, watch the WebAssembly file, which it fetches by itself. Left alone it never settles when that
 * is missing or cut off; a wrong MIME type it could survive, and here it does.
 */
function guardStart(files, progress) {
  const { fetch: plainFetch } = globalThis;
  const { instantiateStreaming: plainStart } = WebAssembly;
  let fail;
  const failed = new Promise((_, reject) => {
    fail = reject;
  });
  failed.catch(() => {});
  // No check by hash here: it would end the streaming compile.
  globalThis.fetch = async (address, options) => {
    if (!String(address).includes(files.wasm.name)) return plainFetch(address, options);
    try {
      const answer = await plainFetch(address, options);
      checkAnswer(answer, files.wasm.name);
      return progress(files.wasm)(answer);
    } catch (error) {
      fail(error instanceof TypeError ? notFetched(files.wasm) : error);
      throw error;
    }
  };
  if (plainStart) {
    WebAssembly.instantiateStreaming = async (source, imports) => {
      try {
        const answer = await source;
        const streams = (answer.headers.get('content-type') ?? '').startsWith('application/wasm');
        if (streams) return await plainStart.call(WebAssembly, answer, imports);
        console.warn(`${files.wasm.name} is not served as application/wasm, so it starts more slowly.`);
        return await WebAssembly.instantiate(await answer.arrayBuffer(), imports);
      } catch (error) {
        fail(error instanceof WebAssembly.CompileError ? new Error(`The part "${files.wasm.name}" is damaged.`) : error);
        throw error;
      }
    };
  }
  const release = () => {
    globalThis.fetch = plainFetch;
    if (plainStart) WebAssembly.instantiateStreaming = plainStart;
  };
  return { failed, release };
}

/**
 * Bring in the whole standard library and the rest of numpy: a reader's own code may import what no lab does.
 * Asked again, it does nothing.
 *
 * @param {object} pyodide as `bootRuntime` gave it
 * @param {object} options `base`, `manifest` and `environment` as for `bootRuntime`
 */
export async function addFullLibrary(pyodide, { base, manifest, environment = BROWSER }) {
  if (completed.has(pyodide)) return;
  const { stdlib_full: library, numpy_rest: rest } = manifest.files;
  const [libraryBytes, restBytes] = await Promise.all([library, rest].map((file) => environment.read(base, file)));
  await unzipInto(pyodide.FS, libraryFolder(manifest), libraryBytes);
  await unzipInto(pyodide.FS, `${libraryFolder(manifest)}/site-packages`, restBytes);
  pyodide.runPython(USE_WHOLE);
  completed.add(pyodide);
}

const completed = new WeakSet();

// Some of numpy's packages came as stand-ins; their own files have now taken the place of those.
const USE_WHOLE = `
import importlib, sys
importlib.invalidate_caches()
for module in [m for n, m in list(sys.modules.items()) if n.startswith('numpy.') and 'STAND_IN' in vars(m)]:
    for name in ('STAND_IN', '__getattr__'):
        vars(module).pop(name)
    importlib.reload(module)
    del module
del importlib, sys
`;
