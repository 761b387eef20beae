/**
 * Sums over columns that are no multiple of two vectors, where pairs of vectors are joined (Node 24 and later). V8 13.6 gave the upper
 * halves of such sums a wrong start where a loop's variables began with one vector, some of them joined and some not. All numbers are
 * small and whole, so every order of additions gives the same.
 */
import { setFlagsFromString } from "node:v8";
import { expect, it } from "vitest";
import { array, grad, jit, lax, nn, numpy as np, type Tensor } from "../../../src/index.js";

const convolve = (x: Tensor, w: Tensor): Tensor =>
  lax.convGeneralDilated(x, w, { padding: "SAME", dimensionNumbers: ["NHWC", "HWIO", "NHWC"] });

it.each([5, 9, 12, 17, 20, 24, 36])("convolutions, gradients of filters and products, of %i channels", (channels) => {
  const range = (y: Tensor): number[] => [y.min().item(), y.max().item()] as number[];
  const x = np.ones([2, 28, 28, 32]);
  const w = np.ones([3, 3, 32, channels]);
  expect(range(jit((x: Tensor, w: Tensor) => convolve(x, w).mul(2))(x, w))).toEqual([256, 576]);
  const gradient = jit(grad((w: Tensor, x: Tensor) => convolve(x, w).sum()));
  expect(range(gradient(w, x))).toEqual([2 * 27 * 27, 2 * 28 * 28]);
  const product = jit((x: Tensor, w: Tensor) => np.einsum("abcd,ecb->ade", x, w).mul(2));
  expect(range(product(np.ones([30, 5, 40, 24]), np.ones([channels, 40, 5])))).toEqual([400, 400]);
});

/** The next module is optimised before it runs, as those are that run often. */
function optimised(): void {
  if (Number(process.versions.node.split(".")[0]) < 24) return;
  setFlagsFromString("--wasm-tier-mask-for-testing=-1");
  setFlagsFromString("--no-wasm-lazy-compilation");
}
const small = (shape: readonly number[], dtype: "f32" | "f64"): Tensor => {
  const n = shape.reduce((a, b) => a * b, 1);
  return array(
    Array.from({ length: n }, (_, i) => ((i * 7) % 11) - 5),
    { dtype },
  ).reshape(shape);
};
/** Σ x[r, k…] · w[k…, c], one element after the other. */
function products(x: Tensor, w: Tensor, steps: number): number[] {
  const [a, b] = [Array.from(x.dataSync(), Number), Array.from(w.dataSync(), Number)];
  const columns = b.length / steps;
  return Array.from({ length: (a.length / steps) * columns }, (_, i) => {
    let sum = 0;
    for (let k = 0; k < steps; k++) sum += a[Math.floor(i / columns) * steps + k] * b[k * columns + (i % columns)];
    return sum;
  });
}
const LOOPS = [["k"], ["k", "l"], ["k", "l", "m"]];
const cases = (["f32", "f64"] as const).flatMap((dtype) => LOOPS.map((loops) => [dtype, loops] as const));

it.each(cases)("%s: products of one to seven vectors a row, summed over %j", (dtype, loops) => {
  const sizes = loops.map((_, i) => [12, 3, 5][i]);
  const steps = sizes.reduce((a, b) => a * b, 1);
  const lanes = dtype === "f32" ? 4 : 2;
  for (let vectors = 1; vectors <= 7; vectors++)
    for (const columns of [vectors * lanes, vectors * lanes + 1])
      for (const rows of [1, 3, 36]) {
        const [x, w, bias] = [
          small([rows, ...sizes], dtype),
          // the axes of the sum in another order on each side: no two of them are one loop
          small([...sizes, columns], dtype),
          small([columns], dtype),
        ];
        const order = [...loops].reverse().join("");
        const turned = np.transpose(x, [0, ...loops.map((_, i) => loops.length - i)]);
        const f = jit((x: Tensor, w: Tensor, b: Tensor) => {
          const y = np.einsum(`r${order},${loops.join("")}c->rc`, x, w);
          return [y, nn.relu(y.add(b))];
        });
        optimised();
        const [plain, biased] = f(turned, w, bias).map((y) => Array.from(y.dataSync(), (v) => Number(v) + 0));
        const want = products(x, w, steps);
        const b = Array.from(bias.dataSync(), Number);
        expect(plain, `${rows} rows of ${columns}`).toEqual(want.map((v) => v + 0));
        expect(biased).toEqual(want.map((v, i) => Math.max(0, v + b[i % columns])));
      }
});
