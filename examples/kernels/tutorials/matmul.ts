/** 3. Matrix multiplication: a program for each block of the result, in an order that reuses what is in the cache, and an activation fused in. */
import { kernel, range } from "tilework";
import {
  arange,
  cdiv,
  type constexpr,
  dot,
  expandDims,
  floorDiv,
  load,
  programId,
  type Ref,
  store,
  zeros,
} from "tilework/kernels";

export const matmul = kernel(
  function matmul(
    a: Ref<"f32", ["m", "k"]>,
    b: Ref<"f32", ["k", "n"]>,
    out: Ref<"f32", ["m", "n"]>,
    BM: constexpr,
    BN: constexpr,
    BK: constexpr,
    GROUP: constexpr,
    ACTIVATION: constexpr<"none" | "leaky relu"> = "none",
  ) {
    const [m, depth] = a.shape;
    const n = b.shape[1];
    const [down, across] = [cdiv(m, BM), cdiv(n, BN)];
    // programs go down GROUP blocks before they go to the next column of blocks
    const inGroup = GROUP * across;
    const pid = programId(0);
    const first = floorDiv(pid, inGroup) * GROUP;
    const height = Math.min(GROUP, down);
    const within = pid % inGroup;
    const row = first + (within % height);
    const column = floorDiv(within, height);

    const i = expandDims(row * BM + arange(BM), 1);
    const j = expandDims(column * BN + arange(BN), 0);
    let acc = zeros([BM, BN], "f32");
    for (const step of range(cdiv(depth, BK))) {
      const k = step * BK + arange(BK);
      const left = load(a, [i, expandDims(k, 0)], { mask: i < m && expandDims(k, 0) < depth });
      const right = load(b, [expandDims(k, 1), j], { mask: expandDims(k, 1) < depth && j < n });
      acc = dot(left, right, { acc });
    }
    if (ACTIVATION === "leaky relu") acc = acc > 0 ? acc : 0.01 * acc;
    store(out, [i, j], acc, { mask: i < m && j < n });
  },
  {
    out: (a, b) => ({ shape: [a.shape[0], b.shape[1]], dtype: "f32" }),
    grid: (a, b, { BM, BN, GROUP }) => {
      // groups are whole: programs of the last one that have no block store nothing
      const groups = cdiv(cdiv(a.shape[0], BM), GROUP);
      return [groups * GROUP * cdiv(b.shape[1], BN)];
    },
  },
);
