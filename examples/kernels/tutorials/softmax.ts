/** 2. Fused softmax: a row is read once and written once, and everything between happens in a block. */
import { kernel, type Tensor } from "tilework";
import { arange, type constexpr, exp, load, max, programId, type Ref, store, sum } from "tilework/kernels";

export const softmaxKernel = kernel(
  function softmax(x: Ref<"f32", ["rows", "cols"]>, out: Ref<"f32", ["rows", "cols"]>, BLOCK: constexpr) {
    const row = programId(0);
    const col = arange(BLOCK);
    const inside = col < x.shape[1];
    const v = load(x, [row, col], { mask: inside, other: -Infinity });
    const e = exp(v - max(v));
    store(out, [row, col], e / sum(e), { mask: inside });
  },
  { out: (x) => x, grid: (x) => [x.shape[0]] },
);

/** softmax over the last axis of a matrix; a block holds a row. */
export function softmax(x: Tensor): Tensor {
  return softmaxKernel(x, { BLOCK: x.shape[1] });
}
