// The variable lives on after the loop.
import { array, jit, type Num, range } from "tilework";

export const y = jit((x: Num<[]>) => {
  let i = 0;
  for (i of range(3)) x = x * i;
  //   ^ TW7001
  return x + i;
})(array(2));
