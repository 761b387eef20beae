// The size of an axis that a reference does not have.
import { kernel, numpy as np } from "tilework";
import { load, type Ref, store } from "tilework/kernels";

const f = kernel(
  function f(x: Ref<"f32", ["n"]>, out: Ref<"f32", ["n"]>) {
    const x2 = x as unknown as { shape: number[] };
    store(out, [0], load(x, [x2.shape[1]]));
    //                       ^ TW2004
  },
  { out: (x) => x },
);
export const y = f(np.ones([4]));
