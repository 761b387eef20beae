/** Loops and branches as steps: carries that swap, shift and stay, stacked results, nesting, effects. */
import { describe, expect, it } from "vitest";
import { fromValues, type NDArray } from "../../../src/interpreter/array.js";
import { interpret } from "../../../src/interpreter/index.js";
import { aval } from "../../../src/ir/aval.js";
import { type Builder, buildProgram } from "../../../src/ir/builder.js";
import type { DType } from "../../../src/ir/dtype.js";
import type { Atom, Program, Var } from "../../../src/ir/program.js";
import { tileKey } from "../../../src/ir/tile-key.js";
import { forEachStep } from "../../../src/lowering/plan/notes.js";
import { expectSame } from "../../laws/compare.js";
import { type PlanRun, runPlan } from "../run-plan.js";

const f = aval([], "f32");
const vec = (n: number, d: DType = "f32") => aval([n], d);
const list = (xs: readonly number[], d: DType = "f32"): NDArray => fromValues([xs.length], d, xs);
const num = (x: number, d: DType = "f32"): NDArray => fromValues([], d, [x]);

const values = (x: NDArray): number[] => Array.from(x.data as ArrayLike<number | bigint>, Number);

function check(program: Program<"core">, inputs: readonly NDArray[], donate: readonly number[] = []): PlanRun {
  const run = runPlan(program, inputs, { donate });
  expectSame(program.name, run.outputs, interpret(program, inputs), { rel: 1e-6, abs: 1e-6 });
  return run;
}
interface ScanShape {
  readonly length: number;
  readonly reverse?: boolean;
  readonly numConsts?: number;
  readonly numCarry: number;
}
function scan(
  b: Builder,
  { length, reverse = false, numConsts = 0, numCarry }: ScanShape,
  inputs: readonly Atom[],
  body: (b: Builder, ...xs: Var[]) => readonly Atom[],
): readonly Var[] {
  const inner = inputs.map((a, i) => (i < numConsts + numCarry ? a.aval : aval(a.aval.shape.slice(1), a.aval.dtype)));
  return b.emit("scan", inputs, { body: buildProgram("body", inner, body), length, reverse, numConsts, numCarry });
}
function stepsOf(run: PlanRun, kind: string): number {
  let n = 0;
  forEachStep(run.plan.steps, (s) => {
    if (s.kind === kind) n++;
  });
  return n;
}

