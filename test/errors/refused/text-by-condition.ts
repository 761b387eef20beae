// A compiled program has no texts.
import { array, jit, type Num } from "tilework";

export const y = jit((x: Num<[]>) => {
  let mode = "up";
  if (x > 0) mode = "down";
  return mode === "up" ? x : -x;
  //     ^ TW7007
})(array(2));
