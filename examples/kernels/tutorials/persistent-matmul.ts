/** 8. Persistent matrix multiplication: as many programs as the machine has threads, each of which walks over blocks of the result. */
import { kernel, range } from "tilework";
import {
  arange,
  cdiv,
  type constexpr,
  dot,
  expandDims,
  floorDiv,
  load,
  numPrograms,
  programId,
  type Ref,
  store,
  zeros,
} from "tilework/kernels";

export const persistentMatmul = kernel(
  function persistentMatmul(
    a: Ref<"f32", ["m", "k"]>,
    b: Ref<"f32", ["k", "n"]>,
    out: Ref<"f32", ["m", "n"]>,
    BM: constexpr,
    BN: constexpr,
    BK: constexpr,
    PROGRAMS: constexpr,
  ) {
    const [m, depth] = a.shape;
    const n = b.shape[1];
    const across = cdiv(n, BN);
    const tiles = cdiv(m, BM) * across;
    for (const turn of range(cdiv(tiles, PROGRAMS))) {
      const tile = turn * numPrograms(0) + programId(0);
      const column = tile % across;
      const i = expandDims(floorDiv(tile, across) * BM + arange(BM), 1);
      const j = expandDims(column * BN + arange(BN), 0);
      let acc = zeros([BM, BN], "f32");
      for (const step of range(cdiv(depth, BK))) {
        const [kx, ky] = [expandDims(step * BK + arange(BK), 0), expandDims(step * BK + arange(BK), 1)];
        const left = load(a, [i, kx], { mask: i < m && kx < depth });
        const right = load(b, [ky, j], { mask: ky < depth && j < n });
        acc = dot(left, right, { acc });
      }
      store(out, [i, j], acc, { mask: i < m && j < n });
    }
  },
  {
    out: (a, b) => ({ shape: [a.shape[0], b.shape[1]], dtype: "f32" }),
    grid: (_a, _b, { PROGRAMS }) => [PROGRAMS],
  },
);
