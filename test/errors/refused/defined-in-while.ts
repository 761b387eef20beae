// The loop may take no step at all.
import { array, jit, type Num } from "tilework";

export const y = jit((x: Num<[]>) => {
  let last: number | undefined;
  let v: number = x;
  while (v > 1) {
    last = v;
    v = v / 2;
  }
  return last as number;
  //     ^ TW7006
})(array(2));
