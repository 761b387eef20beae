/** Control flow: which program runs, in which order, with what. */
import { describe, expect, it } from "vitest";
import type { NDArray } from "../../src/interpreter/array.js";
import { interpret } from "../../src/interpreter/index.js";
import { aval } from "../../src/ir/aval.js";
import { buildProgram } from "../../src/ir/builder.js";
import type { LazyProgram } from "../../src/ir/ops/index.js";
import { array, elements, run, scalar, vector } from "./run.js";

const F = aval([], "f64");
const I = aval([], "i32");

describe("control", () => {
  it("cond clamps its index; a bool chooses the second branch when true", () => {
    const branches = [10, 20, 30].map((x) => buildProgram("b", [F], (b, v) => [b.add(v, b.scalar(x, "f64"))]));
    const at = (i: NDArray, n = 3) =>
      elements(run("cond", { branches: branches.slice(0, n) }, i, scalar("f64", 1))[0])[0];
    expect([-5, 0, 1, 2, 9].map((i) => at(scalar("i32", i)))).toEqual([11, 11, 21, 31, 31]);
    expect([at(scalar("bool", 0), 2), at(scalar("bool", 1), 2)]).toEqual([11, 21]);
  });

  it("while tests before the first step", () => {
    const cond = buildProgram("c", [I, I, F], (b, n, i) => [b.op("lt", i, n)]);
    const body = buildProgram("s", [F, I, F], (b, k, i, x) => [b.add(i, b.scalar(1, "i32")), b.mul(x, k)]);
    const power = (n: number) =>
      run(
        "while",
        { cond, body, condConsts: 1, bodyConsts: 1 },
        scalar("i32", n),
        scalar("f64", 3),
        scalar("i32", 0),
        scalar("f64", 1),
      );
    expect(power(4).map(elements)).toEqual([[4], [81]]);
    expect(power(-1).map(elements)).toEqual([[0], [1]]);
  });

  it("scan stacks outputs where their step stands, in reverse too", () => {
    const body = buildProgram("b", [F, F, F], (b, k, c, x) => [b.add(b.mul(c, k), x), c]);
    const scan = (reverse: boolean) =>
      run(
        "scan",
        { body, length: 3, reverse, numConsts: 1, numCarry: 1 },
        scalar("f64", 10),
        scalar("f64", 0),
        vector("f64", 1, 2, 3),
      );
    expect(scan(false).map(elements)).toEqual([[123], [0, 1, 12]]);
    expect(scan(true).map(elements)).toEqual([[321], [32, 3, 0]]);
    const none = run(
      "scan",
      { body, length: 0, reverse: false, numConsts: 1, numCarry: 1 },
      scalar("f64", 10),
      scalar("f64", 7),
      vector("f64"),
    );
    expect(none.map((x) => [x.shape, elements(x)])).toEqual([
      [[], [7]],
      [[0], []],
    ]);
  });

  it("scan runs over steps of any shape", () => {
    const row = aval([2], "i64");
    const body = buildProgram("b", [row, row], (b, c, x) => [b.add(c, x), b.reduceSum(x, [0])]);
    const out = run(
      "scan",
      { body, length: 2, reverse: false, numConsts: 0, numCarry: 1 },
      vector("i64", 0n, 0n),
      array("i64", [2, 2], [1n, 2n, 3n, 4n]),
    );
    expect(out.map(elements)).toEqual([
      [4n, 6n],
      [3n, 7n],
    ]);
  });

  it("debug_callback gets plain values, in order", () => {
    const seen: unknown[] = [];
    const p = buildProgram("p", [F], (b, x) => {
      b.emit("debug_callback", [x], { callback: (v) => seen.push(elements(v as NDArray)[0]), ordered: true });
      const y = b.add(x, x);
      b.emit("debug_callback", [y, x], { callback: (...v) => seen.push(v.length), ordered: true });
      return [y];
    });
    expect(elements(interpret(p, [scalar("f64", 4)])[0])).toEqual([8]);
    expect(seen).toEqual([4, 2]);
  });

  it("custom rules run their primal; forward mode of a custom vjp is an error that says so", () => {
    const primal = buildProgram("f", [F], (b, x) => [b.mul(x, x)]);
    const never: LazyProgram = { name: "never", get: () => expect.unreachable() };
    const custom = { primal, numCaptures: 0, name: "square" };
    expect(elements(run("custom_jvp_call", { ...custom, jvp: never }, scalar("f64", 3))[0])).toEqual([9]);
    expect(
      elements(run("custom_vjp_call", { ...custom, forward: never, backward: never }, scalar("f64", 3))[0]),
    ).toEqual([9]);
    const linear = { backward: never, numCaptures: 0, numResiduals: 0, outAvals: [F], name: "square" };
    expect(() => run("custom_vjp_linear", linear, scalar("f64", 1))).toThrow(/TW3004: square: .*no forward mode/);
  });

  it("refuses programs that do not fit their values", () => {
    const p = buildProgram("p", [F], (_b, x) => [x]);
    expect(() => interpret(p, [])).toThrow(/0 values for 1 inputs/);
    expect(() => interpret(p, [vector("f64", 1)])).toThrow(/input 0 of p is f64\[1\], the program says f64\[\]/);
  });
});
