// More programs than rows.
import { kernel, numpy as np } from "tilework";
import { arange, type constexpr, load, programId, type Ref, store } from "tilework/kernels";

const f = kernel(
  function f(x: Ref<"f32", ["n", "m"]>, out: Ref<"f32", ["n", "m"]>, BLOCK: constexpr) {
    const row = programId(0);
    const col = arange(BLOCK);
    store(out, [row, col], load(x, [row, col]));
    //                     ^ TW8101
  },
  { out: (x) => x, grid: 4 },
);
export const y = f(np.ones([3, 8]), { BLOCK: 8 });
