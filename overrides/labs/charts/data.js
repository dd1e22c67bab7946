/** From a frame's arrays to what a chart draws. */

/**
 * @typedef {{shape: number[], data: ArrayLike<number>}} Tensor
 * @typedef {{label: string, role: string, xName: string | null, x: number[], y: number[], low: number[] | null,
 *   high: number[] | null, kept: number[] | null}} Points
 */

/** @param {Tensor | undefined} tensor @returns {number[] | null} */
function list(tensor) {
  return tensor ? Array.from(tensor.data, (value) => (value === null ? NaN : Number(value))) : null;
}

/**
 * The series of a chart whose arrays are in the frame.
 * @param {{series: any[]}} chart
 * @param {{arrays: Record<string, Tensor>}} frame
 * @returns {Points[]}
 */
export function seriesOf(chart, frame) {
  return chart.series
    .filter((series) => frame.arrays[series.array] || (series.x && frame.arrays[series.x]))
    .map((series) => {
      const x = series.x ? list(frame.arrays[series.x]) : null;
      const y = list(frame.arrays[series.array]) || x.map(() => NaN);
      return {
        label: series.label,
        role: series.role,
        xName: series.x,
        x: x || y.map((_, i) => i + 1),
        y,
        low: series.low ? list(frame.arrays[series.low]) : null,
        high: series.high ? list(frame.arrays[series.high]) : null,
        kept: series.kept ? list(frame.arrays[series.kept]) : null,
      };
    });
}

/** @param {{series: any[]}} chart @param {{arrays: Record<string, Tensor>}} frame */
export function hasData(chart, frame) {
  return chart.series.some((series) => {
    const tensor = frame.arrays[series.array];
    return tensor && tensor.data.length > 0;
  });
}

/**
 * Lowest and highest of many numbers; only positive ones count on a log axis.
 * @param {Iterable<number | null>[]} lists
 * @param {boolean} log
 * @returns {[number, number] | null}
 */
export function extent(lists, log) {
  let low = Infinity;
  let high = -Infinity;
  for (const values of lists) {
    for (const value of values || []) {
      if (!Number.isFinite(value) || (log && value <= 0)) continue;
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  return low <= high ? [low, high] : null;
}

/**
 * Where the vertical markers stand.
 * @param {{markers?: [string, string][]}} chart
 * @param {{params: Record<string, any>, scalars: Record<string, {value: number}>}} frame
 */
export function markersOf(chart, frame) {
  return (chart.markers || [])
    .map(([name, label]) => ({
      label,
      x: name in frame.params ? Number(frame.params[name]) : (frame.scalars[name] || {}).value,
    }))
    .filter((marker) => Number.isFinite(marker.x));
}

/**
 * Labels of token positions.
 * @param {{tokens?: string | null}} chart
 * @param {{texts: Record<string, string>}} frame
 * @returns {string[] | null}
 */
export function tokensOf(chart, frame) {
  if (!chart.tokens) return null;
  try {
    const tokens = JSON.parse(frame.texts[chart.tokens]);
    return Array.isArray(tokens) ? tokens.map(String) : null;
  } catch {
    return null;
  }
}
