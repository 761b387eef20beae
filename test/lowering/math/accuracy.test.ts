/** Compiled functions against reference values of 40 digits (golden.py, mpmath), against Math in sweeps, and at the edges. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { wasmMath } from "../../../src/lowering/wasm/math/index.js";
import { special } from "../../../src/lowering/wasm/math/special.js";
import type { ElementwisePrim } from "../../../src/ir/tile.js";
import { scalarFunction, vectorFunction } from "./evaluate.js";
import { BOUNDS_F32, BOUNDS_F64, LOOSE, ulps32, ulps64 } from "./ulp.js";

const golden: Record<string, number[][]> = JSON.parse(readFileSync(new URL("./golden.json", import.meta.url), "utf8"));
const names = Object.keys(golden);
const arity = (name: string): number => golden[name][0].length - 2;

describe("f64 against 40 digits", () => {
  test("every function has a bound", () => {
    for (const name of names) expect(BOUNDS_F64[name] ?? LOOSE[name], name).toBeGreaterThan(0);
    for (const name of [special.functions, special.inline.f64].flatMap(Object.keys)) expect(names).toContain(name);
  });
  test.each(names)("%s", (name) => {
    const n = arity(name);
    const f = scalarFunction(name, "f64", n);
    for (const row of golden[name]) {
      const args = row.slice(0, n);
      const [high, low] = row.slice(n);
      const y = f(...args);
      const what = `${name}(${args.join(", ")}) = ${y}, not ${high}`;
      if (BOUNDS_F64[name]) expect(ulps64(y, high, low), what).toBeLessThanOrEqual(BOUNDS_F64[name]);
      else {
        // near their zeros lgamma and digamma of negative numbers are differences of terms about 1 and more
        const size = name === "lgamma" || name === "digamma" ? Math.max(1, Math.abs(high), args[0] < 0 ? 4 : 0) : 0;
        const error = Math.abs(y - high - low) / Math.max(Math.abs(high), size);
        expect(error, what).toBeLessThanOrEqual(LOOSE[name]);
      }
    }
  });
});

describe("f32 is the f64 function rounded, within its bound", () => {
  test.each(names)("%s", (name) => {
    const n = arity(name);
    const f = scalarFunction(name, "f32", n);
    const reference = scalarFunction(name, "f64", n);
    for (const row of golden[name]) {
      const args = row.slice(0, n).map(Math.fround);
      const exact = reference(...args);
      if (!Number.isFinite(Math.fround(exact))) continue;
      const y = f(...args);
      expect(ulps32(y, exact), `${name}(${args.join(", ")}) = ${y}, not ${exact}`).toBeLessThanOrEqual(
        BOUNDS_F32[name] ?? 0.51,
      );
    }
  });
});

const MATH: Record<string, (x: number) => number> = {
  exp: Math.exp,
  exp2: (x) => 2 ** x,
  expm1: Math.expm1,
  log: Math.log,
  log1p: Math.log1p,
  logistic: (x) => (x < 0 ? Math.exp(x) / (1 + Math.exp(x)) : 1 / (1 + Math.exp(-x))),
  tanh: Math.tanh,
  sinh: Math.sinh,
  cosh: Math.cosh,
  sin: Math.sin,
  cos: Math.cos,
  tan: Math.tan,
  asin: Math.asin,
  acos: Math.acos,
  atan: Math.atan,
  asinh: Math.asinh,
  acosh: Math.acosh,
  atanh: Math.atanh,
  cbrt: Math.cbrt,
};
const bits = new DataView(new ArrayBuffer(4));
function fromBits(x: number): number {
  bits.setUint32(0, x);
  return bits.getFloat32(0);
}

describe("f32 in a sweep over all exponents, subnormals included", () => {
  test.each(Object.keys(MATH))("%s", (name) => {
    const f = scalarFunction(name, "f32", 1);
    let worst = 0;
    let at = 0;
    for (let b = 0; b < 2 ** 32; b += 299_993) {
      const x = fromBits(b);
      if (Number.isNaN(x)) continue;
      const exact = MATH[name](x);
      const rounded = Math.fround(exact);
      const y = f(x);
      if (!Number.isFinite(rounded) || rounded === 0) expect(y, `${name}(${x})`).toBe(rounded);
      else {
        const e = ulps32(y, exact);
        if (!(e <= worst)) [worst, at] = [e, x];
      }
    }
    expect(worst, `at ${at}`).toBeLessThanOrEqual(BOUNDS_F32[name] ?? 0.51);
  });
});

const EDGES = [
  0,
  -0,
  1,
  -1,
  0.5,
  -0.5,
  2,
  -2,
  1e-40,
  -1e-40,
  88.72283,
  88.72284,
  -87.4,
  -103.9,
  -104.5,
  16777216,
  -16777216,
  1e10,
  3e38,
  -3e38,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  Number.NaN,
  5e-324,
  -5e-324,
  1e-310,
  709.782,
  709.783,
  -745.1,
  -745.2,
  1024,
  -1074,
  -1075,
  1e300,
  -1e300,
];
describe.each(["f32", "f64"] as const)("edges of %s", (dtype) => {
  test.each(Object.keys(MATH))("%s", (name) => {
    const f = scalarFunction(name, dtype, 1);
    for (const edge of EDGES) {
      const x = dtype === "f32" ? Math.fround(edge) : edge;
      const exact = MATH[name](x);
      const expected = dtype === "f32" ? Math.fround(exact) : exact;
      const y = f(x);
      const what = `${name}(${x})`;
      // one spacing of subnormals may be lost by the reference itself
      const least = dtype === "f32" ? 2 ** -149 : 2 ** -1074;
      if (!Number.isFinite(expected) || expected === 0) expect(y, what).toBe(expected);
      else if (Math.abs(expected) < 1e-300) expect(Math.abs(y - expected), what).toBeLessThanOrEqual(least);
      else if (dtype === "f32") expect(ulps32(y, exact), what).toBeLessThanOrEqual(2);
      else expect(ulps64(y, exact), what).toBeLessThanOrEqual(3);
    }
  });

  test("pow as in C's Annex F", () => {
    const f = scalarFunction("pow", dtype, 2);
    const special = [
      0,
      -0,
      1,
      -1,
      0.5,
      -0.5,
      2,
      -2,
      3,
      -3,
      2.5,
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
      Number.NaN,
    ];
    for (const x of special)
      for (const y of special) {
        // JavaScript differs from C where the base is ±1 and the exponent infinite or NaN
        const exact = x === 1 || (x === -1 && Math.abs(y) === Number.POSITIVE_INFINITY) ? 1 : x ** y;
        const expected = dtype === "f32" ? Math.fround(exact) : exact;
        const r = f(x, y);
        if (!Number.isFinite(expected) || Number.isInteger(expected)) expect(r, `pow(${x}, ${y})`).toBe(expected);
        else expect(dtype === "f32" ? ulps32(r, exact) : ulps64(r, exact), `pow(${x}, ${y})`).toBeLessThanOrEqual(1);
      }
    expect(f(2, 1e30)).toBe(Number.POSITIVE_INFINITY);
    expect(f(-2, 1e30)).toBe(Number.POSITIVE_INFINITY);
    expect(f(-2, -1e30)).toBe(0);
    expect(f(0.999, 1e30)).toBe(0);
  });
  test("atan2 as in Math", () => {
    const f = scalarFunction("atan2", dtype, 2);
    const special = [0, -0, 1, -1, 1e-30, -1e30, 3e38, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN];
    for (const y of special)
      for (const x of special) {
        const [b, a] = dtype === "f32" ? [Math.fround(y), Math.fround(x)] : [y, x];
        const exact = Math.atan2(b, a);
        const result = f(b, a);
        if (Number.isNaN(exact)) expect(result).toBeNaN();
        else if (exact === 0) expect(result, `atan2(${b}, ${a})`).toBe(exact);
        else expect(dtype === "f32" ? ulps32(result, exact) : ulps64(result, exact)).toBeLessThanOrEqual(1.5);
      }
  });
  test("special functions", () => {
    const inf = Number.POSITIVE_INFINITY;
    const cases: [string, number[], number][] = [
      ["erf", [0], 0],
      ["erf", [-0], -0],
      ["erf", [inf], 1],
      ["erf", [-inf], -1],
      ["erf", [Number.NaN], Number.NaN],
      ["erfc", [inf], 0],
      ["erfc", [-inf], 2],
      ["erfc", [30], 0],
      ["erf_inv", [1], inf],
      ["erf_inv", [-1], -inf],
      ["erf_inv", [1.5], Number.NaN],
      ["erf_inv", [-0], -0],
      ["lgamma", [0], inf],
      ["lgamma", [-0], inf],
      ["lgamma", [-3], inf],
      ["lgamma", [1], 0],
      ["lgamma", [2], 0],
      ["lgamma", [inf], inf],
      ["lgamma", [-inf], inf],
      ["digamma", [0], Number.NaN],
      ["digamma", [-2], Number.NaN],
      ["digamma", [inf], inf],
      ["igamma", [1, 0], 0],
      ["igamma", [1, inf], 1],
      ["igamma", [0, 1], Number.NaN],
      ["igamma", [1, -1], Number.NaN],
      ["igammac", [1, 0], 1],
      ["igammac", [1, inf], 0],
      ["zeta", [1, 2], inf],
      ["zeta", [0.5, 2], Number.NaN],
      ["polygamma", [-1, 2], Number.NaN],
      ["polygamma", [1.5, 2], Number.NaN],
      ["regularized_incomplete_beta", [2, 3, 0], 0],
      ["regularized_incomplete_beta", [2, 3, 1], 1],
      ["regularized_incomplete_beta", [0, 3, 0.5], Number.NaN],
      ["regularized_incomplete_beta", [2, 3, 1.5], Number.NaN],
      ["bessel_i0e", [0], 1],
      ["bessel_i1e", [-0], -0],
      ["bessel_i0e", [inf], 0],
      ["bessel_i1e", [-inf], -0],
      ["bessel_i1e", [Number.NaN], Number.NaN],
    ];
    for (const [name, args, expected] of cases) {
      expect(scalarFunction(name, dtype, args.length)(...args), `${name}(${args.join(", ")})`).toBe(expected);
    }
  });
});

describe.each(["f32", "f64"] as const)("vectors of %s are their lanes", (dtype) => {
  test.each(names)("%s", (name) => {
    const n = arity(name);
    const vector = vectorFunction(name, dtype, n);
    const onlyScalar =
      wasmMath.callee(name as ElementwisePrim, "f64") !== undefined &&
      (dtype === "f64" || !["sin", "cos", "tan"].includes(name));
    expect(vector === undefined).toBe(onlyScalar);
    if (!vector) return;
    const scalar = scalarFunction(name, dtype, n);
    const lanes = dtype === "f64" ? 2 : 4;
    const round = (x: number): number => (dtype === "f32" ? Math.fround(x) : x);
    const rows = [...golden[name].slice(0, 24).map((r) => r.slice(0, n).map(round))];
    for (const x of [Number.NaN, 0, -0, Number.POSITIVE_INFINITY]) rows.push(Array(n).fill(x));
    for (let i = 0; i + lanes <= rows.length; i += lanes) {
      const group = rows.slice(i, i + lanes);
      const out = vector(...Array.from({ length: n }, (_, a) => group.map((row) => row[a])));
      expect(out).toEqual(group.map((row) => scalar(...row)));
    }
  });
});
