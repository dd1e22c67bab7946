/**
 * SVG paths of lines, areas and marks. d3-shape would do the same, but it comes as one file of 18 kB of which a
 * bundler cannot leave out the parts that are not used.
 */

/** One decimal is enough for a picture, and small. */
export function fix(value) {
  return Math.round(value * 10) / 10;
}

/**
 * A line through points, broken where a point cannot be placed.
 * @param {[number, number][]} points
 * @param {(point: [number, number]) => boolean} placed
 * @param {(value: number) => number} x
 * @param {(value: number) => number} y
 * @param {boolean} [steps] level until the next point
 */
export function linePath(points, placed, x, y, steps = false) {
  let d = "";
  let open = false;
  for (const point of points) {
    if (!placed(point)) {
      open = false;
      continue;
    }
    const [px, py] = [fix(x(point[0])), fix(y(point[1]))];
    if (!open) d += `M${px},${py}`;
    else d += steps ? `H${px}V${py}` : `L${px},${py}`;
    open = true;
  }
  return d;
}

/**
 * The area between two curves, in as many pieces as there are gaps.
 * @param {[number, number, number][]} rows position, lower and upper value
 */
export function areaPath(rows, placed, x, y) {
  let d = "";
  let piece = [];
  const close = () => {
    if (piece.length) {
      const there = piece.map(([a, , c]) => `${fix(x(a))},${fix(y(c))}`);
      const back = piece.map(([a, b]) => `${fix(x(a))},${fix(y(b))}`).reverse();
      d += `M${[...there, ...back].join("L")}Z`;
    }
    piece = [];
  };
  for (const row of rows) {
    if (placed(row)) piece.push(row);
    else close();
  }
  close();
  return d;
}

const MARKS = [
  (r) => `M${r},0A${r},${r} 0 1,1 ${-r},0A${r},${r} 0 1,1 ${r},0Z`,
  (r) => `M${-r},${-r}H${r}V${r}H${-r}Z`,
  (r) => `M0,${fix(-1.3 * r)}L${fix(1.2 * r)},${fix(0.9 * r)}H${fix(-1.2 * r)}Z`,
  (r) => `M0,${fix(-1.4 * r)}L${fix(1.1 * r)},0L0,${fix(1.4 * r)}L${fix(-1.1 * r)},0Z`,
];

/** The outline of a mark of series i: circle, square, triangle, diamond. @param {number} i @param {number} radius */
export function markPath(i, radius) {
  return MARKS[i % MARKS.length](radius);
}
