/**
 * Bundle the labs' scripts and style into DIR/assets/labs, and the search's worker: `node bundle.mjs DIR`.
 *
 * The worker's file name carries its hash, and the runtime's manifest is put into the page's script, so the first
 * start needs no round trip to learn names. Fails with one line when the runtime is not there or a file grew fat.
 */

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

import { build } from "esbuild";

const SOURCES = fileURLToPath(new URL("../labs/", import.meta.url));
/** Script and style that a lab page loads before its controls work, gzip; what comes after them (page/later.js) is apart. */
const MOST_BYTES = 33_000;
/** Pyodide's own files, which the browser imports or compiles as they arrive (labs/boot.js). */
const UNCHECKED = new Set(["pyodide_mjs", "pyodide_asm_mjs", "wasm"]);

const REAL_PACK = "lab:real";

const target = process.argv[2];
if (!target) fail("usage: node bundle.mjs DIR");
const out = path.join(target, "assets", "labs");
const whole = forThePage(readManifest(path.join(target, "assets", "runtime", "manifest.json")));
/** The real model's page brings in its own pack and no lab's, and the labs never bring in its pack. */
const manifest = withFiles((role) => role !== REAL_PACK);
const realManifest = withFiles((role) => role === REAL_PACK || !role.startsWith("lab:"));

function fail(sentence) {
  console.error(sentence);
  process.exit(1);
}

function readManifest(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return fail(`${file} is missing: the browser runtime must be in place before the labs' scripts are bundled`);
  }
}

/** The manifest as the page carries it: without the hashes that the browser does not check, and the file that it does not fetch. */
function forThePage({ files, ...rest }) {
  const kept = Object.entries(files).filter(([role]) => role !== "lock");
  const slim = kept.map(([role, { sha256, ...file }]) => [role, UNCHECKED.has(role) ? file : { ...file, sha256 }]);
  return { ...rest, files: Object.fromEntries(slim) };
}

/** The page's manifest with some of its files. */
function withFiles(wanted) {
  return { ...whole, files: Object.fromEntries(Object.entries(whole.files).filter(([role]) => wanted(role))) };
}

/** A file's name with its hash in it. */
function hashed(name, content) {
  const { name: stem, ext } = path.parse(name);
  return `${stem}-${createHash("sha256").update(content).digest("hex").slice(0, 8)}${ext}`;
}

/** The module "lab-views": each file of views/ by its name, loaded when a lab asks for it. */
const views = {
  name: "lab-views",
  setup(builder) {
    builder.onResolve({ filter: /^lab-views$/ }, () => ({ path: "lab-views", namespace: "lab-views" }));
    builder.onLoad({ filter: /.*/, namespace: "lab-views" }, () => {
      const folder = path.join(SOURCES, "views");
      const files = existsSync(folder) ? readdirSync(folder).filter((file) => file.endsWith(".js") && !file.startsWith("_")) : [];
      const entries = files.map((file) => `${JSON.stringify(file.slice(0, -3))}: () => import(${JSON.stringify(`./${file}`)})`);
      return { contents: `export const views = {${entries.join(", ")}};`, resolveDir: folder };
    });
  },
};

/** @returns {Promise<{name: string, content: Uint8Array}[]>} */
async function bundle(entry, options = {}) {
  const done = await build({
    entryPoints: [path.resolve(SOURCES, entry)],
    outdir: out,
    bundle: true,
    format: "esm",
    target: "es2022",
    minify: true,
    write: false,
    logLevel: "warning",
    legalComments: "none",
    ...options,
  });
  return done.outputFiles.map((file) => ({ name: path.relative(out, file.path), content: file.contents }));
}

const [worker] = await bundle("worker.js");
const workerFile = hashed("worker.js", worker.content);
const [realWorker] = await bundle("real/worker.js");
const realWorkerFile = hashed("real-worker.js", realWorker.content);
const blocks = readFileSync(path.join(SOURCES, "real/blocks.wasm"));
const blocksFile = hashed("blocks.wasm", blocks);
const scripts = await bundle("main.js", {
  plugins: [views],
  // Our scales hold numbers only: the tables of colours, dates and number formats stay out (13 kB gzip).
  alias: { "d3-interpolate": path.join(SOURCES, "lean/interpolate.js"), "d3-format": path.join(SOURCES, "lean/format.js") },
  splitting: true,
  chunkNames: "[name]-[hash]",
  define: { RUNTIME_MANIFEST: JSON.stringify(manifest), WORKER_FILE: JSON.stringify(workerFile) },
});
const [search] = await bundle("../search/worker.js", { format: "iife" });
const styles = await bundle("labs.css", { loader: { ".css": "css" } });
const figures = await bundle("figures.css", { loader: { ".css": "css" } });
const realStyles = await bundle("real.css", { loader: { ".css": "css" } });
const [real] = await bundle("real/main.js", {
  define: { RUNTIME_MANIFEST: JSON.stringify(realManifest), REAL_WORKER: JSON.stringify(realWorkerFile), BLOCKS_FILE: JSON.stringify(blocksFile) },
});

const exercises = await bundle("exercises/main.js", {
  entryNames: "exercises",
  splitting: true,
  chunkNames: "exercises-[name]-[hash]",
  define: { RUNTIME_MANIFEST: JSON.stringify(manifest), WORKER_FILE: JSON.stringify(workerFile) },
});
const exerciseStyles = await bundle("exercises.css", { loader: { ".css": "css" } });

rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
const files = [
  { name: workerFile, content: worker.content },
  { name: realWorkerFile, content: realWorker.content },
  { name: blocksFile, content: blocks },
  { name: "real.js", content: real.content },
  ...scripts,
  ...styles,
  ...figures,
  ...realStyles,
  ...exercises,
  ...exerciseStyles,
];
for (const { name, content } of files) writeFileSync(path.join(out, name), content);

mkdirSync(path.join(target, "assets", "search"), { recursive: true });
writeFileSync(path.join(target, "assets", "search", "worker.js"), search.content);

// what main.js imports at once counts as its own part
const main = new TextDecoder().decode(files.find(({ name }) => name === "main.js").content);
const first = files.filter(({ name }) => name === "main.js" || name === "labs.css" || main.includes(`from"./${name}"`));
const weight = first.reduce((sum, { content }) => sum + gzipSync(content, { level: 6 }).length, 0);
console.log(`labs: main.js and labs.css ${(weight / 1000).toFixed(1)} kB gzip, ${files.length} files`);
if (weight > MOST_BYTES) fail(`the labs' script and style weigh ${weight} bytes gzip; at most ${MOST_BYTES} are allowed`);
