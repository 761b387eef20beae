// Floats are stored to integers.
import { kernel, numpy as np } from "tilework";
import { arange, type constexpr, load, programId, type Ref, store } from "tilework/kernels";

const f = kernel(
  function f(x: Ref<"f32", ["n"]>, out: Ref<"f32", ["n"]>, BLOCK: constexpr) {
    const i = programId(0) * BLOCK + arange(BLOCK);
    store(out, [i], load(x, [i]) * 0.5);
    //^ TW8006
  },
  { out: (x) => ({ shape: x.shape, dtype: "i32" }), grid: 2 },
);
export const y = f(np.ones([8]), { BLOCK: 4 });
