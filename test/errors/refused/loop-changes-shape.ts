// Each step would need a program of its own.
import { array, jit, type Num, numpy as np, range } from "tilework";

export const y = jit((x: Num<[1]>) => {
  let h: number = x;
  for (const _ of range(3)) h = np.concatenate([h, x]);
  //                        ^ TW7008
  return h;
})(array([2]));
