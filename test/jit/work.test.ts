/** What is worth the optimising compiler's time before the first run: much work in a small module. */
import { describe, expect, it } from "vitest";
import { aval } from "../../src/ir/aval.js";
import { buildProgram } from "../../src/ir/builder.js";
import type { Program } from "../../src/ir/program.js";
import { compileProgram } from "../../src/jit/compile.js";
import { operations, worthOptimising } from "../../src/jit/work.js";

const square = (n: number): Program<"core"> =>
  buildProgram("square", [aval([n], "f32")], (b, x) => [b.add(b.mul(x, x), x)]);
const product = (n: number): Program<"core"> =>
  buildProgram("product", [aval([n, n], "f32"), aval([n, n], "f32")], (b, x, y) =>
    b.emit("dot_general", [x, y], { lhsContract: [1], rhsContract: [0], lhsBatch: [], rhsBatch: [], preferred: null }),
  );
const workOf = (p: Program<"core">): number =>
  compileProgram(p).plan.steps.reduce((n, s) => n + (s.kind === "launch" ? operations(s.kernel, Number) : 0), 0);

describe("work", () => {
  it.each([1, 16, 1000, 65536, 100_000])(
    "of %i products and sums is twice as many operations, but for a last chunk",
    (n) => {
      const work = workOf(square(n));
      expect(work).toBeGreaterThanOrEqual(2 * n);
      expect(work).toBeLessThan(2 * n + 2 * 8192);
    },
  );
  it("decides what is optimised before it runs", () => {
    const worth = (p: Program<"core">): boolean => {
      const { plan, bytes } = compileProgram(p);
      return worthOptimising(plan.steps, bytes.length);
    };
    expect(worth(square(10))).toBe(false);
    expect(worth(square(2 ** 26))).toBe(true);
    expect(worth(product(16))).toBe(false);
    expect(worth(product(512))).toBe(true);
  });
});
