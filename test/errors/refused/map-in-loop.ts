// A Map from outside of the loop.
import { array, jit, type Num, range } from "tilework";

export const y = jit((x: Num<[]>) => {
  const memo = new Map<string, number>();
  for (const i of range(3)) memo.set("last", x * i);
  //                        ^ TW7010
  return memo.get("last") ?? 0;
})(array(2));
