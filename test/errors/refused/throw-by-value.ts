// A compiled program cannot stop half way.
import { array, jit, type Num } from "tilework";

export const y = jit((x: Num<[]>) => {
  if (x < 0) throw new RangeError("negative");
  //         ^ TW7013
  return Math.sqrt(x);
})(array(2));
