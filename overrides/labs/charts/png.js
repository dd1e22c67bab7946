/**
 * A PNG of at most 64 by 64 indexed pixels, written without a library: the same bytes in node and in the browser.
 * Colours are two hues with alpha for the size of a value, so zero is the page's own surface in both schemes.
 */

export const MAX_CELLS = 64;
const LEVELS = 15; // more shades of a hue than an eye tells apart from cell to cell, and half a page's picture bytes less
const POSITIVE = [0x1f, 0x77, 0xd0];
const NEGATIVE = [0xe0, 0x6c, 0x00];

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let k = 0; k < 8; k += 1) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c >>> 0;
});

/** @param {Uint8Array} data */
function crc32(data) {
  let c = 0xffffffff;
  for (const byte of data) c = CRC_TABLE[(c ^ byte) & 255] ^ (c >>> 8);
  return (c ^ 0xffffffff) >>> 0;
}

/** @param {Uint8Array} data */
function adler32(data) {
  let a = 1;
  let b = 0;
  for (const byte of data) {
    a = (a + byte) % 65521;
    b = (b + a) % 65521;
  }
  return ((b << 16) | a) >>> 0;
}

/** @param {number} n */
function word(n) {
  return [(n >>> 24) & 255, (n >>> 16) & 255, (n >>> 8) & 255, n & 255];
}

/**
 * @param {string} type
 * @param {number[] | Uint8Array} body
 */
function chunk(type, body) {
  const typed = Uint8Array.from([...type].map((c) => c.charCodeAt(0)).concat(Array.from(body)));
  return [...word(body.length), ...typed, ...word(crc32(typed))];
}

/** zlib with one stored block: 64 rows of 65 bytes stay far below its 65,535. */
function stored(data) {
  const n = data.length;
  return [0x78, 0x01, 0x01, n & 255, n >>> 8, ~n & 255, (~n >>> 8) & 255, ...data, ...word(adler32(data))];
}

/** Palette and alpha: negative (strong to weak), zero, positive. */
function palette() {
  const colours = [];
  const alphas = [];
  for (let level = -LEVELS; level <= LEVELS; level += 1) {
    colours.push(...(level < 0 ? NEGATIVE : POSITIVE));
    alphas.push(Math.round((255 * Math.abs(level)) / LEVELS));
  }
  return { colours, alphas };
}

/**
 * @param {ArrayLike<number>} cells row-major, values over `limit` are clipped, not-a-number is drawn as zero
 * @param {number} rows
 * @param {number} columns
 * @param {number} limit the value with full colour
 * @returns {string} a data URI
 */
export function encode(cells, rows, columns, limit) {
  const { colours, alphas } = palette();
  const pixels = new Uint8Array(rows * (columns + 1));
  for (let r = 0; r < rows; r += 1) {
    for (let c = 0; c < columns; c += 1) {
      const share = limit > 0 ? cells[r * columns + c] / limit : 0;
      const level = Number.isFinite(share) ? Math.round(LEVELS * Math.max(-1, Math.min(1, share))) : 0;
      pixels[r * (columns + 1) + 1 + c] = level + LEVELS;
    }
  }
  const bytes = [
    0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a,
    ...chunk("IHDR", [...word(columns), ...word(rows), 8, 3, 0, 0, 0]),
    ...chunk("PLTE", colours),
    ...chunk("tRNS", alphas),
    ...chunk("IDAT", stored(pixels)),
    ...chunk("IEND", []),
  ];
  return "data:image/png;base64," + btoa(String.fromCharCode(...bytes));
}

/**
 * At most 64 cells a side: each cell is the root mean square of its block, with the sign of the block's sum.
 * @param {ArrayLike<number>} data row-major
 * @param {number} rows
 * @param {number} columns
 */
export function shrink(data, rows, columns) {
  const high = Math.min(rows, MAX_CELLS);
  const wide = Math.min(columns, MAX_CELLS);
  if (high === rows && wide === columns) return { cells: data, rows, columns, block: 1 };
  const cells = new Float32Array(high * wide);
  for (let i = 0; i < high; i += 1) {
    const top = Math.floor((i * rows) / high);
    const bottom = Math.floor(((i + 1) * rows) / high);
    for (let j = 0; j < wide; j += 1) {
      const left = Math.floor((j * columns) / wide);
      const right = Math.floor(((j + 1) * columns) / wide);
      let sum = 0;
      let squares = 0;
      for (let r = top; r < bottom; r += 1) {
        for (let c = left; c < right; c += 1) {
          const value = data[r * columns + c];
          sum += value;
          squares += value * value;
        }
      }
      cells[i * wide + j] = Math.sign(sum) * Math.sqrt(squares / ((bottom - top) * (right - left)));
    }
  }
  return { cells, rows: high, columns: wide, block: Math.ceil(Math.max(rows / high, columns / wide)) };
}
