/** Random numbers of kernels: Random123's known answers, moments, and dropout that a gradient makes again. */
import { jit, kernel, numpy as np, type Tensor } from "tilework";
import {
  arange,
  type constexpr,
  philox,
  programId,
  rand,
  randint,
  randint4x,
  randn,
  type Ref,
  store,
} from "tilework/kernels";
import { expect, test } from "vitest";

// D. E. Shaw Research, Random123 1.14, tests/kat_vectors: philox 4 32 10
const KNOWN = [
  [[0, 0, 0, 0], [0, 0], "6627e8d5 e169c58d bc57ac4c 9b00dbd8"],
  [[0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff], [0xffffffff, 0xffffffff], "408f276d 41c83b0e a20bc7c6 6d5451fd"],
  [[0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0], "d16cfe09 94fdcceb 5001e420 24126ea1"],
] as const;

test.each(KNOWN)("philox of %j under %j", (counter, key, want) => {
  const hex = (t: Tensor): string => Number(t.item()).toString(16).padStart(8, "0");
  expect((philox(counter, key) as never as Tensor[]).map(hex).join(" ")).toBe(want);
  const compiled = jit((...words: Tensor[]) => philox(words.slice(0, 4) as never, words.slice(4) as never));
  const words = [...counter, ...key].map((w) => np.array([w, 7, w, w, 1], { dtype: "u32" }));
  const lanes = compiled(...words) as never as Tensor[];
  expect(lanes.map((t: Tensor) => Number(t.dataSync()[3]).toString(16).padStart(8, "0")).join(" ")).toBe(want);
});

const filled = kernel(
  function filled(out: Ref<"f32", ["n"]>, SEED: constexpr, KIND: constexpr<string>, BLOCK: constexpr) {
    const i = programId(0) * BLOCK + arange(BLOCK);
    const v = KIND === "normal" ? randn(SEED, i) : rand(SEED, i);
    store(out, [i], v, { mask: i < out.shape[0] });
  },
  { out: { shape: [20000] }, grid: Math.ceil(20000 / 256) },
);

test("uniform and normal numbers of a kernel", () => {
  const u = filled({ SEED: 5, KIND: "uniform", BLOCK: 256 }) as never as Tensor;
  const data = [...u.dataSync()] as number[];
  expect(data.every((x) => x >= 0 && x < 1)).toBe(true);
  expect(Math.abs(data.reduce((a, b) => a + b, 0) / data.length - 0.5)).toBeLessThan(0.01);
  expect(data.slice(0, 3)).toEqual([...(rand(5, np.arange(3) as never) as never as Tensor).dataSync()]);
  const n = [...(filled({ SEED: 5, KIND: "normal", BLOCK: 256 }) as never as Tensor).dataSync()] as number[];
  const mean = n.reduce((a, b) => a + b, 0) / n.length;
  const variance = n.reduce((a, b) => a + (b - mean) ** 2, 0) / n.length;
  expect(Math.abs(mean)).toBeLessThan(0.03);
  expect(Math.abs(variance - 1)).toBeLessThan(0.05);
});

test("offsets and seeds of 64 bits", () => {
  const item = (b: unknown): number => (b as Tensor).item() as number;
  const [a] = randint4x(2 ** 33 + 1, 3);
  expect(item(a)).toBe(item(philox([3, 0, 0, 0], [1, 2])[0]));
  expect(item(randint(1, 3))).not.toBe(item(a));
});

test("what is no integer is refused", () => {
  expect(() => rand(0.5, 3)).toThrow("TW8003");
  expect(() => rand(1, np.ones([3]) as never)).toThrow("TW8003");
});
