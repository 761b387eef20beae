// A hundred copies of the step.
import { array, jit, type Num } from "tilework";

export const y = jit((x: Num<[]>) => {
  let v: number = x;
  for (let i = 0; i < 100; i++) v = v * 0.9 + i;
  // ^ TW7009
  return v;
})(array(2));
