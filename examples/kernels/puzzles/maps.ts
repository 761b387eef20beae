/** Puzzles 1–8: a result for each element. */
import { kernel } from "tilework";
import { arange, type constexpr, expandDims, load, programId, type Ref, store } from "tilework/kernels";

/** 1. Add 10 to each element; one program, one block as long as the array. */
export const addTen = kernel(
  function addTen(x: Ref<"f32", ["n"]>, out: Ref<"f32", ["n"]>) {
    const i = arange(x.shape[0]);
    store(out, [i], load(x, [i]) + 10);
  },
  { out: (x) => x, grid: 1 },
);

/** 2. Add two arrays element by element. */
export const zip = kernel(
  function zip(a: Ref<"f32", ["n"]>, b: Ref<"f32", ["n"]>, out: Ref<"f32", ["n"]>) {
    const i = arange(a.shape[0]);
    store(out, [i], load(a, [i]) + load(b, [i]));
  },
  { out: (a) => a, grid: 1 },
);

/** 3. The block is longer than the array: a mask guards its end. */
export const guard = kernel(
  function guard(x: Ref<"f32", ["n"]>, out: Ref<"f32", ["n"]>, BLOCK: constexpr) {
    const i = arange(BLOCK);
    const inside = i < x.shape[0];
    store(out, [i], load(x, [i], { mask: inside }) + 10, { mask: inside });
  },
  { out: (x) => x, grid: 1 },
);

/** 4. The same in two dimensions. */
export const guardTwo = kernel(
  function guardTwo(x: Ref<"f32", ["m", "n"]>, out: Ref<"f32", ["m", "n"]>, BLOCK: constexpr) {
    const i = expandDims(arange(BLOCK), 1);
    const j = expandDims(arange(BLOCK), 0);
    const inside = i < x.shape[0] && j < x.shape[1];
    store(out, [i, j], load(x, [i, j], { mask: inside }) + 10, { mask: inside });
  },
  { out: (x) => x, grid: 1 },
);

/** 5. A column and a row: out[i, j] = a[i] + b[j]. */
export const outerAdd = kernel(
  function outerAdd(a: Ref<"f32", ["m"]>, b: Ref<"f32", ["n"]>, out: Ref<"f32", ["m", "n"]>) {
    const i = arange(a.shape[0]);
    const j = arange(b.shape[0]);
    const column = expandDims(load(a, [i]), 1);
    const row = expandDims(load(b, [j]), 0);
    store(out, [expandDims(i, 1), expandDims(j, 0)], column + row);
  },
  { out: (a, b) => ({ shape: [a.shape[0], b.shape[0]], dtype: "f32" }), grid: 1 },
);

/** 6. Many programs, one block each. */
export const blocks = kernel(
  function blocks(x: Ref<"f32", ["n"]>, out: Ref<"f32", ["n"]>, BLOCK: constexpr) {
    const i = programId(0) * BLOCK + arange(BLOCK);
    const inside = i < x.shape[0];
    store(out, [i], load(x, [i], { mask: inside }) + 10, { mask: inside });
  },
  { out: (x) => x, grid: (x, { BLOCK }) => Math.ceil(x.shape[0] / BLOCK) },
);

/** 7. The outer sum over a grid of two axes. */
export const outerBlocks = kernel(
  function outerBlocks(
    a: Ref<"f32", ["m"]>,
    b: Ref<"f32", ["n"]>,
    out: Ref<"f32", ["m", "n"]>,
    BM: constexpr,
    BN: constexpr,
  ) {
    const i = programId(0) * BM + arange(BM);
    const j = programId(1) * BN + arange(BN);
    const column = expandDims(load(a, [i], { mask: i < a.shape[0] }), 1);
    const row = expandDims(load(b, [j], { mask: j < b.shape[0] }), 0);
    const [at, to] = [expandDims(i, 1), expandDims(j, 0)];
    store(out, [at, to], column + row, { mask: at < a.shape[0] && to < b.shape[0] });
  },
  {
    out: (a, b) => ({ shape: [a.shape[0], b.shape[0]], dtype: "f32" }),
    grid: (a, b, { BM, BN }) => [Math.ceil(a.shape[0] / BM), Math.ceil(b.shape[0] / BN)],
  },
);

/** 8. Fused: relu(a[i] · b[j]). */
export const outerRelu = kernel(
  function outerRelu(
    a: Ref<"f32", ["m"]>,
    b: Ref<"f32", ["n"]>,
    out: Ref<"f32", ["m", "n"]>,
    BM: constexpr,
    BN: constexpr,
  ) {
    const i = expandDims(programId(0) * BM + arange(BM), 1);
    const j = expandDims(programId(1) * BN + arange(BN), 0);
    const product = load(a, [i], { mask: i < a.shape[0] }) * load(b, [j], { mask: j < b.shape[0] });
    store(out, [i, j], Math.max(product, 0), { mask: i < a.shape[0] && j < b.shape[0] });
  },
  {
    out: (a, b) => ({ shape: [a.shape[0], b.shape[0]], dtype: "f32" }),
    grid: (a, b, { BM, BN }) => [Math.ceil(a.shape[0] / BM), Math.ceil(b.shape[0] / BN)],
  },
);
