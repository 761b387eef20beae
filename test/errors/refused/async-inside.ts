// Also where it is only made.
import { array, jit, type Num } from "tilework";

export const y = jit((x: Num<[]>, ks: unknown) => {
  const sum = async () => {
    //          ^ TW1005
    return x;
  };
  return [sum, ks] as never;
})(array(2), [1]);
