/** The inner loops that speed depends on: pointers that move, offsets in the instructions, nothing computed twice. */
import { expect, it } from "vitest";
import { printLoop } from "../../../src/ir/print-loop.js";
import type { Program } from "../../../src/ir/program.js";
import { TileBuilder } from "../../../src/ir/tile-builder.js";
import { lowerToLoop } from "../../../src/lowering/loop/lower.js";
import { wasmTarget } from "../../../src/lowering/wasm/features.js";
import { target } from "../../kernels/compiled.js";

/** The body of the innermost loop, as text. */
function innermost(program: Program<"tile">, machine = target): string[] {
  const lines = printLoop(lowerToLoop(program, machine)).split("\n");
  const indent = (l: string): number => l.length - l.trimStart().length;
  const loops = lines.map((l, i) => (l.trimStart().startsWith("for ") ? i : -1)).filter((i) => i >= 0);
  const first = loops.reduce((a, b) => (indent(lines[b]) > indent(lines[a]) ? b : a));
  const rest = lines.slice(first + 1);
  const end = rest.findIndex((l) => indent(l) <= indent(lines[first]));
  return rest.slice(0, end).map((l) => l.trim());
}

it("fused elementwise: 4 registers, loads before stores, one addition for each array", () => {
  const t = new TileBuilder("multiply_add");
  const [a, b, c] = ["a", "b", "c"].map((name) => t.ref(name, "f32", "in", 65536));
  const out = t.ref("out", "f32", "out", 65536);
  t.stage([16], (p) => {
    const base = t.mul(p, t.i32(4096));
    t.for(t.i32(0), t.i32(4096), 16, (i) => {
      const at = t.add(base, i);
      const [x, y, z] = [a, b, c].map((r) => t.load(r, at, [16], [1]));
      t.store(out, at, t.add(t.mul(x, y), z), [1]);
    });
  });
  const body = innermost(t.finish());
  expect(body.filter((l) => /= load/.test(l)).length).toBe(9);
  const lastLoad = body.map((l) => l.includes(": f32x4 = load")).lastIndexOf(true);
  expect(lastLoad).toBeLessThan(body.findIndex((l) => l.startsWith("store")));
  expect(body.slice(-4).every((l) => /^(s\d+) = \(\1 \+ 64\)$/.test(l))).toBe(true);
  expect(body.length).toBe(9 + 4 + 4);
});

/** 4 × 8 registers of sums; rows of `a` are far apart, `b` is packed. */
function product(): Program<"tile"> {
  const [n, depth] = [512, 256];
  const t = new TileBuilder("product");
  const a = t.ref("a", "f32", "in", n * depth);
  const b = t.ref("b", "f32", "in", depth * 8);
  const out = t.ref("out", "f32", "out", n * 8);
  t.stage([n / 4], (p) => {
    const sum = t.var(t.const(0, "f32", [4, 8]), "sum");
    const rows = t.mul(p, t.i32(4 * depth));
    t.for(t.i32(0), t.i32(depth), 1, (k) => {
      const row = t.broadcast(t.load(b, t.mul(k, t.i32(8)), [8], [1]), [4, 8], [1]);
      const column = t.broadcast(t.load(a, t.add(rows, k), [4], [depth]), [4, 8], [0]);
      t.assign(sum, t.add(sum, t.mul(column, row)));
    });
    t.store(out, t.mul(p, t.i32(32)), sum, [8, 1]);
  });
  return t.finish();
}

it("a 4 × 8 product: 6 loads and 8 sums in registers for 64 operations", () => {
  const body = innermost(product());
  expect(body.filter((l) => /= load<f32x4>\[s\d+( \+ 16)?\]$/.test(l)).length).toBe(2);
  expect(body.filter((l) => /= splat<f32x4>\[s\d+( \+ \d+)?\]$/.test(l)).length).toBe(4);
  expect(body.filter((l) => /^(sum\d*) = \(\1 \+ \(v\d+ \* v\d+\)\)$/.test(l)).length).toBe(8);
  expect(body.slice(-2).every((l) => /^(s\d+) = \(\1 \+ (32|4)\)$/.test(l))).toBe(true);
  expect(body.length).toBe(16);
});

it("and with relaxed SIMD each sum is one instruction", () => {
  const body = innermost(product(), wasmTarget({ simd: true, relaxedSimd: true }));
  expect(body.filter((l) => /^(sum\d*) = fma\(v\d+, v\d+, \1\)$/.test(l)).length).toBe(8);
  expect(body.length).toBe(16);
});
