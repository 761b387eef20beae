/** What kernels keep in memory beside their operands and results, as the plan has it. */
import { explain, grad, jit, numpy as np, random, type Tensor } from "tilework";
import { library } from "tilework/kernels";
import { expect, test } from "vitest";
import { forward, makeAttention } from "../../../examples/kernels/tutorials/attention.js";
import { convolveTwo } from "../../../examples/kernels/puzzles/windows.js";

const arena = (f: (...args: Tensor[]) => unknown, ...args: Tensor[]): number => explain(jit(f))(...args).arenaBytes;
const normal = (seed: number, ...shape: number[]): Tensor => random.normal(random.key(seed), shape);
const LENGTHS = [512, 1024, 2048, 4096];

test("attention: memory grows at most with the length of the sequence", () => {
  const bytes = LENGTHS.map((n) => {
    const args = [1, 2, 3].map((i) => normal(i, 1, n, 2, 32));
    const heads = args.map((x) => np.swapaxes(np.squeeze(x, 0), 0, 1));
    const blocks = { BM: 64, BN: 64, CAUSAL: false };
    return {
      library: arena((q, k, v) => library.flashAttention(q, k, v), ...args),
      user: arena((q, k, v) => forward(q, k, v, blocks)[0], ...heads),
      gradient: arena((q, k, v) => grad((u: Tensor) => np.sum(np.square(makeAttention(blocks)(u, k, v))))(q), ...heads),
    };
  });
  for (const kind of ["library", "user", "gradient"] as const) {
    for (let i = 1; i < LENGTHS.length; i++) {
      // twice the length: at most twice the bytes, and what does not grow
      expect(bytes[i][kind], `${kind} at ${LENGTHS[i]}`).toBeLessThanOrEqual(2 * bytes[i - 1][kind] + 4096);
      // far from a matrix of scores
      expect(bytes[i][kind]).toBeLessThan(4 * 2 * LENGTHS[i] ** 2);
    }
  }
});

test("a convolution written with loads keeps no copy of the windows", () => {
  const images = normal(1, 2, 128, 128);
  const taps = normal(2, 3, 3);
  expect(arena((x, k) => convolveTwo(x, k, { ROWS: 16 }), images, taps)).toBeLessThan(4 * 128 * 128);
});
