// Nor are they added to.
import { array, jit, type Tensor } from "tilework";

export const y = jit((v: Tensor & number[]) => {
  for (let i = 0; i < 3; i++) v[i] += 1;
  //                          ^ TW7012
  return v;
})(array([1, 2, 3]) as never);
