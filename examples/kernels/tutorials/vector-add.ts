/** 1. Vector addition: blocks, programs and masks. */
import { kernel } from "tilework";
import { arange, cdiv, type constexpr, load, programId, type Ref, store } from "tilework/kernels";

export const vectorAdd = kernel(
  function vectorAdd(x: Ref<"f32", ["n"]>, y: Ref<"f32", ["n"]>, out: Ref<"f32", ["n"]>, BLOCK: constexpr) {
    // program 0 adds elements 0 … BLOCK - 1, program 1 the next ones
    const offsets = programId(0) * BLOCK + arange(BLOCK);
    const inside = offsets < x.shape[0];
    const sum = load(x, [offsets], { mask: inside }) + load(y, [offsets], { mask: inside });
    store(out, [offsets], sum, { mask: inside });
  },
  { out: (x) => x, grid: (x, _y, { BLOCK }) => [cdiv(x.shape[0], BLOCK)] },
);
