/** Control flow, rules of custom functions and effects under vmap; the op table's law covers values and placements. */
import { describe, expect, it } from "vitest";
import { fromValues, type NDArray } from "../../../src/interpreter/array.js";
import { interpret } from "../../../src/interpreter/index.js";
import { aval } from "../../../src/ir/aval.js";
import { buildProgram } from "../../../src/ir/builder.js";
import type { LazyProgram } from "../../../src/ir/ops/index.js";
import type { AnyEqn, Eqn, Program } from "../../../src/ir/program.js";
import type { Prim } from "../../../src/ir/ops/index.js";
import { batchProgram } from "../../../src/transforms/vmap/index.js";
import { checkLaw, exactly, within } from "./helpers.js";

type Core = Program<"core">;
const F = aval([], "f64");
const V = aval([2], "f64");
const I = aval([], "i32");
const lazy = (p: Core): LazyProgram => ({ name: p.name, get: () => p });
const f64 = (shape: readonly number[], ...values: number[]): NDArray => fromValues(shape, "f64", values);
const find = <P extends Prim>(p: Core, prim: P): Eqn<P> => {
  const found = p.eqns.find((e): e is AnyEqn & Eqn<P> => e.prim === prim);
  if (!found) throw new Error(`no ${prim} in ${p.eqns.map((e) => e.prim).join()}`);
  return found;
};
const prims = (p: Core): string[] => p.eqns.map((e) => e.prim);

describe("cond", () => {
  const twice = buildProgram("twice", [V], (b, x) => [b.add(x, x), b.scalar(1, "f64")]);
  const square = buildProgram("square", [V], (b, x) => [b.mul(x, x), b.scalar(1, "f64")]);
  const f = buildProgram("f", [aval([], "bool"), V], (b, p, x) =>
    b.emit("cond", [p, x], { branches: [twice, square] }),
  );
  it("stays a cond when its predicate is not batched", () => {
    const p = batchProgram(f, { axisSize: 3, inDims: [null, 0], outDims: ["any", "any"] });
    expect(prims(p.program)).toEqual(["cond"]);
    // a result that no element changes stays unbatched
    expect(p.outDims).toEqual([0, null]);
  });
  it("runs both branches and selects when it is", () => {
    const p = batchProgram(f, { axisSize: 3, inDims: [0, null], outDims: [0, 0] });
    expect(prims(p.program)).not.toContain("cond");
    expect(prims(p.program)).toContain("select");
  });
});

describe("while", () => {
  // halves x until it is below 1, counting
  const cond = buildProgram("test", [I, F], (b, _i, x) => [b.op("ge", x, b.scalar(1, "f64"))]);
  const body = buildProgram("body", [I, F], (b, i, x) => [
    b.add(i, b.scalar(1, "i32")),
    b.mul(x, b.scalar(0.5, "f64")),
  ]);
  const f = buildProgram("halve", [I, F], (b, i, x) =>
    b.emit("while", [i, x], { cond, body, condConsts: 0, bodyConsts: 0 }),
  );
  it("elements stop at different times", () => {
    const p = batchProgram(f, { axisSize: 4, inDims: [null, 0], outDims: [0, 0] });
    const [i, x] = interpret(p.program, [fromValues([], "i32", [10]), f64([4], 0.5, 1, 5, 100)]);
    exactly(i, fromValues([4], "i32", [10, 11, 13, 17]), "counts");
    exactly(x, f64([4], 0.5, 0.5, 0.625, 0.78125), "values");
  });
  it("a trip count that all share keeps one counter", () => {
    const until = buildProgram("until", [I, I, F], (b, n, i) => [b.op("lt", i, n)]);
    const step = buildProgram("step", [I, F], (b, i, x) => [b.add(i, b.scalar(1, "i32")), b.mul(x, x)]);
    const g = buildProgram("squares", [I, I, F], (b, n, i, x) =>
      b.emit("while", [n, i, x], { cond: until, body: step, condConsts: 1, bodyConsts: 0 }),
    );
    const p = batchProgram(g, { axisSize: 3, inDims: [null, null, 0], outDims: ["any", "any"] });
    expect(p.outDims).toEqual([null, 0]);
    expect(prims(p.program)).toEqual(["while"]);
  });
  it("a finished element is not touched by what the body does to it", () => {
    // x → 1/(x-1)…: finished elements would go on to infinities and NaN
    const test = buildProgram("test", [F], (b, x) => [b.op("gt", x, b.scalar(1, "f64"))]);
    const step = buildProgram("step", [F], (b, x) => [b.op("log", b.sub(x, b.scalar(1, "f64")))]);
    const g = buildProgram("logs", [F], (b, x) =>
      b.emit("while", [x], { cond: test, body: step, condConsts: 0, bodyConsts: 0 }),
    );
    checkLaw(g, [[f64([], 0.5)], [f64([], 100)], [f64([], 1)]], [0]);
  });
});

