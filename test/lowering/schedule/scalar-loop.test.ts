/** Loops over scalars become one kernel, and compute what the interpreter computes. */
import { describe, expect, it } from "vitest";
import { jit, lax, makeProgram, numpy as np, type Tensor } from "../../../src/index.js";
import { fromValues, type NDArray } from "../../../src/interpreter/array.js";
import { interpret } from "../../../src/interpreter/index.js";
import { aval } from "../../../src/ir/aval.js";
import { type Builder, buildProgram } from "../../../src/ir/builder.js";
import type { DType } from "../../../src/ir/dtype.js";
import type { Atom, Program, Var } from "../../../src/ir/program.js";
import { expectSame } from "../../laws/compare.js";
import { type PlanRun, runPlan } from "../run-plan.js";

const scalar = (d: DType) => aval([], d);
const num = (x: number | bigint, d: DType = "f32"): NDArray => fromValues([], d, [x] as never);
const list = (xs: readonly number[], d: DType = "f32"): NDArray => fromValues([xs.length], d, xs);

/** One launch and nothing else, with the interpreter's results. */
function check(program: Program<"core">, inputs: readonly NDArray[], donate: readonly number[] = []): PlanRun {
  const run = runPlan(program, inputs, { donate });
  expectSame(program.name, run.outputs, interpret(program, inputs), { rel: 1e-6, abs: 1e-6 });
  expect(run.plan.steps.map((s) => s.kind)).toEqual(["launch"]);
  return run;
}
function scan(
  b: Builder,
  length: number,
  reverse: boolean,
  counts: { readonly numConsts: number; readonly numCarry: number },
  inputs: readonly Atom[],
  body: (b: Builder, ...xs: Var[]) => readonly Atom[],
): readonly Var[] {
  const fixed = counts.numConsts + counts.numCarry;
  const inner = inputs.map((a, i) => (i < fixed ? a.aval : aval(a.aval.shape.slice(1), a.aval.dtype)));
  return b.emit("scan", inputs, { body: buildProgram("body", inner, body), length, reverse, ...counts });
}

describe("a scan over scalars", () => {
  for (const reverse of [false, true]) {
    it(`stacks results beside its operands${reverse ? ", from the last" : ""}, in their memory when it may`, () => {
      const p = buildProgram("filter", [scalar("f32"), scalar("f32"), aval([9], "f32")], (b, k, c, xs) =>
        scan(b, 9, reverse, { numConsts: 1, numCarry: 1 }, [k, c, xs], (b2, a, s, x) => {
          const t = b2.add(b2.mul(s, a), x);
          return [t, b2.mul(t, x), s];
        }),
      );
      const inputs = [num(0.5), num(2), list([1, -2, 3, 4, -5, 6, 7, 8, 9])];
      check(p, inputs);
      const run = check(p, inputs, [0, 1, 2]);
      expect(run.plan.outputs.map((o) => o.donatedFrom)).toContain(2);
      expect(run.plan.arenaBytes).toBe(0);
    });
  }
  it("reads arrays at places that it computes, and rotates its carries", () => {
    const p = buildProgram("walk", [aval([8], "i32"), scalar("i32"), scalar("i32")], (b, next, x, y) =>
      scan(b, 11, false, { numConsts: 1, numCarry: 3 }, [next, x, y, b.scalar(0, "i32")], (b2, table, u, v, n) => {
        const at = b2.emit1("dynamic_slice", [table, u], { sizes: [1] });
        return [b2.reshape(at, []), u, b2.add(n, v)];
      }),
    );
    check(p, [list([3, 0, 5, 7, 1, 2, 4, 6], "i32"), num(2, "i32"), num(5, "i32")]);
  });
  for (const dtype of ["f64", "f16", "bf16", "i64", "u8", "bool"] as const) {
    it(`of ${dtype}`, () => {
      const p = buildProgram("mix", [scalar(dtype), aval([5], dtype)], (b, c, xs) =>
        scan(b, 5, false, { numConsts: 0, numCarry: 1 }, [c, xs], (b2, s, x) => {
          const t = dtype === "bool" ? b2.op("xor", s, x) : b2.add(b2.mul(s, x), x);
          return [t, b2.select(b2.op("gt", t, x), t, x)];
        }),
      );
      const values = dtype === "bool" ? [1, 0, 1, 1, 0] : [1, 2, 0, 3, 1];
      check(p, [fromValues([], dtype, [1]), fromValues([5], dtype, values)]);
    });
  }
  it("over arrays of one element, of any rank, moved about", () => {
    const one = aval([1, 1], "f32");
    const p = buildProgram("ranks", [one, aval([4, 1], "f32"), aval([2, 3], "f32")], (b, c, xs, k) =>
      scan(b, 4, false, { numConsts: 1, numCarry: 1 }, [k, c, xs], (b2, table, s, x) => {
        const part = b2.emit1("slice", [table], { start: [1, 2], limit: [2, 3], strides: [1, 1] });
        const corner = b2.transpose(part, [1, 0]);
        const y = b2.transpose(b2.reshape(x, [1, 1]), [1, 0]);
        return [b2.add(b2.mul(s, y), corner), b2.reshape(b2.add(s, y), [1, 1, 1])];
      }),
    );
    check(p, [
      fromValues([1, 1], "f32", [2]),
      fromValues([4, 1], "f32", [1, -2, 3, 0.5]),
      fromValues([2, 3], "f32", [1, 2, 3, 4, 5, 6]),
    ]);
  });
  it("of no steps gives its carries back", () => {
    const p = buildProgram("none", [scalar("f32"), aval([0], "f32")], (b, c, xs) =>
      scan(b, 0, false, { numConsts: 0, numCarry: 1 }, [c, xs], (b2, s, x) => [b2.mul(s, s), x]),
    );
    check(p, [num(3), list([])]);
  });
});

