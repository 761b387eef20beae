/** Kernels that work on rows, against the same composed of nn's and numpy's functions. */
import { nn, numpy as np, type Tensor } from "tilework";
import { library } from "tilework/kernels";
import { describe, expect, test } from "vitest";
import { expectClose, expectKernel, expectSlopes, integers, normal, SIZES } from "./check.js";

const rowsOf = (n: number): number => (n > 500 ? 3 : 5);

describe.each(SIZES)("%d", (n) => {
  test("softmax, log softmax", () => {
    const x = normal([rowsOf(n), n]).mul(3);
    expectKernel(library.softmax, (a) => nn.softmax(a), [x]);
    expectKernel(library.logSoftmax, (a) => nn.logSoftmax(a), [x]);
    const y = normal([2, n], "f64");
    expectSlopes(library.softmax, [y]);
    expectSlopes(library.logSoftmax, [y]);
  });
  test("cross-entropy", () => {
    const x = normal([rowsOf(n), n]);
    const labels = integers([rowsOf(n)], n);
    const reference = (a: Tensor, l: Tensor): Tensor =>
      np.negative(np.sum(np.where(np.equal(np.expandDims(l, 1), np.arange(n)), nn.logSoftmax(a), 0), { axis: 1 }));
    expectKernel(library.crossEntropy, reference, [x, labels]);
    expectSlopes(library.crossEntropy, [normal([3, n], "f64"), integers([3], n)]);
  });
  test("layer norm, rms norm", () => {
    const args = [normal([rowsOf(n), n]), normal([n]), normal([n])];
    const layer = (x: Tensor, s: Tensor, o: Tensor): Tensor => {
      const d = x.sub(np.mean(x, { axis: -1, keepdims: true }));
      const v = np.mean(d.mul(d), { axis: -1, keepdims: true });
      return d
        .div(np.sqrt(v.add(1e-5)))
        .mul(s)
        .add(o);
    };
    expectKernel((x, s, o) => library.layerNorm(x, s, o), layer, args, 1e-4);
    const rms = (x: Tensor, s: Tensor): Tensor =>
      x.div(np.sqrt(np.mean(x.mul(x), { axis: -1, keepdims: true }).add(1e-6))).mul(s);
    expectKernel((x, s) => library.rmsNorm(x, s), rms, args.slice(0, 2), 1e-4);
    const doubles = [normal([3, n], "f64"), normal([n], "f64"), normal([n], "f64")];
    expectSlopes((x, s, o) => library.layerNorm(x, s, o), doubles, 1e-5);
    expectSlopes((x, s) => library.rmsNorm(x, s), doubles.slice(0, 2), 1e-5);
  });
});

test("leading axes stay", () => {
  const x = normal([2, 3, 4, 5]);
  expectClose(library.softmax(x), nn.softmax(x));
  expect(library.crossEntropy(x, integers([2, 3, 4], 5)).shape).toEqual([2, 3, 4]);
});
