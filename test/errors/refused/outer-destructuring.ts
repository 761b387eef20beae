// Also where a list is taken apart.
import { array, jit, type Num } from "tilework";

let last = 1;
export const y = jit((x: Num<[]>) => {
  if (x !== 0) [last] = [x];
  //            ^ TW7004
  return last;
})(array(2));
