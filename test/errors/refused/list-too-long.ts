// The same over a list.
import { array, jit, type Num } from "tilework";

const weights = Array.from({ length: 100 }, (_, i) => i);
export const y = jit((x: Num<[]>) => {
  let v: number = x;
  for (const w of weights) v = v * 0.9 + w;
  // ^ TW7009
  return v;
})(array(2));
