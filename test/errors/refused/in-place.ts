// Arrays do not change.
import { array, jit, type Tensor } from "tilework";

export const y = jit((v: Tensor & number[]) => {
  if (v.ndim === 1) v[0] = 1;
  //                ^ TW7012
  return v;
})(array([1, 2, 3]) as never);
