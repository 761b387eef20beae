/** print → parse → print is the identity, over the op table, random programs and hand-written text. */
import { describe, expect, it } from "vitest";
import { aval } from "../../src/ir/aval.js";
import { buildProgram } from "../../src/ir/builder.js";
import { parseDim } from "../../src/ir/dim-parse.js";
import { parseProgram } from "../../src/ir/parse.js";
import { printProgram } from "../../src/ir/print.js";
import { literal, type Program } from "../../src/ir/program.js";
import { CASES, COLLECTIVE_CASES, caseProgram, caseTitle } from "../laws/cases.js";
import { randomProgram } from "../laws/fuzz-program.js";

const F = aval([3], "f32");
const roundTrip = (p: Program<"core">): void => {
  const text = printProgram(p);
  expect(printProgram(parseProgram(text))).toBe(text);
};

describe("round trips", () => {
  it("every row of the op table", () => {
    for (const c of [...CASES, ...COLLECTIVE_CASES]) {
      for (const dtype of c.dtypes) {
        try {
          roundTrip(caseProgram(c, dtype));
        } catch (e) {
          throw new Error(`${caseTitle(c)} ${dtype}: ${String(e)}`);
        }
      }
    }
  });
  it("500 random programs, half of them over symbolic sizes", () => {
    for (let seed = 1; seed <= 500; seed++) roundTrip(randomProgram({ seed, symbolic: seed % 2 === 0, equations: 20 }));
  });
});

describe("text", () => {
  it("reads like a jaxpr", () => {
    const p = buildProgram("step", [aval([parseDim("n"), 4], "f32"), aval([], "f32", true)], (b, x, y) => {
      const t = b.transpose(x, [1, 0]);
      const s = b.reduceSum(t, [0, 1]);
      return [b.add(s, y), b.scalar(-0, "f32"), b.broadcast(s, [parseDim("max(n-3,0)"), 2], [])];
    });
    expect(printProgram(p)).toBe(
      [
        "fn step(a: f32[n,4], b: ~f32[]) {",
        "  c: f32[4,n] = transpose[perm=[1, 0]] a",
        "  d: f32[] = reduce_sum[axes=[0, 1]] c",
        "  e: f32[] = add d, b",
        "  f: f32[max(n-3,0),2] = broadcast_in_dim[dims=[], shape=[max(n-3,0), 2]] d",
        "  return e, -0:f32, f",
        "}",
      ].join("\n"),
    );
    roundTrip(p);
  });
  it("prints nested programs indented, callbacks and lazy programs as names", () => {
    const body = buildProgram("body", [F, F], (b, x, y) => [b.mul(x, y), b.neg(y)]);
    const show = (): void => {};
    const p = buildProgram("outer", [F, aval([5, 3], "f32"), aval([], "bool")], (b, c, xs, flag) => {
      const [carry, ys] = b.emit("scan", [c, xs], { body, length: 5, reverse: false, numConsts: 0, numCarry: 1 });
      b.emit("debug_callback", [carry], { callback: show, ordered: true });
      const [r] = b.emit("cond", [flag, carry], {
        branches: [
          buildProgram("no", [F], (_, x) => [x]),
          buildProgram("grad(yes)", [F], (b2, x) => [b2.op("sin", x)]),
        ],
      });
      const [j] = b.emit("custom_jvp_call", [r], {
        primal: buildProgram("f", [F], (b2, x) => [b2.op("exp", x)]),
        jvp: { name: "f_jvp", get: () => body },
        numCaptures: 0,
        name: "f",
      });
      return [ys, j];
    });
    expect(printProgram(p)).toBe(
      `fn outer(a: f32[3], b: f32[5,3], c: bool[]) {
  d: f32[3], e: f32[5,3] = scan[
    length=5, numCarry=1, numConsts=0, reverse=false
    body=fn body(a: f32[3], b: f32[3]) {
      c: f32[3] = mul a, b
      d: f32[3] = neg b
      return c, d
    }
  ] a, b
  debug_callback[callback=<show>, ordered=true] d
  f: f32[3] = cond[
    branches=[
      fn no(a: f32[3]) {
        return a
      },
      fn "grad(yes)"(a: f32[3]) {
        b: f32[3] = sin a
        return b
      }
    ]
  ] c, d
  g: f32[3] = custom_jvp_call[
    jvp=lazy<f_jvp>, name=f, numCaptures=0
    primal=fn f(a: f32[3]) {
      b: f32[3] = exp a
      return b
    }
  ] f
  return e, g
}`,
    );
    roundTrip(p);
    const parsed = parseProgram(printProgram(p));
    expect(parsed.effects).toEqual(["io:ordered"]);
    const call = parsed.eqns[1];
    expect(() => call.prim === "debug_callback" && call.params.callback()).toThrow(
      "the function show was not in the program's text",
    );
  });
  it("keeps names, renames those that clash, and words of the grammar", () => {
    const p = buildProgram("f", [aval([], "f32")], (b, x) => [x, b.neg(x)]);
    const named = { ...p, inputs: p.inputs };
    expect(printProgram(named)).toContain("fn f(a: f32[]) {");
    const text = `fn f(x: f32[], inf_: f32[], x_1: f32[]) {\n  a: f32[] = add x, inf_\n  return a, x_1\n}`;
    expect(printProgram(parseProgram(text))).toBe(text);
  });
  it("writes literals of every kind", () => {
    const values = [
      literal(1.5, aval([], "f32", true)),
      literal(Number.NaN, aval([], "f64")),
      literal(Number.NEGATIVE_INFINITY, aval([], "f16")),
      literal(2n ** 63n, aval([], "u64")),
      literal(-7, aval([], "i64")),
      literal(true, aval([], "bool")),
      literal(1e-30, aval([], "f64")),
      literal(1e22, aval([], "f64")),
    ];
    const p = buildProgram("f", [], () => values);
    expect(printProgram(p)).toContain(
      "return 1.5:~f32, nan:f64, -inf:f16, 9223372036854775808:u64, -7:i64, true:bool, 1e-30:f64, 1e+22:f64",
    );
    roundTrip(p);
    expect(parseProgram(printProgram(p)).outputs[4]).toEqual(literal(-7n, aval([], "i64")));
  });
});

describe("errors", () => {
  const bad = (text: string): string => {
    try {
      parseProgram(text);
    } catch (e) {
      return (e as Error).message;
    }
    return "parsed";
  };
  it("names the line and what is wrong", () => {
    expect(bad("fn f(a: f32[2]) {\n  b: f32[2] = sine a\n  return b\n}")).toContain(
      "line 2 of the program's text: sine is not a primitive",
    );
    expect(bad("fn f(a: f32[2]) {\n  b: f32[3] = neg a\n  return b\n}")).toContain(
      "line 2 of the program's text: neg gives (f32[2]), not (f32[3])",
    );
    expect(bad("fn f(a: f32[2]) {\n  return b\n}")).toContain("line 2 of the program's text: b is not defined");
    expect(bad("fn f(a: f32[2], a: f32[2]) {\n  return a\n}")).toContain(
      "line 1 of the program's text: a is defined twice",
    );
    expect(bad("fn f(a: f33[2]) {\n  return a\n}")).toContain("f33 is not a dtype");
    expect(bad("fn f(a: f32[2]) {\n  return a\n} more")).toContain("nothing more was expected");
    expect(bad("fn f(a: f32[2]) {\n  return 1.5:i32\n}")).toContain("1.5 is not a i32");
  });
});
