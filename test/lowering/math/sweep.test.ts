/**
 * f32 functions on every 1009th bit pattern and at the edges, compiled for each kind of vectors that the engine has, against the
 * compiled f64 functions (which golden.json holds to 40 digits). Optimised code, so that V8's own widening is tested with it. `npm run bench:ulp` does the same with every bit pattern.
 */
import { expect, test } from "vitest";
import type { DType } from "../../../src/ir/dtype.js";
import type { ElementwisePrim } from "../../../src/ir/tile.js";
import { TileBuilder } from "../../../src/ir/tile-builder.js";
import { engineTarget } from "../../../src/jit/engine.js";
import type { Target } from "../../../src/lowering/target.js";
import { wasmTarget } from "../../../src/lowering/wasm/features.js";
import { compile, target as plain } from "../../kernels/compiled.js";
import { BOUNDS_F32 } from "./ulp.js";

const BLOCK = 2 ** 16;
const STEP = 1009;
const PATTERNS = Math.floor(2 ** 32 / STEP);
const WIDTH = 8;

/** One compiled function of a block of numbers. */
function blockFunction(name: string, dtype: DType, machine: Target) {
  const t = new TileBuilder(name);
  const x = t.ref("x", dtype, "in", BLOCK);
  const y = t.ref("y", dtype, "out", BLOCK);
  t.stage([1], () => {
    t.for(t.i32(0), t.i32(BLOCK), WIDTH, (i) => {
      t.store(y, i, t.op(name as ElementwisePrim, [t.load(x, i, [WIDTH], [1])]), [1]);
    });
  });
  const { addresses, memory, run } = compile(t.finish(), machine);
  const View = dtype === "f64" ? Float64Array : Float32Array;
  return { x: new View(memory.buffer, addresses[0], BLOCK), y: new View(memory.buffer, addresses[1], BLOCK), run };
}

const inputs = new Float32Array(BLOCK);
const patterns = new Uint32Array(inputs.buffer);
const word = new DataView(new ArrayBuffer(8));

/** Values near which something happens, and their neighbours. */
function edges(): Float32Array {
  const at = [
    0,
    2 ** -149,
    2 ** -126,
    2 ** -24,
    2 ** -12,
    0.25,
    0.5,
    Math.SQRT1_2,
    0.9,
    1,
    Math.SQRT2,
    2,
    4,
    9,
    10,
    16,
  ];
  // ends of exp, expm1, exp2, tanh, sinh…, where integers end, the largest number
  at.push(Math.LN2, 17.33, 18.02, 88.02, 88.7228, 89.4159, 87.3365, 103.279, 103.972, 126, 127, 128, 149, 150);
  at.push(2 ** 23, 2 ** 24, 2 ** 31, 2 ** 32, 2 ** 63, 2 ** 64, 3.4028234663852886e38, Number.POSITIVE_INFINITY);
  // multiples of π/2, also large ones, and the float that is nearest to one (Muller, Elementary Functions)
  for (let k = 1; k <= 64; k++) at.push((k * Math.PI) / 2, (k * Math.PI) / 4);
  for (let e = 7; e < 120; e++) at.push(Math.round((2 ** e * 2) / Math.PI) * (Math.PI / 2));
  at.push(16367173 * 2 ** 72);
  const floats = new Float32Array(at);
  const bits = new Uint32Array(floats.buffer);
  const all: number[] = [0x7fc00000, 0xffc00000, 0x7f800001];
  for (const b of bits)
    for (let d = -3; d <= 3; d++) {
      const near = b + d;
      if (near >= 0 && near <= 0x7f800000) all.push(near, near + 2 ** 31);
    }
  return new Float32Array(new Uint32Array(all).buffer);
}
const EDGES = edges();

/** Blocks of inputs are written to `inputs`. */
function* blocks(): Generator<void> {
  expect(EDGES.length).toBeLessThan(BLOCK);
  inputs.fill(0);
  inputs.set(EDGES);
  yield;
  for (let first = 0; first < PATTERNS; first += BLOCK) {
    for (let i = 0; i < BLOCK; i++) patterns[i] = (first + i) * STEP;
    yield;
  }
}

const POWERS = Float64Array.from({ length: 2048 }, (_, e) => 2 ** (Math.max(e - 1023, -126) - 23));
/** Distance in units in the last place of `exact`; a wrong infinity, NaN or sign is infinitely far. */
function distance(y: number, exact: number): number {
  if (y === exact) return y !== 0 || Object.is(y, exact) ? 0 : Number.POSITIVE_INFINITY;
  if (Number.isNaN(y) || Number.isNaN(exact))
    return Number.isNaN(y) && Number.isNaN(exact) ? 0 : Number.POSITIVE_INFINITY;
  if (y < 0 !== exact < 0 && !(y === 0 && Object.is(y, -0) === exact < 0)) return Number.POSITIVE_INFINITY;
  const limit = 2 ** 128;
  const want = Math.max(-limit, Math.min(limit, exact));
  word.setFloat64(0, want);
  return Math.abs(Math.max(-limit, Math.min(limit, y)) - want) / POWERS[(word.getUint32(0) >>> 20) & 0x7ff];
}

function targets(): Target[] {
  const own = engineTarget();
  const all = [plain];
  if (own.relaxedMadd) all.push(wasmTarget({ simd: true, relaxedSimd: true }));
  if (own.wide) all.push(own);
  return all;
}

const NAMES =
  "exp exp2 expm1 log log1p logistic tanh sinh cosh sin cos tan asin acos atan asinh acosh atanh cbrt neg abs sqrt rsqrt erf erfc erf_inv";

test.each(NAMES.split(" "))("%s", (name) => {
  const machines = targets();
  const reference = blockFunction(name, "f64", plain);
  const compiled = machines.map((machine) => ({ machine, f: blockFunction(name, "f32", machine), worst: 0, at: 0 }));
  for (const _ of blocks()) {
    reference.x.set(inputs);
    reference.run();
    for (const c of compiled) {
      c.f.x.set(inputs);
      c.f.run();
      for (let i = 0; i < BLOCK; i++) {
        const d = distance(c.f.y[i], reference.y[i]);
        if (d > c.worst) {
          c.worst = d;
          c.at = inputs[i];
        }
      }
    }
  }
  for (const { machine, worst, at } of compiled)
    expect(worst, `${name} on ${machine.name} at ${at}`).toBeLessThanOrEqual(BOUNDS_F32[name] ?? 0.51);
});

test.each(["sin", "cos", "tan"])("%s of an element does not depend on its neighbours", (name) => {
  for (const machine of targets()) {
    const f = blockFunction(name, "f32", machine);
    const results = [1, 2e4, 3e9, Number.NaN].map((large) => {
      f.x.forEach((_, i) => {
        f.x[i] = i % 11 === 5 ? large : i / 64;
      });
      f.run();
      return f.y.filter((_, i) => i % 11 !== 5);
    });
    for (const r of results) expect(Buffer.compare(Buffer.from(r.buffer), Buffer.from(results[0].buffer))).toBe(0);
  }
});
