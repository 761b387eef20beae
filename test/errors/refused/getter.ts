// An object that computes when it is looked at.
import { array, jit, type Num } from "tilework";

export const y = jit((x: Num<[]>) => {
  const p = x > 0 ? x : -x;
  return { get value() { return 2 * p; } };
  //       ^ TW7001
})(array(2));
