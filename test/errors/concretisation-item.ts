// Under vmap no single number is there to be read.
import { array, type Tensor, vmap } from "tilework";

vmap((x: Tensor) => {
  const n = x.item();
  //          ^ TW1001
  return x.mul(n);
})(array([1, 2]));
