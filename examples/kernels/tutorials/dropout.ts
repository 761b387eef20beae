/** 4. Dropout without a mask in memory: the same seed gives the same random numbers, so that the backward pass makes them anew. */
import { kernel } from "tilework";
import { arange, cdiv, type constexpr, load, programId, rand, type Ref, store } from "tilework/kernels";

export const dropout = kernel(
  function dropout(x: Ref<"f32", ["n"]>, p: number, seed: number, out: Ref<"f32", ["n"]>, BLOCK: constexpr) {
    const offsets = programId(0) * BLOCK + arange(BLOCK);
    const inside = offsets < x.shape[0];
    const kept = rand(seed, offsets) > p;
    const v = load(x, [offsets], { mask: inside });
    store(out, [offsets], kept ? v / (1 - p) : 0, { mask: inside });
  },
  { out: (x) => x, grid: (x, _p, _seed, { BLOCK }) => [cdiv(x.shape[0], BLOCK)] },
);
