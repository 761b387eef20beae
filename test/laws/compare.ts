/** Comparison of arrays within a row's bound, and the forms in which results that are not unique are compared. */
import type { Element, NDArray } from "../../src/interpreter/array.js";
import { isFloat } from "../../src/ir/dtype.js";
import type { AnyCase } from "./cases.js";
import type { Bound, Tolerance } from "./cases/types.js";

/** What differs first, as text; undefined when the arrays agree. Integers, bools, keys and a bound of 0 are compared exactly. */
export function difference(actual: NDArray, expected: NDArray, tolerance: Tolerance | Bound): string | undefined {
  if (actual.dtype !== expected.dtype || actual.shape.join() !== expected.shape.join()) {
    return `${actual.dtype}[${actual.shape.join()}] instead of ${expected.dtype}[${expected.shape.join()}]`;
  }
  const bound = "rel" in tolerance ? tolerance : tolerance[expected.dtype as keyof Tolerance];
  for (let i = 0; i < expected.data.length; i++) {
    const [x, y]: Element[] = [actual.data[i], expected.data[i]];
    const same = isFloat(expected.dtype) && bound ? close(x as number, y as number, bound) : x === y;
    if (!same) return `element ${i} of ${expected.dtype}[${expected.shape.join()}]: ${show(x)} instead of ${show(y)}`;
  }
  return undefined;
}

function close(x: number, y: number, { rel, abs }: Bound): boolean {
  if (Object.is(x, y)) return true;
  if (rel === 0 && abs === 0) return false; // a zero's sign counts
  if (x === y) return true;
  if (!Number.isFinite(x) || !Number.isFinite(y)) return false;
  return Math.abs(x - y) <= abs + rel * Math.abs(y);
}

const show = (x: Element): string => (Object.is(x, -0) ? "-0" : String(x));

/** Throws with `what` when lists of results differ. */
export function expectSame(
  what: string,
  actual: readonly NDArray[],
  expected: readonly NDArray[],
  tolerance: Tolerance | Bound,
): void {
  if (actual.length !== expected.length)
    throw new Error(`${what}: ${actual.length} results instead of ${expected.length}`);
  expected.forEach((y, i) => {
    const d = difference(actual[i], y, tolerance);
    if (d) throw new Error(`${what}: result ${i}: ${d}`);
  });
}

/** Results in the form in which they are unique: for `upTo: "column signs"` every factor's sign is fixed. */
export function canonical(c: AnyCase, results: readonly NDArray[]): readonly NDArray[] {
  if (c.upTo !== "column signs") return results;
  switch (c.prim) {
    case "qr":
      return flip(results[0], results[1]);
    case "svd": {
      const [u, s, vt] = results;
      const [signedU, signedV] = flip(u, vt);
      return [signedU, s, signedV];
    }
    case "eigh":
      return [results[0], flip(results[1])[0]];
    default:
      throw new Error(`${c.prim} has no canonical signs`);
  }
}

/** Columns of `a` (and with each the row of `b`) times ±1, so that the column's largest element is positive. */
function flip(a: NDArray, b?: NDArray): NDArray[] {
  const [m, n] = a.shape.slice(-2);
  const columns = a.data.slice() as Float64Array;
  const rows = b?.data.slice() as Float64Array | undefined;
  const width = b ? b.shape[b.shape.length - 1] : 0;
  const height = b ? b.shape[b.shape.length - 2] : 0;
  for (let batch = 0; m * n > 0 && batch < columns.length / (m * n); batch++) {
    for (let j = 0; j < n; j++) {
      let largest = 0;
      for (let i = 0; i < m; i++) {
        const x = columns[batch * m * n + i * n + j];
        // ties within rounding go to the first
        if (Math.abs(x) > Math.abs(largest) * 1.001) largest = x;
      }
      if (largest >= 0) continue;
      for (let i = 0; i < m; i++) columns[batch * m * n + i * n + j] *= -1;
      if (rows && j < height) for (let k = 0; k < width; k++) rows[(batch * height + j) * width + k] *= -1;
    }
  }
  return [{ ...a, data: columns }, ...(b && rows ? [{ ...b, data: rows }] : [])];
}

/** Arrays of one type along a new first axis. */
export function stackArrays(xs: readonly NDArray[]): NDArray {
  const [first] = xs;
  const n = first.data.length;
  const data =
    first.data instanceof Float64Array
      ? new Float64Array(n * xs.length)
      : first.data instanceof BigInt64Array
        ? new BigInt64Array(n * xs.length)
        : new BigUint64Array(n * xs.length);
  xs.forEach((x, i) => {
    data.set(x.data as never, i * n);
  });
  return { dtype: first.dtype, shape: [xs.length, ...first.shape], data };
}

/** Element i along axis `axis`. */
export function takeAt(x: NDArray, axis: number, i: number): NDArray {
  const outer = x.shape.slice(0, axis).reduce((a, b) => a * b, 1);
  const inner = x.shape.slice(axis + 1).reduce((a, b) => a * b, 1);
  const parts: Element[] = [];
  for (let o = 0; o < outer; o++)
    for (let k = 0; k < inner; k++) parts.push(x.data[(o * x.shape[axis] + i) * inner + k]);
  const data =
    x.data instanceof Float64Array
      ? Float64Array.from(parts as number[])
      : x.data instanceof BigInt64Array
        ? BigInt64Array.from(parts as bigint[])
        : BigUint64Array.from(parts as bigint[]);
  return { dtype: x.dtype, shape: x.shape.filter((_, a) => a !== axis), data };
}
