// Blocks have functions, no methods.
import { kernel, numpy as np } from "tilework";
import { load, type Ref, store } from "tilework/kernels";

const f = kernel(
  function f(x: Ref<"f32", ["n"]>, out: Ref<"f32", ["n"]>) {
    const v = load(x, [0]) as unknown as { total(): number };
    store(out, [0], v.total());
    //              ^ TW7015
  },
  { out: (x) => x },
);
export const y = f(np.ones([4]));
