// Both sides of ?: are computed.
import { array, jit, type Num } from "tilework";

export const y = jit((x: Num<[]>) => {
  let n = 0;
  return x > 0 ? (n = x) : n;
  //              ^ TW7010
})(array(2));
