// How many there are, only the run knows.
import { array, jit, type Num, numpy as np, range } from "tilework";

export const y = jit((x: Num<[]>) => {
  const path: number[] = [];
  for (const i of range(9)) {
    if (x * i > 3) break;
    path.push(x * i);
    // ^ TW7010
  }
  return np.stack(path);
})(array(2));
