/** Puzzles 17–20: windows and permutations. */
import { kernel } from "tilework";
import {
  arange,
  type constexpr,
  expandDims,
  load,
  programId,
  type Ref,
  store,
  sum,
  trans,
  zeros,
} from "tilework/kernels";

/** 17. Each element and the two before it. */
export const pool = kernel(
  function pool(x: Ref<"f32", ["n"]>, out: Ref<"f32", ["n"]>, BLOCK: constexpr) {
    const i = programId(0) * BLOCK + arange(BLOCK);
    const n = x.shape[0];
    let total = zeros([BLOCK], "f32");
    for (let back = 0; back < 3; back++) total += load(x, [i - back], { mask: i - back >= 0 && i < n });
    store(out, [i], total, { mask: i < n });
  },
  { out: (x) => x, grid: (x, { BLOCK }) => Math.ceil(x.shape[0] / BLOCK) },
);

/** 18. A 1-D convolution (correlation), zero beyond the end. */
export const convolve = kernel(
  function convolve(x: Ref<"f32", ["n"]>, w: Ref<"f32", ["k"]>, out: Ref<"f32", ["n"]>, BLOCK: constexpr) {
    const i = programId(0) * BLOCK + arange(BLOCK);
    const [n, taps] = [x.shape[0], w.shape[0]];
    const at = expandDims(i, 1) + expandDims(arange(taps), 0);
    const window = load(x, [at], { mask: at < n });
    store(out, [i], sum(window * expandDims(load(w, [arange(taps)]), 0), 1), { mask: i < n });
  },
  { out: (x) => x, grid: (x, _w, { BLOCK }) => Math.ceil(x.shape[0] / BLOCK) },
);

/** 19. A 2-D convolution of a batch of images, one program for each image and block of rows. */
export const convolveTwo = kernel(
  function convolveTwo(
    x: Ref<"f32", ["batch", "h", "w"]>,
    k: Ref<"f32", ["kh", "kw"]>,
    out: Ref<"f32", ["batch", "h", "w"]>,
    ROWS: constexpr,
  ) {
    const image = programId(0);
    const [, h, w] = x.shape;
    const i = expandDims(programId(1) * ROWS + arange(ROWS), 1);
    const j = expandDims(arange(w), 0);
    let total = zeros([ROWS, w], "f32");
    for (let di = 0; di < k.shape[0]; di++) {
      for (let dj = 0; dj < k.shape[1]; dj++) {
        const inside = i + di < h && j + dj < w;
        total += load(k, [di, dj]) * load(x, [image, i + di, j + dj], { mask: inside });
      }
    }
    store(out, [image, i, j], total, { mask: i < h && j < w });
  },
  { out: (x) => x, grid: (x, _k, { ROWS }) => [x.shape[0], Math.ceil(x.shape[1] / ROWS)] },
);

/** 20. The transpose, a square block at a time. */
export const transposed = kernel(
  function transposed(x: Ref<"f32", ["m", "n"]>, out: Ref<"f32", ["n", "m"]>, BLOCK: constexpr) {
    const i = programId(0) * BLOCK + arange(BLOCK);
    const j = programId(1) * BLOCK + arange(BLOCK);
    const [m, n] = x.shape;
    const tile = load(x, [expandDims(i, 1), expandDims(j, 0)], { mask: expandDims(i < m, 1) && expandDims(j < n, 0) });
    store(out, [expandDims(j, 1), expandDims(i, 0)], trans(tile), {
      mask: expandDims(j < n, 1) && expandDims(i < m, 0),
    });
  },
  {
    out: (x) => ({ shape: [x.shape[1], x.shape[0]], dtype: "f32" }),
    grid: (x, { BLOCK }) => [Math.ceil(x.shape[0] / BLOCK), Math.ceil(x.shape[1] / BLOCK)],
  },
);
