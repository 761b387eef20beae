/** Counter-based random bits. */
import type { RandomOps } from "../ir/ops/index.js";
import type { Rules } from "../ir/rules.js";
import { generate, zeros } from "./array.js";
import type { InterpretKind } from "./rule.js";

const ROTATIONS = [
  [13, 15, 26, 6],
  [17, 29, 16, 24],
] as const;
const PARITY = 0x1bd11bda;

/** One Threefry-2x32 block of 20 rounds (Salmon, Moraes, Dror and Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3"). */
function threefry2x32(k0: number, k1: number, x0: number, x1: number): [number, number] {
  const keys = [k0 | 0, k1 | 0, k0 ^ k1 ^ PARITY];
  let a = (x0 + keys[0]) | 0;
  let b = (x1 + keys[1]) | 0;
  for (let group = 0; group < 5; group++) {
    for (const r of ROTATIONS[group % 2]) {
      a = (a + b) | 0;
      b = ((b << r) | (b >>> (32 - r))) ^ a;
    }
    a = (a + keys[(group + 1) % 3]) | 0;
    b = (b + keys[(group + 2) % 3] + group + 1) | 0;
  }
  return [a >>> 0, b >>> 0];
}

/** The upper and the lower word of a product. */
function product(a: number, b: number): [number, number] {
  const wide = BigInt(a) * BigInt(b);
  return [Number(wide >> 32n), Number(wide & 0xffffffffn)];
}
/** One Philox-4x32 block of 10 rounds (the same paper). */
function philox4x32(counter: readonly number[], key: readonly number[]): number[] {
  let [c0, c1, c2, c3] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < 10; round++) {
    const [hi0, lo0] = product(0xd2511f53, c0);
    const [hi1, lo1] = product(0xcd9e8d57, c2);
    [c0, c1, c2, c3] = [(hi1 ^ c1 ^ k0) >>> 0, lo1, (hi0 ^ c3 ^ k1) >>> 0, lo0];
    k0 = (k0 + 0x9e3779b9) >>> 0;
    k1 = (k1 + 0xbb67ae85) >>> 0;
  }
  return [c0, c1, c2, c3];
}

export const random = {
  threefry2x32: (_ctx, [k0, k1, x0, x1]) => {
    const y0 = zeros(x0.shape, "u32");
    const y1 = zeros(x0.shape, "u32");
    const at = [k0, k1, x0, x1].map((x) => (i: number) => Number(x.data[i]));
    for (let i = 0; i < y0.data.length; i++) {
      [y0.data[i], y1.data[i]] = threefry2x32(at[0](i), at[1](i), at[2](i), at[3](i));
    }
    return [y0, y1];
  },
  philox4x32: (_ctx, words) => {
    const out = [0, 1, 2, 3].map(() => zeros(words[0].shape, "u32"));
    for (let i = 0; i < out[0].data.length; i++) {
      const at = words.map((w) => Number(w.data[i]));
      philox4x32(at.slice(0, 4), at.slice(4)).forEach((y, k) => {
        out[k].data[i] = y;
      });
    }
    return out;
  },
  random_wrap: (_ctx, [words]) => [
    generate(
      words.shape.slice(0, -1),
      "key",
      (i) => BigInt(words.data[2 * i]) | (BigInt(words.data[2 * i + 1]) << 32n),
    ),
  ],
  random_unwrap: (_ctx, [keys]) => [
    generate([...keys.shape, 2], "u32", (i) => {
      const key = BigInt(keys.data[i >> 1]);
      return Number(i % 2 === 0 ? key & 0xffffffffn : key >> 32n);
    }),
  ],
} satisfies Rules<RandomOps, InterpretKind>;
