/** A kernel for the debugger's tests, which look for its lines by their text. */
import { kernel } from "tilework";
import { arange, type Block, type constexpr, exp, load, max, programId, type Ref, store, sum } from "tilework/kernels";

function normalise(e: Block): Block {
  const total = sum(e);
  return e / total;
}

export const softmax = kernel(
  function softmax(x: Ref<"f32", ["rows", "cols"]>, out: Ref<"f32", ["rows", "cols"]>, BLOCK: constexpr) {
    const row = programId(0);
    const col = arange(BLOCK);
    const inside = col < x.shape[1];
    const v = load(x, [row, col], { mask: inside, other: -Infinity });
    const e = exp(v - max(v));
    const p = normalise(e);
    store(out, [row, col], p, { mask: inside });
  },
  { out: (x) => x, grid: (x) => [x.shape[0]] },
);
