import { isTileworkError } from "../../src/diagnostics/error.js";
import type { FileDType, RawArray, RawData } from "../../src/io/raw.js";

/** The message of the TileworkError that a call throws. */
export function errorOf(f: () => unknown): string {
  try {
    f();
  } catch (e) {
    if (isTileworkError(e)) return e.message;
    throw e;
  }
  throw new Error("nothing was thrown");
}

/** Latin-1 text as bytes, so that golden files can be quoted as Python prints them. */
export function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (c) => c.charCodeAt(0));
}

/** One array of each dtype, with the values at the ends of its range. */
export const SAMPLES: RawArray[] = (
  [
    ["bool", Uint8Array.of(1, 0, 1)],
    ["i8", Int8Array.of(-128, 0, 127)],
    ["u8", Uint8Array.of(0, 1, 255)],
    ["i16", Int16Array.of(-32768, 2, 32767)],
    ["u16", Uint16Array.of(0, 2, 65535)],
    ["i32", Int32Array.of(-(2 ** 31), 3, 2 ** 31 - 1)],
    ["u32", Uint32Array.of(0, 3, 2 ** 32 - 1)],
    ["i64", BigInt64Array.of(-(2n ** 63n), 4n, 2n ** 63n - 1n)],
    ["u64", BigUint64Array.of(0n, 4n, 2n ** 64n - 1n)],
    ["f16", Uint16Array.of(0x3c00, 0xfbff, 0x7e00)],
    ["bf16", Uint16Array.of(0x3f80, 0xff7f, 0x7fc0)],
    ["f32", Float32Array.of(1.5, -0, Number.NaN)],
    ["f64", Float64Array.of(1.5, Number.MIN_VALUE, Number.NEGATIVE_INFINITY)],
  ] satisfies [FileDType, RawData][]
).map(([dtype, data]) => ({ dtype, shape: [3, 1], data }));

/** A small generator with a seed (mulberry32). */
export function random(seed: number): (below: number) => number {
  return (below) => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

/** Damages a file in a thousand ways: a reader must either read it or throw a TileworkError, and be done at once. */
export function fuzz(file: Uint8Array, read: (bytes: Uint8Array) => unknown, seed: number, times = 1000): void {
  const next = random(seed);
  for (let n = 0; n < times; n++) {
    let bytes = Uint8Array.from(file);
    for (let edits = 1 + next(3); edits > 0; edits--) {
      const at = next(bytes.length);
      const kind = next(5);
      if (kind === 0) bytes[at] = next(256);
      else if (kind === 1) bytes[at] ^= 1 << next(8);
      else if (kind === 2) bytes = bytes.slice(0, at + 1);
      else if (kind === 3) bytes = Uint8Array.of(...bytes.subarray(0, at), next(256), ...bytes.subarray(at));
      else bytes[at] = 0xff;
    }
    try {
      read(bytes);
    } catch (e) {
      if (!isTileworkError(e))
        throw new Error(`seed ${seed}, round ${n}: ${Buffer.from(bytes).toString("hex")}`, { cause: e });
    }
  }
}
