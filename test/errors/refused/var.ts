// It would be known outside of its branch.
import { array, jit, type Num } from "tilework";

export const y = jit((x: Num<[]>) => {
  if (x > 0) {
    var y: number = x * 2;
    // ^ TW7003
    return y;
  }
  return x;
})(array(2));
