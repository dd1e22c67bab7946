/**
 * Just enough of the zip format to put a wheel's files into the runtime's file system while it still compiles.
 *
 * Pyodide's own way (`unpackArchive`) starts Python's zipfile and shutil, and only once Python runs; this one
 * needs neither, so that the pruned standard library does not have to carry them.
 */

const END_OF_DIRECTORY = 0x06054b50;
const DEFLATED = 8;

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

async function inflate(packed) {
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream('deflate-raw'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/**
 * Write the files of a zip archive under a folder of an Emscripten file system.
 *
 * @param {object} FS the file system
 * @param {string} folder where to, without a slash at the end
 * @param {Uint8Array} bytes the archive
 */
export async function unzipInto(FS, folder, bytes) {
  const files = await Promise.all(
    zipEntries(bytes).map(async ({ name, method, packed }) => ({
      path: `${folder}/${name}`,
      content: method === DEFLATED ? await inflate(packed) : packed,
    })),
  );
  for (const { path, content } of files) {
    FS.mkdirTree(path.slice(0, path.lastIndexOf('/')));
    FS.writeFile(path, content);
  }
}
