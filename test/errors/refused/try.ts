// A compiled program has no exceptions to catch.
import { array, jit, type Num, numpy as np } from "tilework";

export const y = jit((x: Num<[]>) => {
  if (x > 0) try { return np.log(x); } catch { return 0; }
  //         ^ TW7002
  return x;
})(array(2));
