// Also from a function inside of it.
import { array, jit, type Num, vmap } from "tilework";

let largest = 0;
export const y = jit((xs: Num<[3]>) =>
  vmap((x: Num<[]>) => {
    largest = Math.max(largest, x);
    // ^ TW7004
    return x - largest;
  })(xs),
)(array([1, 2, 3]));
