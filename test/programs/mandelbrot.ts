/** The Mandelbrot set: how soon z ← z² + c leaves the circle of radius 2, and smoothly so. */
import { jit, type Num, range } from "tilework";

const STEPS = 60;

export const escapeTime = jit(function escapeTime(cr: Num<[]>, ci: Num<[]>) {
  let [zr, zi, steps] = [0, 0, 0];
  for (const _ of range(STEPS)) {
    [zr, zi] = [zr * zr - zi * zi + cr, 2 * zr * zi + ci];
    if (zr * zr + zi * zi > 4) break;
    steps++;
  }
  return steps;
});

/** The same as a height without steps, which has a slope; 0 inside of the set. */
export const height = jit(function height(cr: Num<[]>, ci: Num<[]>) {
  let [zr, zi] = [0, 0];
  for (const i of range(STEPS)) {
    [zr, zi] = [zr * zr - zi * zi + cr, 2 * zr * zi + ci];
    const size = zr * zr + zi * zi;
    if (size > 1e4) return i + 1 - Math.log2(Math.log(size) / Math.log(1e4));
  }
  return 0;
});
