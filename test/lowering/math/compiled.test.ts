/** The same functions as Wasm: vectors and scalars give bit by bit what the evaluator of their expressions gives (sin, cos, tan, pow: nearly). */
import { describe, expect, test } from "vitest";
import { castScalar } from "../../../src/ir/dtype.js";
import type { ElementwisePrim } from "../../../src/ir/tile.js";
import { TileBuilder } from "../../../src/ir/tile-builder.js";
import { runCompiled } from "../../kernels/compiled.js";
import { readFileSync } from "node:fs";
import { wasmMath } from "../../../src/lowering/wasm/math/index.js";
import { scalarFunction } from "./evaluate.js";
import { BOUNDS_F64, ulps32, ulps64 } from "./ulp.js";

const golden: Record<string, number[][]> = JSON.parse(readFileSync(new URL("./golden.json", import.meta.url), "utf8"));
const WIDTH = 8;
const SPECIAL = [0, -0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN, 1, -1, 5e-324, -1e-310, 1e-40];

describe.each(["f32", "f64", "f16", "bf16"] as const)("%s", (dtype) => {
  test.each(Object.keys(golden))("%s", (name) => {
    const arity = golden[name][0].length - 2;
    const rows = golden[name].map((r) => r.slice(0, arity));
    for (const x of SPECIAL) rows.push([x, ...Array(arity - 1).fill(0.5)]);
    // a length that leaves a rest after whole vectors
    while (rows.length % WIDTH !== 3) rows.push(rows[rows.length % 7]);
    const operands = Array.from({ length: arity }, (_, a) => rows.map((r) => castScalar(r[a], dtype) as number));
    const n = rows.length;
    const t = new TileBuilder(name);
    const ins = operands.map((_, a) => t.ref(`x${a}`, dtype, "in", n));
    const out = t.ref("y", dtype, "out", n);
    const prim = name as ElementwisePrim;
    t.stage([1], () => {
      t.for(t.i32(0), t.i32(n - WIDTH + 1), WIDTH, (i) => {
        const xs = ins.map((x) => t.load(x, i, [WIDTH], [1]));
        t.store(out, i, t.op(prim, xs), [1]);
      });
      t.for(t.i32(n - (n % WIDTH)), t.i32(n), 1, (i) => {
        const xs = ins.map((x) => t.load(x, i));
        t.store(out, i, t.op(prim, xs));
      });
    });
    const [y] = runCompiled(t.finish(), operands);
    const f = scalarFunction(name, dtype === "f64" ? "f64" : "f32", arity);
    const expected = rows.map((_, i) => castScalar(f(...operands.map((o) => o[i])), dtype));
    const distance = dtype === "f64" ? ulps64 : ulps32;
    if (!wasmMath.guarded(prim, dtype, dtype === "f64" ? 2 : 4)) {
      expect(y).toEqual(expected);
      return;
    }
    // vectors have shorter code for usual arguments, with an error of its own
    expected.forEach((want, i) => {
      const same = Object.is(y[i], want) || distance(Number(y[i]), Number(want)) <= 2;
      expect(same, `${name} ${operands[0][i]}: ${y[i]}, not ${want}`).toBe(true);
    });
    if (dtype !== "f64") return;
    golden[name].forEach((row, i) => {
      expect(ulps64(Number(y[i]), row[arity], row[arity + 1])).toBeLessThanOrEqual(BOUNDS_F64[name]);
    });
  });
});
