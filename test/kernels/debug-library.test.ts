/** The library's kernels are those that a debugger can step through, and their programs do not meet. */
import { expect, test } from "vitest";
import { crossEntropyKernel } from "../../src/kernels/library/cross-entropy.js";
import { layerNormKernel, rmsNormKernel } from "../../src/kernels/library/layer-norm.js";
import { logSoftmaxKernel, softmaxKernel } from "../../src/kernels/library/softmax.js";
import { agree } from "./agree.js";
import { integers, normal } from "./library/check.js";

test.each([1, 7, 33])("rows of %d", (n) => {
  const x = normal([3, n]);
  const [scale, offset] = [normal([n]), normal([n])];
  for (const k of [softmaxKernel, logSoftmaxKernel]) {
    const { refs } = agree(k, [x]);
    expect(refs.map((r) => [r.name, r.loads, r.stores])).toEqual([
      ["x", 3 * n, 0],
      ["out", 0, 3 * n],
    ]);
  }
  agree(crossEntropyKernel, [x, integers([3], n)]);
  agree(layerNormKernel, [x, scale, offset, { EPSILON: 1e-5 }]);
  agree(rmsNormKernel, [x, scale, { EPSILON: 1e-6 }]);
});
