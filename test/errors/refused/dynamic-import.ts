// Modules are loaded before.
import { array, jit, type Num } from "tilework";

export const y = jit((x: Num<[]>) => {
  void import("tilework");
  //   ^ TW7001
  return x * 2;
})(array(2));