describe("scan", () => {
  it("a carry becomes batched when the body makes it so, and what stays the same stays unbatched", () => {
    const body = buildProgram("body", [F, F, I, F], (b, k, c, i, x) => {
      const next = b.add(c, b.mul(k, x));
      return [next, b.add(i, b.scalar(1, "i32")), next, i];
    });
    const f = buildProgram("f", [F, F, I, aval([3], "f64")], (b, k, c, i, xs) =>
      b.emit("scan", [k, c, i, xs], { body, length: 3, reverse: false, numConsts: 1, numCarry: 2 }),
    );
    const p = batchProgram(f, { axisSize: 2, inDims: [0, null, null, null], outDims: ["any", "any", "any", "any"] });
    expect(p.outDims).toEqual([0, null, 1, null]);
  });
});

describe("nested vmap", () => {
  it("two levels at any axes are a stack of stacks", () => {
    const f = buildProgram("f", [V, V], (b, x, y) => [b.mul(x, b.op("sin", y)), b.reduceSum(b.sub(x, y), [0])]);
    const inner = batchProgram(f, { axisSize: 3, inDims: [1, null], outDims: [1, 0] }).program;
    const element = (s: number): NDArray[] => [f64([2, 3], 1 + s, 2, 3 - s, 4, 5 * s, 6), f64([2], 0.5 - s, 0.25 + s)];
    for (const dims of [
      [0, 0],
      [2, 1],
      [1, null],
      [null, 0],
    ])
      checkLaw(inner, [element(0), element(1)], dims);
  });
});

