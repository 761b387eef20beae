// Upwards or downwards?
import { array, jit, type Num, range } from "tilework";

export const y = jit((n: Num<[], "i32">) => {
  let s = 0;
  for (const i of range(0, 10, n)) s = s + i;
  // ^ TW2014
  return s;
})(array(2, { dtype: "i32" }));