describe("loops and branches in it", () => {
  it("are loops and branches of the kernel", () => {
    // the longest Collatz sequence of the numbers 1 … 30
    const i32 = scalar("i32");
    const p = buildProgram("collatz", [aval([30], "i32")], (b, xs) =>
      scan(b, 30, false, { numConsts: 0, numCarry: 1 }, [b.scalar(0, "i32"), xs], (b2, best, x) => {
        const one = b2.scalar(1, "i32");
        const test = buildProgram("test", [i32, i32, i32], (c, limit, y) => [c.op("gt", y, limit)]);
        const odd = buildProgram("odd", [i32], (c, y) => [c.add(c.mul(y, c.scalar(3, "i32")), c.scalar(1, "i32"))]);
        const even = buildProgram("even", [i32], (c, y) => [c.div(y, c.scalar(2, "i32"))]);
        const body = buildProgram("step", [i32, i32], (c, y, k) => {
          const bit = c.op("rem", y, c.scalar(2, "i32"));
          const [z] = c.emit("cond", [bit, y], { branches: [even, odd] });
          return [z, c.add(k, c.scalar(1, "i32"))];
        });
        const [, n] = b2.emit("while", [one, x, b2.scalar(0, "i32")], {
          cond: test,
          body,
          condConsts: 1,
          bodyConsts: 0,
        });
        return [b2.op("max", best, n), n];
      }),
    );
    const run = check(p, [
      list(
        Array.from({ length: 30 }, (_, i) => i + 1),
        "i32",
      ),
    ]);
    expect(Number(run.outputs[0].data[0])).toBe(111);
  });
  it("an index outside of the branches takes the nearest, a bool takes one of two", () => {
    for (const dtype of ["i32", "bool"] as const) {
      const branches = [1, 2, 3]
        .slice(dtype === "bool" ? 1 : 0)
        .map((k) =>
          buildProgram(`branch${k}`, [scalar("f32"), scalar("f32")], (c, x, y) => [
            c.mul(x, c.scalar(k, "f32")),
            k === 2 ? x : y,
          ]),
        );
      const p = buildProgram("choose", [aval([6], dtype), scalar("f32")], (b, is, x) =>
        scan(b, 6, false, { numConsts: 0, numCarry: 2 }, [x, b.scalar(1, "f32"), is], (b2, s, t, i) => {
          const [u, v] = b2.emit("cond", [i, s, t], { branches });
          return [u, v, u];
        }),
      );
      check(p, [list(dtype === "bool" ? [0, 1, 1, 0, 1, 0] : [-7, 0, 1, 2, 3, 99], dtype), num(1.5)]);
    }
  });
  it("a swap inside of a loop is a swap", () => {
    const f = scalar("f32");
    const p = buildProgram("swaps", [f, f], (b, x, y) =>
      scan(b, 3, false, { numConsts: 0, numCarry: 2 }, [x, y], (b2, s, t) => {
        const [u, v] = scan(b2, 3, true, { numConsts: 0, numCarry: 2 }, [t, s], (_b3, c, d) => [d, c]);
        return [b2.add(u, v), u];
      }),
    );
    check(p, [num(1), num(2)]);
  });
});

describe("as users write them", () => {
  it("a while of many steps, with a test on what it carries", () => {
    const f = (x: Tensor): Tensor =>
      lax.whileLoop(
        ([i, s]: readonly Tensor[]) => np.logicalAnd(np.less(i, 100000), np.greater(s, 1e-3)),
        ([i, s]: readonly Tensor[]) => [np.add(i, 1), np.multiply(s, 0.9999)],
        [np.array(0, { dtype: "i32" }), x],
      )[0];
    let steps = 0;
    for (let s = Math.fround(1); s > Math.fround(1e-3); s = Math.fround(s * Math.fround(0.9999))) steps++;
    expect(jit(f)(np.array(1)).item()).toBe(steps);
    const program = makeProgram(f)(np.array(1));
    expect(runPlan(program, [num(1)]).plan.steps.filter((s) => s.kind === "while")).toEqual([]);
  });
});
