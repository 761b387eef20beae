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
  diff: () => np.diff(2),
  nanToNum: () => np.nanToNum(2),
  ix_: () => np.ix_(1, 2),
  broadcastArrays: () => np.broadcastArrays(1, np.ones([2])),
  bincount: () => np.bincount(2),
  unique: () => np.unique(2),
  oneHot: () => nn.oneHot(1, 3),
  dotProductAttention: () => nn.dotProductAttention(1, 2, 3),
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
  expect(tensor(np.nanToNum(Number.NaN)).js()).toBe(0);
  expect(tensor(nn.oneHot(1, 3)).js()).toEqual([0, 1, 0]);
  expect(np.unique(2).js()).toEqual([2]);
  expect(np.broadcastArrays(1, 2).map((x) => tensor(x).js())).toEqual([1, 2]);
});
