/** d3-scale refers to d3-format for tick labels, which we write ourselves; only the bundle uses this. */

export const format = undefined;
export const formatPrefix = undefined;
export const formatSpecifier = undefined;
export const precisionFixed = undefined;
export const precisionPrefix = undefined;
export const precisionRound = undefined;
