/**
 * Start the labs' Python: the one boot path of the worker in the page and of the tests under node.
 *
 * The wheels are fetched beside the runtime and unzipped while the WebAssembly compiles; nothing is asked of any
 * other host; a part that is missing or damaged is one plain sentence, not a boot that never ends.
 */
import { unzipInto } from './unzip.js';

const HOME = '/home/pyodide';

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
};

/** Address of a file; a name that stays the same from build to build carries its hash in the query. */
function fileUrl(base, file) {
  return `${base}${file.name}?v=${file.sha256.slice(0, 8)}`;
}

function base64OfHex(hex) {
  return btoa(String.fromCharCode(...hex.match(/../g).map((pair) => parseInt(pair, 16))));
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
  const wheels = [files.numpy, files.labs].map((file) => environment.read(base, file).then(progress(file)));
  const parts = [files.pyodide_mjs, files.pyodide_asm_mjs].map((file) =>
    environment.load(base, file).then(progress(file), () => {
      throw new Error(`The part "${file.name}" of the lab's Python could not be fetched.`);
    }),
  );
  const failed = Promise.all([...wheels, ...parts]).then(() => new Promise(() => {})); // settles only by rejecting
  const guarded = guardStart(files, progress);
  const start = async () => {
    const [{ loadPyodide }, { default: createPyodideModule }] = await Promise.all(parts);
    return loadPyodide({
      indexURL: base,
      packageBaseUrl: base,
      stdLibURL: environment === BROWSER ? fileUrl(base, files.stdlib) : base + files.stdlib.name,
      lockFileContents: lock,
      createPyodideModule,
      env: { HOME },
      async fsInit(FS, { sitePackages }) {
        for (const wheel of wheels) await unzipInto(FS, sitePackages, await wheel);
      },
    });
  };
  try {
    return await Promise.race([start(), failed, guarded.failed]);
  } finally {
    guarded.release();
  }
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
 * While Pyodide starts, watch what it fetches by itself. Left alone it never settles when the WebAssembly file or
 * the standard library is missing; a wrong MIME type of the former it could survive, and here it does.
 */
function guardStart(files, progress) {
  const { fetch: plainFetch } = globalThis;
  const { instantiateStreaming: plainStart } = WebAssembly;
  let fail;
  const failed = new Promise((_, reject) => {
    fail = reject;
  });
  failed.catch(() => {});
  globalThis.fetch = async (address, options) => {
    const file = [files.wasm, files.stdlib].find(({ name }) => String(address).includes(name));
    if (!file) return plainFetch(address, options);
    // The library is checked by its hash; the WebAssembly is not, since that would end its streaming compile.
    const check = file === files.stdlib ? { integrity: `sha256-${base64OfHex(file.sha256)}` } : {};
    try {
      const answer = await plainFetch(address, { ...options, ...check });
      checkAnswer(answer, file.name);
      return progress(file)(answer);
    } catch (error) {
      fail(error instanceof TypeError ? new Error(`The part "${file.name}" of the lab's Python could not be fetched.`) : error);
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
  const [major, minor] = manifest.python.split('.');
  await unzipInto(pyodide.FS, `/lib/python${major}.${minor}/site-packages`, restBytes);
  pyodide.FS.writeFile(`/lib/python${major}${minor}.zip`, libraryBytes);
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
