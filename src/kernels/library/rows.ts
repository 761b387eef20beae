/** Arrays as rows of their last axis, which is how many kernels see them. */
import { reshape } from "../../lax/structure.js";
import type { Tensor } from "../../tracer/tensor.js";
import { prod } from "../../util/index.js";

/** [rows, size of the last axis]. */
export function asRows(x: Tensor): Tensor {
  const { shape } = x;
  const size = shape[shape.length - 1];
  return x.ndim === 2 ? x : reshape(x, [prod(shape.slice(0, -1)), size]);
}
/** Back to the leading axes of `like`. */
export function fromRows(rows: Tensor, like: Tensor): Tensor {
  return like.ndim === 2 ? rows : reshape(rows, [...like.shape.slice(0, -1), ...rows.shape.slice(1)]);
}
export const ceilDiv = (n: number, by: number): number => Math.ceil(n / by);
