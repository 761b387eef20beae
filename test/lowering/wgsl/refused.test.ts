/** What GPUs do not have is refused where the program asks for it. */
import { kernel, lax, makeProgram, numpy as np, type Tensor } from "tilework";
import { library, load, programId, type Ref, store } from "tilework/kernels";
import { expect, test } from "vitest";
import { isTileworkError } from "../../../src/index.js";
import { planFor, wgslOf } from "./lower.js";

function refusal(f: (x: Tensor) => unknown, x: Tensor): { readonly message: string; readonly code: string } {
  try {
    planFor(makeProgram(f as never)(x));
  } catch (e) {
    if (isTileworkError(e)) return { message: e.message, code: e.code };
    throw e;
  }
  throw new Error("nothing was refused");
}

test("numbers of 64 bits, with their dtype and place", () => {
  const { message, code } = refusal((x) => np.exp(x.mul(2)), np.array([1, 2], { dtype: "f64" }));
  expect(code).toBe("TW2005");
  expect(message).toContain("GPUs have no f64");
  expect(message).toMatch(/refused\.test\.ts:\d+/);
  expect(refusal((x) => x.astype("i64").add(1), np.array([1])).message).toContain("GPUs have no i64");
});
test("functions that need f64", () => {
  const f = (x: Tensor): unknown => np.linalg.svd(x);
  expect(refusal(f, np.ones([3, 3])).message).toContain("svd is computed in f64, which GPUs do not have");
});
test("kernels that use more arrays than can be bound", () => {
  const many = kernel(
    function many(a: Ref, b: Ref, c: Ref, d: Ref, e: Ref, f: Ref, g: Ref, h: Ref, out: Ref) {
      const i = programId(0);
      const at = [i];
      const half = load(a, at) + load(b, at) + load(c, at) + load(d, at);
      store(out, at, half + load(e, at) + load(f, at) + load(g, at) + load(h, at));
    },
    { out: (a: Tensor) => a, grid: (a: Tensor) => a.shape[0] },
  );
  const { message, code } = refusal((x) => many(x, x, x, x, x, x, x, x), np.ones([4]));
  expect(code).toBe("TW2011");
  expect(message).toContain("the kernel many uses 9 arrays");
  expect(message).toMatch(/refused\.test\.ts:\d+/);
});
test("sorts of three arrays, which have as many results and as many in between", () => {
  const program = makeProgram(((x: Tensor) => lax.sort([x, x.mul(2), x.mul(3)], { numKeys: 1 })) as never)(
    np.ones([100]),
  );
  expect(() => wgslOf(program)).toThrow(/TW2011.*sort uses 9 arrays/);
});
test("blocks of more than an invocation may hold", () => {
  const x = np.zeros([1, 512, 1, 64]);
  const program = makeProgram(((q: Tensor) => library.flashAttention(q, q, q)) as never)(x);
  expect(() => wgslOf(program)).toThrow(/TW2011.*attention holds \d+ bytes of blocks in each invocation/);
});
