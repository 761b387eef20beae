import { expect, it } from "vitest";
import { type DType, jit, numpy as np, type Tensor } from "../../src/index.js";

const { POSITIVE_INFINITY: inf, NaN: nan } = Number;
const VALUES = [0, -0, 1, -1, nan, inf, -inf, 0.5, -0.5, 2, 3, -3, 1e-40, -1e-40, 5, 6, -0];

it.each(["f32", "f64"] as const)(
  "maxima and minima with constants: NaN stays, zeros have their order, in %s",
  (dtype) => {
    const x = np.array(VALUES, { dtype: dtype satisfies DType });
    const rounded = x.dataSync();
    for (const c of [0, -0, 1, -1, inf, -inf, 0.5]) {
      for (const [ours, theirs] of [
        [np.maximum, Math.max],
        [np.minimum, Math.min],
      ] as const) {
        const expected = Array.from(rounded as Float64Array, (v) => theirs(v, c));
        expect([...(jit((y: Tensor) => ours(y, c))(x).dataSync() as Float64Array)]).toEqual(expected);
        expect([...(jit((y: Tensor) => ours(c, y))(x).dataSync() as Float64Array)]).toEqual(expected);
      }
    }
  },
);
