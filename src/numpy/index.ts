/** The numpy namespace: `import { numpy as np } from "tilework"`. */
export * from "./creation.js";
export * from "./elementwise.js";
export * from "./indexing.js";
export * as linalg from "./linalg.js";
export * from "./movement.js";
export * from "./products.js";
export * from "./reduction.js";
export * from "./sorting.js";

export const pi: number = Math.PI;
export const e: number = Math.E;
export const inf: number = Number.POSITIVE_INFINITY;
export const nan: number = Number.NaN;
export const newaxis: null = null;
export const eulerGamma = 0.5772156649015329;
export { finfo, iinfo, promoteTypes, resultType } from "./dtype-info.js";
