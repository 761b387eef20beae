// A traced value is kept outside, and used when its trace is over.
import { array, jit, type Tensor } from "tilework";

let hidden: Tensor | undefined;
const f = jit((x: Tensor) => {
  hidden = x.mul(2);
  return hidden.add(1);
});
f(array(1));
hidden?.add(1);
//      ^ TW1002
