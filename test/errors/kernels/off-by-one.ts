// A mask that lets one lane too many through.
import { kernel, numpy as np } from "tilework";
import { arange, type constexpr, load, programId, type Ref, store } from "tilework/kernels";

const f = kernel(
  function f(x: Ref<"f32", ["n"]>, out: Ref<"f32", ["n"]>, BLOCK: constexpr) {
    const i = programId(0) * BLOCK + arange(BLOCK);
    store(out, [i], load(x, [i], { mask: i <= x.shape[0] }), { mask: i < x.shape[0] });
    //              ^ TW8101
  },
  { out: (x) => x, grid: (x) => Math.ceil(x.shape[0] / 4) },
);
export const y = f(np.ones([7]), { BLOCK: 4 });
