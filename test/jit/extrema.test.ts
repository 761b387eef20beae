/** The greatest and the least of floats are those of Math.max and Math.min, NaN and signs of zeros included, at every size around the widths of vectors. */
import { describe, expect, it } from "vitest";
import { array, numpy as np } from "../../src/index.js";
import { Rng } from "../laws/random.js";

const SPECIAL = [0, -0, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
/** Numbers of few kinds, so that zeros often decide and NaN is sometimes absent. */
function sample(rng: Rng, n: number): number[] {
  const kind = rng.int(0, 5);
  return Array.from({ length: n }, () => {
    if (kind === 0) return rng.int(0, 1) === 0 ? 0 : -0;
    if (kind === 1) return -0;
    if (kind === 2) return SPECIAL[rng.int(0, 4)];
    if (kind === 3) return rng.int(0, n) === 0 ? Number.NaN : rng.int(-5, 5) || -0;
    return Math.fround(rng.normal());
  });
}

describe.each(["f32", "f64"] as const)("%s", (dtype) => {
  it("of rows and columns of 1 to 70 elements", () => {
    const rng = new Rng(5);
    for (let n = 1; n <= 70; n += 1) {
      const rows = Array.from({ length: 5 }, () => sample(rng, n));
      const x = array(rows, { dtype });
      const across = [np.max(x, 1), np.min(x, 1), np.max(x.T, 0), np.min(x.T, 0)].map((y) => Array.from(y.dataSync()));
      const [most, least] = [rows.map((r) => Math.max(...r)), rows.map((r) => Math.min(...r))];
      expect(across, `${n} elements`).toEqual([most, least, most, least]);
    }
  });
});
