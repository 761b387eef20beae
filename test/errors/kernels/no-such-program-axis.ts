// The grid has one axis.
import { kernel, numpy as np } from "tilework";
import { arange, type constexpr, load, programId, type Ref, store } from "tilework/kernels";

const f = kernel(
  function f(x: Ref<"f32", ["n"]>, out: Ref<"f32", ["n"]>, BLOCK: constexpr) {
    const i = programId(1) * BLOCK + arange(BLOCK);
    //        ^ TW8010
    store(out, [i], load(x, [i]));
  },
  { out: (x) => x, grid: (x) => Math.ceil(x.shape[0] / 4) },
);
export const y = f(np.ones([8]), { BLOCK: 4 });
