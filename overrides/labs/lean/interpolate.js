/** What d3-scale needs of d3-interpolate while its ranges hold numbers; only the bundle uses this. */

export const interpolateNumber = (a, b) => (t) => a * (1 - t) + b * t;
export const interpolate = interpolateNumber;
export const interpolateRound = (a, b) => (t) => Math.round(a * (1 - t) + b * t);
export const piecewise = undefined;
