/** Sizes of programs without named ones. */
import type { Dim } from "../../src/ir/dim.js";

export function fixed(d: Dim): number {
  if (typeof d !== "number") throw new Error(`the size ${String(d)} is no number`);
  return d;
}
