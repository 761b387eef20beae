// A caller could not know what comes.
import { array, jit, type Num } from "tilework";

export const y = jit((x: Num<[]>) => {
  if (x > 0) return { value: x as number };
//^ TW7007
  return [x];
})(array(2));
