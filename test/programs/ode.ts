/** The van der Pol oscillator by Heun's method, with steps as long as the error allows. */
import { jit, type Num, numpy as np, range } from "tilework";

const MAX_STEPS = 500;

export const oscillate = jit(function oscillate(start: Num<[2]>, mu: Num<[]>, end: Num<[]>, tolerance: Num<[]>) {
  const slope = (y: Num<[2]>) => {
    const [x, v] = [np.index(y, 0), np.index(y, 1)];
    return np.stack([v, mu * (1 - x * x) * v - x]);
  };
  let [t, h] = [0, 0.1];
  let y: number = start;
  for (const _ of range(MAX_STEPS)) {
    if (t >= end) break;
    if (t + h > end) h = end - t;
    const k1 = slope(y);
    const k2 = slope(y + h * k1);
    const error = (np.max(np.abs(k2 - k1)) * h) / 2;
    if (error <= tolerance) {
      y = y + (h / 2) * (k1 + k2);
      t = t + h;
      if (error < tolerance / 8) h = h * 2;
    } else h = h / 2;
  }
  return y;
});
