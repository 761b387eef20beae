// A JavaScript condition on a value that is known only when the program runs.
import { array, jit, type Tensor } from "tilework";

const relu = jit((x: Tensor) => {
  if ((x as unknown as number) > 0) return x;
  //   ^ TW1001
  return x.mul(0);
});
relu(array(2));
