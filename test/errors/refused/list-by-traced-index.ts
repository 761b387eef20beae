// A JavaScript list cannot be asked for the i-th element when i is known later.
import { array, jit, type Num, range } from "tilework";

export const y = jit((a: Num<[]>, b: Num<[]>) => {
  const layers = [a, b];
  let h = 1;
  for (const i of range(2)) h = h * layers[i];
  //                                ^ TW7014
  return h;
})(array(2), array(3));
