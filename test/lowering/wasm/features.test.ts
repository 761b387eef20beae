/** Targets: what this engine has, no vectors where there are none, fused accumulation where there is relaxed SIMD. */
import v8 from "node:v8";
import { describe, expect, it } from "vitest";
import type { LoopExpr, LoopProgram, LoopStmt } from "../../../src/ir/loop.js";
import type { ElementwisePrim } from "../../../src/ir/tile.js";
import { TileBuilder } from "../../../src/ir/tile-builder.js";
import { lowerToLoop } from "../../../src/lowering/loop/lower.js";
import { wasmFeatures, wasmTarget } from "../../../src/lowering/wasm/features.js";
import { runCompiled, scalarTarget } from "../../kernels/compiled.js";
import { Rng } from "../../laws/random.js";

// Node 20 has relaxed SIMD behind a flag, later ones have it without
const major = Number(process.versions.node.split(".")[0]);
if (major < 22) v8.setFlagsFromString("--experimental-wasm-relaxed-simd");
const relaxed = wasmTarget({ simd: true, relaxedSimd: true });

/** out[i, :] = Σ_k a[i, k]·b[k, :], by accumulation in a mutable block, 4 × 7. */
function product(depth: number) {
  const t = new TileBuilder("product");
  const [a, b] = [t.ref("a", "f32", "in", 4 * depth), t.ref("b", "f32", "in", 7 * depth)];
  const out = t.ref("out", "f32", "out", 28);
  t.stage([1], () => {
    const sum = t.var(t.const(0, "f32", [4, 7]));
    t.for(t.i32(0), t.i32(depth), 1, (k) => {
      const column = t.broadcast(t.load(a, k, [4], [depth]), [4, 7], [0]);
      const row = t.broadcast(t.load(b, t.mul(k, t.i32(7)), [7], [1]), [4, 7], [1]);
      t.assign(sum, t.add(sum, t.mul(column, row)));
    });
    t.store(out, t.i32(0), sum, [7, 1]);
  });
  return t.finish();
}

function expressions(program: LoopProgram): LoopExpr[] {
  const all: LoopExpr[] = [];
  const expr = (e: LoopExpr): void => {
    all.push(e);
    if ("args" in e) for (const a of e.args) expr(a);
    if ("arg" in e) expr(e.arg);
  };
  const stmt = (s: LoopStmt): void => {
    if (s.kind === "set" || s.kind === "store") expr(s.value);
    if ("body" in s) s.body.forEach(stmt);
    if (s.kind === "while") s.cond.forEach(stmt);
    if (s.kind === "if") [...s.then, ...s.else].forEach(stmt);
  };
  for (const f of program.functions) f.body.forEach(stmt);
  return all;
}

describe("features", () => {
  it("are found by validation", () => {
    expect(wasmFeatures().simd).toBe(true);
    expect(wasmFeatures().relaxedSimd, `Node ${process.versions.node}`).toBe(true);
    expect(wasmTarget().relaxedMadd).toBe(true);
  });
  it("the scalar target has no vectors", () => {
    const loop = lowerToLoop(product(9), scalarTarget);
    expect(expressions(loop).every((e) => e.lanes === 1)).toBe(true);
  });
  it("the relaxed target fuses products into accumulators, and nothing else", () => {
    const fused = (p: ReturnType<typeof product>): number =>
      expressions(lowerToLoop(p, relaxed)).filter((e) => e.kind === "fma").length;
    expect(fused(product(9))).toBe(4);
    const t = new TileBuilder("sum");
    const x = t.ref("x", "f32", "inout", 8);
    t.stage([1], () => {
      const v = t.load(x, t.i32(0), [8], [1]);
      t.store(x, t.i32(0), t.add(t.mul(v, v), v), [1]);
    });
    expect(fused(t.finish())).toBe(0);
  });
});

describe("relaxed SIMD", () => {
  it("rounds an accumulation once or twice a step", () => {
    const rng = new Rng(3);
    const depth = 5;
    const a = Array.from({ length: 4 * depth }, () => Math.fround(rng.normal()));
    const b = Array.from({ length: 7 * depth }, () => Math.fround(rng.normal()));
    const [got] = runCompiled(product(depth), [a, b], relaxed);
    const exact = Array.from({ length: 28 }, (_, i) => {
      let sum = 0;
      for (let k = 0; k < depth; k++) sum += a[Math.floor(i / 7) * depth + k] * b[k * 7 + (i % 7)];
      return sum;
    });
    got.forEach((x, i) => {
      expect(Math.abs(Number(x) - exact[i])).toBeLessThan(depth * 2 ** -23 * 4);
    });
  });
  it.each(["exp", "log", "sin", "tanh", "erf", "logistic"] as const)("%s stays within 4 ulp", (name) => {
    const n = 40;
    const xs = Array.from({ length: n }, (_, i) => Math.fround(0.1 + i * 0.11));
    const t = new TileBuilder(name);
    const [x, y] = [t.ref("x", "f32", "in", n), t.ref("y", "f32", "out", n)];
    t.stage([1], () => t.store(y, t.i32(0), t.op(name as ElementwisePrim, [t.load(x, t.i32(0), [n], [1])]), [1]));
    const [fused] = runCompiled(t.finish(), [xs], relaxed);
    const [plain] = runCompiled(t.finish(), [xs], scalarTarget);
    fused.forEach((v, i) => {
      expect(Math.abs(Number(v) - Number(plain[i]))).toBeLessThanOrEqual(4 * 2 ** -23 * Math.abs(Number(plain[i])));
    });
  });
});
