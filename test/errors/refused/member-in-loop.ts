// An object from outside of the loop.
import { array, jit, type Num, range } from "tilework";

export const y = jit((x: Num<[]>) => {
  const best = { value: 0 };
  for (const i of range(3)) best.value = Math.max(best.value, x * i);
  //                        ^ TW7010
  return best.value;
})(array(2));
