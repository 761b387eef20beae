// Unrolling has an end, also where it is asked for.
import { kernel, numpy as np } from "tilework";
import { type Ref, staticRange, store } from "tilework/kernels";

const f = kernel(
  function f(x: Ref<"f32", ["n"]>, out: Ref<"f32", ["n"]>) {
    for (const i of staticRange(2000)) store(out, [i % 4], i);
    //^ TW7009
  },
  { out: (x) => x },
);
export const y = f(np.ones([4]));
