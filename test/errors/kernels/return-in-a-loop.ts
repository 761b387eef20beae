// A return in a loop that the run counts.
import { kernel, numpy as np } from "tilework";
import { type constexpr, load, range, type Ref, store, sum } from "tilework/kernels";

const f = kernel(
  function f(x: Ref<"f32", ["n"]>, out: Ref<"f32", ["n"]>, BLOCK: constexpr) {
    for (const k of range(4)) {
      const v = sum(load(x, [k]));
      if (v > 2) return;
      //         ^ TW8017
      store(out, [k], v);
    }
  },
  { out: (x) => x, grid: 1 },
);
export const y = f(np.ones([8]), { BLOCK: 4 });
