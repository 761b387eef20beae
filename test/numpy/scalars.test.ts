/** Numbers in the place of arrays, as staged code has them: scalars, or an error with a code, never one of JavaScript's own. */
import { isTileworkError, nn, numpy as np, tensor } from "tilework";
import { expect, it } from "vitest";

const calls: Readonly<Record<string, () => unknown>> = {
  index: () => np.index(2, 0),
  take: () => np.take(2, 0, 0),
  diag: () => np.diag(2),
  vander: () => np.vander(2, 2),
  compress: () => np.compress(true, 2),
  fillDiagonal: () => np.fillDiagonal(2, 1),
  unstack: () => np.unstack(2),
  split: () => np.split(2, 2),
  arraySplit: () => np.arraySplit(2, 2),
  glu: () => nn.glu(2),
  sum: () => np.sum(2, 0),
  transpose: () => np.transpose(2, [0]),
};
it.each(Object.entries(calls))("%s", (_, run) => {
  let code = "";
  try {
    run();
  } catch (e) {
    expect(isTileworkError(e), String(e)).toBe(true);
    code = isTileworkError(e) ? e.code : "";
  }
  expect(code).toMatch(/^(TW2\d\d\d)?$/);
});
it("a number is an array without axes", () => {
  expect(tensor(np.reshape(2, [1])).js()).toEqual([2]);
  expect(tensor(np.expandDims(2, 0)).js()).toEqual([2]);
  expect(tensor(np.take(2, 0)).js()).toBe(2);
  expect(tensor(np.sum(3)).js()).toBe(3);
});
