/** What stable sums of exponentials subtract. */
import * as lax from "../lax/index.js";
import type { Tensor } from "../tracer/tensor.js";

/** The greatest element along the axes, which stay with size 1; -Infinity where they are empty. */
export function peak(x: Tensor, axes: readonly number[]): Tensor {
  if (axes.length === 0) return x;
  if (axes.some((a) => x.aval.shape[a] === 0)) {
    const shape = x.aval.shape.map((d, i) => (axes.includes(i) ? 1 : d));
    return lax.full(shape, Number.NEGATIVE_INFINITY, x.aval.dtype);
  }
  return lax.expandDims(lax.reduceMax(x, axes), axes);
}
