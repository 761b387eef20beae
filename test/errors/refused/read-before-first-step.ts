// The first step has nothing to add to.
import { array, jit, type Num, range } from "tilework";

export const y = jit((x: Num<[]>) => {
  let h: number | undefined;
  for (const _ of range(3)) h = (h as number) + x;
  //                             ^ TW7006
  return h as number;
})(array(2));
