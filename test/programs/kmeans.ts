/** k-means: centres move to the mean of what is nearest to them, until they stay. */
import { jit, type Num, num, numpy as np } from "tilework";

export const kMeans = jit(function kMeans(points: Num<["n", "d"]>, start: Num<["k", "d"]>) {
  const k = num(np.arange(np.size(start, 0)));
  let centres: number = start;
  let rounds = 0;
  let moved = true;
  while (moved) {
    const apart = np.sum((np.expandDims(points, 1) - np.expandDims(centres, 0)) ** 2, -1);
    const nearest = np.argmin(apart, 1);
    const member = np.expandDims(nearest, 1) === k ? 1 : 0;
    const count = np.expandDims(np.sum(member, 0), 1);
    const mean = np.dot(np.transpose(member), points) / np.maximum(count, 1);
    const next = count > 0 ? mean : centres;
    moved = np.any(np.abs(next - centres) > 1e-6);
    centres = next;
    rounds++;
  }
  return { centres, rounds };
});
