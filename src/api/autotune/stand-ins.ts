/** Arrays to measure a kernel on when its arguments are traced and have no values yet. */
import { isInt } from "../../ir/dtype.js";
import { ones, zeros } from "../../numpy/creation.js";
import { fromElements } from "../../tracer/frame.js";
import { isTensor, Tensor } from "../../tracer/tensor.js";

/** Floats in [0, 1) that differ, integers that are indices of anything, and true. */
export function standIn(x: unknown): unknown {
  if (!isTensor(x) || !Tensor.source(x).traced) return x;
  const { shape, dtype } = x.aval;
  const sizes = shape as readonly number[];
  if (dtype === "bool") return ones(sizes, "bool");
  if (isInt(dtype)) return zeros(sizes, dtype);
  const n = sizes.reduce((a, b) => a * b, 1);
  const elements = Float32Array.from({ length: n }, (_, i) => (i * 0.6180339887) % 1);
  const x32 = fromElements(elements, sizes, "f32");
  return dtype === "f32" ? x32 : x32.astype(dtype);
}