describe("custom derivative rules", () => {
  // y = k·x·y with k captured; the backward rule is marked by a factor of 10, so that it is known which rule ran
  const primal = buildProgram("mul", [F, F, F], (b, k, x, y) => [b.mul(k, b.mul(x, y))]);
  const forward = buildProgram("mul.forward", [F, F, F], (b, k, x, y) => [b.mul(k, b.mul(x, y)), x, y, k]);
  const backward = buildProgram("mul.backward", [F, F, F, F, F], (b, k, x, y, _k, ct) => {
    const scaled = b.mul(b.mul(ct, k), b.scalar(10, "f64"));
    return [b.mul(scaled, y), b.mul(scaled, x)];
  });
  let traced = 0;
  const counted = (): Core => {
    traced++;
    return forward;
  };
  const f = buildProgram("f", [F, F, F], (b, k, x, y) =>
    b.emit("custom_vjp_call", [k, x, y], {
      primal,
      forward: { name: "forward", get: counted },
      backward: lazy(backward),
      numCaptures: 1,
      name: "mul",
    }),
  );
  it("forward and backward are batched when needed; shared arguments get the sum of the cotangents", () => {
    const p = batchProgram(f, { axisSize: 3, inDims: [null, null, 0], outDims: [0] });
    expect(traced).toBe(0);
    const { params } = find(p.program, "custom_vjp_call");
    const [k, x, y] = [f64([], 2), f64([], 3), f64([3], 1, 10, 100)];
    const [out, ...residuals] = interpret(params.forward.get(), [k, x, y]);
    expect(traced).toBeGreaterThan(0);
    exactly(out, f64([3], 6, 60, 600), "out");
    exactly(interpret(params.primal, [k, x, y])[0], out, "primal");
    // x and k do not differ between elements: as residuals they stay one value
    expect(residuals.map((r) => r.shape)).toEqual([[], [3], []]);
    const [dx, dy] = interpret(params.backward.get(), [k, ...residuals, f64([3], 1, 1, 2)]);
    exactly(dx, f64([], 20 * 1 + 20 * 10 + 40 * 100), "cotangent of x, summed");
    exactly(dy, f64([3], 60, 60, 120), "cotangent of y");
  });
  it("a cotangent that does not depend on the element is counted once for each", () => {
    const constant = buildProgram("backward", [F, F, F, F, F], (b) => [b.scalar(1, "f64"), b.scalar(2, "f64")]);
    const g = buildProgram("g", [F, F, F], (b, k, x, y) =>
      b.emit("custom_vjp_call", [k, x, y], {
        primal,
        forward: lazy(forward),
        backward: lazy(constant),
        numCaptures: 1,
        name: "g",
      }),
    );
    const { params } = find(
      batchProgram(g, { axisSize: 3, inDims: [null, null, 0], outDims: [0] }).program,
      "custom_vjp_call",
    );
    const residuals = interpret(params.forward.get(), [f64([], 2), f64([], 3), f64([3], 1, 2, 3)]).slice(1);
    const [dx, dy] = interpret(params.backward.get(), [f64([], 2), ...residuals, f64([3], 1, 1, 1)]);
    exactly(dx, f64([], 3), "one for each of three");
    exactly(dy, f64([3], 2, 2, 2), "each its own");
  });
  it("the linear form that reverse mode transposes is batched too", () => {
    const g = buildProgram("g", [F, F, F, F, F, F], (b, k, x, y, k2, tx, ty) =>
      b.emit("custom_vjp_linear", [k, x, y, k2, tx, ty], {
        backward: lazy(backward),
        numCaptures: 1,
        numResiduals: 3,
        outAvals: [F],
        name: "mul",
      }),
    );
    const p = batchProgram(g, { axisSize: 2, inDims: [null, 0, null, null, null, 0], outDims: [0] });
    const { params, outputs } = find(p.program, "custom_vjp_linear");
    expect(outputs[0].aval.shape).toEqual([2]);
    const [dx, dy] = interpret(params.backward.get(), [
      f64([], 1),
      f64([2], 3, 4),
      f64([], 5),
      f64([], 1),
      f64([2], 1, 2),
    ]);
    exactly(dx, f64([], 150), "the tangent of x is shared: 10·5·1 + 10·5·2");
    exactly(dy, f64([2], 30, 80), "10·x·ct");
  });
  it("a jvp rule gets tangents where its arguments have their batch", () => {
    const rule = buildProgram("jvp", [V, V, V, V], (b, x, y, tx, ty) => [
      b.mul(x, y),
      b.add(b.mul(tx, y), b.mul(x, ty)),
    ]);
    const own = buildProgram("own", [V, V], (b, x, y) => [b.mul(x, y)]);
    const g = buildProgram("g", [V, V], (b, x, y) =>
      b.emit("custom_jvp_call", [x, y], { primal: own, jvp: lazy(rule), numCaptures: 0, name: "own" }),
    );
    const { params } = find(
      batchProgram(g, { axisSize: 2, inDims: [1, null], outDims: [0] }).program,
      "custom_jvp_call",
    );
    const jvp = params.jvp.get();
    const [x, y] = [f64([2, 2], 1, 2, 3, 4), f64([2], 5, 6)];
    const [out, dot] = interpret(jvp, [x, y, f64([2, 2], 1, 0, 0, 1), f64([2], 1, 1)]);
    exactly(out, f64([2, 2], 5, 18, 10, 24), "out");
    exactly(dot, f64([2, 2], 6, 3, 2, 10), "tangent");
  });
  it("a rule that calls its own function does not unroll for ever", () => {
    const call: Core = buildProgram("self", [F], (b, x) =>
      b.emit("custom_jvp_call", [x], {
        primal: buildProgram("sin", [F], (s, v) => [s.op("sin", v)]),
        jvp: { name: "self.jvp", get: () => selfRule },
        numCaptures: 0,
        name: "self",
      }),
    );
    const selfRule: Core = buildProgram("self.jvp", [F, F], (b, x, t) => [
      b.inline(call, [x])[0],
      b.mul(t, b.op("cos", x)),
    ]);
    const { params } = find(batchProgram(call, { axisSize: 2, inDims: [0], outDims: [0] }).program, "custom_jvp_call");
    const [, dot] = interpret(params.jvp.get(), [f64([2], 0, 1), f64([2], 1, 2)]);
    within(1e-12, 0)(dot, f64([2], 1, 2 * Math.cos(1)), "tangent");
  });
});

