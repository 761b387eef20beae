/** Puzzles 9–16: sums, extremes and prefixes. */
import { kernel, range } from "tilework";
import {
  arange,
  argmax,
  atomicAdd,
  type constexpr,
  cumsum,
  exp,
  expandDims,
  full,
  load,
  max,
  maximum,
  programId,
  type Ref,
  store,
  sum,
  zeros,
} from "tilework/kernels";

/** 9. The gradient of relu(x[i, j] · y[j]) with respect to x, given the result's. */
export const reluBackward = kernel(
  function reluBackward(
    x: Ref<"f32", ["m", "n"]>,
    y: Ref<"f32", ["n"]>,
    dz: Ref<"f32", ["m", "n"]>,
    dx: Ref<"f32", ["m", "n"]>,
    BM: constexpr,
    BN: constexpr,
  ) {
    const i = expandDims(programId(0) * BM + arange(BM), 1);
    const j = expandDims(programId(1) * BN + arange(BN), 0);
    const inside = i < x.shape[0] && j < x.shape[1];
    const factor = load(y, [j], { mask: j < y.shape[0] });
    const passed = load(x, [i, j], { mask: inside }) * factor > 0;
    const grad = passed ? factor * load(dz, [i, j], { mask: inside }) : 0;
    store(dx, [i, j], grad, { mask: inside });
  },
  { out: (x) => x, grid: (x, _y, _dz, { BM, BN }) => [Math.ceil(x.shape[0] / BM), Math.ceil(x.shape[1] / BN)] },
);

/** 10. The sum of each row, a block of columns at a time. */
export const longSum = kernel(
  function longSum(x: Ref<"f32", ["rows", "cols"]>, out: Ref<"f32", ["rows"]>, BLOCK: constexpr) {
    const row = programId(0);
    let total = zeros([BLOCK], "f32");
    for (const k of range(Math.ceil(x.shape[1] / BLOCK))) {
      const j = k * BLOCK + arange(BLOCK);
      total += load(x, [row, j], { mask: j < x.shape[1] });
    }
    store(out, [row], sum(total));
  },
  { out: (x) => ({ shape: [x.shape[0]], dtype: "f32" }), grid: (x) => x.shape[0] },
);

/** 11. Softmax of rows that no block holds: greatest value and sum of exponentials in one pass, corrected as it goes. */
export const onlineSoftmax = kernel(
  function onlineSoftmax(x: Ref<"f32", ["rows", "cols"]>, out: Ref<"f32", ["rows", "cols"]>, BLOCK: constexpr) {
    const row = programId(0);
    const steps = Math.ceil(x.shape[1] / BLOCK);
    let top = full([], -Infinity, "f32");
    let total = full([], 0, "f32");
    for (const k of range(steps)) {
      const j = k * BLOCK + arange(BLOCK);
      const v = load(x, [row, j], { mask: j < x.shape[1], other: -Infinity });
      const higher = maximum(top, max(v));
      total = total * exp(top - higher) + sum(exp(v - higher));
      top = higher;
    }
    for (const k of range(steps)) {
      const j = k * BLOCK + arange(BLOCK);
      const inside = j < x.shape[1];
      const v = load(x, [row, j], { mask: inside, other: -Infinity });
      store(out, [row, j], exp(v - top) / total, { mask: inside });
    }
  },
  { out: (x) => x, grid: (x) => x.shape[0] },
);

/** 12. The dot product of two vectors: each program adds its part. */
export const dotProduct = kernel(
  function dotProduct(a: Ref<"f32", ["n"]>, b: Ref<"f32", ["n"]>, out: Ref<"f32", []>, BLOCK: constexpr) {
    const i = programId(0) * BLOCK + arange(BLOCK);
    const inside = i < a.shape[0];
    atomicAdd(out, [], sum(load(a, [i], { mask: inside }) * load(b, [i], { mask: inside })));
  },
  { out: { shape: [], dtype: "f32" }, init: 0, grid: (a, _b, { BLOCK }) => Math.ceil(a.shape[0] / BLOCK) },
);

/** 13. The running sum of each row; what came before a block is carried along. */
export const prefixSum = kernel(
  function prefixSum(x: Ref<"f32", ["rows", "cols"]>, out: Ref<"f32", ["rows", "cols"]>, BLOCK: constexpr) {
    const row = programId(0);
    let before = full([], 0, "f32");
    for (const k of range(Math.ceil(x.shape[1] / BLOCK))) {
      const j = k * BLOCK + arange(BLOCK);
      const inside = j < x.shape[1];
      const v = load(x, [row, j], { mask: inside });
      store(out, [row, j], before + cumsum(v), { mask: inside });
      before += sum(v);
    }
  },
  { out: (x) => x, grid: (x) => x.shape[0] },
);

/** 14. The sum of each column: programs take columns, and walk down the rows. */
export const columnSum = kernel(
  function columnSum(x: Ref<"f32", ["rows", "cols"]>, out: Ref<"f32", ["cols"]>, BLOCK: constexpr) {
    const j = programId(0) * BLOCK + arange(BLOCK);
    const inside = j < x.shape[1];
    let total = zeros([BLOCK], "f32");
    for (const i of range(x.shape[0])) total += load(x, [i, j], { mask: inside });
    store(out, [j], total, { mask: inside });
  },
  { out: (x) => ({ shape: [x.shape[1]], dtype: "f32" }), grid: (x, { BLOCK }) => Math.ceil(x.shape[1] / BLOCK) },
);

/** 15. Where each row is greatest. */
export const rowArgmax = kernel(
  function rowArgmax(x: Ref<"f32", ["rows", "cols"]>, out: Ref<"i32", ["rows"]>, BLOCK: constexpr) {
    const row = programId(0);
    const j = arange(BLOCK);
    store(out, [row], argmax(load(x, [row, j], { mask: j < x.shape[1], other: -Infinity })));
  },
  { out: (x) => ({ shape: [x.shape[0]], dtype: "i32" }), grid: (x) => x.shape[0] },
);

/** 16. How often each of `bins` values occurs. */
export const countValues = kernel(
  function countValues(x: Ref<"i32", ["n"]>, out: Ref<"i32", ["bins"]>, BLOCK: constexpr, bins: constexpr) {
    const i = programId(0) * BLOCK + arange(BLOCK);
    const inside = i < x.shape[0];
    const value = load(x, [i], { mask: inside });
    atomicAdd(out, [value], 1, { mask: inside && value >= 0 && value < bins });
  },
  {
    out: (_x, { bins }) => ({ shape: [bins], dtype: "i32" }),
    init: 0,
    grid: (x, { BLOCK }) => Math.ceil(x.shape[0] / BLOCK),
  },
);
