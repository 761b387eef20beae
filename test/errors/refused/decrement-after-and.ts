// So are both sides of &&.
import { array, jit, type Num } from "tilework";

export const y = jit((x: Num<[]>) => {
  let n = 3;
  if (x > 0 && --n < 2) return n;
  //             ^ TW7010
  return n * x;
})(array(2));
