/** Layer normalisation (Ba et al. 2016) and its root-mean-square form (Zhang & Sennrich 2019) over the last axis. */
import { kernel } from "../../dsl/kernel/own.js";
import { customVjp } from "../../tracer/custom.js";
import type { Tensor } from "../../tracer/tensor.js";
import {
  arange,
  type constexpr,
  expandDims,
  load,
  programId,
  type Ref,
  rsqrt,
  store,
  sum,
} from "../../dsl/kernel/index.js";
import { asRows, ceilDiv, fromRows } from "./rows.js";

type Statistics = readonly Tensor[];

const perRow = (x: Tensor): { shape: number[]; dtype: Tensor["dtype"] } => ({ shape: [x.shape[0]], dtype: x.dtype });

/** [rows, cols] with scale and offset [cols] → the result, and of each row its mean and 1/σ. */
export const layerNormKernel = kernel<Statistics>(
  function layerNorm(x: Ref, scale: Ref, offset: Ref, out: Ref, mean: Ref, inverse: Ref, EPSILON: constexpr) {
    const row = programId(0);
    const v = load(x, [row, null]);
    const m = sum(v) / x.shape[1];
    const centred = v - m;
    const r = rsqrt(sum(centred * centred) / x.shape[1] + EPSILON);
    store(mean, [row], m);
    store(inverse, [row], r);
    store(out, [row, null], centred * r * load(scale, [null]) + load(offset, [null]));
  },
  { out: (x: Tensor) => [x, perRow(x), perRow(x)], grid: (x: Tensor) => x.shape[0] },
);

/** With y = (x - m) r and c = g · scale: r (c - mean c - y mean(c y)). */
const layerNormBackward = kernel(
  function layerNormBackward(x: Ref, scale: Ref, mean: Ref, inverse: Ref, g: Ref, out: Ref) {
    const row = programId(0);
    const r = load(inverse, [row]);
    const y = (load(x, [row, null]) - load(mean, [row])) * r;
    const c = load(g, [row, null]) * load(scale, [null]);
    const n = x.shape[1];
    store(out, [row, null], (c - sum(c) / n - y * (sum(c * y) / n)) * r);
  },
  { out: (x: Tensor) => x, grid: (x: Tensor) => x.shape[0] },
);

/** Sums of columns: Σ g y and Σ g, a block of columns in each program. */
const layerNormColumns = kernel<Statistics>(
  function layerNormColumns(x: Ref, mean: Ref, inverse: Ref, g: Ref, scale: Ref, offset: Ref, BLOCK: constexpr) {
    const cols = programId(0) * BLOCK + arange(BLOCK);
    const inside = cols < x.shape[1];
    const rows = expandDims(arange(x.shape[0]), 1);
    const cotangent = load(g, [rows, cols], { mask: inside });
    const y = (load(x, [rows, cols], { mask: inside }) - load(mean, [rows])) * load(inverse, [rows]);
    store(scale, [cols], sum(cotangent * y, 0), { mask: inside });
    store(offset, [cols], sum(cotangent, 0), { mask: inside });
  },
  {
    out: (x: Tensor) => [
      { shape: [x.shape[1]], dtype: x.dtype },
      { shape: [x.shape[1]], dtype: x.dtype },
    ],
    grid: (x: Tensor, _m: Tensor, _r: Tensor, _g: Tensor, { BLOCK }: { BLOCK: number }) => ceilDiv(x.shape[1], BLOCK),
  },
);

const COLUMNS = 256;

function withEpsilon(EPSILON: number) {
  return customVjp(
    (x: Tensor, scale: Tensor, offset: Tensor) => layerNormKernel(x, scale, offset, { EPSILON })[0],
  ).defvjp(
    (x, scale, offset) => {
      const [y, mean, inverse] = layerNormKernel(x, scale, offset, { EPSILON });
      return [y, [x, scale, mean, inverse]];
    },
    ([x, scale, mean, inverse]: Tensor[], g) => {
      const columns = layerNormColumns(x, mean, inverse, g, { BLOCK: Math.min(COLUMNS, x.shape[1]) });
      return [layerNormBackward(x, scale, mean, inverse, g), ...columns];
    },
  );
}
const layerNorms = new Map<number, ReturnType<typeof withEpsilon>>();

