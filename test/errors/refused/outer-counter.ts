// It would count traces, not calls.
import { array, jit, type Num } from "tilework";

let calls = 0;
export const y = jit((x: Num<[]>) => {
  calls += 1;
  // ^ TW7004
  return x * 2;
})(array(2));