describe("effects", () => {
  const collect = (): { seen: number[]; callback: (...args: readonly unknown[]) => void } => {
    const seen: number[] = [];
    return { seen, callback: (x) => void seen.push(Number((x as NDArray).data[0])) };
  };
  it("an unordered callback runs for each element", () => {
    const { seen, callback } = collect();
    const f = buildProgram("f", [F], (b, x) => {
      b.emit("debug_callback", [x], { callback, ordered: false });
      return [b.neg(x)];
    });
    const p = batchProgram(f, { axisSize: 3, inDims: [0], outDims: [0] });
    expect(p.program.effects).toEqual(["io:unordered"]);
    interpret(p.program, [f64([3], 5, 6, 7)]);
    expect(seen).toEqual([5, 6, 7]);
  });
  it("an ordered one is refused, also inside of a branch", () => {
    const { callback } = collect();
    const f = buildProgram("f", [F], (b, x) => {
      b.emit("debug_callback", [x], { callback, ordered: true });
      return [x];
    });
    const g = buildProgram("g", [F], (b, x) => b.emit("cond", [b.scalar(0, "i32"), x], { branches: [f] }));
    for (const p of [f, g]) {
      expect(() => batchProgram(p, { axisSize: 3, inDims: [0], outDims: [0] })).toThrow(/TW3012/);
    }
  });
  it("under a predicate that differs, a callback runs only for the elements that take its branch", () => {
    const { seen, callback } = collect();
    const loud = buildProgram("loud", [F], (b, x) => {
      b.emit("debug_callback", [x], { callback, ordered: false });
      return [b.neg(x)];
    });
    const quiet = buildProgram("quiet", [F], (b, x) => [b.add(x, x)]);
    const f = buildProgram("f", [aval([], "bool"), F], (b, p, x) =>
      b.emit("cond", [p, x], { branches: [quiet, loud] }),
    );
    const p = batchProgram(f, { axisSize: 4, inDims: [0, 0], outDims: [0] });
    const [out] = interpret(p.program, [fromValues([4], "bool", [true, false, false, true]), f64([4], 1, 2, 3, 4)]);
    exactly(out, f64([4], -1, 4, 6, -4), "results");
    expect(seen).toEqual([1, 4]);
  });
  it("in a loop whose elements stop at different times, a finished element is silent", () => {
    const { seen, callback } = collect();
    const cond = buildProgram("test", [F], (b, x) => [b.op("ge", x, b.scalar(1, "f64"))]);
    const body = buildProgram("body", [F], (b, x) => {
      b.emit("debug_callback", [x], { callback, ordered: false });
      return [b.mul(x, b.scalar(0.5, "f64"))];
    });
    const f = buildProgram("f", [F], (b, x) => b.emit("while", [x], { cond, body, condConsts: 0, bodyConsts: 0 }));
    const p = batchProgram(f, { axisSize: 3, inDims: [0], outDims: [0] });
    const [out] = interpret(p.program, [f64([3], 0.25, 4, 1)]);
    exactly(out, f64([3], 0.25, 0.5, 0.5), "results");
    expect(seen).toEqual([4, 2, 1, 1]);
  });
});

describe("cost", () => {
  const M = aval([4, 5], "f64");
  it("a product stays a product, however its operands are batched", () => {
    const f = buildProgram("dot", [M, M], (b, x, y) =>
      b.emit("dot_general", [x, y], {
        lhsContract: [1],
        rhsContract: [1],
        lhsBatch: [],
        rhsBatch: [],
        preferred: null,
      }),
    );
    for (const inDims of [
      [0, null],
      [null, 2],
      [1, 1],
    ]) {
      expect(prims(batchProgram(f, { axisSize: 3, inDims, outDims: ["any"] }).program)).toEqual(["dot_general"]);
    }
  });
  it("a gather with batched indices counts nothing", () => {
    const f = buildProgram("take", [M, aval([3, 1], "i32")], (b, x, i) => [
      b.emit1("gather", [x, i], {
        dims: {
          offsetDims: [1],
          collapsedSliceDims: [0],
          operandBatchingDims: [],
          startIndicesBatchingDims: [],
          startIndexMap: [0],
        },
        sliceSizes: [1, 5],
        mode: "clip",
      }),
    ]);
    const p = batchProgram(f, { axisSize: 3, inDims: [0, 0], outDims: [0] });
    expect(prims(p.program)).toEqual(["gather"]);
    expect(find(p.program, "gather").params.dims.operandBatchingDims).toEqual([0]);
  });
  it("one triangular matrix for all elements is not repeated", () => {
    const f = buildProgram("solve", [aval([4, 4], "f64"), aval([4, 2], "f64")], (b, a, x) =>
      b.emit("triangular_solve", [a, x], { leftSide: true, lower: true, transposeA: false, unitDiagonal: false }),
    );
    const p = batchProgram(f, { axisSize: 3, inDims: [null, 0], outDims: ["any"] });
    expect(find(p.program, "triangular_solve").inputs[1].aval.shape).toEqual([4, 6]);
  });
  it("what no element changes is computed once", () => {
    const f = buildProgram("f", [V, V], (b, x, y) => [b.op("exp", x), b.mul(b.op("sin", x), y)]);
    const p = batchProgram(f, { axisSize: 3, inDims: [null, 0], outDims: ["any", "any"] });
    expect(p.outDims).toEqual([null, 0]);
    expect(find(p.program, "sin").outputs[0].aval.shape).toEqual([2]);
  });
});

describe("outputs", () => {
  const f = buildProgram("f", [V, V], (b, x, y) => [b.neg(x), b.neg(y)]);
  it("an unbatched output is broadcast to the wanted axis", () => {
    const p = batchProgram(f, { axisSize: 3, inDims: [0, null], outDims: [1, 1] });
    expect(p.program.outputs.map((o) => o.aval.shape)).toEqual([
      [2, 3],
      [2, 3],
    ]);
  });
  it("a batched output without a wanted axis is an error", () => {
    expect(() => batchProgram(f, { axisSize: 3, inDims: [0, null], outDims: [null, null] })).toThrow(/TW3006/);
  });
});
