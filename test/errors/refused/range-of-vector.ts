// Up to which of them?
import { array, jit, type Num, range } from "tilework";

export const y = jit((v: Num<[2]>) => {
  let s = 0;
  for (const i of range(v)) s = s + i;
  //              ^ TW2007
  return s;
})(array([2, 3]));
