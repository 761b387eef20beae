import { jit as compile, numpy as np, type Num } from "tilework";
import { tolerance as eps } from "./constants.js";

/** A while loop over a condition that only the run decides. */
export const newton = compile(function newton(a: Num<[]>) {
  let x = a;
  while (np.abs(x * x - a) > eps) x = 0.5 * (x + a / x);
  return x;
});
