// A bias of another length, inside a jitted function.
import { jit, numpy as np, type Tensor } from "tilework";

const layer = jit((x: Tensor, b: Tensor) => {
  const h = x.mul(2);
  return h.add(b);
  //       ^ TW2002
});
layer(np.ones([4, 3]), np.ones([4]));
