/** Dead code: what is left computes the same, and nothing that is left could go. */
import { describe, expect, it } from "vitest";
import { interpret } from "../../src/interpreter/index.js";
import { aval } from "../../src/ir/aval.js";
import { buildProgram } from "../../src/ir/builder.js";
import { parseProgram } from "../../src/ir/parse.js";
import { printProgram } from "../../src/ir/print.js";
import type { Program } from "../../src/ir/program.js";
import { verify } from "../../src/ir/verify.js";
import { dce, prune } from "../../src/simplify/index.js";
import { expectSame } from "../laws/compare.js";
import { randomInputs, randomProgram } from "../laws/fuzz-program.js";
import { Rng } from "../laws/random.js";

const pruned = (text: string): string => printProgram(verify(dce(parseProgram(text)), "dce"));
const EXACT = { rel: 0, abs: 0 };

describe("laws", () => {
  it("any subset of outputs of 400 random programs keeps its values", () => {
    for (let seed = 1; seed <= 400; seed++) {
      const p = randomProgram({ seed, equations: 25 });
      const rng = new Rng(seed);
      const live = p.outputs.map(() => rng.chance(0.5));
      const result = prune(p, live);
      verify(result.program, `dce, seed ${seed}`);
      expect(dce(result.program)).toBe(result.program);
      const inputs = randomInputs(p, seed);
      const expected = interpret(p, inputs).filter((_, i) => live[i]);
      expectSame(`seed ${seed}`, interpret(result.program, inputs), expected, EXACT);
      // operands that are not read may be anything
      const others = randomInputs(p, seed + 1000).map((x, i) => (result.used[i] ? inputs[i] : x));
      expectSame(`seed ${seed}, other operands`, interpret(result.program, others), expected, EXACT);
    }
  });
});

describe("control flow", () => {
  it("scan: a carry, a constant, an x and a y that nobody needs", () => {
    expect(
      pruned(`fn f(c: f32[], d: f32[], i: f32[], j: f32[], xs: f32[4], zs: f32[4]) {
  a: f32[], b: f32[], ys: f32[4], ws: f32[4] = scan[
    length=4, numCarry=2, numConsts=2, reverse=false
    body=fn body(c: f32[], d: f32[], i: f32[], j: f32[], x: f32[], z: f32[]) {
      k: f32[] = add i, x
      l: f32[] = mul j, d
      m: f32[] = mul l, z
      n: f32[] = mul k, c
      return n, m, k, l
    }
  ] c, d, i, j, xs, zs
  return a, ys
}`),
    ).toBe(`fn f(c: f32[], d: f32[], i: f32[], j: f32[], xs: f32[4], zs: f32[4]) {
  a: f32[], ys: f32[4] = scan[
    length=4, numCarry=1, numConsts=1, reverse=false
    body=fn body(c: f32[], i: f32[], x: f32[]) {
      k: f32[] = add i, x
      n: f32[] = mul k, c
      return n, k
    }
  ] c, i, xs
  return a, ys
}`);
  });
  it("scan: a carry lives when a live carry reads it, round the loop", () => {
    const text = `fn f(i: f32[], j: f32[], k: f32[]) {
  a: f32[], b: f32[], c: f32[] = scan[
    length=3, numCarry=3, numConsts=0, reverse=false
    body=fn body(i: f32[], j: f32[], k: f32[]) {
      l: f32[] = neg j
      m: f32[] = neg k
      return l, m, k
    }
  ] i, j, k
  return a
}`;
    expect(pruned(text)).toBe(text);
  });
  it("while: what the test reads stays, its constants too", () => {
    expect(
      pruned(`fn f(n: f32[], s: f32[], t: f32[], i: f32[], x: f32[], y: f32[]) {
  a: f32[], b: f32[], c: f32[] = while[
    bodyConsts=2, condConsts=1
    body=fn body(s: f32[], t: f32[], i: f32[], x: f32[], y: f32[]) {
      j: f32[] = add i, 1:f32
      z: f32[] = mul x, s
      w: f32[] = mul y, t
      return j, z, w
    }
    cond=fn test(n: f32[], i: f32[], x: f32[], y: f32[]) {
      p: bool[] = lt i, n
      return p
    }
  ] n, s, t, i, x, y
  return b
}`),
    ).toBe(`fn f(n: f32[], s: f32[], t: f32[], i: f32[], x: f32[], y: f32[]) {
  a: f32[], b: f32[] = while[
    bodyConsts=1, condConsts=1
    body=fn body(s: f32[], i: f32[], x: f32[]) {
      j: f32[] = add i, 1:f32
      z: f32[] = mul x, s
      return j, z
    }
    cond=fn test(n: f32[], i: f32[], x: f32[]) {
      p: bool[] = lt i, n
      return p
    }
  ] n, s, i, x
  return b
}`);
  });
  it("cond: an output that nobody reads, and the operand that only it needed", () => {
    expect(
      pruned(`fn f(p: bool[], x: f32[], y: f32[]) {
  a: f32[], b: f32[] = cond[
    branches=[
      fn no(x: f32[], y: f32[]) {
        z: f32[] = neg y
        return x, z
      },
      fn yes(x: f32[], y: f32[]) {
        return 1:f32, y
      }
    ]
  ] p, x, y
  return a
}`),
    ).toBe(`fn f(p: bool[], x: f32[], y: f32[]) {
  a: f32[] = cond[
    branches=[
      fn no(x: f32[]) {
        return x
      },
      fn yes(x: f32[]) {
        return 1:f32
      }
    ]
  ] p, x
  return a
}`);
  });
  it("an optimisation barrier lets go of what nobody reads after it", () => {
    expect(
      pruned(`fn f(x: f32[], y: f32[]) {
  a: f32[], b: f32[] = optimization_barrier x, y
  return b
}`),
    ).toContain("  b: f32[] = optimization_barrier y\n");
  });
});

describe("effects", () => {
  const F = aval([], "f32");
  const printing = (ordered: boolean): Program<"core"> =>
    buildProgram("loud", [F], (b, x) => {
      const y = b.neg(x);
      b.emit("debug_callback", [y], { callback: () => {}, ordered });
      return [b.op("sin", x)];
    });
  it("callbacks stay, and what they show, in every kind of nested program", () => {
    for (const ordered of [true, false]) {
      const p = buildProgram("f", [F, aval([], "bool")], (b, x, flag) => {
        b.emit("call", [x], { program: printing(ordered), name: "loud" });
        b.emit("checkpoint", [x], { program: printing(ordered), policy: null, prevent: true });
        b.emit("cond", [flag, x], { branches: [printing(ordered), printing(ordered)] });
        b.emit("scan", [x], { body: printing(ordered), length: 3, reverse: false, numConsts: 0, numCarry: 1 });
        return [x];
      });
      const left = verify(dce(p));
      expect(left.eqns.map((e) => e.prim)).toEqual(["call", "checkpoint", "cond", "scan"]);
      expect(left.effects).toEqual([ordered ? "io:ordered" : "io:unordered"]);
      expect(printProgram(left)).not.toContain("= sin a\n      return\n");
    }
  });
  it("a collective stays: the other ranks wait for it", () => {
    const p = buildProgram("f", [F], (b, x) => {
      b.emit("psum", [x], { axisName: "i" });
      b.emit("axis_index", [], { axisName: "i", axisSize: 2 });
      return [x];
    });
    expect(dce(p).eqns.map((e) => e.prim)).toEqual(["psum"]);
  });
});
