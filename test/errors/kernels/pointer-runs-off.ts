// A pointer that advances in a loop, without a mask.
import { kernel, numpy as np } from "tilework";
import { arange, type constexpr, load, programId, range, type Ref, store, sum } from "tilework/kernels";

const f = kernel(
  function f(x: Ref<"f32", ["n"]>, out: Ref<"f32", ["n"]>, BLOCK: constexpr) {
    let at = arange(BLOCK);
    let total = 0;
    for (const _ of range(3)) {
      total = total + sum(load(x, [at]));
      //                  ^ TW8101
      at = at + BLOCK;
    }
    store(out, [programId(0)], total);
  },
  { out: { shape: [1] }, grid: 1 },
);
export const y = f(np.ones([20]), { BLOCK: 8 });
