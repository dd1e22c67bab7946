/**
 * Just enough of the zip format to put a wheel's files into the runtime's file system while it still compiles.
 *
 * Pyodide's own way (`unpackArchive`) starts Python's zipfile and shutil, and only once Python runs; this one
 * needs neither, so that the pruned standard library does not have to carry them.
 */

const END_OF_DIRECTORY = 0x06054b50;
const DEFLATED = 8;
/** First byte of a gzip stream. */
const GZIP = 0x1f;

/** Files of a zip archive: `{name, method, packed}`, in the archive's order; folders are left out. */
export function zipEntries(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let end = bytes.length - 22;
  while (end >= 0 && view.getUint32(end, true) !== END_OF_DIRECTORY) end -= 1;
  if (end < 0) throw new Error('not a zip archive');
  const text = new TextDecoder();
  const entries = [];
  let at = view.getUint32(end + 16, true);
  for (let left = view.getUint16(end + 10, true); left > 0; left -= 1) {
    const nameLength = view.getUint16(at + 28, true);
    const header = view.getUint32(at + 42, true);
    const name = text.decode(bytes.subarray(at + 46, at + 46 + nameLength));
    const start = header + 30 + view.getUint16(header + 26, true) + view.getUint16(header + 28, true);
    const packed = bytes.subarray(start, start + view.getUint32(at + 20, true));
    if (!name.endsWith('/')) entries.push({ name, method: view.getUint16(at + 10, true), packed });
    at += 46 + nameLength + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
  }
  return entries;
}

async function inflate(packed, format) {
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream(format));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/**
 * Contents of an archive: a zip, or a pack, which is a zip of files as they are in one gzip stream. The page's first
 * start takes packs: a stream for each of some hundred files costs ten times as much as one for all.
 *
 * @param {Uint8Array} bytes
 * @returns {Promise<{name: string, content: Uint8Array}[]>}
 */
export async function unpack(bytes) {
  const archive = bytes[0] === GZIP ? await inflate(bytes, 'gzip') : bytes;
  return Promise.all(
    zipEntries(archive).map(async ({ name, method, packed }) => ({
      name,
      content: method === DEFLATED ? await inflate(packed, 'deflate-raw') : packed,
    })),
  );
}

/**
 * Write unpacked files under a folder of an Emscripten file system, which then owns their contents.
 *
 * @param {object} FS the file system
 * @param {string} folder where to, without a slash at the end
 * @param {{name: string, content: Uint8Array}[]} files
 */
export function writeInto(FS, folder, files) {
  const folders = new Set();
  for (const { name, content } of files) {
    const path = `${folder}/${name}`;
    const parent = path.slice(0, path.lastIndexOf('/'));
    if (!folders.has(parent)) FS.mkdirTree(parent);
    folders.add(parent);
    FS.writeFile(path, content, { canOwn: true });
  }
}
