// How long it gets, only the run knows.
import { array, jit, type Num } from "tilework";

export const y = jit((x: Num<[]>) => {
  let path: number[] = [x];
  let v: number = x;
  while (v > 1) {
    path = [...path, v];
    // ^ TW7008
    v = v / 2;
  }
  return path.length * v;
})(array(9));
