// The last loss would be a traced value that has ended.
import { array, jit, type Num } from "tilework";

const seen = { last: 0 };
export const y = jit((x: Num<[]>) => {
  seen.last = x;
  // ^ TW7004
  return x * 2;
})(array(2));
