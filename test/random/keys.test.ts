/** PRNG keys as elements of arrays. */
import { expect, it } from "vitest";
import { jit, numpy as np, random, type Tensor } from "../../src/index.js";

it("keys are chosen and joined like other elements", () => {
  const keys = random.split(random.key(0), 3);
  const others = random.split(random.key(1), 3);
  const data = (k: Tensor): unknown => random.keyData(k).js();
  const [x, y] = [data(keys), data(others)] as unknown[][];
  const mixed = jit((p: Tensor, a: Tensor, b: Tensor) => np.where(p, a, b));
  expect(data(mixed(np.array([true, false, true]), keys, others))).toEqual([x[0], y[1], x[2]]);
  expect(data(np.stack([keys.index(1), others.index(2)]))).toEqual([x[1], y[2]]);
  expect(data(jit((a: Tensor, b: Tensor) => np.concatenate([a, b]))(keys, others))).toEqual([...x, ...y]);
});
