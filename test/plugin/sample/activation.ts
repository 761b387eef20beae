import { grad, type Num } from "tilework";
import * as constants from "./constants.js";

const early = grad(leaky);

/** Used above its line, and an early return. */
export function leaky(x: Num<[]>) {
  if (x > 0) return x;
  return x * constants.settings.slope;
}
export const slope = (x: number) => early(x);

export function unused(x: Num<[]>) {
  return x > 0 ? "a function that nobody uses" : x;
}
