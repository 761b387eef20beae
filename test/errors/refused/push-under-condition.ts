// A list that is longer on one way.
import { array, jit, type Num } from "tilework";

export const y = jit((x: Num<[]>) => {
  const parts: number[] = [x];
  if (x > 0) parts.push(x);
  //         ^ TW7010
  return parts[0];
})(array(2));
