// Nor an object.
import { array, jit, type Num } from "tilework";

export const y = jit((k: Num<[], "i32">, x: Num<[]>) => {
  const table: Record<number, number> = { 1: x, 2: -x };
  return table[k];
  //     ^ TW7014
})(array(1, { dtype: "i32" }), array(2));