/** (x - mean) / √(variance + ε) · scale + offset over the last axis. */
export function layerNorm(x: Tensor, scale: Tensor, offset: Tensor, { epsilon = 1e-5 } = {}): Tensor {
  let f = layerNorms.get(epsilon);
  if (!f) layerNorms.set(epsilon, (f = withEpsilon(epsilon)));
  return fromRows(f(asRows(x), scale, offset), x);
}

/** [rows, cols] with scale [cols] → the result and 1/rms of each row. */
export const rmsNormKernel = kernel<Statistics>(
  function rmsNorm(x: Ref, scale: Ref, out: Ref, inverse: Ref, EPSILON: constexpr) {
    const row = programId(0);
    const v = load(x, [row, null]);
    const r = rsqrt(sum(v * v) / x.shape[1] + EPSILON);
    store(inverse, [row], r);
    store(out, [row, null], v * r * load(scale, [null]));
  },
  { out: (x: Tensor) => [x, perRow(x)], grid: (x: Tensor) => x.shape[0] },
);

/** With y = x r and c = g · scale: r (c - y mean(c y)). */
const rmsNormBackward = kernel(
  function rmsNormBackward(x: Ref, scale: Ref, inverse: Ref, g: Ref, out: Ref) {
    const row = programId(0);
    const r = load(inverse, [row]);
    const y = load(x, [row, null]) * r;
    const c = load(g, [row, null]) * load(scale, [null]);
    store(out, [row, null], (c - y * (sum(c * y) / x.shape[1])) * r);
  },
  { out: (x: Tensor) => x, grid: (x: Tensor) => x.shape[0] },
);

const rmsNormColumns = kernel(
  function rmsNormColumns(x: Ref, inverse: Ref, g: Ref, scale: Ref, BLOCK: constexpr) {
    const cols = programId(0) * BLOCK + arange(BLOCK);
    const inside = cols < x.shape[1];
    const rows = expandDims(arange(x.shape[0]), 1);
    const y = load(x, [rows, cols], { mask: inside }) * load(inverse, [rows]);
    store(scale, [cols], sum(load(g, [rows, cols], { mask: inside }) * y, 0), { mask: inside });
  },
  {
    out: (x: Tensor) => ({ shape: [x.shape[1]], dtype: x.dtype }),
    grid: (x: Tensor, _r: Tensor, _g: Tensor, { BLOCK }: { BLOCK: number }) => ceilDiv(x.shape[1], BLOCK),
  },
);

function rmsWithEpsilon(EPSILON: number) {
  return customVjp((x: Tensor, scale: Tensor) => rmsNormKernel(x, scale, { EPSILON })[0]).defvjp(
    (x, scale) => {
      const [y, inverse] = rmsNormKernel(x, scale, { EPSILON });
      return [y, [x, scale, inverse]];
    },
    ([x, scale, inverse]: Tensor[], g) => [
      rmsNormBackward(x, scale, inverse, g),
      rmsNormColumns(x, inverse, g, { BLOCK: Math.min(COLUMNS, x.shape[1]) }),
    ],
  );
}
const rmsNorms = new Map<number, ReturnType<typeof rmsWithEpsilon>>();

/** x / √(mean x² + ε) · scale over the last axis. */
export function rmsNorm(x: Tensor, scale: Tensor, { epsilon = 1e-6 } = {}): Tensor {
  let f = rmsNorms.get(epsilon);
  if (!f) rmsNorms.set(epsilon, (f = rmsWithEpsilon(epsilon)));
  return fromRows(f(asRows(x), scale), x);
}
