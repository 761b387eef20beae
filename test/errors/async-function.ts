// What happens after an await can't be traced.
import { array, jit, type Tensor } from "tilework";

// @ts-expect-error the type says so as well
const f = jit(async (x: Tensor) => {
  await Promise.resolve();
  return x.mul(2);
});
export const y = f(array(1) as never);
//               ^ TW1005
