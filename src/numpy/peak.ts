/** What stable sums of exponentials subtract. */
import * as lax from "../lax/index.js";
import { bind1 } from "../tracer/frame.js";
import type { Tensor } from "../tracer/tensor.js";

/**
 * The greatest element along the axes, which stay with size 1; -Infinity where they are empty. NaN may be passed over: it is
 * met again when the peak is subtracted.
 */
export function peak(x: Tensor, axes: readonly number[]): Tensor {
  if (axes.length === 0) return x;
  if (axes.some((a) => x.aval.shape[a] === 0)) {
    const shape = x.aval.shape.map((d, i) => (axes.includes(i) ? 1 : d));
    return lax.full(shape, Number.NEGATIVE_INFINITY, x.aval.dtype);
  }
  const list = [...axes].sort((a, b) => a - b);
  return lax.expandDims(bind1("reduce_max", [x], { axes: list, passNaN: true }), list);
}
