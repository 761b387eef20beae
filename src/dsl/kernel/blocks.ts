/** Blocks: how they are made and reduced. */
import * as np from "../../numpy/index.js";
import { bind } from "../../tracer/frame.js";
import type { DType } from "../../ir/dtype.js";
import type { Tensor } from "../../tracer/tensor.js";

export function arange(start: number, stop?: number): Tensor {
  const [from, to] = stop === undefined ? [0, start] : [start, stop];
  const t = bind("iota", [], { shape: [to - from], axis: 0, dtype: "i32" })[0];
  return from === 0 ? t : np.add(t, from);
}
export const exp = (x: Tensor): Tensor => np.exp(x);
export const cast = (x: Tensor, dtype: DType): Tensor => x.astype(dtype);
export const max = (x: Tensor): Tensor => np.max(x);
export const sum = (x: Tensor): Tensor => np.sum(x);
