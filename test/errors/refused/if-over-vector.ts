// The same with if: it takes one way.
import { array, jit, type Num } from "tilework";

export const y = jit((v: Num<[3]>) => {
  if (v > 1) return v;
  //  ^ TW7005
  return -v;
})(array([1, 2, 3]));
