// With debugNans the operation that made the NaN is named, also inside a compiled program.
import { array, configure, jit, numpy as np, type Tensor } from "tilework";

configure({ debugNans: true });
const f = jit((x: Tensor) => {
  const y = x.sub(3);
  const z = np.log(y);
  //           ^ TW4002
  return z.add(1);
});
f(array(1));
