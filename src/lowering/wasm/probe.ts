/**
 * A small kernel by which an engine is tried: does it fuse, does it make 256-bit operations of pairs, are the bits right?
 * Its code has the shape of our kernels: loads first, two pairs of vectors from one pointer, stores last, pointers that move.
 */
import { Code, ModuleBuilder } from "./assembler.js";
import type { PlainOp } from "./opcodes.js";

/** Steps of the recurrence t ← t·FACTOR + TERM; then bits ← (bits << 1) + BIAS (about t²), and the greater of that and the input. */
export const PROBE_STEPS = 10;
export const PROBE_FACTOR = 0.8125;
export const PROBE_TERM = 0.375;
export const PROBE_BIAS = -0x3f800000;
/** Bytes of an iteration. */
const BLOCK = 64;

function splat(x: number): Uint8Array {
  return new Uint8Array(new Float32Array(4).fill(x).buffer);
}

/**
 * A module with `probe(from, to, bytes)` (bytes a multiple of 64) over its own imported memory. Engines share code between
 * modules of equal bytes, so each try has a name of its own.
 */
export function probeModule(fused: boolean, name: string): Uint8Array<ArrayBuffer> {
  const module = new ModuleBuilder({ min: 1 });
  const c = new Code({ params: ["i32", "i32", "i32"], results: [] });
  const [from, to, bytes] = [0, 1, 2];
  const xs = Array.from({ length: BLOCK / 16 }, () => [c.local("v128"), c.local("v128")]);
  const op = (op: PlainOp): Code => c.op(op);
  c.get(bytes).get(from).op("i32.add").set(bytes);
  c.loop();
  xs.forEach(([x, t], i) => {
    c.get(from)
      .memory("v128.load", i * 16)
      .tee(x)
      .set(t);
  });
  for (let step = 0; step < PROBE_STEPS; step++) {
    for (const [, t] of xs) {
      c.get(t).v128(splat(PROBE_FACTOR));
      if (fused) c.v128(splat(PROBE_TERM)).op("f32x4.relaxed_madd");
      else op("f32x4.mul").v128(splat(PROBE_TERM)).op("f32x4.add");
      c.set(t);
    }
  }
  for (const [x, t] of xs) {
    c.get(t)
      .i32(1)
      .op("i32x4.shl")
      .v128(new Uint8Array(new Int32Array(4).fill(PROBE_BIAS).buffer))
      .op("i32x4.add");
    c.get(x).op("f32x4.pmax").set(t);
  }
  xs.forEach(([, t], i) => {
    c.get(to)
      .get(t)
      .memory("v128.store", i * 16);
  });
  c.get(to).i32(BLOCK).op("i32.add").set(to);
  c.get(from).i32(BLOCK).op("i32.add").tee(from).get(bytes).op("i32.lt_u").brIf(0).end();
  module.export("probe", module.function(name, c));
  return module.finish();
}
