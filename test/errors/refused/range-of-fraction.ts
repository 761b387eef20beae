// It counts in whole numbers.
import { array, jit, type Num, range } from "tilework";

export const y = jit((x: Num<[]>) => {
  let s = 0;
  for (const t of range(0, 1, 0.1)) s = s + x * t;
  //              ^ TW2011
  return s;
})(array(2));
