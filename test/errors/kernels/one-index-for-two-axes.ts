// An index is missing.
import { kernel, numpy as np } from "tilework";
import { arange, type constexpr, load, programId, type Ref, store } from "tilework/kernels";

const f = kernel(
  function f(x: Ref<"f32", ["n", "m"]>, out: Ref<"f32", ["n", "m"]>, BLOCK: constexpr) {
    const i = programId(0) * BLOCK + arange(BLOCK);
    store(out, [i, 0], load(x, [i] as never));
    //                 ^ TW8004
  },
  { out: (x) => x, grid: 2 },
);
export const y = f(np.ones([8, 8]), { BLOCK: 4 });
