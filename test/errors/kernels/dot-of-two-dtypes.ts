// A product of floats and integers.
import { kernel, numpy as np } from "tilework";
import { arange, cast, type constexpr, dot, expandDims, load, type Ref, store } from "tilework/kernels";

const f = kernel(
  function f(x: Ref<"f32", ["n", "m"]>, out: Ref<"f32", ["n", "m"]>, BLOCK: constexpr) {
    const i = expandDims(arange(BLOCK), 1);
    const j = expandDims(arange(BLOCK), 0);
    const a = load(x, [i, j]);
    store(out, [i, j], dot(a, cast(a, "i32")));
    //                 ^ TW8011
  },
  { out: (x) => x, grid: 1 },
);
export const y = f(np.ones([4, 4]), { BLOCK: 4 });
