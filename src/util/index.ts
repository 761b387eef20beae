/** Small helpers that know nothing of arrays, programs or files. */
export { identity } from "./identity.js";
export { LruMap } from "./lru.js";

/** The product; 1 for none. */
export function prod(xs: readonly number[]): number {
  let p = 1;
  for (let i = 0; i < xs.length; i++) p *= xs[i];
  return p;
}

/** `[0, …, n-1]`, or `[from, …, to-1]`. */
export function range(from: number, to?: number): number[] {
  const [start, end] = to === undefined ? [0, from] : [from, to];
  const out = new Array<number>(Math.max(0, end - start));
  for (let i = 0; i < out.length; i++) out[i] = start + i;
  return out;
}

/** The axes of an array of this rank that are not among `axes`. */
export function otherAxes(rank: number, axes: readonly number[]): number[] {
  return range(rank).filter((i) => !axes.includes(i));
}

/** Row-major strides: the distance, in elements of `unit`, between neighbours along each axis. */
export function stridesOf(sizes: readonly number[], unit = 1): number[] {
  const strides = new Array<number>(sizes.length);
  let stride = unit;
  for (let i = sizes.length - 1; i >= 0; i--) {
    strides[i] = stride;
    stride *= sizes[i];
  }
  return strides;
}

/** The smallest multiple of `step` that is at least `n`. */
export function roundUp(n: number, step: number): number {
  return Math.ceil(n / step) * step;
}
