/** Kernels of the debugger's tests. Lines are counted there: see `at` in debug.test.ts. */
import { kernel, type Tensor } from "tilework";
import { arange, exp, load, max, programId, store, sum } from "tilework/kernels";

// biome-ignore lint/suspicious/noExplicitAny: types come next
type Any = any;

function normalise(e: Any): Any {
  const total: Any = sum(e);
  return e / total;
}

export const softmax = kernel(
  function softmax(x: Any, out: Any, BLOCK: Any) {
    const row = programId(0);
    const col: Any = arange(BLOCK);
    const inside = col < x.shape[1];
    const v: Any = load(x, [row, col], { mask: inside, other: -Infinity });
    const e: Any = exp((v - (max(v) as Any)) as Any);
    const p = normalise(e);
    store(out, [row, col], p, { mask: inside });
  } as Any,
  { out: (x: Tensor) => x, grid: (x: Tensor) => [x.shape[0]] },
);
