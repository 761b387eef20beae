// A list has as many elements on every way.
import { array, jit, type Num } from "tilework";

export const y = jit((x: Num<[]>) => {
  let parts: number[] = [x];
  if (x > 0) parts = [x, x];
  return parts[0];
  //     ^ TW7007
})(array(2));
