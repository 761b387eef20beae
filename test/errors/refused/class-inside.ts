// A class belongs outside of what is traced.
import { array, jit, type Num } from "tilework";

export const y = jit((x: Num<[]>) => {
  class Twice {
    // ^ TW7001
    of = (v: number) => 2 * v;
  }
  return new Twice().of(x);
})(array(2));
