// Labels are for loops.
import { array, jit, type Num } from "tilework";

export const y = jit((x: Num<[]>) => {
  let y: number = x;
  block: {
    // ^ TW7001
    if (x > 0) break block;
    y = -x;
  }
  return y;
})(array(2));
