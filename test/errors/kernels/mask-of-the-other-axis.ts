// The mask is about rows, the columns are past the end.
import { kernel, numpy as np } from "tilework";
import { arange, type constexpr, load, programId, type Ref, store } from "tilework/kernels";

const f = kernel(
  function f(x: Ref<"f32", ["n", "m"]>, out: Ref<"f32", ["n", "m"]>, BLOCK: constexpr) {
    const row = programId(0);
    const col = arange(BLOCK);
    const v = load(x, [row, col], { mask: col < x.shape[0] });
    //        ^ TW8101
    store(out, [row, col], v, { mask: col < x.shape[1] });
  },
  { out: (x) => x, grid: (x) => x.shape[0] },
);
export const y = f(np.ones([8, 5]), { BLOCK: 8 });
