/** Files of the runtime's build: hashes, cache folders that appear whole or not at all, one plain line on failure. */
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';

/** A failure that one line explains; anything else that is thrown is a fault of ours. */
export class Plain extends Error {}

export const sha256 = (bytes) => crypto.createHash('sha256').update(bytes).digest('hex');

/** A key that changes when any of the parts (strings or bytes) does. */
export function keyOf(...parts) {
  const hash = crypto.createHash('sha256');
  for (const part of parts) hash.update(`${part.length}:`).update(part);
  return hash.digest('hex').slice(0, 16);
}

/** Path -> bytes of every file below a folder that a wheel should carry, sorted; caches are left out. */
export function sourceTree(folder) {
  if (!fs.existsSync(folder)) return [];
  const parent = path.dirname(folder);
  return fs
    .readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !/\.pyc$|^\./.test(entry.name))
    .map((entry) => path.join(entry.parentPath ?? entry.path, entry.name))
    .sort()
    .map((file) => [path.relative(parent, file).split(path.sep).join('/'), fs.readFileSync(file)]);
}

/** In each folder of the cache: name -> hash of every other file. */
const SUMS = 'sums.json';

/** Does a folder hold exactly what it was filled with? A cut-off or altered file, this list included, says no. */
export function isSound(folder) {
  try {
    const sums = JSON.parse(fs.readFileSync(path.join(folder, SUMS), 'utf8'));
    return Object.entries(sums).every(([name, expected]) => sha256(fs.readFileSync(path.join(folder, name))) === expected);
  } catch {
    return false;
  }
}

/** A folder of the cache that is filled once: `fill(folder)` writes beside it, and it then appears whole. A damaged one is filled anew. */
export async function filledOnce(folder, fill) {
  if (fs.existsSync(folder)) {
    if (isSound(folder)) return folder;
    console.error(`runtime: ${folder} is damaged and made anew`);
    fs.rmSync(folder, { recursive: true, force: true });
  }
  const part = `${folder}.${process.pid}.part`;
  fs.rmSync(part, { recursive: true, force: true });
  fs.mkdirSync(part, { recursive: true });
  try {
    await fill(part);
    const sums = Object.fromEntries(fs.readdirSync(part).map((name) => [name, sha256(fs.readFileSync(path.join(part, name)))]));
    fs.writeFileSync(path.join(part, SUMS), JSON.stringify(sums));
    fs.renameSync(part, folder);
  } catch (error) {
    fs.rmSync(part, { recursive: true, force: true });
    if (!fs.existsSync(folder)) throw error; // another build has just finished the same folder
  }
  return folder;
}

/** Entry of the manifest for a file. */
export function describe(folder, name) {
  const bytes = fs.readFileSync(path.join(folder, name));
  return { name, sha256: sha256(bytes), bytes: bytes.length };
}

/** Make `out` hold exactly the files of the built runtime; what is there already is not written again. */
export function publish(built, out) {
  const manifest = JSON.parse(fs.readFileSync(path.join(built, 'manifest.json'), 'utf8'));
  fs.mkdirSync(out, { recursive: true });
  const names = [...Object.values(manifest.files).map(({ name }) => name), 'manifest.json'];
  for (const name of fs.readdirSync(out)) {
    if (!names.includes(name)) fs.rmSync(path.join(out, name), { recursive: true, force: true });
  }
  for (const name of names) {
    const [from, to] = [path.join(built, name), path.join(out, name)];
    const same = fs.existsSync(to) && fs.readFileSync(to).equals(fs.readFileSync(from));
    if (!same) fs.copyFileSync(from, to);
  }
  return manifest;
}

/** Keep the newest few of the folders whose names begin alike; a cache should not grow with every edit. */
export function keepNewest(folder, prefix, count) {
  const found = fs
    .readdirSync(folder)
    .filter((name) => name.startsWith(prefix) && !name.endsWith('.part'))
    .map((name) => ({ name, time: fs.statSync(path.join(folder, name)).mtimeMs }))
    .sort((a, b) => b.time - a.time);
  for (const { name } of found.slice(count)) fs.rmSync(path.join(folder, name), { recursive: true, force: true });
}

/** The sentence for a failure: full disks and unwritable folders in plain words, our own sentences as they are. */
export function sentenceFor(error) {
  if (error instanceof Plain) return error.message;
  if (error.code === 'ENOSPC') return 'The disk is full: free about 100 MB and run again.';
  if (error.code === 'ENOTDIR' || error.code === 'EEXIST') return `${error.path} is in the way: delete it and run again.`;
  if (error.code === 'EACCES' || error.code === 'EROFS') return `${error.path} cannot be written: set STAGE10_CACHE to a folder that can.`;
  return null;
}
