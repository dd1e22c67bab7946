/**
 * A bound on Python's memory.
 *
 * WebAssembly bounds it at 4 GiB, which ends the tab on many devices before it ends the code that asked. Python's memory
 * grows through one function of its WebAssembly.Memory, so a bound there is seen by every allocation, of lists and of
 * arrays: it fails as a MemoryError. What it holds is given back only with the worker.
 */

const PAGE = 65_536;
/** Bytes. A choice: a quarter of WebAssembly's own bound. */
export const MOST = 1 << 30;

/** @returns {WebAssembly.Memory | undefined} undefined where Pyodide shows none */
export function memoryOf(pyodide) {
  return Object.values(pyodide._module).find((part) => part instanceof WebAssembly.Memory);
}

/** Lets a memory grow to `most` bytes and no further. */
export function boundMemory(memory, most = MOST) {
  if (!memory) return;
  const grow = memory.grow.bind(memory);
  memory.grow = (pages) => {
    if (memory.buffer.byteLength + pages * PAGE > most) throw new RangeError(`Python gets ${most} bytes.`);
    return grow(pages);
  };
}
