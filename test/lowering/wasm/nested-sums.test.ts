/**
 * Sums over several axes with columns that are no multiple of two vectors, where pairs of vectors are joined (Node 24 and later): V8
 * 13.6 gave the upper half of such sums a wrong start.
 */
import { expect, it } from "vitest";
import { grad, jit, lax, numpy as np, type Tensor } from "../../../src/index.js";

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
