// Nobody would ask for the second value.
import { array, jit, type Num } from "tilework";

export const y = jit(function* (x: Num<[]>) {
  //                         ^ TW7001
  return x * 2;
})(array(2));
