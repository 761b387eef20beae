/** What programs store in loops and branches is stored in place: no copy of a reference, which another program may be writing to. */
import { explain, jit, kernel, numpy as np, range, type Tensor } from "tilework";
import { arange, type constexpr, load, numPrograms, programId, type Ref, store } from "tilework/kernels";
import { expect, test } from "vitest";

/** Programs walk over the blocks, store in a branch for some, and again in a loop of steps. */
const walk = kernel(
  function walk(x: Ref<"f32", ["n"]>, count: Ref<"i32", [1]>, out: Ref<"f32", ["n"]>, BLOCK: constexpr) {
    let block = programId(0);
    const blocks = load(count, [0]);
    while (block < blocks) {
      const i = block * BLOCK + arange(BLOCK);
      const v = load(x, [i], { mask: i < x.shape[0] });
      if (block % 2 === 0) {
        store(out, [i], v * 2, { mask: i < x.shape[0] });
      } else {
        store(out, [i], v - 1, { mask: i < x.shape[0] });
      }
      for (const step of range(3)) {
        store(out, [i], load(out, [i], { mask: i < x.shape[0] }) + step, { mask: i < x.shape[0] });
      }
      block += numPrograms(0);
    }
  },
  { out: (x) => x, grid: 4 },
);

test("stores in while, if and range are in place", () => {
  const [n, BLOCK] = [1000, 16];
  const x = np.arange(n, { dtype: "f32" });
  const count = np.array([Math.ceil(n / BLOCK)], { dtype: "i32" });
  const f = jit((a: Tensor, c: Tensor) => walk(a, c, { BLOCK }));
  const want = Array.from({ length: n }, (_, i) => (Math.floor(i / BLOCK) % 2 === 0 ? 2 * i : i - 1) + 3);
  for (let run = 0; run < 20; run++) expect([...f(x, count).dataSync()]).toEqual(want);
  const copies = [
    ...explain(f)(x, count)
      .stages.plan()
      .matchAll(/= copy .*, (\d+) bytes/g),
  ].map((m) => Number(m[1]));
  for (const bytes of copies) expect(bytes).toBeLessThanOrEqual(4 * BLOCK);
});
