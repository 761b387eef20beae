// Whole numbers before, fractions after.
import { array, jit, type Num, numpy as np, range } from "tilework";

export const y = jit((n: Num<[], "i32">) => {
  let v: number = n;
  for (const _ of range(3)) v = np.sqrt(v);
  //                        ^ TW7008
  return v;
})(array(2, { dtype: "i32" }));
