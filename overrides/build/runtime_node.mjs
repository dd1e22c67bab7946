/** How `boot.js` reads the runtime's files under node: from a folder instead of over the network. */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

import { EMPTY_ZIP } from '../labs/boot.js';

export const NODE = {
  read: async (base, file) => new Uint8Array(fs.readFileSync(path.join(base, file.name))),
  load: (base, file) => import(pathToFileURL(path.join(base, file.name)).href),
  emptyLibrary() {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'stage10-'));
    const file = path.join(folder, 'empty.zip');
    fs.writeFileSync(file, EMPTY_ZIP);
    process.on('exit', () => fs.rmSync(folder, { recursive: true, force: true }));
    return file;
  },
};

/** The manifest of a runtime folder, and its path as `boot.js` wants it. */
export function openRuntime(folder) {
  const base = path.resolve(folder) + path.sep;
  return { base, manifest: JSON.parse(fs.readFileSync(path.join(base, 'manifest.json'), 'utf8')), environment: NODE };
}
