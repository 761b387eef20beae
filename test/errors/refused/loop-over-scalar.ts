// It has no first axis.
import { array, jit, num, type Tensor } from "tilework";

export const y = jit((x: Tensor) => {
  let s = 0;
  for (const v of x) s = s + num(v);
  //              ^ TW2007
  return s;
})(array(2));
