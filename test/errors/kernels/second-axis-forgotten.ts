// The index does not depend on the second axis of the grid.
import { kernel, numpy as np } from "tilework";
import { arange, type constexpr, load, programId, type Ref, store } from "tilework/kernels";

const f = kernel(
  function f(x: Ref<"f32", ["n"]>, out: Ref<"f32", ["n"]>, BLOCK: constexpr) {
    const i = programId(0) * BLOCK + arange(BLOCK);
    store(out, [i], load(x, [i]) * programId(1));
    //^ TW8103
  },
  { out: (x) => x, grid: [2, 3] },
);
export const y = f(np.ones([8]), { BLOCK: 4 });
