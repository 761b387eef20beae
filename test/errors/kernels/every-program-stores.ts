// A sum of all programs in one element.
import { kernel, numpy as np } from "tilework";
import { arange, type constexpr, load, programId, type Ref, store, sum } from "tilework/kernels";

const f = kernel(
  function f(x: Ref<"f32", ["n"]>, out: Ref<"f32", ["n"]>, BLOCK: constexpr) {
    const i = programId(0) * BLOCK + arange(BLOCK);
    store(out, [0], sum(load(x, [i])));
    //^ TW8103
  },
  { out: { shape: [1] }, grid: 2 },
);
export const y = f(np.ones([8]), { BLOCK: 4 });