describe("scan", () => {
  it("sums in place: the carry is written where it is read", () => {
    const p = buildProgram("sum", [aval([5, 2], "f32"), vec(2)], (b, xs, c) =>
      scan(b, { length: 5, numCarry: 1 }, [c, xs], (b2, s, x) => [b2.add(s, x)]),
    );
    const xs = fromValues([5, 2], "f32", [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    const run = check(p, [xs, list([10, 20])]);
    // only the first value is copied: its operand is not ours
    expect(run.copies).toBe(1);
    expect(check(p, [xs, list([10, 20])], [1]).copies).toBe(0);
  });

  for (const reverse of [false, true]) {
    it(`stacks its results${reverse ? ", from the last" : ""}`, () => {
      const p = buildProgram("stack", [aval([4, 3], "f32"), vec(3)], (b, xs, c) =>
        scan(b, { length: 4, reverse, numCarry: 1 }, [c, xs], (b2, s, x) => {
          const t = b2.add(s, x);
          return [t, b2.mul(t, x)];
        }),
      );
      check(p, [fromValues([4, 3], "f32", [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]), list([1, 1, 2])]);
    });
    it(`stacks the carry as it was${reverse ? ", from the last" : ""}`, () => {
      const p = buildProgram("old", [aval([4, 2], "f32"), vec(2)], (b, xs, c) =>
        scan(b, { length: 4, reverse, numCarry: 1 }, [c, xs], (b2, s, x) => [b2.mul(s, x), s, x]),
      );
      const run = check(p, [fromValues([4, 2], "f32", [2, 3, 4, 5, 6, 7, 8, 9]), list([1, 2])], [1]);
      // the old carry and the operand are copied out before the carry changes
      expect(run.copies).toBe(8);
    });
  }

  it("writes a stacked result at once", () => {
    const p = buildProgram("map", [aval([6, 40], "f32")], (b, xs) =>
      scan(b, { length: 6, numCarry: 0 }, [xs], (b2, x) => [b2.op("sin", x)]),
    );
    const run = check(p, [
      fromValues(
        [6, 40],
        "f32",
        Array.from({ length: 240 }, (_, i) => i / 7),
      ),
    ]);
    expect(run.copies).toBe(0);
    expect(run.plan.arenaBytes).toBe(0);
  });

  it("swaps (a, b) → (b, a), rotates three, and shifts as Fibonacci does", () => {
    const swap = buildProgram("swap", [vec(3), vec(3)], (b, x, y) =>
      scan(b, { length: 3, numCarry: 2 }, [x, y], (_b, s, t) => [t, s]),
    );
    check(swap, [list([1, 2, 3]), list([4, 5, 6])]);
    check(swap, [list([1, 2, 3]), list([4, 5, 6])], [0, 1]);
    const two = vec(2);
    const rotate = buildProgram("rotate", [two, two, two, two], (b, w, x, y, z) =>
      scan(b, { length: 4, numCarry: 4 }, [w, x, y, z], (b2, p, q, r, s) => [q, r, p, b2.add(s, p)]),
    );
    const four = [1, 2, 3, 4].map((i) => list([i, 5 - i]));
    check(rotate, four);
    check(rotate, four, [0, 1, 2, 3]);
    const fib = buildProgram("fibonacci", [vec(2), vec(2)], (b, x, y) =>
      scan(b, { length: 10, numCarry: 2 }, [x, y], (b2, s, t) => [t, b2.add(s, t)]),
    );
    expect(values(check(fib, [list([0, 0]), list([1, 2])]).outputs[1])).toEqual([89, 178]);
  });

  it("gives one new value to two carries and a stacked result", () => {
    const p = buildProgram("dup", [vec(5), vec(5), aval([3, 5], "f32")], (b, x, y, xs) =>
      scan(b, { length: 3, numCarry: 2 }, [x, y, xs], (b2, s, t, z) => {
        const n = b2.add(b2.mul(s, t), z);
        return [n, n, n];
      }),
    );
    check(
      p,
      [
        list([1, 2, 3, 4, 5]),
        list([5, 4, 3, 2, 1]),
        fromValues(
          [3, 5],
          "f32",
          Array.from({ length: 15 }, (_, i) => i),
        ),
      ],
      [0, 1],
    );
  });

  it("keeps a carry that is read after its new value exists", () => {
    // reverse reads all of the old carry at other places than it writes
    const p = buildProgram("late", [vec(7)], (b, x) =>
      scan(b, { length: 3, numCarry: 1 }, [x], (b2, s) => {
        const n = b2.add(s, b2.emit1("rev", [s], { axes: [0] }));
        return [n, b2.reduceSum(b2.mul(n, s), [0])];
      }),
    );
    check(p, [list([1, 2, 3, 4, 5, 6, 7])]);
    check(p, [list([1, 2, 3, 4, 5, 6, 7])], [0]);
  });

  it("of length 0 passes its carries on", () => {
    const p = buildProgram("none", [f, aval([0, 2], "f32")], (b, c, xs) =>
      scan(b, { length: 0, numCarry: 1 }, [c, xs], (b2, s, x) => [b2.mul(s, s), x]),
    );
    check(p, [num(3), fromValues([0, 2], "f32", [])]);
  });

  it("starts from literals and uses literal constants", () => {
    const p = buildProgram("literal", [vec(3)], (b, xs) =>
      scan(
        b,
        { length: 3, numConsts: 1, numCarry: 1 },
        [b.scalar(2, "f32"), b.scalar(0.5, "f32"), xs],
        (b2, k, s, x) => [b2.add(b2.mul(s, k), x), b2.scalar(7, "f32")],
      ),
    );
    check(p, [list([1, 2, 3])]);
  });

  it("nests: an inner loop over a part of the outer loop's operand, with results of both", () => {
    const p = buildProgram("nest", [aval([3, 4, 2], "f32"), vec(2)], (b, xs, c) =>
      scan(b, { length: 3, numCarry: 1 }, [c, xs], (b2, s, rows) => {
        const [t, partial] = scan(
          b2,
          { length: 4, reverse: true, numConsts: 1, numCarry: 1 },
          [s, s, rows],
          (b3, k, u, row) => {
            const n = b3.add(b3.mul(u, b3.full([2], 0.5, "f32")), b3.mul(row, k));
            return [n, n];
          },
        );
        return [t, partial, b2.reduceSum(partial, [0])];
      }),
    );
    const xs = fromValues(
      [3, 4, 2],
      "f32",
      Array.from({ length: 24 }, (_, i) => (i % 5) - 2),
    );
    check(p, [xs, list([1, 2])]);
    check(p, [xs, list([1, 2])], [0, 1]);
  });

  it("nests three deep: parts of parts are read and written where they lie", () => {
    const square = (b: Builder, x: Var): readonly Atom[] => [b.mul(x, x)];
    const each = (n: number, f: (b: Builder, x: Var) => readonly Atom[]) => (b: Builder, x: Var) =>
      scan(b, { length: n, numCarry: 0 }, [x], f);
    const p = buildProgram("parts", [aval([2, 3, 2, 2], "f32")], each(2, each(3, each(2, square))));
    const run = check(p, [
      fromValues(
        [2, 3, 2, 2],
        "f32",
        Array.from({ length: 24 }, (_, i) => i - 7),
      ),
    ]);
    expect([run.copies, run.plan.arenaBytes]).toEqual([0, 0]);
  });
  it("updates a slice of its carry in place", () => {
    const p = buildProgram("update", [vec(1000), aval([5], "i32")], (b, x, at) =>
      scan(b, { length: 5, numCarry: 1 }, [x, at], (b2, s, i) => [
        b2.emit1("dynamic_update_slice", [s, b2.full([2], 9, "f32"), i], {}),
      ]),
    );
    const run = check(p, [list(Array.from({ length: 1000 }, (_, i) => i)), list([3, 500, 998, 1200, -4], "i32")], [0]);
    expect(run.copies).toBe(0);
    expect(run.plan.outputs[0].donatedFrom).toBe(0);
  });
});

describe("while", () => {
  const collatz = buildProgram("collatz", [aval([], "i32")], (b, n) => {
    const i32 = aval([], "i32");
    const cond = buildProgram("test", [i32, i32, i32], (c, limit, x) => [c.op("gt", x, limit)]);
    const body = buildProgram("step", [i32, i32], (c, x, k) => {
      const odd = c.op("eq", c.op("rem", x, c.scalar(2, "i32")), c.scalar(1, "i32"));
      const next = c.select(odd, c.add(c.mul(x, c.scalar(3, "i32")), c.scalar(1, "i32")), c.div(x, c.scalar(2, "i32")));
      return [next, c.add(k, c.scalar(1, "i32"))];
    });
    return b.emit("while", [b.scalar(1, "i32"), n, b.scalar(0, "i32")], { cond, body, condConsts: 1, bodyConsts: 0 });
  });
  it("runs until its test fails, also not at all", () => {
    expect(values(check(collatz, [num(27, "i32")]).outputs[1])).toEqual([111]);
    expect(values(check(collatz, [num(1, "i32")]).outputs[1])).toEqual([0]);
  });
  it("swaps carries, and tests a carry itself", () => {
    const bool = aval([], "bool");
    const p = buildProgram("swap", [bool, vec(4), vec(4), aval([], "i32")], (b, go, x, y, n) => {
      const types = [bool, vec(4), vec(4), aval([], "i32")];
      const cond = buildProgram("test", types, (_c, t) => [t]);
      const body = buildProgram("step", types, (c, _t, s, u, k) => [
        c.op("gt", k, c.scalar(0, "i32")),
        u,
        s,
        c.sub(k, c.scalar(1, "i32")),
      ]);
      return b.emit("while", [go, x, y, n], { cond, body, condConsts: 0, bodyConsts: 0 });
    });
    for (const n of [0, 1, 4])
      check(p, [num(1, "bool"), list([1, 2, 3, 4]), list([5, 6, 7, 8]), num(n, "i32")], n === 4 ? [0, 1, 2, 3] : []);
    check(p, [num(0, "bool"), list([1, 2, 3, 4]), list([5, 6, 7, 8]), num(2, "i32")]);
  });
});

describe("cond", () => {
  const branches = [1, 2, 3].map((k) =>
    buildProgram(`branch${k}`, [vec(3), f], (b, x, y) => [
      k === 2 ? x : b.mul(x, b.full([3], k, "f32")),
      k === 3 ? b.scalar(5, "f32") : y,
    ]),
  );
  const p = buildProgram("choose", [aval([], "i32"), vec(3), f], (b, i, x, y) =>
    b.emit("cond", [i, b.add(x, x), y], { branches }),
  );
  it("takes the branch, clamped", () => {
    for (const i of [-7, 0, 1, 2, 3, 99]) check(p, [num(i, "i32"), list([1, 2, 3]), num(4)]);
  });
  it("takes a bool", () => {
    const q = buildProgram("if", [aval([], "bool"), vec(3), f], (b, i, x, y) =>
      b.emit("cond", [i, x, y], { branches: branches.slice(0, 2) }),
    );
    for (const i of [0, 1]) check(q, [num(i, "bool"), list([1, 2, 3]), num(4)], [1, 2]);
  });
  it("with a known index is its branch", () => {
    const q = buildProgram("known", [vec(3), f], (b, x, y) => b.emit("cond", [b.scalar(1, "i32"), x, y], { branches }));
    expect(stepsOf(check(q, [list([1, 2, 3]), num(4)]), "switch")).toBe(0);
  });
  it("returns one value twice, from inside a loop", () => {
    const twice = [0, 1].map((k) =>
      buildProgram(`twice${k}`, [vec(3)], (b, x) => {
        const y = k === 0 ? b.op("neg", x) : b.add(x, x);
        return [y, y];
      }),
    );
    const q = buildProgram("loop", [vec(3), aval([4], "i32")], (b, x, is) =>
      scan(b, { length: 4, numCarry: 1 }, [x, is], (b2, s, i) => {
        const [y, z] = b2.emit("cond", [i, s], { branches: twice });
        return [y, z];
      }),
    );
    check(q, [list([1, -2, 3]), list([0, 1, 1, 0], "i32")], [0]);
  });
});

describe("callbacks", () => {
  it("come in order, with the values of their time", () => {
    const seen: number[][] = [];
    const callback = (...args: readonly unknown[]): void => {
      seen.push(args.map((a) => Number((a as NDArray).data[0])));
    };
    const p = buildProgram("log", [f, vec(3)], (b, x, xs) => {
      b.emit("debug_callback", [x, b.scalar(7, "f32")], { callback, ordered: true });
      const [y] = scan(b, { length: 3, numCarry: 1 }, [x, xs], (b2, s, t) => {
        const n = b2.add(s, t);
        b2.emit("debug_callback", [n, s], { callback, ordered: true });
        return [n];
      });
      b.emit("debug_callback", [y], { callback, ordered: true });
      return [b.mul(y, y)];
    });
    const run = runPlan(p, [num(1), list([10, 20, 30])]);
    expect(seen).toEqual([[1, 7], [11, 1], [31, 11], [61, 31], [61]]);
    expect(run.plan.callbacks).toHaveLength(3);
  });
});

describe("calls", () => {
  it("disappear; a checkpoint that stands in a backward pass computes again, and nothing is kept for it", () => {
    const inner = buildProgram("inner", [vec(64), f], (b, x, s) => [
      b.mul(b.op("exp", b.op("sin", x)), b.broadcast(s, [64], [])),
    ]);
    const program = (prevent: boolean): Program<"core"> =>
      buildProgram("remat", [vec(64)], (b, x) => {
        const y = b.op("exp", b.op("sin", x));
        const s = b.reduceSum(y, [0]);
        if (prevent) return b.emit("checkpoint", [x, s], { program: inner, policy: null, prevent: true });
        return [b.mul(y, b.broadcast(s, [64], []))];
      });
    const x = list(Array.from({ length: 64 }, (_, i) => i / 10));
    // one kernel each for the sum and for what is computed again from the operand
    const run = check(program(true), [x]);
    const exps = run.plan.steps.map((s) => (s.kind === "launch" ? [...tileKey(s.kernel).matchAll(/exp/g)].length : 0));
    expect(exps.filter((n) => n > 0)).toHaveLength(2);
    expect(run.plan.arenaBytes).toBeLessThan(64);
    expect(check(program(false), [x]).launches).toBe(1);
  });
  it("of collectives over an axis that nobody binds are refused", () => {
    const p = buildProgram("psum", [f], (b, x) => b.emit("psum", [x], { axisName: "i", axisSize: 4 } as never));
    expect(() => runPlan(p, [num(1)])).toThrow(/TW3007|not bound/);
  });
});
